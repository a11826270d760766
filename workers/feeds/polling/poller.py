"""The polling loop: feeds that are due are read, their items' pages fetched, and events of them sent.

Several pollers share the work through the state in Redis (workers/stores/feed_state.py). What one has in hand it holds
by leases, which it renews; of one that is killed they end, and another goes on. The order of every step is such that
nothing is lost: a reading is stored with its items before the next one, an item is done after Kafka has its event.
"""

import asyncio
import functools
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import structlog

from workers.errors import TransientError
from workers.feeds.polling.health import Pulse
from workers.feeds.polling.metrics import Metrics
from workers.feeds.polling.pages import PageFetcher
from workers.feeds.polling.patience import Patience
from workers.feeds.polling.reading import FeedReader, Listed, children_of
from workers.feeds.polling.watched import ReadList
from workers.stores.feed_state import FeedState, FeedStore, Pending, Reading, Settled, Wait

FEEDS_AT_ONCE: Final = 16
ITEMS_AT_ONCE: Final = 64
"""In hand of one poller: they mostly wait, for answers and for their turn at the host. Each may hold a page."""
IN_LANE: Final = 2
"""Of one host, so that a host with a long backlog leaves hands free for the others."""
ONCE_WAITS_S: Final = 30.0
"""With `is_once`: for what is due so soon, at a host that is held or with a poller that may be gone, it is waited."""
THREADS: Final = 16
"""For questions to Redis, of a millisecond each, and for parsing."""
LOOK_S: Final = 1.0
"""How soon, at the latest, work that another poller has left is noticed."""
LIST_S: Final = 2.0
"""How often the list of feeds is looked at."""
SHOW_S: Final = 10.0
SUMMARY_S: Final = 60.0
NEVER: Final = float("inf")

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`is_once`: end when what is due now is done. `is_forced`: every feed is due at the start."""

    is_once: bool = False
    is_forced: bool = False
    lease_s: float = 10.0
    drain_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a poller works with; `read_list` is called again and again."""

    store: FeedStore
    reader: FeedReader
    pages: PageFetcher
    read_list: ReadList
    metrics: Metrics


class Poller:
    """Polls the feeds of a list until `stopping` is set; `redis` is the patience with Redis, which ends then."""

    def __init__(self, parts: Parts, options: Options, *, redis: Patience, stopping: asyncio.Event) -> None:
        self._store = parts.store
        self._reader = parts.reader
        self._pages = parts.pages
        self._read_list = parts.read_list
        self._redis = redis
        self._stopping = stopping
        self._metrics = parts.metrics
        self._options = options
        self._feeds: dict[str, Listed] = {}
        self._due: dict[str, float] = {}
        self._forced: set[str] = set()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._items: dict[tuple[str, str], tuple[Pending, asyncio.Task[None]]] = {}
        self._is_more = asyncio.Event()
        self._turned_at = time.monotonic()
        self._failure: BaseException | None = None

    async def run(self) -> None:
        """Until `stopping` is set, or with `is_once` until all is done. Raises ConfigError where something is wrong
        that a person has to change.
        """
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        await self._take_list()
        helpers = [
            self._helper(self._renew()),
            self._helper(self._watch_list()),
            self._helper(self._report()),
        ]
        try:
            await self._work()
        finally:
            await self._drain()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    async def _work(self) -> None:
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            self._is_more.clear()
            self._start_feeds()
            was_busy = self._is_busy  # what ends while the state is asked may leave more behind
            more_s = await self._start_items()
            is_soon = more_s is not None and more_s <= ONCE_WAITS_S
            if self._options.is_once and not (was_busy or self._is_busy or is_soon):
                return
            await self._wait(more_s)

    @property
    def pulse(self) -> Pulse:
        still_s = time.monotonic() - self._turned_at
        return Pulse(len(self._feeds), len(self._reading), len(self._items), still_s)

    @property
    def _is_busy(self) -> bool:
        return bool(self._reading or self._items or self._due)

    async def _wait(self, more_s: float | None) -> None:
        """Until something has changed, or the next thing is due."""
        now = asyncio.get_running_loop().time()
        has_room = len(self._reading) < FEEDS_AT_ONCE
        next_s = min(self._due.values(), default=NEVER) - now if has_room else NEVER
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.01, min(LOOK_S, next_s, NEVER if more_s is None else more_s))):
                await self._is_more.wait()

    # The list of feeds

    async def _take_list(self) -> None:
        feeds = await asyncio.to_thread(self._read_list)
        if feeds is None:
            return
        waits = await self._ask(lambda: self._store.list_feeds([feed.url for feed in feeds]))
        now = asyncio.get_running_loop().time()
        listed = [Listed(feed=feed) for feed in feeds]
        known = {each.key for each in listed}
        gone = [key for key, each in self._feeds.items() if (each.parent or key) not in known]
        for key in gone:
            del self._feeds[key]
            self._due.pop(key, None)
        for each, wait_s in zip(listed, waits, strict=True):
            is_new = each.key not in self._feeds
            self._feeds[each.key] = each
            if is_new:
                if self._options.is_forced:
                    self._forced.add(each.key)
                self._due[each.key] = (
                    now if self._options.is_forced or self._options.is_once else now + wait_s
                )
        log.info("feeds_listed", feeds=len(feeds), removed=len(gone))
        self._is_more.set()

    async def _watch_list(self) -> None:
        while True:
            await asyncio.sleep(LIST_S)
            await self._take_list()

    def _adopt(self, parent: Listed, stored: str | bytes | None) -> None:
        """The sitemaps that an index names are polled under it; those that it names no more are not."""
        now = asyncio.get_running_loop().time()
        children = {
            (
                each := Listed(
                    feed=replace(parent.feed, url=child.url), lastmod=child.lastmod, parent=parent.key
                )
            ).key: each
            for child in children_of(stored)
        }
        for key in [
            key for key, each in self._feeds.items() if each.parent == parent.key and key not in children
        ]:
            del self._feeds[key]
            self._due.pop(key, None)
        for key, each in children.items():
            before = self._feeds.get(key)
            if before is None or (before.parent and before.lastmod != each.lastmod):
                self._feeds[key] = each
                self._due[key] = now

    # Feeds

    def _start_feeds(self) -> None:
        now = asyncio.get_running_loop().time()
        due = sorted((at, key) for key, at in self._due.items() if at <= now)
        for _, key in due[: FEEDS_AT_ONCE - len(self._reading)]:
            del self._due[key]
            self._reading[key] = self._task(self._poll(key), functools.partial(self._reading.pop, key))

    async def _poll(self, key: str) -> None:
        listed = self._feeds[key]
        claimed = await self._ask(
            lambda: self._store.claim(listed.feed.url, is_forced=key in self._forced, lastmod=listed.lastmod)
        )
        if isinstance(claimed, Wait):
            self._adopt(listed, claimed.children)
            return self._schedule(key, NEVER if claimed.is_same else claimed.seconds)
        self._forced.discard(key)
        reading = await self._redis(lambda: self._reader.read(listed, claimed))
        if not await self._ask(lambda: self._store.finish(key, reading)):
            log.warning("feed_lease_lost", feed=listed.feed.url)
            return self._schedule(key, 0.0)
        self._metrics.count(reading.counts)
        self._say(listed, claimed, reading)
        if "children" in reading.fields or claimed.text("children"):
            self._adopt(listed, reading.fields.get("children", claimed.text("children")))
        return self._schedule(key, reading.wait_s)

    def _schedule(self, key: str, wait_s: float) -> None:
        """With `is_once` a feed is polled once."""
        if key in self._feeds and not self._options.is_once:
            self._due[key] = asyncio.get_running_loop().time() + wait_s

    def _say(self, listed: Listed, before: FeedState, reading: Reading) -> None:
        failures_before = int(before.number("failures") or 0)
        failures = int(reading.fields["failures"] or 0)
        if failures == 1:
            fields = reading.fields
            log.warning("feed_failed", feed=listed.feed.url, fault=fields["fault"], message=fields["message"])
        elif failures_before and not failures:
            log.info("feed_recovered", feed=listed.feed.url, failures=failures_before)

    # Items

    async def _start_items(self) -> float | None:
        """Takes what is due; in how many seconds there may be more, None: nothing waits."""
        free = ITEMS_AT_ONCE - len(self._items)
        if free <= 0:
            return None
        in_hand = Counter(pending.lane for pending, _ in self._items.values())
        found, more_s = await self._ask(lambda: self._store.take(free, in_lane=IN_LANE, in_hand=in_hand))
        for pending in found:
            key = (pending.feed, pending.item)
            before = self._items.get(key)
            if before is not None:  # a newer one of an item that is in hand: its lease goes to the new task
                before[1].cancel()
            task = self._task(self._settle(pending), functools.partial(self._settled, key, pending))
            self._items[key] = (pending, task)
        return more_s

    async def _settle(self, pending: Pending) -> None:
        settled = await self._redis(lambda: self._pages.settle(pending))
        if not await self._ask(lambda: self._store.settle(pending, settled)):
            log.warning("item_lease_lost", feed=pending.feed, item=pending.item)
            return
        self._metrics.count(settled.counts)
        if settled.failure:
            log.warning(
                "item_given_up",
                feed=pending.feed,
                fault=settled.fields["page_fault"],
                message=settled.fields["page_message"],
            )

    def _settled(self, key: tuple[str, str], pending: Pending) -> None:
        if key in self._items and self._items[key][0] is pending:
            del self._items[key]

    # What goes on beside

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._options.lease_s / 3)
            items = [pending for pending, _ in self._items.values()]
            if self._reading or items:
                feeds = list(self._reading)
                await self._ask(functools.partial(self._store.renew, feeds, items))

    async def _report(self) -> None:
        """Sets the gauges, and says in the log what was done."""
        said: Counter[str] = Counter()
        due = 0.0
        while True:
            states = await self._ask(self._store.status)
            own = [state for state in states if state.feed in self._feeds]
            self._metrics.show(own, sum(state.waiting for state in states))
            if (now := asyncio.get_running_loop().time()) >= due and self._metrics.totals != said:
                log.info("feeds_progress", **(self._metrics.totals - said))
                said, due = self._metrics.totals.copy(), now + SUMMARY_S
            await asyncio.sleep(SHOW_S)

    async def _ask(self, question: Callable[[], T]) -> T:
        return await self._redis(lambda: asyncio.to_thread(question))

    def _task(self, work: Coroutine[Any, Any, None], ended: Callable[[], object]) -> asyncio.Task[None]:
        """A piece of work; where it fails for good, all ends, and what it had in hand is given back."""
        task = asyncio.create_task(work)

        def finish(task: asyncio.Task[None]) -> None:
            self._is_more.set()
            error = None if task.cancelled() else task.exception()
            if error is None:
                ended()
            elif not (isinstance(error, TransientError) and self._stopping.is_set()):
                self._failure = self._failure or error
                self._stopping.set()

        task.add_done_callback(finish)
        return task

    def _helper(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._task(work, lambda: None)

    async def _drain(self) -> None:
        """What is in hand is finished within the time, or given back as it was."""
        running = [*self._reading.values(), *(task for _, task in self._items.values())]
        if running:
            await asyncio.wait(running, timeout=self._options.drain_s)
        feeds, items = list(self._reading), [pending for pending, _ in self._items.values()]
        left = [task for task in running if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with suppress(TransientError):
            for key in feeds:
                await asyncio.to_thread(self._store.release, key)
            for pending in items:
                await asyncio.to_thread(self._store.settle, pending, Settled(wait_s=0.0, is_try=False))
        if left:
            log.warning("feeds_given_back", feeds=len(feeds), items=len(items))
