"""khabar dedup: what the index holds, and emptying it."""

import dataclasses
import time
from contextlib import closing

import orjson
import pytest

from tests.dedup.stories import article, candidates, made_up
from workers.cli.dedup import report
from workers.config import Settings
from workers.runtime.clients import Addresses, consumer
from workers.stores.census import Arrivals, Census
from workers.stores.redis_index import connect, open_index
from workers.topics import Role, table

EMPTY = Census(
    shard=1,
    window=1000,
    made_for=1000,
    held=0,
    used_bytes=0,
    full_bytes=393_216,
    oldest_s=None,
    newest_s=None,
    arrivals=Arrivals(),
)


@pytest.fixture
def index(settings, redis_client):
    """The index that the command's settings name, with three articles, one of them a copy."""
    with connect(settings, settings.redis) as client:
        made = open_index(settings, client)
        made.decide(candidates(*(article(made_up(n), name=str(n)) for n in (1, 2, 1))))
        yield made


def test_an_empty_index_is_said_to_be():
    [line] = report([EMPTY, EMPTY], Settings())
    assert line.startswith("The index is empty")


def test_a_shard_that_is_empty_beside_one_that_is_not_has_a_row_and_no_arrivals():
    full = dataclasses.replace(
        EMPTY,
        shard=0,
        held=500,
        used_bytes=200_000,
        oldest_s=7200,
        newest_s=59,
        arrivals=Arrivals(withdrawn=2),
    )
    lines = report([full, EMPTY], Settings())
    assert lines[1].split() == ["0", "500", "1,000", "50.0%", "0.2", "MB", "0.4", "MB", "2", "h", "59", "s"]
    assert lines[2].split()[-2:] == ["-", "-"]
    assert sum("arrivals" in line for line in lines) == 1
    assert any(line.split() == ["taken", "back", "2"] for line in lines)
    assert any("was made for 1,000 articles" in line for line in lines)


@pytest.mark.integration
def test_stats_are_of_the_index_that_the_settings_name(khabar, index, environ):
    text = khabar("dedup", "stats").stdout
    assert "shard 0, last 3 arrivals: 1 copies (33.3%)" in text
    assert "Articles older than 30 days" in text
    data = orjson.loads(khabar("dedup", "stats", "--json", "--last", "2").stdout)
    [shard] = data["shards"]
    assert (shard["held"], shard["arrivals"]["count"]) == (3, 2)
    assert shard["arrivals"]["relations"] == {"unique": 1, "exact": 1}
    environ["KHABAR_TOPIC_PREFIX"] = "another"
    assert "The index is empty" in khabar("dedup", "stats").stdout


def test_a_redis_that_is_away_is_said_to_be_and_no_kafka_is_looked_for(khabar_alone):
    result = khabar_alone("dedup", "stats", KHABAR_REDIS="redis://127.0.0.1:1")
    assert result.exit_code == 2
    assert result.stderr.startswith("khabar: Redis at 127.0.0.1:1/0: ")
    assert "Traceback" not in result.output


@pytest.mark.integration
def test_clearing_asks_first_and_says_what_it_means(khabar, index, topics):
    asked = khabar("dedup", "clear", input="n\n")
    assert asked.exit_code == 1
    assert "holds 3 articles" in asked.stdout
    assert "are published once more" in asked.stdout
    assert "shard 0, last 3 arrivals" in khabar("dedup", "stats").stdout
    assert "the index is empty" in khabar("dedup", "clear", "--yes").stdout
    assert "The index is empty" in khabar("dedup", "stats").stdout
    assert khabar("dedup", "clear", "--yes").stdout == "the index was empty already\n"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("suffix", "is_refused"), [("", True), ("-entities-dedup", True), ("-archive", False)]
)
def test_clearing_is_refused_while_workers_run(khabar, settings, index, topics, suffix, is_refused):
    raw = table(settings.topic_prefix)[Role.RAW].name
    with closing(consumer(settings, Addresses(settings.kafka), group_id=settings.group + suffix)) as member:
        member.subscribe([raw])
        deadline = time.monotonic() + 30
        while not member.assignment() and time.monotonic() < deadline:
            member.poll(timeout_ms=100)
        result = khabar("dedup", "clear", "--yes")
    assert result.exit_code == (2 if is_refused else 0)
    if is_refused:
        assert f"in the consumer group {settings.group}{suffix} (1 member): stop them first" in result.stderr
        assert "shard 0, last 3 arrivals" in khabar("dedup", "stats").stdout
