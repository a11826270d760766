"""When feeds are polled next, and pages tried again."""

from hypothesis import given
from hypothesis import strategies as st

from workers.feeds.fetch.headers import MAX_RETRY_AFTER_S
from workers.feeds.model import RETRIED, Fault, Feed
from workers.feeds.polling.schedule import JITTER, Retries, after_failure, after_reading

chances = st.floats(0, 1)
seconds = st.floats(1, 1e6)
waits = st.none() | st.floats(0, 1e7)


@st.composite
def feeds(draw):
    low = draw(st.floats(1, 1e5))
    return Feed(url="https://n.example/f", interval_min_s=low, interval_max_s=low * draw(st.floats(1, 100)))


@given(feeds(), st.none() | seconds, st.booleans(), waits, waits, chances)
def test_a_wait_is_within_the_feeds_bounds_and_what_server_and_feed_ask_for(
    feed, interval_s, found_new, fresh_s, ttl_s, chance
):
    found = after_reading(feed, interval_s, found_new=found_new, stays_s=(fresh_s, ttl_s), chance=chance)
    assert feed.interval_min_s <= found.interval_s <= feed.interval_max_s
    assert feed.interval_min_s <= found.wait_s <= feed.interval_max_s * (1 + JITTER)
    for asked_s in (fresh_s, ttl_s):
        assert found.wait_s >= min(asked_s or 0, feed.interval_max_s)


@given(feeds(), seconds, chances)
def test_it_is_never_later_with_something_new_than_with_nothing(feed, interval_s, chance):
    new, nothing = (
        after_reading(feed, interval_s, found_new=found, stays_s=(), chance=chance) for found in (True, False)
    )
    assert new.interval_s <= nothing.interval_s
    assert new.wait_s <= nothing.wait_s


def test_the_interval_reaches_either_bound_within_ten_polls():
    feed = Feed(url="https://n.example/f")
    for found_new, bound_s in ((True, feed.interval_min_s), (False, feed.interval_max_s)):
        interval_s = None
        for _ in range(11):
            interval_s = after_reading(feed, interval_s, found_new=found_new, stays_s=(), chance=0).interval_s
        assert interval_s == bound_s


@given(feeds(), st.none() | seconds, st.integers(1, 10_000), waits, chances)
def test_failures_wait_longer_each_time_and_as_long_as_the_server_asks(
    feed, interval_s, failures, retry_after_s, chance
):
    def wait_s(count):
        return after_failure(
            feed, interval_s, failures=count, retry_after_s=retry_after_s, chance=chance
        ).wait_s

    assert wait_s(failures) <= wait_s(failures + 1)
    assert wait_s(failures) >= max(feed.interval_min_s, min(retry_after_s or 0, MAX_RETRY_AFTER_S))
    assert wait_s(failures) <= max(feed.interval_max_s, MAX_RETRY_AFTER_S) * (1 + JITTER)


@given(st.sampled_from(Fault), st.integers(1, 10_000), st.floats(0, 1e6), waits, chances)
def test_a_page_is_tried_again_for_a_day_where_its_fault_may_pass(
    fault, tries, since_s, retry_after_s, chance
):
    retries = Retries()
    wait_s = retries.wait_s(fault, tries=tries, since_s=since_s, retry_after_s=retry_after_s, chance=chance)
    assert (wait_s is None) == (fault not in RETRIED or since_s >= 86_400)
    if wait_s is not None:
        assert wait_s >= max(60, min(retry_after_s or 0, MAX_RETRY_AFTER_S))


def test_a_page_is_tried_a_dozen_times_in_a_day():
    now_s, tries = 0.0, 1
    while (
        wait_s := Retries().wait_s(Fault.TIMEOUT, tries=tries, since_s=now_s, retry_after_s=None, chance=0)
    ) is not None:
        now_s, tries = now_s + wait_s, tries + 1
    assert 10 <= tries <= 14
    assert 24 <= now_s / 3600 <= 32


def test_what_the_feed_carries_is_sent_at_once_where_the_page_will_never_come():
    assert Retries().is_content_due(Fault.GONE, tries=1)
    assert not Retries().is_content_due(Fault.TIMEOUT, tries=1)
    assert Retries().is_content_due(Fault.TIMEOUT, tries=3)
