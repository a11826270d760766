"""The ledger: every event of articles.raw ends in exactly one of published, duplicates, rejected, dead.

It counts by the raw event that was read, which a replay has of its own, and keeps two bytes for each. Dead letters
of events that died between the stages stand apart: their replay does not pass articles.raw again, so the event
that was read has a dead letter and, once the replay succeeded, its record too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.origin import ORIGIN_HEADER, READ_HEADER, REPLAY_HEADER, Origin, header
from workers.topics import OUTCOMES, Role

EXAMPLES: Final = 10
"""How many lost or repeated events are named."""

_MOST: Final = 255
_DEAD: Final = 1
_DEAD_BETWEEN: Final = 2
_RECOVERED: Final = 4
_PENDING: Final = 8
_EXISTS: Final = 16

Spans = Mapping[int, tuple[int, int]]
"""Partition of articles.raw to the half-open range of offsets that the ledger is about."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger needs to know of an output record: its topic, and the raw events that its headers name."""

    role: Role
    read: Origin
    origin: Origin
    died_between: bool = False
    replay: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What became of `events` raw events. `ended` counts records by topic; events with several are `duplicated`.

    `recovered` dead letters were replayed, and the replay was published, a duplicate or rejected. `expired` counts
    output records whose raw event is no longer kept, `unattributed` those that name no event of articles.raw,
    `superseded` those from before the replay from the beginning that the books are about, number `replay`.
    """

    events: int
    ended: dict[str, int]
    in_flight: int
    lost: int
    duplicated: int
    recovered: int
    expired: int
    unattributed: int
    superseded: int = 0
    replay: int = 0
    lost_examples: tuple[str, ...] = ()
    duplicated_examples: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_balanced(self) -> bool:
        """Whether nothing was lost or repeated; events may be in flight."""
        return not self.lost and not self.duplicated


def entry(role: Role, headers: Iterable[tuple[str, bytes]], *, died_between: bool = False) -> Entry | None:
    """The entry of an output record with these headers, or None where they name no event."""
    headers = tuple(headers)
    try:
        origin = Origin.parse((header(headers, ORIGIN_HEADER) or b"").decode())
        read = header(headers, READ_HEADER)
        number = int(header(headers, REPLAY_HEADER) or 0)
        return Entry(role, Origin.parse(read.decode()) if read else origin, origin, died_between, number)
    except ValueError:
        return None


class Ledger:
    """Counts the outcomes of the raw events in `spans`, in the replay from the beginning with number `replay` (0: in
    none). Add every entry, then ask.
    """

    def __init__(self, topic: str, spans: Spans, replay: int = 0) -> None:
        self._topic = topic
        self._replay = replay
        self._superseded = 0
        self._spans = spans
        sizes = {partition: end - begin for partition, (begin, end) in spans.items()}
        self._outcomes = {partition: np.zeros(size, np.uint8) for partition, size in sizes.items()}
        self._flags = {partition: np.zeros(size, np.uint8) for partition, size in sizes.items()}
        self._ended: Counter[Role] = Counter()
        self._expired = 0
        self._unattributed = 0

    def add(self, found: Entry | None) -> None:
        """Count an output record. Raw events after the spans' end are left for the next audit."""
        if found is None or found.read.topic != self._topic or found.read.partition not in self._spans:
            self._unattributed += 1
            return
        if found.replay != self._replay:
            self._superseded += 1
            return
        if found.role is not Role.DEAD and found.origin != found.read:
            self._flag(found.origin, _RECOVERED)
        index = self._index(found.read)
        if index is None:
            self._expired += found.read.offset < self._spans[found.read.partition][0]
            return
        if found.died_between:
            self._flag(found.read, _DEAD_BETWEEN)
            return
        if found.role is Role.DEAD:
            self._flag(found.read, _DEAD)
        self._ended[found.role] += 1
        outcomes = self._outcomes[found.read.partition]
        if outcomes[index] < _MOST:
            outcomes[index] += 1

    def add_pending(self, found: Entry) -> None:
        """A record that waits between two stages."""
        if found.replay == self._replay:
            self._flag(found.read, _PENDING)

    def open_ranges(self, nearby: int = 1000) -> dict[int, list[tuple[int, int]]]:
        """Ranges of raw offsets that hold all events without an outcome; gaps up to `nearby` offsets are joined."""
        return {
            partition: _ranges(np.flatnonzero(self._is_open(partition)) + begin, nearby)
            for partition, (begin, _) in self._spans.items()
        }

    def add_existing(self, event: Origin) -> None:
        """There is an event in an open range; not every offset is one (transaction markers have offsets too)."""
        self._flag(event, _EXISTS)

    def balance(self, committed: Mapping[int, int]) -> Balance:
        """What became of the events.

        `committed`: partition to the offset below which the workers have settled everything; absent is 0.
        """
        count: Counter[str] = Counter()
        lost_examples: list[str] = []
        for partition, outcomes in self._outcomes.items():
            flags, begin = self._flags[partition], self._spans[partition][0]
            is_between = (flags & _DEAD_BETWEEN) > 0
            is_recovered = (flags & (_DEAD | _RECOVERED)) == _DEAD | _RECOVERED
            is_open = self._is_open(partition) & ((flags & _EXISTS) > 0)
            is_settled = np.arange(begin, begin + len(flags)) < committed.get(partition, 0)
            is_lost = is_open & is_settled & ((flags & _PENDING) == 0)
            count["ended"] += _count((outcomes > 0) | is_between)
            count["died_between"] += _count(is_between & (outcomes == 0))
            count["duplicated"] += _count(outcomes > 1)
            count["recovered"] += _count(is_recovered | (is_between & (outcomes > 0)))
            count["open"] += _count(is_open)
            count["lost"] += _count(is_lost)
            missing = np.flatnonzero(is_lost)[: EXAMPLES - len(lost_examples)]
            lost_examples += [str(Origin(self._topic, partition, begin + int(index))) for index in missing]
        ended = {str(role): self._ended[role] for role in OUTCOMES}
        ended[Role.DEAD] += count["died_between"]
        return Balance(
            events=count["ended"] + count["open"],
            ended=ended,
            in_flight=count["open"] - count["lost"],
            lost=count["lost"],
            duplicated=count["duplicated"],
            recovered=count["recovered"],
            expired=self._expired,
            unattributed=self._unattributed,
            superseded=self._superseded,
            replay=self._replay,
            lost_examples=tuple(lost_examples),
        )

    def duplicated(self) -> Iterator[Origin]:
        """The first events with more than one outcome."""
        left = EXAMPLES
        for partition, outcomes in self._outcomes.items():
            begin = self._spans[partition][0]
            found = np.flatnonzero(outcomes > 1)[:left]
            yield from (Origin(self._topic, partition, begin + int(index)) for index in found)
            left -= len(found)

    def _is_open(self, partition: int) -> npt.NDArray[np.bool_]:
        is_open: npt.NDArray[np.bool_] = self._outcomes[partition] == 0
        is_open &= (self._flags[partition] & _DEAD_BETWEEN) == 0
        return is_open

    def _index(self, event: Origin) -> int | None:
        span = self._spans.get(event.partition)
        if event.topic != self._topic or span is None or not span[0] <= event.offset < span[1]:
            return None
        return event.offset - span[0]

    def _flag(self, event: Origin, flag: int) -> None:
        index = self._index(event)
        if index is not None:
            self._flags[event.partition][index] |= flag


def _count(mask: npt.NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))


def _ranges(offsets: npt.NDArray[np.int64], nearby: int) -> list[tuple[int, int]]:
    if not len(offsets):
        return []
    breaks = np.flatnonzero(np.diff(offsets) > nearby)
    begins = offsets[np.concatenate(([0], breaks + 1))]
    ends = offsets[np.concatenate((breaks, [len(offsets) - 1]))] + 1
    return [(int(begin), int(end)) for begin, end in zip(begins, ends, strict=True)]
