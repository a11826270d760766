"""A poller, put together from the settings: its services, the list of feeds, and how it may fetch."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from workers.config import Settings
from workers.errors import TransientError
from workers.feeds.fetch import FetchOptions, HttpFetcher
from workers.feeds.formats import read_answer
from workers.feeds.model import Fetcher
from workers.feeds.polling.health import file_of, reported
from workers.feeds.polling.metrics import Metrics
from workers.feeds.polling.pages import DEFAULT_RETRIES, PageFetcher
from workers.feeds.polling.patience import Patience
from workers.feeds.polling.poller import Options, Parts, Poller
from workers.feeds.polling.reading import FeedReader
from workers.feeds.polling.schedule import Retries
from workers.feeds.polling.sender import Sender
from workers.feeds.polling.watched import ReadList
from workers.runtime.clients import Addresses, admin, producer, speaking_to
from workers.runtime.topics_admin import create, missing
from workers.stores.connection import Client, connect
from workers.stores.feed_state import FeedStore, PageClaim, Pending
from workers.stores.feed_turns import RedisTurns
from workers.topics import Role, table
from workers.tracing import Tracing, tracing_of

MAX_BLOCK_MS: Final = 10_000
"""kafka-python's `send` waits so long for the topic's partitions; then it is said that Kafka is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """What is polled and how. `not_before`: at a feed's first reading older items are passed over."""

    read_list: ReadList
    fetch: FetchOptions = field(default_factory=FetchOptions)
    is_once: bool = False
    is_forced: bool = False
    not_before: datetime | None = None
    retries: Retries = DEFAULT_RETRIES
    metrics: Metrics = field(default_factory=Metrics)


async def poll(settings: Settings, addresses: Addresses, polling: Polling, stopping: asyncio.Event) -> None:
    """Polls until `stopping` is set, or with `is_once` until all is done. What was done is in `polling.metrics`.

    Waits for a Kafka or a Redis that is away, and loses nothing meanwhile. Raises ConfigError where one refuses.
    """
    try:
        await _poll(settings, addresses, polling, stopping)
    except TransientError:
        if not stopping.is_set():
            raise


async def _poll(settings: Settings, addresses: Addresses, polling: Polling, stopping: asyncio.Event) -> None:
    redis, kafka = Patience("redis", stopping), Patience("kafka", stopping)
    url = addresses.redis_url()
    tracing = tracing_of(settings)
    poller: Poller | None = None
    async with AsyncExitStack() as stack:
        stack.callback(tracing.close)
        await stack.enter_async_context(
            reported(file_of(settings), lambda: poller.pulse if poller else None, (redis, kafka))
        )
        await kafka(lambda: asyncio.to_thread(_prepare, settings, addresses))
        client = await redis(lambda: asyncio.to_thread(connect, settings, url))
        stack.enter_context(closing(client))
        sender = Sender(
            lambda: producer(settings, addresses, max_block_ms=MAX_BLOCK_MS),
            table(settings.topic_prefix)[Role.RAW],
            addresses,
            kafka,
            tracing,
        )
        stack.push_async_callback(sender.close)
        await sender.ready()
        turns = RedisTurns(client, settings.topic_prefix, lease_s=settings.session_timeout_s)
        fetcher = await stack.enter_async_context(HttpFetcher(polling.fetch, turns=turns))
        parts = _parts(settings, polling, client, fetcher, sender, tracing)
        options = Options(
            is_once=polling.is_once,
            is_forced=polling.is_forced,
            lease_s=settings.session_timeout_s,
            drain_s=settings.drain_timeout_s,
        )
        poller = Poller(parts, options, redis=redis, stopping=stopping)
        await poller.run()


def _parts(
    settings: Settings, polling: Polling, client: Client, fetcher: Fetcher, sender: Sender, tracing: Tracing
) -> Parts:
    store = FeedStore(client, settings.topic_prefix, lease_s=settings.session_timeout_s)

    async def marks(feed: str, items: Sequence[str]) -> list[bytes]:
        return await asyncio.to_thread(store.marks, feed, items)

    async def claim_page(pending: Pending, page: str) -> PageClaim:
        return await asyncio.to_thread(store.claim_page, pending, page)

    return Parts(
        store=store,
        reader=FeedReader(fetcher, read_answer, marks, clock=polling.metrics, not_before=polling.not_before),
        pages=PageFetcher(
            fetcher=fetcher,
            deliver=sender.send,
            marks=marks,
            claim_page=claim_page,
            clock=polling.metrics,
            max_event_bytes=settings.max_event_bytes,
            retries=polling.retries,
            tracing=tracing,
        ),
        read_list=polling.read_list,
        metrics=polling.metrics,
    )


def _prepare(settings: Settings, addresses: Addresses) -> None:
    """The topics that are missing are made, if we may; else that of raw events has to be there."""
    name = table(settings.topic_prefix)[Role.RAW].name
    with admin(settings, addresses) as client, speaking_to(addresses):
        if settings.create_topics:
            create(client, settings)
        elif name not in client.list_topics():
            raise missing([name])
