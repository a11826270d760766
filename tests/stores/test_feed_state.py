"""The state of feeds in the real Redis: who has what, and that nothing is lost or done twice."""

import time
import uuid

import pytest

from tests.support.harness import wait_for
from workers.stores.feed_state import (
    MOST_SEEN,
    FeedState,
    FeedStore,
    Reading,
    Settled,
    ToFetch,
    Wait,
    digest,
)

pytestmark = pytest.mark.integration
URL = "https://n.example/feed"
FEED = digest(URL)
MARK = b"12345678" + bytes(8)


@pytest.fixture
def make_store(redis_client):
    """make_store() is one more poller's."""
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    return lambda lease_s=60.0: FeedStore(redis_client, prefix, lease_s=lease_s)


@pytest.fixture
def store(make_store):
    made = make_store()
    made.list_feeds([URL])
    return made


def reading(*items, lane="n.example", wait_s=100.0, **fields):
    return Reading(
        wait_s=wait_s,
        fields=fields,
        counts={"new": len(items)},
        to_fetch=[ToFetch(digest(item), lane, item.encode()) for item in items],
        seen={digest(item): MARK for item in items},
    )


def read(store, *items, **more):
    """The feed is polled, and shows these items."""
    assert isinstance(store.claim(URL, is_forced=True), FeedState)
    assert store.finish(FEED, reading(*items, **more))


def taken(store, most=100, in_lane=100, **in_hand):
    found, _ = store.take(most, in_lane=in_lane, in_hand=in_hand)
    return found


def one(states):
    (state,) = states
    return state


def test_a_feed_is_due_at_once_and_after_it_was_read_when_it_was_said(store):
    assert store.list_feeds([URL]) == [0]
    read(store, wait_s=50)
    assert 45 < store.list_feeds([URL])[0] <= 50
    waiting = store.claim(URL)
    assert isinstance(waiting, Wait)
    assert 45 < waiting.seconds <= 50


def test_one_poller_has_a_feed_until_it_is_done(store, make_store):
    other = make_store()
    assert store.claim(URL).text("url") == URL
    for is_forced in (False, True):
        assert isinstance(other.claim(URL, is_forced=is_forced), Wait)
    store.release(FEED)
    assert isinstance(other.claim(URL), FeedState)


def test_a_poller_that_is_gone_loses_its_feed_and_can_store_nothing_any_more(make_store):
    gone, other = make_store(lease_s=0.1), make_store()
    gone.list_feeds([URL])
    gone.claim(URL)
    assert wait_for(lambda: isinstance(other.claim(URL), FeedState))
    assert not gone.finish(FEED, reading("a"))
    assert taken(other) == []
    assert other.finish(FEED, reading("b"))


def test_a_lease_that_is_renewed_stays(make_store):
    keeper, other = make_store(lease_s=0.4), make_store()
    keeper.list_feeds([URL])
    read(keeper, "a")
    pending = taken(keeper)
    keeper.claim(URL, is_forced=True)
    until = time.monotonic() + 1.2  # three leases
    while time.monotonic() < until:
        keeper.renew([FEED], pending)
        assert isinstance(other.claim(URL, is_forced=True), Wait)
        assert taken(other) == []
    assert keeper.settle(pending[0], Settled())
    assert keeper.finish(FEED, reading())


def test_what_a_reading_finds_is_stored_with_the_validators_in_one_step(store):
    read(store, "a", "b", etag='"1"')
    state = store.claim(URL, is_forced=True)
    assert state.text("etag") == '"1"'
    assert state.counts == {"new": 2}
    assert store.marks(FEED, [digest("a"), digest("c")]) == [MARK, b""]
    assert {each.data for each in taken(store)} == {b"a", b"b"}


def test_a_field_without_a_value_is_removed(store):
    read(store, etag='"1"')
    read(store, etag=None)
    assert store.claim(URL, is_forced=True).text("etag") is None


def test_an_item_is_one_pollers_until_it_is_settled(store, make_store):
    read(store, "a", "b", "c")
    other = make_store()
    first, second = taken(store, most=2), taken(other)
    assert sorted(each.data for each in first + second) == [b"a", b"b", b"c"]
    assert taken(store) == taken(other) == []
    assert all(store.settle(each, Settled(sent=b"digested", counts={"sent": 1})) for each in first)
    assert other.waiting() == 1
    assert one(store.status()).counts == {"new": 3, "sent": 2}
    assert store.marks(FEED, [first[0].item]) == [b"12345678digested"]


def test_an_item_of_a_poller_that_is_gone_is_taken_over_and_settled_once(make_store):
    gone, other = make_store(lease_s=0.1), make_store()
    read_by = gone.list_feeds([URL])
    assert read_by == [0]
    read(gone, "a")
    (lost,) = taken(gone)
    found = []
    assert wait_for(lambda: bool(found.extend(taken(other)) or found))
    assert not gone.settle(lost, Settled(counts={"sent": 1}))
    assert other.settle(found[0], Settled(counts={"sent": 1}))
    assert one(other.status()).counts["sent"] == 1
    assert other.waiting() == 0


def test_an_item_is_tried_again_when_it_was_said_and_its_tries_are_counted(store):
    read(store, "a")
    (first,) = taken(store)
    assert (first.tries, first.since_s) == (0, 0)
    assert store.settle(first, Settled(wait_s=0.05))
    found = []
    assert wait_for(lambda: bool(found.extend(taken(store)) or found))
    assert found[0].tries == 1
    assert found[0].since_s > 0
    assert store.settle(found[0], Settled(wait_s=30, is_try=False))
    none, more_s = store.take(9, in_lane=9, in_hand={})
    assert none == []
    assert 25 < more_s <= 30


def test_an_item_that_changes_while_it_is_in_hand_is_fetched_again(store):
    read(store, "a")
    (before,) = taken(store)
    store.claim(URL, is_forced=True)
    store.finish(
        FEED,
        Reading(wait_s=1, fields={}, counts={}, to_fetch=[ToFetch(digest("a"), "n.example", b"newer")]),
    )
    assert not store.settle(before, Settled())
    assert [each.data for each in taken(store)] == [b"newer"]


def test_hosts_take_turns_and_none_fills_all_hands(store):
    read(store, *(f"a{n}" for n in range(20)), lane="a.example")
    read(store, *(f"b{n}" for n in range(3)), lane="b.example")
    first = taken(store, most=4, in_lane=2)
    assert sorted(each.lane for each in first) == ["a.example"] * 2 + ["b.example"] * 2
    second, _ = store.take(4, in_lane=2, in_hand={"a.example": 2})
    assert [each.lane for each in second] == ["b.example"]


def test_a_sitemap_that_its_index_says_is_as_it_was_is_not_polled(store):
    state = store.claim(URL, lastmod="2026-01-01")
    assert isinstance(state, FeedState)
    store.finish(FEED, reading(lastmod="2026-01-01", failures="0", children="[]", wait_s=0))
    again = store.claim(URL, lastmod="2026-01-01")
    assert isinstance(again, Wait)
    assert (again.is_same, again.children) == (True, b"[]")
    assert isinstance(store.claim(URL, lastmod="2026-01-02"), FeedState)


def test_failures_stay_in_sight_the_last_one_first(store):
    read(store, *map(str, range(30)))
    for n, each in enumerate(taken(store)):
        store.settle(
            each, Settled(failure=b"%d" % n, counts={"page_gone": 1}, fields={"message": "no such page"})
        )
    state = one(store.status())
    assert state.failures[:2] == (b"29", b"28")
    assert len(state.failures) == 20
    assert (state.counts["page_gone"], state.text("message")) == (30, "no such page")


def test_what_is_forgotten_is_what_the_feed_has_not_shown_for_longest(store):
    old = [f"old {n}" for n in range(30)]
    read(store, *old)
    new = [f"new {n}" for n in range(MOST_SEEN)]
    read(store, *new)
    marks = store.marks(FEED, [digest(item) for item in old + new])
    assert marks[:30] == [b""] * 30
    assert marks[30:] == [MARK] * MOST_SEEN


def test_a_feed_that_shows_more_than_is_kept_still_brings_nothing_back_as_new(store):
    items = [f"item {n}" for n in range(MOST_SEEN + 5000)]
    for _ in range(2):
        read(store, *items)
    assert store.marks(FEED, [digest(item) for item in items]) == [MARK] * len(items)


def test_every_key_has_one_hash_tag_and_what_is_of_a_feed_expires(store, redis_client):
    read(store, "a", "b", etag="1")
    store.settle(taken(store, most=1)[0], Settled(failure=b"{}"))
    keys = redis_client.keys()
    assert len(keys) >= 8
    assert all(b":feeds:1:{all}:" in key for key in keys)
    of_feed = [key for key in keys if key.endswith(FEED.encode())]
    assert len(of_feed) == 4
    assert all(redis_client.ttl(key) > 29 * 86_400 for key in of_feed)
