"""One poll of one feed: from its address to what the state is to remember."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import orjson

from workers.feeds.model import (
    FEED_MAX_BYTES,
    Answer,
    Document,
    Feed,
    FeedError,
    Fetcher,
    Validators,
)
from workers.feeds.polling.changes import Task, changes, packed
from workers.feeds.polling.schedule import after_failure, after_reading
from workers.stores.feed_state import FeedState, Reading, ToFetch, digest

CHILDREN_MOST: Final = 50
"""Sitemaps of an index that are polled, the newest. A large site's index names thousands, one for each past month."""
PROBLEMS_SHOWN: Final = 3
MESSAGE_CHARS: Final = 500

Parse = Callable[[Answer], Document]
Marks = Callable[[str, Sequence[str]], Awaitable[list[bytes]]]


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names; `lastmod` is what the index says of its age."""

    url: str
    lastmod: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A feed that is polled: one of the list, or a sitemap in one of its indexes."""

    feed: Feed
    lastmod: str | None = None
    parent: str | None = None

    @property
    def key(self) -> str:
        """Its name in the state."""
        return digest(self.feed.url)


class Clock(Protocol):
    """Seconds that requests took, for the metrics."""

    def took(self, what: str, seconds: float) -> None: ...


class FeedReader:
    """Polls feeds. `marks` asks the state about items; nothing is stored here."""

    def __init__(
        self,
        fetcher: Fetcher,
        parse: Parse,
        marks: Marks,
        *,
        clock: Clock,
        not_before: datetime | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._fetcher = fetcher
        self._parse = parse
        self._marks = marks
        self._clock = clock
        self._not_before = not_before
        self._chance = chance

    async def read(self, listed: Listed, state: FeedState) -> Reading:
        """What a poll gives, be it a failure. Raises what the state raises."""
        url = state.text("moved_to") or listed.feed.url
        known = Validators(etag=state.text("etag"), last_modified=state.text("last_modified"))
        try:
            answer = await self._fetcher.get(
                url, validators=known, max_bytes=FEED_MAX_BYTES, obey_robots=False
            )
            self._clock.took("feed", answer.took_s)
            if answer.is_unchanged:
                return self._succeeded(listed, state, answer, _UNCHANGED)
            document = await asyncio.to_thread(self._parse, answer)
        except FeedError as error:
            return self._failed(listed, state, error)
        return self._succeeded(listed, state, answer, await self._found(listed, state, document))

    def _failed(self, listed: Listed, state: FeedState, error: FeedError) -> Reading:
        failures = int(state.number("failures") or 0) + 1
        after = after_failure(
            listed.feed,
            state.number("interval_s"),
            failures=failures,
            retry_after_s=error.retry_after_s,
            chance=self._chance(),
        )
        fields = {
            "interval_s": f"{after.interval_s:.1f}",
            "failures": str(failures),
            "fault": error.fault.value,
            "message": str(error)[:MESSAGE_CHARS],
            # An address that a feed has moved to and is not at is forgotten: its own may know a newer one.
            "moved_to": None,
        }
        counts = {"failed": 1, f"feed_{error.fault}": 1}
        return Reading(wait_s=after.wait_s, fields=fields, counts=counts)

    async def _found(self, listed: Listed, state: FeedState, document: Document) -> "_Found":
        keys = {item.id: digest(item.id) for item in document.items}
        marks = dict(zip(keys, await self._marks(listed.key, list(keys.values())), strict=True))
        found = changes(
            listed.feed,
            document,
            marks,
            is_first=state.text("read_at") is None,
            not_before=self._not_before,
        )
        counts = Counter({"new": found.new, "changed": found.changed, "old": found.old})
        counts["read" if found.tasks else "unchanged"] = 1
        to_fetch = await asyncio.to_thread(_to_fetch, found.tasks, keys)
        return _Found(document, +counts, to_fetch, {keys[key]: mark for key, mark in found.marks.items()})

    def _succeeded(self, listed: Listed, state: FeedState, answer: Answer, found: "_Found") -> Reading:
        document = found.document
        after = after_reading(
            listed.feed,
            state.number("interval_s"),
            found_new=bool(found.to_fetch),
            stays_s=(answer.fresh_s, document.ttl_s if document else state.number("ttl_s")),
            chance=self._chance(),
        )
        fields: dict[str, str | None] = {
            "interval_s": f"{after.interval_s:.1f}",
            "failures": "0",
            "fault": None,
            "message": None,
            "etag": answer.validators.etag,
            "last_modified": answer.validators.last_modified,
            "lastmod": listed.lastmod,
            "read_at": f"{state.now_s * 1000:.0f}",
        }
        if answer.moved_to:
            fields["moved_to"] = answer.moved_to
        if document is not None:
            fields |= _facts(document)
        return Reading(
            wait_s=after.wait_s,
            fields=fields,
            counts=found.counts,
            to_fetch=found.to_fetch,
            seen=found.seen,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What was in a document; of an unchanged one there is none."""

    document: Document | None
    counts: Mapping[str, int]
    to_fetch: Sequence[ToFetch] = ()
    seen: Mapping[str, bytes] = field(default_factory=dict)


_UNCHANGED: Final = _Found(None, {"unchanged": 1})


def _facts(document: Document) -> dict[str, str | None]:
    """What the state remembers of a document, until the next one."""
    return {
        "kind": document.kind.value,
        "title": document.title,
        "ttl_s": None if document.ttl_s is None else str(document.ttl_s),
        "problems": " ".join(document.problems[:PROBLEMS_SHOWN])[:MESSAGE_CHARS] or None,
        "children": _children(document),
    }


def _children(document: Document) -> str | None:
    """The newest sitemaps of an index; those without a date after the others, in its order."""
    ages = document.children_updated_at or (None,) * len(document.children)
    pairs = sorted(zip(document.children, ages, strict=True), key=lambda pair: pair[1] or "", reverse=True)
    return orjson.dumps(pairs[:CHILDREN_MOST]).decode() if pairs else None


def _to_fetch(tasks: Mapping[str, Task], keys: Mapping[str, str]) -> list[ToFetch]:
    return [ToFetch(keys[key], task.lane, packed(task)) for key, task in tasks.items()]


def children_of(stored: str | bytes | None) -> list[Child]:
    """The sitemaps that the state remembers of an index."""
    return [Child(url, lastmod) for url, lastmod in orjson.loads(stored)] if stored else []
