"""The health of a poller, as `khabar health feeds` says it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from tests.support import harness
from workers.cli import main as cli
from workers.config import Settings
from workers.feeds.model import Feed
from workers.feeds.polling.health import Pulse, Report, file_of, judge
from workers.feeds.polling.service import Polling, poll
from workers.feeds.polling.watched import Given
from workers.runtime.clients import Addresses

NOW = datetime(2025, 1, 1, tzinfo=UTC)
REPORT = Report(pid=7, time=NOW, waiting_for=None, pulse=Pulse(feeds=1200, readings=2, items=3, still_s=0.5))


def still(seconds):
    return replace(REPORT.pulse, still_s=seconds)


@pytest.mark.parametrize(
    ("changes", "is_good", "words"),
    [
        ({}, True, ["1,200 of the list", "2 being read", "pages in hand: 3"]),
        ({"pulse": None}, True, ["starting"]),
        ({"time": NOW - timedelta(seconds=11)}, False, ["pid 7", "silent since 11 s"]),
        ({"pulse": still(119.0)}, True, ["1,200"]),
        ({"pulse": still(121.0)}, False, ["nothing was begun since 121 s"]),
        ({"pulse": still(500.0), "waiting_for": "Redis at x"}, True, ["waiting: Redis at x"]),
        ({"time": NOW - timedelta(seconds=11), "waiting_for": "Redis at x"}, False, ["silent"]),
    ],
    ids=["working", "starting", "silent", "slow", "stuck", "waiting", "silent-while-waiting"],
)
def test_health_is_progress_and_says_what_is_wrong(changes, is_good, words):
    found = judge(replace(REPORT, **changes), NOW, 120.0)
    assert found.is_good is is_good
    for word in words:
        assert word in found.why


@pytest.fixture
def health(tmp_path):
    def run(*names):
        return CliRunner().invoke(cli.main, ["health", *names], env={"KHABAR_DATA_DIR": str(tmp_path)})

    return run


def test_without_a_poller_there_is_no_health(health):
    result = health("feeds")
    assert (result.exit_code, result.output[:37]) == (1, "unhealthy: no poller runs here: there")


def test_pollers_and_workers_are_not_asked_for_together(health):
    result = health("dedup", "feeds")
    assert result.exit_code == 2
    assert "one by one" in result.output


@pytest.mark.integration
@pytest.mark.parametrize("is_away", [False, True], ids=["polling", "redis-is-away"])
async def test_a_poller_is_healthy_while_it_polls_or_waits_and_leaves_nothing_behind(
    settings, tmp_path, health, is_away
):
    settings = replace(settings, data_dir=str(tmp_path), group="khabar")
    addresses = Addresses(settings.kafka, "redis://127.0.0.1:1/0" if is_away else settings.redis)
    stopping = asyncio.Event()
    polling = Polling(read_list=Given([Feed(url="http://127.0.0.1:1/feed")]))
    running = asyncio.create_task(poll(settings, addresses, polling, stopping))
    said = "waiting: Redis at 127.0.0.1:1" if is_away else "feeds: 1 of the list"
    found = await asyncio.to_thread(harness.wait_for, lambda: said in health("feeds").output)
    code = health("feeds").exit_code
    stopping.set()
    await running
    assert (found, code) == (True, 0)
    assert not file_of(Settings(data_dir=str(tmp_path))).exists()
