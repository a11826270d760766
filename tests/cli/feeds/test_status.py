"""khabar feeds status"""

import orjson
import pytest
from rich.console import Console

from workers.cli.feeds.status import report, table, troubles
from workers.stores.feed_state import FeedState, FeedStore, Reading, Settled, ToFetch, digest

URL = "https://n.example/feed"
NOW_S = 1_700_000_000.0


def state(*failures, waiting=0, **fields):
    return FeedState(
        feed="f",
        fields={"url": URL} | fields,
        now_s=NOW_S,
        waiting=waiting,
        failures=tuple(map(orjson.dumps, failures)),
    )


def at(seconds):
    return f"{(NOW_S + seconds) * 1000:.0f}"


def rendered(*reports):
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(table(reports))
    return capture.get()


WELL = {
    "polled_at": at(-60), "read_at": at(-60), "next_at": at(240), "interval_s": "300", "failures": "0",
    "n_read": "2", "n_unchanged": "38", "n_new": "1234", "n_sent": "1200", "n_changed": "5", "n_given_up": "3",
}  # fmt: skip


def test_a_row_says_how_a_feed_goes_in_a_hundred_columns():
    made = rendered(report(state(waiting=7, **WELL)))
    assert made.splitlines()[1].split() == [
        "n.example/feed", "ok", "60", "s", "5", "m", "4", "m", "38", "1,234", "5", "7", "3",
    ]  # fmt: skip
    long = report(state(**WELL | {"url": URL + "/very" * 40}))
    assert max(map(len, rendered(long).splitlines())) <= 100


@pytest.mark.parametrize("what", ["sent", "same", "elsewhere", "given_up"])
def test_everything_that_an_item_can_end_as_is_counted(what):
    assert report(state(**WELL | {f"n_{what}": "7"}))[what] == 7


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "not polled"),
        (WELL, "ok"),
        (WELL | {"failures": "2", "fault": "dns", "message": "m"}, "failing"),
        (WELL | {"next_at": at(-3600)}, "late"),
    ],
)
def test_the_state_of_a_feed_in_a_word(fields, shown):
    assert report(state(**fields))["state"] == shown


def test_a_feed_that_fails_says_since_when_and_why():
    failing = report(
        state(
            **WELL
            | {"failures": "3", "fault": "dns", "message": "n.example is no known host", "n_feed_dns": "3"}
        )
    )
    assert troubles(failing) == [URL, "  dns, 3 times in a row: n.example is no known host"]


def test_pages_that_were_given_up_are_counted_by_fault_and_the_last_ones_named():
    failure = {
        "at": "x",
        "url": "https://n.example/a",
        "fault": "gone",
        "message": "there is no such page (404)",
    }
    lines = troubles(report(state(failure, **WELL | {"n_page_gone": "2", "n_page_timeout": "1"})))
    assert lines[1:] == [
        "  pages that could not be had: gone 2, timeout 1. The last ones:",
        "    https://n.example/a: there is no such page (404)",
    ]


def test_a_feed_that_has_moved_says_where_to():
    assert "https://m.example/feed" in troubles(report(state(**WELL, moved_to="https://m.example/feed")))[1]


def test_a_feed_that_goes_well_has_no_troubles():
    assert troubles(report(state(**WELL | {"n_given_up": "0"}))) == []


@pytest.fixture
def store(redis_client, settings):
    return FeedStore(redis_client, settings.topic_prefix, lease_s=10)


def read(store, url, **fields):
    store.list_feeds([url])
    store.claim(url)
    store.finish(
        digest(url),
        Reading(
            wait_s=100,
            fields={"failures": "0", "read_at": at(0)} | fields,
            counts={"read": 1, "new": 1},
            to_fetch=[ToFetch("a", "n.example", b"x")],
        ),
    )


@pytest.mark.integration
def test_nothing_polled_yet_says_what_to_do(khabar, redis_client):
    result = khabar("feeds", "status")
    assert (result.exit_code, "khabar feeds run" in result.output) == (0, True)


@pytest.mark.integration
def test_the_worst_come_first_and_a_feed_that_fails_makes_the_exit_code(khabar, store):
    read(store, "https://well.example/feed")
    result = khabar("feeds", "status", "--json")
    assert result.exit_code == 0
    read(store, "https://ill.example/feed", failures="2", fault="timeout", message="no answer")
    store.list_feeds(["https://new.example/feed"])
    result = khabar("feeds", "status", "--json")
    found = [orjson.loads(line) for line in result.output.splitlines()]
    assert [each["state"] for each in found] == ["failing", "not polled", "ok"]
    assert (result.exit_code, found[0]["fault"], found[2]["pending"]) == (1, "timeout", 1)
    shown = khabar("feeds", "status", "--failed").output
    assert "timeout, 2 times in a row: no answer" in shown
    assert "well.example" not in shown


@pytest.mark.integration
def test_pages_that_were_given_up_count_as_failed(khabar, store):
    read(store, URL)
    failure = {"at": "x", "url": "https://n.example/a", "fault": "gone", "message": "no such page"}
    (pending,) = store.take(9, in_lane=9, in_hand={})[0]
    store.settle(pending, Settled(counts={"given_up": 1, "page_gone": 1}, failure=orjson.dumps(failure)))
    result = khabar("feeds", "status", "--failed")
    assert (result.exit_code, "https://n.example/a: no such page" in result.output) == (0, True)
