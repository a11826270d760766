"""The recent records that the page shows and searches, in memory, bounded in number and in bytes.

The reader's thread adds, the page's thread asks. A record is kept as its bytes, with what lists show and what filters
look at; it is decoded again when somebody opens it.
"""

import sys
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import Final

from schemas.cleaned_article import Source
from schemas.published_article import Duplicate, PublishedArticle
from schemas.tagged_article import Entity, Label
from schemas.wire import InvalidError, UndecodableError, decode
from workers.filters import Filter, Findable
from workers.runtime.reading import Received
from workers.runtime.replays import Dead, dead_of
from workers.topics import Role

CHIPS: Final = 6
"""So many entities, the most salient ones, stand beside an article in a list."""
MOST_DEAD: Final = 1000
"""Dead letters without their values, at about a kilobyte each."""
OVERHEAD_BYTES: Final = 2500
"""Of an article, beside its bytes, folded text and names: measured with tracemalloc over 2,000 articles."""
SHOWN_CHARS: Final = 300
"""A list shows no more of a title or a name; the article's own page has all of it."""


@dataclass(frozen=True, slots=True)
class Chip:
    """An entity, as lists show it."""

    id: str
    label: Label
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a list shows of an article."""

    id: str
    title: str | None
    beginning: str
    source: Source
    lang: str
    published_at: object
    duplicate: Duplicate
    entities: tuple[Chip, ...]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record stands, by the time at which it was written."""

    timestamp_ms: int
    role: Role
    partition: int
    offset: int

    @property
    def name(self) -> str:
        """ROLE:PARTITION:OFFSET."""
        return f"{self.role}:{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of an article."""

    place: Place
    topic: str
    card: Card
    findable: Findable
    value: bytes
    size_bytes: int

    @property
    def article(self) -> PublishedArticle:
        """Decoded at each call."""
        return decode(PublishedArticle, self.value)

    @property
    def named_id(self) -> str | None:
        """The id of the article that the verdict names."""
        return self.card.duplicate.of or self.card.duplicate.contains


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first, and whether older ones follow. `found` is None where nobody counted."""

    entries: tuple[Entry, ...]
    has_more: bool
    found: int | None = None


@dataclass(slots=True)
class _Kept:
    by_time: list[Entry] = field(default_factory=list)
    by_id: defaultdict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, Entry] = field(default_factory=dict)
    langs: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


class Window:
    """The newest records by the time at which they were written; the oldest leave when it is full."""

    def __init__(self, most_articles: int, most_bytes: int) -> None:
        self.most_articles: Final = most_articles
        self.most_bytes: Final = most_bytes
        self._lock = Lock()
        self._kept = _Kept()
        self._dead: list[Dead] = []

    def add(self, received: Received) -> None:
        """Take a record of an outcome topic; what is none of Khabar's, and rejected events, are passed over."""
        if received.role is Role.DEAD:
            self._add_dead(received)
        elif received.role in {Role.PUBLISHED, Role.DUPLICATES} and (entry := _entry(received)):
            self._add_entry(entry)

    def newest(self, role: Role | None = None, *, skip: int = 0, most: int = 50) -> Page:
        """The newest records, or the newest ones of this topic."""
        found = (each for each in self._snapshot() if role is None or each.place.role is role)
        chosen = tuple(islice(found, skip, skip + most + 1))
        return Page(chosen[:most], len(chosen) > most)

    def search(self, wanted: Filter, *, skip: int = 0, most: int = 50) -> Page:
        """The newest records that pass, and how many do."""
        found = [each for each in self._snapshot() if wanted.finds(each.findable)]
        return Page(tuple(found[skip : skip + most]), len(found) > skip + most, len(found))

    def records(self, article_id: str) -> Sequence[Entry]:
        """The records of the article, the newest last."""
        with self._lock:
            return tuple(self._kept.by_id.get(article_id, ()))

    def at(self, name: str) -> Entry | None:
        """The record at ROLE:PARTITION:OFFSET."""
        with self._lock:
            return self._kept.by_name.get(name)

    def original(self, entry: Entry) -> Entry | None:
        """The first record of the article that the verdict names: the same page sent again is a copy of itself."""
        if entry.named_id is None:
            return None
        others = (each for each in self.records(entry.named_id) if each.place != entry.place)
        return next(others, None)

    def dead(self, reason: str | None = None) -> list[Dead]:
        """The newest dead letters first."""
        with self._lock:
            return [each for each in reversed(self._dead) if reason in {None, each.letter.reason}]

    def langs(self) -> list[tuple[str, int]]:
        """Languages and how many records are in each, the most frequent first."""
        with self._lock:
            return self._kept.langs.most_common()

    def size(self) -> tuple[int, int]:
        """(records of articles, bytes)."""
        with self._lock:
            return len(self._kept.by_time), self._kept.bytes

    def _snapshot(self) -> Iterator[Entry]:
        with self._lock:
            entries = self._kept.by_time.copy()
        return reversed(entries)

    def _add_entry(self, entry: Entry) -> None:
        with self._lock:
            kept = self._kept
            if entry.place.name in kept.by_name:  # read again after Kafka was away
                return
            for entries in (kept.by_time, kept.by_id[entry.card.id]):
                insort(entries, entry, key=lambda each: each.place)
            kept.by_name[entry.place.name] = entry
            kept.langs[entry.card.lang] += 1
            kept.bytes += entry.size_bytes
            while len(kept.by_time) > self.most_articles or kept.bytes > self.most_bytes:
                self._forget(kept.by_time.pop(0))

    def _forget(self, entry: Entry) -> None:
        kept = self._kept
        same = kept.by_id[entry.card.id]
        same.remove(entry)
        if not same:
            del kept.by_id[entry.card.id]
        del kept.by_name[entry.place.name]
        kept.langs -= Counter([entry.card.lang])
        kept.bytes -= entry.size_bytes

    def _add_dead(self, received: Received) -> None:
        dead = dead_of(received)
        if isinstance(dead, str):
            return
        with self._lock:
            if all(dead.position != each.position for each in self._dead):
                insort(self._dead, dead, key=lambda each: (each.timestamp_ms, each.partition, each.offset))
                del self._dead[:-MOST_DEAD]


def _entry(received: Received) -> Entry | None:
    try:
        article = decode(PublishedArticle, received.value)
    except (UndecodableError, InvalidError):  # not one of Khabar's
        return None
    findable = Findable(article)
    findable.settle()
    place = Place(received.timestamp_ms, received.role, received.partition, received.offset)
    names = sum(map(sys.getsizeof, findable.names))
    size = OVERHEAD_BYTES + len(received.value) + sys.getsizeof(findable.text) + names
    return Entry(place, received.topic, _card(article), findable, received.value, size)


def _card(article: PublishedArticle) -> Card:
    return Card(
        id=article.id,
        title=None if article.title is None else short(article.title),
        beginning=article.text[:SHOWN_CHARS],
        source=article.source,
        lang=article.lang,
        published_at=article.published_at,
        duplicate=article.duplicate,
        entities=tuple(map(_chip, article.entities[:CHIPS])),
    )


def _chip(entity: Entity) -> Chip:
    return Chip(entity.id, entity.label, short(entity.name))


def short(text: str) -> str:
    """The beginning of the text, where it is long."""
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "\u2026"  # HORIZONTAL ELLIPSIS
