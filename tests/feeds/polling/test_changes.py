"""What of a feed's items is new or changed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.feeds.model import Document, Feed, Item, Kind, Want
from workers.feeds.polling.changes import (
    FIRST_SITEMAP_ITEMS,
    Task,
    changes,
    digest_of,
    host_of,
    packed,
    unpacked,
)

FEED = Feed(url="https://n.example/feed")
A = Item(id="a", url="https://n.example/a", title="A", updated_at="2026-01-01T00:00:00Z")
B = Item(id="b", url="https://n.example/b", title="B", summary="read 3 times")
words = st.none() | st.text(st.characters(), max_size=8)
items = st.builds(Item, id=st.text(max_size=4), url=words, title=words, updated_at=words, content=words)


def found(*shown, marks=None, kind=Kind.RSS, is_first=False, **more):
    return changes(FEED, Document(kind=kind, items=shown), marks or {}, is_first=is_first, **more)


def test_what_was_not_seen_is_new_and_what_was_is_not():
    first = found(A, B)
    assert (list(first.tasks), first.new, first.changed) == (["a", "b"], 2, 0)
    second = found(A, B, marks=first.marks)
    assert (second.tasks, second.new, second.changed) == ({}, 0, 0)
    assert second.marks == first.marks


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (A, replace(A, updated_at="2026-01-02T00:00:00Z")),
        (B, replace(B, title="B, corrected")),
        (B, replace(B, content="<p>more")),
        (B, replace(B, url="https://n.example/moved")),
    ],
)
def test_an_item_that_says_something_else_is_changed_and_what_was_sent_is_remembered(before, after):
    known = {key: mark[:8] + b"the page" for key, mark in found(before).marks.items()}
    later = found(after, marks=known)
    (task,) = later.tasks.values()
    assert (later.new, later.changed, task.is_change) == (0, 1, True)
    assert later.marks[after.id][8:] == b"the page"


@pytest.mark.parametrize(
    ("before", "after"),
    [(A, replace(A, title="A, corrected, and not updated")), (B, replace(B, summary="read 4 times"))],
)
def test_what_changes_by_itself_is_no_change(before, after):
    assert found(after, marks=found(before).marks).tasks == {}


def test_at_a_first_reading_what_is_older_than_asked_for_is_passed_over_and_counted():
    undated = Item(id="c", url="https://n.example/c")
    since = datetime(2026, 1, 2, tzinfo=UTC)
    new = replace(A, id="d", updated_at=None, published_at="2026-01-03T00:00:00+01:00")
    first = found(A, undated, new, is_first=True, not_before=since)
    assert (list(first.tasks), first.old) == (["c", "d"], 1)
    assert set(first.marks) == {"a", "c", "d"}
    assert list(found(A, is_first=False, not_before=since).tasks) == ["a"]


def test_of_a_sitemap_the_newest_are_taken_at_first_and_of_a_feed_all():
    many = [
        Item(
            id=str(n),
            url=f"https://n.example/{n}",
            updated_at=f"2026-01-01T0{n // 3600}:{n // 60 % 60:02}:{n % 60:02}Z",
        )
        for n in range(5000)
    ]
    first = found(*many, kind=Kind.SITEMAP, is_first=True)
    assert (len(first.tasks), first.old) == (FIRST_SITEMAP_ITEMS, 5000 - FIRST_SITEMAP_ITEMS)
    assert "4999" in first.tasks
    assert found(*many, kind=Kind.SITEMAP, marks=first.marks).tasks == {}
    assert len(found(*many, is_first=True).tasks) == 5000


def test_of_two_items_of_one_id_the_first_counts():
    assert found(A, replace(B, id="a")).tasks["a"].item == A


def test_the_feeds_language_is_that_of_items_which_name_none():
    shown = Document(kind=Kind.RSS, lang="ar", items=(A, replace(B, lang="fr")))
    tasks = changes(FEED, shown, {}, is_first=True).tasks
    assert (tasks["a"].item.lang, tasks["b"].item.lang) == ("ar", "fr")


@given(st.lists(items, max_size=5))
def test_a_second_reading_of_the_same_finds_nothing(shown):
    first = found(*shown)
    assert found(*shown, marks=first.marks).tasks == {}
    assert all(len(mark) == 16 for mark in first.marks.values())


@given(items)
def test_a_task_survives_being_stored(item):
    task = Task(feed=FEED, item=item, is_change=True)
    again = unpacked(packed(task))
    assert again.feed == FEED
    assert digest_of(again.item) == digest_of(item) or "\ufffd" in repr(again.item)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://N.example/a", "n.example"),
        ("http://n.example:80/a", "n.example"),
        ("http://n.example:8080/a", "n.example:8080"),
        ("https://[::1]:8443/", "[::1]:8443"),
        ("https://user:word@n.example/", "n.example"),
        ("http://n.example:port/", ""),
        ("nonsense", ""),
    ],
)
def test_a_lane_is_a_host(url, host):
    assert host_of(url) == host


def test_an_item_for_which_nothing_is_fetched_is_in_no_hosts_lane():
    whole = replace(FEED, want=Want.CONTENT)
    assert Task(feed=whole, item=replace(A, content="x")).lane == ""
    assert Task(feed=whole, item=A).lane == "n.example"
    assert Task(feed=FEED, item=replace(A, content="x")).lane == "n.example"
    assert Task(feed=FEED, item=Item(id="x", content="x")).lane == ""
