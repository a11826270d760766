"""Reading what the index remembers of an article. The layout of a record: lua/storage.lua, "Fields of a record"."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from schemas.published_article import Relation
from workers.stores.layout import CHUNK_BYTES, NO_ID, RECORD_BYTES, RELATIONS, SIMILARITY_STEPS

IN_STRING: Final = CHUNK_BYTES // RECORD_BYTES
HEAD: Final = Struct(">16s8s8s8s2sH6sIBHBHI16s16sH")
"""From the article id to the number of shingles; behind them stand the samples. A contract test holds the places of
these fields to those that the script names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was decided for an arrival. `relation` is None where its event ended without a verdict, and it was taken back.

    `reader` is the number of the partition in the shard's table of readers, 0 for what counts at once. `time_s` is in
    seconds since 1970. `similarity` is in 0..1, 0 where `of` is None; of a unique article `of` is the alert in it.
    """

    id: str
    reader: int
    offset: int
    time_s: int
    relation: Relation | None
    revision: int
    similarity: float
    of: str | None
    cluster: str
    shingles: int

    def is_pending(self, committed: dict[int, int]) -> bool:
        """Whether its event is not committed; `committed` maps readers to their offsets."""
        return self.reader > 0 and self.offset >= committed.get(self.reader, -1)


def decode(data: bytes) -> Record | None:
    """The record in RECORD_BYTES bytes, or None where nothing was written yet."""
    (
        identity,
        _,
        _,
        _,
        _,
        reader,
        offset,
        time_s,
        relation,
        revision,
        _,
        similarity,
        _,
        of,
        cluster,
        shingles,
    ) = HEAD.unpack_from(data)
    if not time_s:
        return None
    return Record(
        id=identity.hex(),
        reader=reader,
        offset=int.from_bytes(offset, "big"),
        time_s=time_s,
        relation=RELATIONS[relation - 1] if relation else None,
        revision=revision,
        similarity=similarity / SIMILARITY_STEPS,
        of=None if of == NO_ID else of.hex(),
        cluster=cluster.hex(),
        shingles=shingles,
    )


def split(data: bytes) -> Iterator[Record]:
    """The records that stand one after the other in part of a string."""
    for at in range(0, len(data) - RECORD_BYTES + 1, RECORD_BYTES):
        if record := decode(data[at : at + RECORD_BYTES]):
            yield record


@dataclass(frozen=True, slots=True)
class Span:
    """Arrivals that stand together: in string `string` of the records, `count` of them from byte `at` on."""

    string: int
    at: int
    count: int


def spans(first: int, last: int, window: int) -> Iterator[Span]:
    """Where the arrivals from `first` to `last` stand, in order, in an index that was made for `window`."""
    ring = window + 1
    while first <= last:
        slot = first % ring
        string, place = divmod(slot, IN_STRING)
        count = min(last - first + 1, IN_STRING - place, ring - slot)
        yield Span(string, place * RECORD_BYTES, count)
        first += count
