"""Pollers with the real Redis, and a site and a topic that are lists: what is asked for, and what is sent."""

import asyncio
import uuid
from collections import Counter

import pytest

from workers.feeds.model import NO_VALIDATORS, Answer, Document, Fault, FeedError, Kind
from workers.feeds.polling.metrics import Metrics
from workers.feeds.polling.pages import PageFetcher
from workers.feeds.polling.patience import Patience
from workers.feeds.polling.poller import Options, Parts, Poller
from workers.feeds.polling.reading import FeedReader
from workers.feeds.polling.schedule import Retries
from workers.feeds.polling.watched import Given
from workers.stores.feed_state import FeedStore

QUICK = Retries(first_s=0.01, most_s=0.01)


class Site:
    """Addresses to what they give: a Document, a page's bytes, or a FeedError; a list gives one after the other."""

    def __init__(self, **_):
        self.pages = {}
        self.asked = []
        self.is_asked = asyncio.Event()
        self.documents = {}

    async def get(self, url, *, validators=NO_VALIDATORS, max_bytes=None, obey_robots=True):
        self.asked.append(url)
        self.is_asked.set()
        await asyncio.sleep(0)
        given = self.pages.get(url, FeedError(Fault.GONE, f"{url}: there is no such page (404)", url=url))
        if isinstance(given, list):
            given = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(given, FeedError):
            raise given
        body = given
        if isinstance(given, Document):
            body = repr(given).encode()
            self.documents[body] = given
        return Answer(url=url, status=200, headers={"content-type": "text/html"}, body=body, took_s=0.01)

    async def asked_for(self, url, times=1):
        """Returns when the address was asked for so many times."""
        async with asyncio.timeout(20):
            while self.asked.count(url) < times:
                self.is_asked.clear()
                await self.is_asked.wait()

    def parse(self, answer):
        if answer.body not in self.documents:
            raise FeedError(Fault.MALFORMED, f"{answer.url} is no feed", url=answer.url)
        return self.documents[answer.body]

    def feed(self, url, *items, **more):
        self.pages[url] = Document(kind=more.pop("kind", Kind.RSS), items=items, **more)


class Deployment:
    """Several pollers of one state."""

    def __init__(self, client):
        self.client = client
        self.prefix = f"test-{uuid.uuid4().hex[:8]}"
        self.site = Site()
        self.sent = []
        self.metrics = Metrics()
        self.store = FeedStore(client, self.prefix, lease_s=10)

    async def poll(self, *feeds, retries=QUICK, send=None, **options):
        """One run until all that is due is done; what was counted."""
        stopping = asyncio.Event()
        self.metrics = Metrics()
        poller = self.poller(Given(feeds), stopping, retries=retries, send=send, **options)
        await poller.run()
        return self.metrics.totals

    def poller(self, read_list, stopping, *, retries=QUICK, send=None, **options):
        store = FeedStore(self.client, self.prefix, lease_s=options.get("lease_s", 10))

        async def marks(feed, items):
            return await asyncio.to_thread(store.marks, feed, items)

        async def claim_page(pending, page):
            return await asyncio.to_thread(store.claim_page, pending, page)

        async def keep(event):
            self.sent.append(event)

        parts = Parts(
            store=store,
            reader=FeedReader(self.site, self.site.parse, marks, clock=self.metrics, chance=lambda: 0),
            pages=PageFetcher(
                fetcher=self.site,
                deliver=send or keep,
                marks=marks,
                claim_page=claim_page,
                clock=self.metrics,
                max_event_bytes=10_000,
                retries=retries,
                chance=lambda: 0,
            ),
            read_list=read_list,
            metrics=self.metrics,
        )
        made = Options(**{"is_once": True, "is_forced": True} | options)
        return Poller(parts, made, redis=Patience("redis", stopping), stopping=stopping)

    def status(self):
        """What is known of each feed, by its address."""
        return {state.text("url"): state for state in self.store.status()}

    def sent_keys(self):
        return Counter(event.key.decode() for event in self.sent)


@pytest.fixture
def deployment(redis_client):
    return Deployment(redis_client)
