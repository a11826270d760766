"""Feeds through the whole of it: the test site, the poller, Kafka, Redis, the workers, and what is published."""

import asyncio
import functools
from collections import Counter
from dataclasses import replace
from urllib.parse import urlsplit

import orjson
import pytest

from schemas.published_article import PublishedArticle, Relation
from schemas.wire import decode
from tests.support import feed_poller, harness
from tests.support.feed_documents import story
from tests.support.feed_poller import polling
from tests.support.feed_site import FEEDS, MANY, PAGES, FeedSite
from workers.feeds.model import Fault, Feed
from workers.feeds.polling.poller import ITEMS_AT_ONCE
from workers.feeds.polling.service import poll
from workers.runtime.audit import audit
from workers.runtime.chain import build_chain
from workers.runtime.dead_letters import read_dead_letter
from workers.stores.connection import connect
from workers.stores.feed_state import FeedStore
from workers.topics import OUTCOMES, Role, table

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
HELD = {"/limited.xml": 2, "/busy.xml": 2}
"""These have a host of their own: it holds back what else would be asked there."""


@pytest.fixture(scope="module")
def big_site():
    """One that many tests share."""
    with FeedSite() as running:
        yield running


@pytest.fixture
def site(big_site):
    big_site.requests.clear()
    return big_site


@pytest.fixture
def settings(settings, redis_client):
    """As the stack has them; a Redis that is empty."""
    return settings


def feed_at(site, path, **more):
    return Feed(url=site.url(path, HELD.get(path, 0)), interval_min_s=0.5, **more)


async def polled(settings, *feeds, **more):
    """One poll of each; what was counted."""
    what = polling(feeds, **{"is_forced": True} | more)
    await poll(settings, harness.addresses_of(settings), what, asyncio.Event())
    return what.metrics.totals


def states(settings):
    """What is known of each feed, by its address."""
    with connect(settings, settings.redis) as client:
        found = FeedStore(client, settings.topic_prefix, lease_s=1).status()
    return {state.text("url"): state for state in found}


def paths_sent(settings):
    """How often each page, by its path, stands on articles.raw."""
    with harness.reading(settings, Role.RAW) as reader:
        return Counter(path_of(record.key.decode()) for record in reader.read_until(0))


def path_of(url):
    return urlsplit(url).path


class Outcomes:
    """What the workers made of all events."""

    def __init__(self, settings, count, timeout_s=120):
        with (
            harness.supervised(settings, functools.partial(build_chain), workers=1) as supervisor,
            harness.reading(settings, *OUTCOMES) as reader,
        ):
            records = reader.read_until(count, timeout_s=timeout_s)
            assert harness.wait_for(lambda: supervisor.status().lag == 0)
        self.dead = [read_dead_letter(record.headers) for record in records if record.topic.endswith(".dead")]
        self.balance = audit(settings, harness.addresses_of(settings), lambda *_: None)
        roles = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
        self.by_role = Counter(roles[record.topic] for record in records)
        self.published = [
            decode(PublishedArticle, record.value)
            for record in records
            if roles[record.topic] is Role.PUBLISHED
        ]
        self.copies = [
            decode(PublishedArticle, record.value)
            for record in records
            if roles[record.topic] is Role.DUPLICATES
        ]


@pytest.mark.faults
async def test_every_feed_of_the_site_ends_as_designed(settings, site):
    paths = [path for path in FEEDS if path != "/many.xml"]
    totals = await polled(settings, *(feed_at(site, path) for path in paths))
    found = states(settings)
    for path in paths:
        state, expected = found[site.url(path, HELD.get(path, 0))], FEEDS[path]
        assert state.text("fault") == expected.fault, path
        assert state.counts.get("new", 0) == (0 if expected.fault else expected.items), path
        assert bool(state.text("problems")) == expected.has_problems, path
        assert bool(state.text("message")) == bool(expected.fault), path
        assert state.waiting == 0, path
    # The pages that cannot be had, each for its reason, and the one at a private address.
    faulty = found[site.url("/page-faults.xml")]
    assert Counter({PAGES[path].fault: 1 for path in list(PAGES)[2:5]}) + Counter({Fault.GONE: 2}) == {
        fault: faulty.counts[f"page_{fault}"] for fault in Fault if f"page_{fault}" in faulty.counts
    }
    assert {orjson.loads(each)["url"] for each in faulty.failures} == {
        site.url(path) for path in list(PAGES)[:5]
    }
    assert found[site.url("/private-page.xml")].counts["page_forbidden_address"] == 1
    assert found[site.url("/moved.xml")].text("moved_to") == site.url("/moved-here.xml")
    assert site.asked("/forbidden/story") == []

    outcomes = Outcomes(settings, totals["sent"])
    assert (outcomes.balance.is_balanced, outcomes.balance.events) == (True, totals["sent"])
    slugs = {slug for path in paths for slug in FEEDS[path].stories} | set(PAGES["/flaky"].stories)
    # /flaky has the story of another page: which of the two comes first is chance.
    [twin] = map(path_of_story, PAGES["/flaky"].stories)
    published = [path_of(article.url).replace("/flaky", twin) for article in outcomes.published]
    assert Counter(published) == {path_of_story(slug): 1 for slug in slugs}
    assert {(path_of(article.url), article.duplicate.relation) for article in outcomes.copies} <= {
        (path, Relation.EXACT) for path in (*map(path_of_story, slugs), "/flaky")
    }
    assert outcomes.dead == []
    assert outcomes.by_role.keys() == {Role.PUBLISHED, Role.DUPLICATES}
    by_path = {path_of(article.url): article for article in outcomes.published}
    arabic = by_path["/story/ar-library"]  # its page is windows-1256, which its header says
    assert arabic.title in story("ar-library").page.decode("windows-1256")
    assert arabic.lang == "ar"


def path_of_story(slug):
    """Where the story is published from: its page, but for those whose pages have other addresses."""
    return {"ar-olives": "/down", "en-library": "/gone", "fa-saffron": "/changing"}.get(
        slug, f"/story/{slug}"
    )


async def test_a_second_poll_costs_conditional_requests_alone(settings, site):
    feeds = [feed_at(site, path) for path in ("/rss.xml", "/atom.xml", "/changing.xml")]
    await polled(settings, *feeds)
    assert all(request.status == 200 for request in site.asked())
    site.requests.clear()
    assert await polled(settings, *feeds) == {"unchanged": 3}
    assert [(request.is_conditional, request.status) for request in site.asked()] == [(True, 304)] * 3


async def test_two_pollers_fetch_nothing_twice(settings, site):
    paths = (
        "/rss.xml",
        "/atom.xml",
        "/feed.json",
        "/sitemap-index.xml",
        "/full-and-page.xml",
        "/windows-1256.xml",
    )
    feeds = [feed_at(site, path) for path in paths]
    both = await asyncio.gather(*(polled(settings, *feeds, is_forced=False) for _ in range(2)))
    asked = Counter(request.path for request in site.asked() if request.path != "/robots.txt")
    assert set(asked.values()) == {1}
    assert set(paths) < asked.keys()
    assert set(paths_sent(settings).values()) == {1}
    assert sum(totals["sent"] for totals in both) == 12


async def test_a_page_that_changes_becomes_a_revision(settings, site):
    feed = feed_at(site, "/changing.xml")
    assert (await polled(settings, feed))["new"] == 1
    site.change()
    assert (await polled(settings, feed))["changed"] == 1
    outcomes = Outcomes(settings, 2)
    relations = {article.duplicate.relation: article.text for article in outcomes.published}
    assert relations.keys() == {Relation.UNIQUE, Relation.REVISION}
    assert len(relations[Relation.REVISION]) > len(relations[Relation.UNIQUE])


@pytest.mark.faults
async def test_kafka_and_redis_may_be_away_for_a_while(settings, site, stack):
    feeds = [feed_at(site, path) for path in ("/rss.xml", "/feed.json")]
    stack.redis.kill()
    stack.kafka.kill()
    polls = asyncio.create_task(polled(settings, *feeds))
    await asyncio.to_thread(stack.redis.start)
    await asyncio.to_thread(stack.kafka.start)
    assert (await asyncio.wait_for(polls, 120))["sent"] == 5
    assert set(paths_sent(settings).values()) == {1}


@pytest.mark.faults
@pytest.mark.timeout(900)
async def test_pollers_that_are_killed_lose_nothing_of_a_feed_of_5000(settings, site):
    feed = feed_at(site, "/many.xml")
    short = replace(settings, session_timeout_s=2.0)

    def has_asked(count):
        return lambda: len(site.asked()) >= count

    # While it reads the feed, just after, and amid the pages; the last time two at once, one of which is killed.
    for count in (1, 2, 3, 50, 400, 1200, 2500):
        process = feed_poller.started(short, [feed], is_once=False)
        try:
            assert await asyncio.to_thread(harness.wait_for, has_asked(count), 120), process.poll()
        finally:
            process.kill()
            process.communicate()
    doomed = feed_poller.started(short, [feed], is_once=False)
    rest = asyncio.create_task(polled(short, feed, is_forced=False))
    try:
        assert await asyncio.to_thread(harness.wait_for, has_asked(3500), 240), doomed.poll()
    finally:
        doomed.kill()
        doomed.communicate()
    await asyncio.wait_for(rest, 600)
    with connect(settings, settings.redis) as client:
        assert FeedStore(client, settings.topic_prefix, lease_s=1).waiting() == 0
    sent = paths_sent(settings)
    assert sent.keys() == {f"/many/{n}" for n in range(MANY)}
    again = sum(sent.values()) - MANY
    print(f"{again} of {MANY} sent twice after 8 kills; {len(site.asked())} requests")
    assert again <= 8 * ITEMS_AT_ONCE
    outcomes = Outcomes(settings, sum(sent.values()), timeout_s=400)
    assert outcomes.balance.is_balanced
    assert Counter(path_of(article.url) for article in outcomes.published) == dict.fromkeys(sent, 1)
    assert {article.duplicate.relation for article in outcomes.copies} <= {Relation.EXACT}
