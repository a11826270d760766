"""`khabar feeds run` as a process."""

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.support.feed_site import POLITENESS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture
def feeds(tmp_path, site):
    """feeds("/rss.xml") writes the list, and gives its path."""

    def write(*paths):
        listed = "".join(f'[[feed]]\nurl = "{site.url(path)}"\n' for path in paths)
        (tmp_path / "feeds.toml").write_text(POLITENESS + listed)
        return tmp_path / "feeds.toml"

    return write


@pytest.fixture
def run(environ, redis_client, tmp_path):
    """run(feeds, "--once") starts `khabar feeds run`; what still runs at the end is killed."""
    started = []
    base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    own = {name: value for name, value in environ.items() if value is not None}

    def start(*arguments, **variables):
        command = [sys.executable, "-c", "from workers.cli.main import main; main()", "feeds", "run"]
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            env=base | own | {"KHABAR_DATA_DIR": str(tmp_path)} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(process, event):
    """The fields of the first log line of this event."""
    for line in process.stdout:
        said = json.loads(line)
        if said["event"] == event:
            return said
    raise AssertionError(process.communicate())


def test_once_polls_what_is_due_sends_all_of_it_and_says_so(run, feeds):
    listed = feeds("/rss.xml", "/feed.json")
    output, errors = run(listed, "--once").communicate(timeout=100)
    assert output.splitlines()[-1] == (
        "polled 2 feeds, 0 failed, 5 new items, 0 changed, 5 sent, 0 given up"
    ), errors
    again = run(listed, "--once", "--now", "--since", "1d")
    output, errors = again.communicate(timeout=100)
    assert output.splitlines()[-1].startswith("polled 2 feeds, 0 failed, 0 new items"), errors
    assert again.returncode == 0


def test_once_says_by_its_exit_code_that_something_could_not_be_had(run, feeds, khabar):
    process = run(feeds("/missing.xml", "/page-faults.xml"), "--once", KHABAR_LOG_LEVEL="error")
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 1, errors
    assert output.startswith("polled 2 feeds, 1 failed, 5 new items")
    status = khabar("feeds", "status").output
    assert "gone, once in a row" in status
    assert "robots 1" in status


def test_it_polls_until_it_is_told_to_stop_and_serves_its_metrics(run, feeds):
    process = run(feeds("/rss.xml"), KHABAR_METRICS="127.0.0.1:0")
    port = until(process, "metrics_served")["port"]
    while until(process, "feeds_progress").get("sent", 0) < 3:
        pass
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        found = answer.read().decode()
    assert 'khabar_feed_items_total{outcome="sent"} 3.0' in found
    assert 'khabar_feeds{state="' in found
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(output.splitlines()[-1])["event"] == "feeds_stopped"


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "khabar feeds add URL"), ("feeds = 1", "did you mean feed?")],
)
def test_a_list_that_is_missing_or_wrong_ends_with_what_to_do(khabar, tmp_path, text, said):
    if text is not None:
        (tmp_path / "feeds.toml").write_text(text)
    result = khabar("feeds", "run", tmp_path / "feeds.toml", "--once")
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_a_time_that_is_none_is_refused(khabar):
    result = khabar("feeds", "run", "--since", "yesterday")
    assert (result.exit_code, "is no time: give an age" in result.output) == (2, True)
