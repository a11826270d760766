"""Fetched events, waiting to become micro-batches."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from workers.errors import KhabarError
from workers.runtime.events import Event, Membership, Position

NOBODY = Membership(-1, "")
BATCHES: Final = 2
"""So many batches may wait: the next one, and what becomes the one after it. Of events that come singly and wait anyway,
each would cost the broker and this process a fetch; left there, they come together (docs/benchmarks.md).
"""
GATHER_S: Final = 0.05
"""While nobody waits for events, so much time passes between fetches that bring few, for the same reason."""


class HoleError(KhabarError):
    """Fetched events have not reached the inbox: going on would commit over them. The process has to end."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one group generation, each partition's in order; never empty."""

    membership: Membership
    events: tuple[Event, ...]


class Inbox:
    """Holds fetched runs until the pipeline asks for a batch. Takes a new run only while less than `capacity_bytes`
    wait, and less than BATCHES batches of the size that was asked for last.

    What it guarantees to the pipeline, for each generation of the consumer group: events pass once and without
    holes. Once anything of a generation was forgotten, nothing more of it passes, or an offset would be committed
    over the forgotten events; whoever owns the partition next reads them again from the committed offset.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._membership = NOBODY
        self._retired = NOBODY.generation
        self._next_offset: dict[tuple[str, int], int] = {}
        self._waiting: deque[Event] = deque()
        self._bytes = 0
        self._capacity_events = math.inf
        self._is_wanted = False
        self._changed = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def has_moved_on(self, membership: Membership) -> bool:
        """True once events of a newer generation have been fetched."""
        return self._membership.generation > membership.generation

    async def put(self, membership: Membership, previous: int | None, events: Sequence[Event]) -> None:
        """Add a run of one partition, fetched after offset `previous`; waits while the inbox is full.

        Runs of a retired generation are forgotten, as are those that were fetched while the worker was in no
        group: the broker could not fence them. Raises HoleError when events before the run are missing.
        """
        async with self._changed:
            if membership.generation > self._membership.generation and membership.member_id:
                self._retire(self._membership.generation)
                self._membership = membership
            await self._changed.wait_for(lambda: self._has_room() or membership != self._membership)
            if membership != self._membership or membership.generation <= self._retired:
                return
            self._check_contiguous(previous, events[0].position)
            for event in events:
                self._accept(event)
            self._changed.notify_all()

    async def take(self, most_events: int, most_bytes: int) -> Batch:
        """The next batch: what waits, up to the limits and at least one event; waits for the first."""
        async with self._changed:
            self._capacity_events = BATCHES * most_events
            self._is_wanted = True
            self._changed.notify_all()
            await self._changed.wait_for(lambda: bool(self._waiting))
            self._is_wanted = False
            events: list[Event] = []
            size_bytes = 0
            while self._waiting and len(events) < most_events:
                if events and size_bytes + len(self._waiting[0].value) > most_bytes:
                    break
                event = self._waiting.popleft()
                size_bytes += len(event.value)
                events.append(event)
            self._bytes -= size_bytes
            self._changed.notify_all()
            return Batch(self._membership, tuple(events))

    async def gather(self) -> None:
        """Wait until somebody waits for events, for GATHER_S at most: what comes meanwhile is fetched together."""
        async with self._changed:
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await self._changed.wait_for(lambda: self._is_wanted)

    async def retire(self, generation: int | None = None) -> None:
        """Forget what waits and accept nothing more of this generation (or of `generation` and older ones): the
        partitions are being taken away, the broker has refused a batch, or the worker drains.
        """
        async with self._changed:
            if generation is None or generation >= self._membership.generation:
                self._retire(self._membership.generation)

    def _has_room(self) -> bool:
        return self._bytes < self._capacity_bytes and len(self._waiting) < self._capacity_events

    def _retire(self, generation: int) -> None:
        self._retired = max(self._retired, generation)
        self._waiting.clear()
        self._next_offset.clear()
        self._bytes = 0
        self._changed.notify_all()

    def _check_contiguous(self, previous: int | None, first: Position) -> None:
        if previous is not None and previous >= self._next_offset.get((first.topic, first.partition), 0):
            message = (
                f"{first.topic}:{first.partition}: the events before offset {first.offset} never arrived"
            )
            raise HoleError(message)

    def _accept(self, event: Event) -> None:
        # Faust seeks back to the committed offsets at times when later events are in work here already.
        partition = (event.position.topic, event.position.partition)
        if event.position.offset >= self._next_offset.get(partition, 0):
            self._next_offset[partition] = event.position.offset + 1
            self._waiting.append(event)
            self._bytes += len(event.value)
