"""The state of feeds in Redis, shared by all pollers of a deployment. The scripts in lua/ read and write it.

| key | type | what is in it | lifetime |
|---|---|---|---|
| articles:feeds:1:{all}:feeds | sorted set | FEED -> when it was last heard of | as long as it has a feed |
| articles:feeds:1:{all}:feed:FEED | hash | address, validators, interval, next poll, who polls it until when, counts | KEEP_S |
| articles:feeds:1:{all}:seen:FEED | sorted set | ITEM -> when the feed last showed it | KEEP_S; an item FORGET_S, or MOST_SEEN |
| articles:feeds:1:{all}:marks:FEED | hash | ITEM -> digest of what the feed said, digest of what was sent, 8 bytes each | as in seen |
| articles:feeds:1:{all}:failures:FEED | list | the last FAILURES_SHOWN pages that were given up, as JSON | KEEP_S |
| articles:feeds:1:{all}:lanes | sorted set | HOST -> when the first of its pages is due | while pages wait |
| articles:feeds:1:{all}:lane:HOST | sorted set | FEED:ITEM -> when it is due, or the end of a poller's lease | while pages wait |
| articles:feeds:1:{all}:item:FEED:ITEM | hash | feed and item (compressed JSON), tries, time of the first, lease | until it is sent or given up |
| articles:feeds:1:{all}:page:ADDRESS | string | FEED:ITEM for which it is fetched now, or sent:FEED | CLAIM_S; SHARED_S |
| articles:feeds:1:{all}:host:HOST | hash | when the next request may begin, until when the host is held | as long as that |
| articles:feeds:1:{all}:turns:HOST | sorted set | token -> end of the lease of who asks the host now | the lease |

`articles` is KHABAR_TOPIC_PREFIX, 1 the version of this layout, FEED, ITEM and ADDRESS are digests of a feed's address, of
an id in it and of a page's address, HOST is as in an address. {all} keeps everything in one slot of a Redis Cluster: a reading is stored in one step,
validators and the pages that are to be fetched, so that no crash comes between them. KEEP_S counts from when a poller
last had to do with a feed: one that is on no list any more is forgotten then. Times are of Redis's clock, which all
pollers share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b, sha1
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from more_itertools import chunked
from redis.exceptions import NoScriptError

from workers.stores.connection import Client, address, reported

LAYOUT_VERSION: Final = 1
KEEP_S: Final = 30 * 86_400
FORGET_S: Final = 30 * 86_400
"""An item that comes back to its feed after so long counts as new."""
MOST_SEEN: Final = 10_000
"""Of more, those are forgotten that the feed has not shown for longest; what it shows now stays, however much it is."""
FAILURES_SHOWN: Final = 20
CLAIM_S: Final = 300
"""Longer than a page takes: a minute for the answer, and as long until it is the page's turn at a slow host."""
SHARED_S: Final = 6 * 3600
"""So long a page that was sent for one feed is not fetched for another. The feeds of a site name an article within hours
of each other; what is named later may have changed."""
DIGEST_BYTES: Final = 8
"""Of 50,000 items, what a sitemap may name, two are alike once in ten thousand million feeds."""
_AT_ONCE: Final = 500
COUNT_PREFIX: Final = "n_"

_LUA: Final = Path(__file__).parent / "lua"


class Script:
    """A script of the feeds' state: run by the name that Redis knows it by, and sent where it does not."""

    def __init__(self, client: Client, name: str, prefix: str) -> None:
        self._source: Final = (_LUA / f"{name}.lua").read_text("utf-8")
        self._digest: Final = sha1(self._source.encode(), usedforsecurity=False).hexdigest()
        self._client = client
        self._address = address(client)
        self._key: Final = f"{prefix}:feeds:{LAYOUT_VERSION}:{{all}}:feeds"

    def __call__(self, operation: str, *arguments: str | bytes | int) -> Any:  # noqa: ANN401  (what a script gives)
        """Raises TransientError when Redis is away, busy, or refuses to write; ConfigError when it refuses us."""
        with reported(self._address):
            try:
                return self._client.evalsha(self._digest, 1, self._key, operation, *arguments)
            except NoScriptError:
                return self._client.eval(self._source, 1, self._key, operation, *arguments)


def digest(text: str | bytes) -> str:
    """The name of a feed or an item in the keys."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is known of a feed. `fields` are text by name; times are Unix seconds of Redis's clock."""

    feed: str
    fields: Mapping[str, str]
    now_s: float
    waiting: int = 0
    failures: tuple[bytes, ...] = ()
    """Pages that were given up, the last one first."""

    def text(self, name: str) -> str | None:
        return self.fields.get(name)

    def number(self, name: str) -> float | None:
        return None if (value := self.fields.get(name)) is None else float(value)

    def age_s(self, name: str) -> float | None:
        """How long the time in the field is over; below 0 where it is to come."""
        return None if (value := self.number(name)) is None else self.now_s - value / 1000

    @property
    def counts(self) -> dict[str, int]:
        """What was counted, by name: read, unchanged, new, changed, sent, feed_dns, page_gone and so on."""
        return {
            name.removeprefix(COUNT_PREFIX): int(value)
            for name, value in self.fields.items()
            if name.startswith(COUNT_PREFIX)
        }


class PageClaim(StrEnum):
    """Whether a page is to be fetched for an item."""

    MINE = "mine"
    BUSY = "busy"
    """It is being fetched for another feed's item; to be asked again."""
    SENT = "sent"
    """An event of it was sent for another feed."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The feed is not to be polled yet. `is_same`: its index says that it is as it was when it was read."""

    seconds: float
    children: bytes
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class ToFetch:
    """An item of which an event is to be made. `lane` is the host of its page, "" where no page is asked for."""

    item: str
    lane: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of a poll. Fields with None are removed. `seen` maps every item that the feed shows to its mark."""

    wait_s: float
    fields: Mapping[str, str | None]
    counts: Mapping[str, int]
    to_fetch: Sequence[ToFetch] = ()
    seen: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """An item that this poller has in hand, under a lease of this name."""

    feed: str
    item: str
    lane: str
    data: bytes
    tries: int
    since_s: float
    """How long ago the first try was."""
    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of an item: done (sent, or given up with a `failure` to show), or to be tried again after `wait_s`."""

    wait_s: float | None = None
    is_try: bool = True
    sent: bytes = b""
    """Digest of the body that was sent, 8 bytes."""
    page: str = ""
    """What was claimed by `claim_page`, and is let go of."""
    is_page_sent: bool = False
    """Other feeds need not fetch it for a while."""
    fields: Mapping[str, str | None] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    failure: bytes = b""


class FeedStore:
    """One poller's hold on the state. Safe to use from several threads; every method raises as Script does."""

    def __init__(self, client: Client, prefix: str, *, lease_s: float) -> None:
        self._script = Script(client, "feeds", prefix)
        self._token: Final = uuid4().hex
        self._lease_ms = _ms(lease_s)

    def list_feeds(self, urls: Sequence[str]) -> list[float]:
        """Make the feeds known; in how many seconds each is due, 0 and below: now."""
        waits: list[float] = []
        for some in chunked(urls, _AT_ONCE):
            pairs = [word for url in some for word in (digest(url), _utf8(url))]
            waits += [wait / 1000 for wait in self._script("list", KEEP_S * 1000, len(some), *pairs)]
        return waits

    def claim(self, url: str, *, is_forced: bool = False, lastmod: str | None = None) -> FeedState | Wait:
        """The feed is this poller's until it ends or loses the lease, or it is not to be polled yet.

        `lastmod` is what an index of sitemaps says of its age.
        """
        feed = digest(url)
        words = (feed, _utf8(url), self._token, self._lease_ms, int(is_forced), lastmod or "")
        how, *said = self._script("claim", *words)
        if how == b"taken":
            return _state(feed, float(said[0]) / 1000, said[1:])
        return Wait(max(said[0] / 1000, 0.0), said[1], is_same=how == b"same")

    def marks(self, feed: str, items: Sequence[str]) -> list[bytes]:
        """What is remembered of each item; empty where it is new."""
        found: list[bytes] = self._script("marks", feed, *items) if items else []
        return found

    def finish(self, feed: str, reading: Reading) -> bool:
        """Store what came of a poll, all of it or nothing, and give the feed back; False where the lease was lost."""
        to_fetch = [word for each in reading.to_fetch for word in (each.item, _utf8(each.lane), each.data)]
        seen = [word for pair in reading.seen.items() for word in pair]
        return bool(
            self._script(
                "finish",
                *(feed, self._token, KEEP_S * 1000, _ms(reading.wait_s)),
                *_fields(reading.fields),
                *_counts(reading.counts),
                *(MOST_SEEN, FORGET_S * 1000),
                *(len(reading.to_fetch), *to_fetch),
                *(len(reading.seen), *seen),
            )
        )

    def release(self, feed: str) -> None:
        """Give the feed back as it was."""
        self._script("release", feed, self._token)

    def take(
        self, most: int, *, in_lane: int, in_hand: Mapping[str, int]
    ) -> tuple[list[Pending], float | None]:
        """At most `most` items that are due, of a lane so many that `in_lane` are in hand; and in how many seconds
        there is more, None where nothing waits.
        """
        pairs = [word for lane, count in in_hand.items() for word in (_utf8(lane), count)]
        wait_ms, found = self._script(
            "take", self._token, self._lease_ms, most, in_lane, len(in_hand), *pairs
        )
        return [_pending(each) for each in found], None if wait_ms < 0 else wait_ms / 1000

    def claim_page(self, pending: Pending, page: str) -> PageClaim:
        """Whether the page (a digest of its address) is to be fetched for this item, though other feeds name it too."""
        return PageClaim(
            self._script("claim_page", pending.feed, pending.item, page, CLAIM_S * 1000).decode()
        )

    def settle(self, pending: Pending, settled: Settled) -> bool:
        """Store what came of an item; False where the lease was lost, and it is another's or a newer one."""
        is_done = settled.wait_s is None
        is_kept = self._script(
            "settle",
            *(pending.feed, pending.item, _utf8(pending.lane), pending.lease, KEEP_S * 1000),
            *("done" if is_done else "later", _ms(settled.wait_s or 0.0), int(settled.is_try), settled.sent),
            *(settled.page, SHARED_S * 1000 if settled.is_page_sent else 0),
            *_fields(settled.fields),
            *_counts(settled.counts),
            *(settled.failure, FAILURES_SHOWN),
        )
        return bool(is_kept)

    def renew(self, feeds: Sequence[str], items: Sequence[Pending]) -> None:
        """Hold on to what is in hand."""
        words = [
            word for each in items for word in (_utf8(each.lane), f"{each.feed}:{each.item}", each.lease)
        ]
        self._script("renew", self._token, self._lease_ms, len(feeds), *feeds, len(items), *words)

    def waiting(self) -> int:
        """How many items wait, or are in hand somewhere."""
        return int(self._script("waiting"))

    def status(self) -> list[FeedState]:
        """All feeds that a poller has had to do with of late."""
        now_ms, found = self._script("status", KEEP_S * 1000)
        return [
            _state(feed.decode(), float(now_ms) / 1000, fields, waiting, tuple(failures))
            for feed, fields, failures, waiting in found
        ]


def _state(
    feed: str, now_s: float, words: Sequence[bytes], waiting: int = 0, failures: tuple[bytes, ...] = ()
) -> FeedState:
    pairs = zip(words[::2], words[1::2], strict=True)
    fields = {name.decode(): value.decode("utf-8", "replace") for name, value in pairs}
    return FeedState(feed=feed, fields=fields, now_s=now_s, waiting=waiting, failures=failures)


def _pending(words: Sequence[bytes]) -> Pending:
    lane, member, lease, data, tries, since_ms = words
    feed, _, item = member.decode().partition(":")
    return Pending(feed, item, lane.decode(), data, int(tries), float(since_ms) / 1000, lease.decode())


def _fields(fields: Mapping[str, str | None]) -> list[str | bytes | int]:
    return [len(fields), *(word for name, value in fields.items() for word in (name, _utf8(value or "")))]


def _counts(counts: Mapping[str, int]) -> list[str | bytes | int]:
    return [len(counts), *(word for name, by in counts.items() for word in (COUNT_PREFIX + name, by))]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
