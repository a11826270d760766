"""One item: its page is fetched, or what the feed carries is taken, and an event of it is sent."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import orjson

from workers.feeds.model import Fault, FeedError, Fetcher, Want
from workers.feeds.polling.changes import DIGEST_BYTES, NOTHING_SENT, Task, body_digest, unpacked
from workers.feeds.polling.events import event_of
from workers.feeds.polling.reading import MESSAGE_CHARS, Clock, Marks
from workers.feeds.polling.schedule import Retries
from workers.feeds.send import Outgoing
from workers.stores.feed_state import PageClaim, Pending, Settled, digest
from workers.tracing import OFF, Tracing

Deliver = Callable[[Outgoing], Awaitable[None]]
ClaimPage = Callable[[Pending, str], Awaitable[PageClaim]]

DEFAULT_RETRIES: Final = Retries()
BUSY_S: Final = 2.0
"""A page that is being fetched for another feed is asked about again so soon."""
EMPTY_MESSAGE: Final = "the feed gives neither an address nor content for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFetcher:
    """Makes events of items. `deliver` returns when Kafka has the event."""

    fetcher: Fetcher
    deliver: Deliver
    marks: Marks
    claim_page: ClaimPage
    clock: Clock
    max_event_bytes: int
    retries: Retries = DEFAULT_RETRIES
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tracing: Tracing = OFF

    async def settle(self, pending: Pending) -> Settled:
        """Send the item's event, and say what became of it. Raises what the state and `deliver` raise."""
        task = unpacked(pending.data)
        try:
            with self.tracing.item():
                return await self._sent(task, pending)
        except FeedError as error:
            return self._failed(task, pending, error)

    async def _sent(self, task: Task, pending: Pending) -> Settled:
        feed, item = task.feed, task.item
        if item.content and (feed.want is Want.CONTENT or item.url is None):
            return await self._send(event_of(feed, item, None, fetched_at=self._time()), {"from_feed": 1})
        if item.url is None:
            raise FeedError(Fault.EMPTY, EMPTY_MESSAGE, url=feed.url)
        if task.is_change:
            return await self._fetched(task, pending)
        page = digest(item.url)
        claim = await self.claim_page(pending, page)
        if claim is PageClaim.SENT:
            return Settled(counts={"elsewhere": 1})
        if claim is PageClaim.BUSY:
            return Settled(wait_s=BUSY_S, is_try=False)
        try:
            return replace(await self._fetched(task, pending), page=page)
        except FeedError as error:
            return replace(self._failed(task, pending, error), page=page)

    async def _fetched(self, task: Task, pending: Pending) -> Settled:
        feed, item = task.feed, task.item
        assert item.url is not None
        try:
            with self.tracing.fetching(urlsplit(item.url).hostname or ""):
                answer = await self.fetcher.get(item.url, max_bytes=self.max_event_bytes)
        except FeedError as error:
            if not item.content or not self.retries.is_content_due(error.fault, tries=pending.tries + 1):
                raise
            event = event_of(feed, item, None, fetched_at=self._time(), fault=error.fault)
            return await self._send(event, {"from_feed": 1, f"page_{error.fault}": 1})
        self.clock.took("page", answer.took_s)
        if task.is_change and await self._sent_before(pending) == body_digest(answer.body):
            return Settled(counts={"same": 1})
        settled = await self._send(event_of(feed, item, answer, fetched_at=self._time()), {})
        return replace(settled, is_page_sent=True)

    async def _send(self, event: Outgoing, counts: dict[str, int]) -> Settled:
        if len(event.value) > self.max_event_bytes:
            message = f"has {len(event.value):,} bytes; KHABAR_MAX_EVENT_BYTES is {self.max_event_bytes:,}"
            raise FeedError(Fault.TOO_LARGE, message, url=event.where)
        await self.deliver(event)
        return Settled(sent=body_digest(event.value), counts={"sent": 1} | counts)

    def _failed(self, task: Task, pending: Pending, error: FeedError) -> Settled:
        wait_s = self.retries.wait_s(
            error.fault,
            tries=pending.tries + 1,
            since_s=pending.since_s,
            retry_after_s=error.retry_after_s,
            chance=self.chance(),
        )
        url, message = task.item.url or task.item.id, str(error)[:MESSAGE_CHARS]
        said = {"page_fault": error.fault.value, "page_message": message}
        if wait_s is not None:
            return Settled(wait_s=wait_s, fields=said, counts={"retried": 1})
        failure = {"at": self._time(), "url": url, "fault": error.fault.value, "message": message}
        return Settled(
            fields=said,
            counts={"given_up": 1, f"page_{error.fault}": 1},
            failure=orjson.dumps(failure, default=str),
        )

    async def _sent_before(self, pending: Pending) -> bytes:
        (mark,) = await self.marks(pending.feed, [pending.item])
        return mark[DIGEST_BYTES:] or NOTHING_SENT

    def _time(self) -> str:
        return self.now().isoformat(timespec="seconds").replace("+00:00", "Z")
