"""What of a feed's items is new, and what has changed. Pure.

Of each item the state keeps a *mark* of 16 bytes: a digest of what the feed says of it, and of the body that was sent
for it last (zeros where none was).
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from schemas.wire import decode, encode
from workers.feeds.fetch.places import place
from workers.feeds.model import Document, Feed, FeedError, Item, Kind, Want

DIGEST_BYTES: Final = 8
NOTHING_SENT: Final = bytes(DIGEST_BYTES)
FIRST_SITEMAP_ITEMS: Final = 1000
"""Of a sitemap's first reading so many items, the newest; it may list a site's whole past, 50,000 to a file. News
sitemaps, which hold two days, stay below it by Google's own rule of 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An item of which an event is to be made, with its feed as the list stated it then."""

    feed: Feed
    item: Item
    is_change: bool = False

    @property
    def lane(self) -> str:
        """The host that its page is asked of; "" where none is asked for."""
        if self.item.url is None or (self.feed.want is Want.CONTENT and self.item.content):
            return ""
        return host_of(self.item.url)


@dataclass(frozen=True, slots=True)
class Changes:
    """Tasks by their item's id; and, of every item in the document, the mark that it has from now on."""

    tasks: Mapping[str, Task]
    marks: Mapping[str, bytes]
    new: int = 0
    changed: int = 0
    old: int = 0
    """Items of a first reading that are passed over for their age or number."""


def changes(
    feed: Feed,
    document: Document,
    marks: Mapping[str, bytes],
    *,
    is_first: bool,
    not_before: datetime | None = None,
) -> Changes:
    """What is to be done about the items, in the feed's order. `marks` has those of the items that are known.

    At a first reading those dated before `not_before` are passed over, and of a sitemap all but the newest. Of two
    items of one id the first counts.
    """
    items: dict[str, Item] = {}
    for item in document.items:
        items.setdefault(item.id, item)
    passed = _passed(document.kind, list(items.values()), not_before) if is_first else frozenset()
    tasks: dict[str, Task] = {}
    now: dict[str, bytes] = {}
    for key, item in items.items():
        before, digest = marks.get(key, b""), digest_of(item)
        now[key] = digest + (before[DIGEST_BYTES:] or NOTHING_SENT)
        if key not in passed and before[:DIGEST_BYTES] != digest:
            known = item if item.lang or not document.lang else replace(item, lang=document.lang)
            tasks[key] = Task(feed=feed, item=known, is_change=bool(before))
    changed = sum(task.is_change for task in tasks.values())
    return Changes(tasks, now, new=len(tasks) - changed, changed=changed, old=len(passed))


def digest_of(item: Item) -> bytes:
    """Of what says that the item has changed: when it was updated, or what it says where the feed does not say when.

    A summary does not count: it often has numbers in it that change by themselves.
    """
    said = ("at", item.updated_at) if item.updated_at else ("as", item.url, item.title, item.content)
    return body_digest(repr(said).encode("utf-8", "surrogatepass"))


def body_digest(body: bytes) -> bytes:
    """By which it is seen that a page is, byte for byte, the one that was sent."""
    return blake2b(body, digest_size=DIGEST_BYTES).digest()


def packed(task: Task) -> bytes:
    """The task as the state keeps it: what a feed carries may be long."""
    return zlib.compress(encode(task), 1)


def unpacked(data: bytes) -> Task:
    return decode(Task, zlib.decompress(data))


def host_of(url: str) -> str:
    """The host in an address as it counts for turns; "" where the address is none that is fetched."""
    try:
        return place(url, asked=url).host
    except FeedError:
        return ""


def _passed(kind: Kind, items: Sequence[Item], not_before: datetime | None) -> frozenset[str]:
    dates = {item.id: _date(item) for item in items}
    passed = {key for key, date in dates.items() if not_before and date and date < not_before}
    if kind is Kind.SITEMAP:
        newest = sorted(items, key=lambda item: dates[item.id] or _UNDATED, reverse=True)
        passed |= {item.id for item in newest[FIRST_SITEMAP_ITEMS:]}
    return frozenset(passed)


_UNDATED: Final = datetime.min.replace(tzinfo=UTC)


def _date(item: Item) -> datetime | None:
    for text in (item.published_at, item.updated_at):
        if text:
            try:
                date = datetime.fromisoformat(text)
            except ValueError:
                continue
            return date if date.tzinfo else date.replace(tzinfo=UTC)
    return None
