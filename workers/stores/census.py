"""What the index in Redis holds: its size, its age, and what became of the last arrivals. Nothing is changed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from more_itertools import chunked

from schemas.published_article import DEFAULT_PUBLISHED, Relation
from workers.config import Settings
from workers.stores.connection import Client, address, reported
from workers.stores.layout import RECORD_BYTES, RECORDS, full_bytes, shard_key, strings
from workers.stores.records import Record, Span, spans, split

SAMPLED: Final = 50
"""Of a table with more strings, so many are asked for their size, evenly apart; they are alike."""
_SPANS_AT_ONCE: Final = 64
"""4 MB a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What became of the last arrivals, `count` of them. `withdrawn` are those whose events ended without a verdict.

    A copy is what is not published by default.
    """

    count: int = 0
    relations: dict[Relation, int] = field(default_factory=dict)
    withdrawn: int = 0
    pending: int = 0

    @property
    def copies(self) -> int:
        return sum(count for relation, count in self.relations.items() if relation not in DEFAULT_PUBLISHED)

    @property
    def copies_ratio(self) -> float | None:
        """Of what was decided, 0..1; None where nothing was."""
        decided = sum(self.relations.values())
        return self.copies / decided if decided else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """A shard: `held` of `window` articles, `used_bytes` of the `full_bytes` that it takes when it is full.

    `made_for` is the window that it was made for, which a larger one does not change. Ages are in seconds, None where
    it is empty.
    """

    shard: int
    window: int
    made_for: int
    held: int
    used_bytes: int
    full_bytes: int
    oldest_s: int | None
    newest_s: int | None
    arrivals: Arrivals

    @property
    def filled_ratio(self) -> float:
        return self.held / self.window


def take(client: Client, settings: Settings, last: int) -> list[Census]:
    """One census a shard, of the `last` arrivals of each. Workers may go on meanwhile.

    Raises TransientError when Redis is away, ConfigError when it refuses.
    """
    with reported(address(client)):
        return [
            _Shard(client, shard, shard_key(settings.topic_prefix, shard), settings.dedup_window).census(last)
            for shard in range(settings.dedup_shards)
        ]


def held(client: Client, settings: Settings) -> tuple[int, int]:
    """How many articles all shards hold, and how many they have room for. Raises redis-py's errors."""
    shards = [
        _Shard(client, shard, shard_key(settings.topic_prefix, shard), settings.dedup_window)
        for shard in range(settings.dedup_shards)
    ]
    return sum(shard.held for shard in shards), sum(shard.window for shard in shards)


def clear(client: Client, settings: Settings) -> int:
    """Remove all shards of the index, also those of other settings; how many keys that were. Raises as `take` does."""
    prefix = shard_key(settings.topic_prefix, 0).partition("{")[0]
    pattern = re.sub(r"([*?\[\]\\^])", r"\\\1", prefix) + "*"
    with reported(address(client)):
        keys: Iterable[bytes] = client.scan_iter(match=pattern, count=1000)
        return sum(int(client.unlink(*some)) for some in chunked(keys, 500))


class _Shard:
    def __init__(self, client: Client, shard: int, key: str, asked: int) -> None:
        self._client = client
        self._shard = shard
        self._key = key
        found: Any = client.hmget(key, "last", "window")
        self._last, self._made_for = int(found[0] or 0), int(found[1] or asked)
        self.window = min(asked, self._made_for)
        self.held = min(self._last, self.window)

    @cached_property
    def _strings(self) -> dict[str, list[str]]:
        return strings(self._key, self._made_for)

    def census(self, last: int) -> Census:
        first = self._last - self.held + 1
        ends = [*self._records(first, first), *self._records(self._last, self._last)] if self.held else []
        now: Any = self._client.time()
        ages = [max(0, int(now[0]) - record.time_s) for record in ends]
        return Census(
            shard=self._shard,
            window=self.window,
            made_for=self._made_for,
            held=self.held,
            used_bytes=self._used_bytes() if self.held else 0,
            full_bytes=full_bytes(self._made_for),
            oldest_s=ages[0] if ages else None,
            newest_s=ages[-1] if ages else None,
            arrivals=self._arrivals(last),
        )

    def _arrivals(self, last: int) -> Arrivals:
        committed = self._committed()
        relations: Counter[Relation] = Counter()
        count = withdrawn = pending = 0
        for record in self._records(self._last - min(last, self.held) + 1, self._last):
            count += 1
            if record.relation is None:
                withdrawn += 1
                continue
            relations[record.relation] += 1
            pending += record.is_pending(committed)
        ordered = {relation: relations[relation] for relation in Relation if relations[relation]}
        return Arrivals(count=count, relations=ordered, withdrawn=withdrawn, pending=pending)

    def _records(self, first: int, last: int) -> Iterator[Record]:
        for some in chunked(spans(first, last, self._made_for), _SPANS_AT_ONCE):
            for data in self._ranges(some):
                yield from split(data)

    def _ranges(self, some: Sequence[Span]) -> list[bytes]:
        pipe = self._client.pipeline(transaction=False)
        for span in some:
            end = span.at + span.count * RECORD_BYTES - 1
            pipe.getrange(self._strings[RECORDS][span.string], span.at, end)
        ranges: list[bytes] = pipe.execute()
        return ranges

    def _committed(self) -> dict[int, int]:
        """Readers' numbers and their committed offsets."""
        readers: Any = self._client.hgetall(self._key.removesuffix("layout") + "readers")
        pairs = (value.split() for value in readers.values())
        return {int(number): int(offset) for number, offset in pairs}

    def _used_bytes(self) -> int:
        return round(sum(map(self._size_of, [[self._key], *self._strings.values()])))

    def _size_of(self, keys: Sequence[str]) -> float:
        step = max(1, len(keys) // SAMPLED)
        asked = keys[::step]
        pipe = self._client.pipeline(transaction=False)
        for key in asked:
            pipe.memory_usage(key)
        sizes: list[int | None] = pipe.execute()
        return sum(size or 0 for size in sizes) * len(keys) / len(asked)
