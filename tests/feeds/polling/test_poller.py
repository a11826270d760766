"""The polling loop, with the state in the real Redis."""

import asyncio
import time
from dataclasses import replace

import orjson
import pytest

from schemas.raw_event import read_raw_event
from workers.errors import ConfigError, TransientError
from workers.feeds.model import Fault, Feed, FeedError, Item, Kind, Want
from workers.feeds.polling.reading import CHILDREN_MOST
from workers.feeds.polling.schedule import Retries
from workers.stores.feed_state import FeedStore

pytestmark = pytest.mark.integration
URL = "https://n.example/feed"
FEED = Feed(url=URL, source="N", interval_min_s=1)


def item(name, **more):
    return Item(id=name, **{"url": f"https://n.example/{name}"} | more)


def fault(kind, **more):
    return FeedError(kind, f"it is {kind}", url="https://n.example/", **more)


def pages(site, *names):
    for name in names:
        site.pages[f"https://n.example/{name}"] = f"<p>{name}".encode()


def meta(event):
    return read_raw_event(event.value, event.headers).meta["feed"]


async def test_each_item_is_sent_once_and_a_second_poll_asks_for_the_feed_alone(deployment):
    site = deployment.site
    site.feed(URL, item("a"), item("b"))
    pages(site, "a", "b")
    totals = await deployment.poll(FEED)
    assert totals == {"read": 1, "new": 2, "sent": 2}
    assert {event.value for event in deployment.sent} == {b"<p>a", b"<p>b"}
    site.asked.clear()
    assert await deployment.poll(FEED) == {"unchanged": 1}
    assert site.asked == [URL]
    state = deployment.status()[URL]
    assert state.counts == {"read": 1, "unchanged": 1, "new": 2, "sent": 2}
    assert state.waiting == 0


async def test_a_feed_that_is_not_due_is_left_alone(deployment):
    deployment.site.feed(URL)
    await deployment.poll(FEED)
    deployment.site.asked.clear()
    await deployment.poll(FEED, is_forced=False)
    assert deployment.site.asked == []


async def test_a_changed_item_is_fetched_again_and_sent_where_its_page_has_changed(deployment):
    site = deployment.site
    site.feed(URL, item("a", title="A"), item("b", title="B"))
    pages(site, "a", "b")
    await deployment.poll(FEED)
    site.feed(URL, item("a", title="A, corrected"), item("b", title="B, corrected"))
    site.pages["https://n.example/a"] = b"<p>a, corrected"
    assert await deployment.poll(FEED) == {"read": 1, "changed": 2, "sent": 1, "same": 1}
    assert deployment.sent_keys() == {"https://n.example/a": 2, "https://n.example/b": 1}


OTHER = replace(FEED, url="https://n.example/other-feed")


async def test_a_page_that_two_feeds_name_is_fetched_and_sent_once(deployment):
    site = deployment.site
    site.feed(URL, item("a"), item("b"))
    site.feed(OTHER.url, item("guid", url="https://n.example/a"), item("c"))
    pages(site, "a", "b", "c")
    assert await deployment.poll(FEED, OTHER) == {"read": 2, "new": 4, "sent": 3, "elsewhere": 1}
    assert deployment.sent_keys() == {f"https://n.example/{name}": 1 for name in "abc"}
    assert site.asked.count("https://n.example/a") == 1


async def test_two_pollers_fetch_a_page_that_two_feeds_name_once(deployment):
    site, names = deployment.site, [f"{number}" for number in range(40)]
    site.feed(URL, *map(item, names))
    site.feed(OTHER.url, *(item(f"guid {name}", url=f"https://n.example/{name}") for name in names))
    pages(site, *names)
    await asyncio.gather(deployment.poll(FEED), deployment.poll(OTHER))
    assert deployment.sent_keys() == {f"https://n.example/{name}": 1 for name in names}
    assert {name: site.asked.count(f"https://n.example/{name}") for name in names} == dict.fromkeys(names, 1)


async def test_a_page_that_one_feed_has_given_up_is_sent_of_what_another_carries(deployment):
    site = deployment.site
    site.feed(URL, item("a"))
    site.feed(OTHER.url, item("guid", url="https://n.example/a", content="<p>a whole"))
    totals = await deployment.poll(FEED, OTHER)
    assert (totals["from_feed"], totals["given_up"], totals["elsewhere"]) == (1, 1, 0)
    assert [event.value for event in deployment.sent] == [b"<p>a whole"]


async def test_a_feed_that_names_a_page_under_a_new_id_has_it_fetched_again(deployment):
    site = deployment.site
    for version in ("1", "2"):
        site.feed(URL, item(f"a, version {version}", url="https://n.example/a"))
        site.pages["https://n.example/a"] = f"<p>{version}".encode()
        await deployment.poll(FEED)
    assert [event.value for event in deployment.sent] == [b"<p>1", b"<p>2"]


async def test_a_page_that_cannot_be_had_now_is_tried_again_later(deployment):
    site = deployment.site
    site.feed(URL, item("a"))
    site.pages["https://n.example/a"] = [fault(Fault.TIMEOUT), fault(Fault.HTTP_ERROR), b"<p>a"]
    totals = {}
    for _ in range(20):
        totals = await deployment.poll(FEED)
        if deployment.sent:
            break
    assert totals["sent"] == 1
    counts = deployment.status()[URL].counts
    assert (counts["retried"], counts["sent"], counts.get("given_up", 0)) == (2, 1, 0)


async def test_a_page_that_is_gone_is_reported_and_not_tried_again(deployment):
    deployment.site.feed(URL, item("a"), item("b"))
    pages(deployment.site, "b")
    assert await deployment.poll(FEED) == {"read": 1, "new": 2, "sent": 1, "given_up": 1, "page_gone": 1}
    state = deployment.status()[URL]
    (failure,) = map(orjson.loads, state.failures)
    assert (failure["url"], failure["fault"]) == ("https://n.example/a", "gone")
    assert "no such page" in failure["message"]
    assert (await deployment.poll(FEED)).total() == 1


async def test_a_page_is_given_up_after_a_day_of_tries(deployment):
    deployment.site.feed(URL, item("a"))
    deployment.site.pages["https://n.example/a"] = fault(Fault.TIMEOUT)
    impatient = Retries(first_s=0.01, most_s=0.01, give_up_s=0.001)
    while "page_timeout" not in (await deployment.poll(FEED, retries=impatient)):
        pass
    assert deployment.status()[URL].counts["given_up"] == 1
    assert deployment.store.waiting() == 0


@pytest.mark.parametrize(
    ("kind", "polls"), [(Fault.GONE, 1), (Fault.ROBOTS, 1), (Fault.TOO_LARGE, 1), (Fault.TIMEOUT, 3)]
)
async def test_what_the_feed_carries_goes_where_its_page_cannot_be_had(deployment, kind, polls):
    deployment.site.feed(URL, item("a", content="<p>whole"))
    deployment.site.pages["https://n.example/a"] = fault(kind)
    for _ in range(50):
        await deployment.poll(FEED)
        if deployment.sent:
            break
    (event,) = deployment.sent
    assert event.value == b"<p>whole"
    assert (meta(event)["body"], meta(event)["fault"]) == ("feed", kind)
    counts = deployment.status()[URL].counts
    assert (counts["from_feed"], counts[f"page_{kind}"], counts.get("retried", 0)) == (1, 1, polls - 1)


async def test_a_feed_with_whole_texts_is_taken_at_its_word(deployment):
    deployment.site.feed(URL, item("a", content="<p>whole"), item("b"))
    pages(deployment.site, "a", "b")
    await deployment.poll(replace(FEED, want=Want.CONTENT))
    assert "https://n.example/a" not in deployment.site.asked
    assert {event.value for event in deployment.sent} == {b"<p>whole", b"<p>b"}


async def test_an_item_with_neither_address_nor_content_is_counted_and_reported(deployment):
    deployment.site.feed(URL, item("a", url=None), item("b", url=None, content="<p>b"))
    assert await deployment.poll(FEED) == {
        "read": 1, "new": 2, "sent": 1, "from_feed": 1, "given_up": 1, "page_empty": 1,
    }  # fmt: skip
    assert orjson.loads(deployment.status()[URL].failures[0])["fault"] == "empty"


async def test_a_page_over_the_limit_of_events_is_reported_and_not_sent(deployment):
    deployment.site.feed(URL, item("a", url=None, content="x" * 10_001))
    totals = await deployment.poll(FEED)
    assert (totals["page_too_large"], deployment.sent) == (1, [])
    assert "KHABAR_MAX_EVENT_BYTES" in deployment.status()[URL].text("page_message")


async def test_a_feed_that_fails_says_why_until_it_is_back_and_keeps_its_validators(deployment):
    site = deployment.site
    site.feed(URL, item("a"))
    pages(site, "a")
    await deployment.poll(FEED)
    whole = site.pages[URL]
    site.pages[URL] = fault(Fault.RATE_LIMITED, retry_after_s=500.0)
    assert await deployment.poll(FEED) == {"failed": 1, "feed_rate_limited": 1}
    state = deployment.status()[URL]
    assert (state.text("fault"), state.text("message"), state.text("failures")) == (
        "rate_limited", "it is rate_limited", "1",
    )  # fmt: skip
    assert state.age_s("next_at") < -450
    site.pages[URL] = whole
    await deployment.poll(FEED)
    state = deployment.status()[URL]
    assert (state.text("fault"), state.text("failures")) == (None, "0")
    assert deployment.sent_keys() == {"https://n.example/a": 1}


async def test_a_body_that_is_no_feed_is_a_fault_of_the_feed(deployment):
    deployment.site.pages[URL] = b"<html>"
    assert await deployment.poll(FEED) == {"failed": 1, "feed_malformed": 1}


async def test_the_sitemaps_of_an_index_are_polled_under_it(deployment):
    site = deployment.site
    site.feed(URL, kind=Kind.SITEMAP_INDEX, children=("https://n.example/1.xml", "https://n.example/2.xml"))
    site.feed("https://n.example/1.xml", item("a"), kind=Kind.SITEMAP)
    site.feed("https://n.example/2.xml", item("b"), kind=Kind.SITEMAP)
    pages(site, "a", "b")
    await deployment.poll(FEED)
    assert deployment.sent_keys() == {"https://n.example/a": 1, "https://n.example/b": 1}
    assert meta(deployment.sent[0])["url"].endswith(".xml")
    assert set(deployment.status()) == {URL, "https://n.example/1.xml", "https://n.example/2.xml"}
    assert read_raw_event(deployment.sent[0].value, deployment.sent[0].headers).source == "N"


async def test_a_sitemap_that_its_index_says_is_unchanged_is_not_asked_for(deployment):
    site = deployment.site
    names = ("https://n.example/1.xml", "https://n.example/2.xml")
    for name in names:
        site.feed(name, kind=Kind.SITEMAP)
    ages = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    for children_updated_at in (ages, ages, ("2026-01-03T00:00:00Z", ages[1])):
        site.feed(URL, kind=Kind.SITEMAP_INDEX, children=names, children_updated_at=children_updated_at)
        await deployment.poll(FEED)
    assert [site.asked.count(name) for name in names] == [2, 1]


async def test_of_an_index_the_newest_sitemaps_are_polled(deployment):
    names = tuple(f"https://n.example/{n}.xml" for n in range(200))
    ages = tuple(f"2026-01-01T00:{n // 60:02}:{n % 60:02}Z" for n in range(200))
    deployment.site.feed(URL, kind=Kind.SITEMAP_INDEX, children=names, children_updated_at=ages)
    await deployment.poll(FEED)
    assert sorted(deployment.site.asked) == sorted([URL, *names[-CHILDREN_MOST:]])


async def test_two_pollers_fetch_nothing_twice(deployment):
    feeds = [replace(FEED, url=f"https://f{n}.example/feed") for n in range(10)]
    for n, feed in enumerate(feeds):
        deployment.site.feed(feed.url, *(item(f"{n}-{m}") for m in range(10)))
        pages(deployment.site, *(f"{n}-{m}" for m in range(10)))
    await asyncio.gather(*(deployment.poll(*feeds, is_forced=False) for _ in range(3)))
    assert sorted(deployment.site.asked) == sorted(set(deployment.site.asked))
    assert len(deployment.sent) == 100


async def test_once_does_not_end_before_what_became_free_while_the_state_was_asked(deployment, monkeypatch):
    deployment.site.feed(URL, *(item(str(n)) for n in range(10)))
    pages(deployment.site, *map(str, range(10)))
    whole = FeedStore.take

    def slow(self, *arguments, **more):
        found = whole(self, *arguments, **more)
        time.sleep(0.05)  # what was in hand when it was asked is done when it answers
        return found

    monkeypatch.setattr(FeedStore, "take", slow)
    assert (await deployment.poll(FEED))["sent"] == 10


async def test_what_takes_longer_than_a_lease_stays_in_the_hands_of_its_poller(deployment):
    deployment.site.feed(URL, item("a"), item("b"))
    pages(deployment.site, "a", "b")

    async def slow(event):
        await asyncio.sleep(1.5)  # five leases
        deployment.sent.append(event)

    await asyncio.gather(*(deployment.poll(FEED, send=slow, lease_s=0.3, is_forced=False) for _ in range(2)))
    assert deployment.sent_keys() == {"https://n.example/a": 1, "https://n.example/b": 1}


async def test_a_stop_finishes_what_is_in_hand(deployment):
    deployment.site.feed(URL, item("a"))
    pages(deployment.site, "a")
    stopping, sending = asyncio.Event(), asyncio.Event()

    async def slow(event):
        sending.set()
        await stopping.wait()
        deployment.sent.append(event)

    poller = deployment.poller(lambda: [FEED], stopping, send=slow, is_once=False)
    running = asyncio.create_task(poller.run())
    await asyncio.wait_for(sending.wait(), 20)
    stopping.set()
    await asyncio.wait_for(running, 20)
    assert len(deployment.sent) == 1
    assert deployment.store.waiting() == 0


async def test_what_is_not_finished_in_time_is_given_back_for_the_next_one(deployment):
    deployment.site.feed(URL, item("a"))
    pages(deployment.site, "a")
    stopping, sending = asyncio.Event(), asyncio.Event()

    async def never(_event):
        sending.set()
        await asyncio.Event().wait()

    poller = deployment.poller(lambda: [FEED], stopping, send=never, is_once=False, drain_s=0.1)
    running = asyncio.create_task(poller.run())
    await asyncio.wait_for(sending.wait(), 20)
    stopping.set()
    await asyncio.wait_for(running, 20)
    assert await deployment.poll(FEED) == {"unchanged": 1, "sent": 1}


async def test_an_event_that_kafka_has_and_redis_does_not_know_of_is_sent_again(deployment):
    """The gap that docs/feeds.md states; de-duplication closes it."""
    deployment.site.feed(URL, item("a"))
    pages(deployment.site, "a")
    stopping = asyncio.Event()

    async def killed_after(event):
        deployment.sent.append(event)
        stopping.set()
        await asyncio.Event().wait()

    poller = deployment.poller(lambda: [FEED], stopping, send=killed_after, is_once=False, drain_s=0.1)
    await asyncio.wait_for(poller.run(), 20)
    await deployment.poll(FEED)
    first, second = deployment.sent
    assert (first.key, first.value) == (second.key, second.value)


async def test_what_a_person_has_to_change_ends_the_poller(deployment):
    deployment.site.feed(URL, item("a"))
    pages(deployment.site, "a")

    async def refused(_event):
        raise ConfigError("Kafka refuses")

    with pytest.raises(ConfigError, match="Kafka refuses"):
        await asyncio.wait_for(deployment.poll(FEED, send=refused, is_once=False), 20)
    assert await deployment.poll(FEED) == {"unchanged": 1, "sent": 1}


async def test_a_store_that_is_away_for_a_moment_costs_nothing(deployment, monkeypatch):
    deployment.site.feed(URL, *(item(str(n)) for n in range(20)))
    pages(deployment.site, *map(str, range(20)))
    whole, calls = type(deployment.store._script).__call__, 0

    def faulty(self, *arguments):
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise TransientError("away")
        return whole(self, *arguments)

    monkeypatch.setattr(type(deployment.store._script), "__call__", faulty)
    await asyncio.wait_for(deployment.poll(FEED), 60)
    assert deployment.sent_keys() == {f"https://n.example/{n}": 1 for n in range(20)}


async def test_a_feed_that_is_added_is_polled_and_one_that_is_removed_is_not(deployment, monkeypatch):
    monkeypatch.setattr("workers.feeds.polling.poller.LIST_S", 0.01)
    site, stopping = deployment.site, asyncio.Event()
    often = replace(FEED, interval_min_s=0.01, interval_max_s=0.01)
    other = replace(often, url="https://o.example/feed")
    site.feed(often.url)
    site.feed(other.url)
    lists = [[often]]
    poller = deployment.poller(lambda: lists.pop() if lists else None, stopping, is_once=False)
    running = asyncio.create_task(poller.run())
    await site.asked_for(often.url, 3)
    lists.append([other])
    await site.asked_for(other.url)
    polled = site.asked.count(often.url)
    await site.asked_for(other.url, 5)
    assert site.asked.count(often.url) <= polled + 1  # one may have been on its way
    stopping.set()
    await asyncio.wait_for(running, 20)
