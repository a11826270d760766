"""What a worker has measured: counts and histograms, added to a few times a batch and sent on in its heartbeats.

A worker has no endpoint of its own. Each heartbeat carries what was measured since the one before, the supervisor adds
that to what it has, and workers/runtime/metrics.py shows the sum: so a worker that is replaced takes nothing along.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from workers.topics import Role


class Measured(StrEnum):
    """What is measured. The values are names of metrics; workers/runtime/metrics.py says what each is."""

    EVENTS = "khabar_events"
    DEAD_LETTERS = "khabar_dead_letters"
    BATCHES_REFUSED = "khabar_batches_refused"
    BATCH_EVENTS = "khabar_batch_events"
    BATCH_BYTES = "khabar_batch_bytes"
    PHASE_SECONDS = "khabar_phase_seconds"
    STAGE_SECONDS = "khabar_stage_seconds"
    LATENCY_SECONDS = "khabar_event_latency_seconds"


class Phase(StrEnum):
    """What a batch goes through; the first two of one batch overlap with the others of the batch before."""

    FETCH = "fetch"
    """Waiting until there is an event to do, in order of arrival."""
    STAGES = "stages"
    """In the stage process, there and back."""
    INDEX = "index"
    """Verdicts of de-duplication, waiting for Redis and for originals in other hands included; and making the records."""
    TRANSACTION = "transaction"
    """Writing records and offsets, until Kafka has committed them."""
    CONFIRM = "confirm"
    """Telling the index what is committed."""


_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BUCKETS: Final[dict[Measured, tuple[float, ...]]] = {
    Measured.BATCH_EVENTS: (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000),
    Measured.BATCH_BYTES: tuple(1024 * 4**power for power in range(10)),  # 1 KiB to 256 MiB
    Measured.PHASE_SECONDS: _SECONDS,
    Measured.STAGE_SECONDS: _SECONDS,
    # A tenth of a second where nothing waits; articles.raw keeps events for a week.
    Measured.LATENCY_SECONDS: (
        0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 43_200.0, 259_200.0,
    ),
}  # fmt: skip
"""Upper bounds, inclusive; one more bucket holds what is above. From what a batch does (docs/benchmarks.md) to what breaks."""

Key = tuple[Measured, str, str]
"""What is measured, and the values of its labels, as many as it has; the others are empty."""


@dataclass(slots=True)
class Histogram:
    """How many values fell into each bucket, and their sum."""

    counts: list[int]
    total: float = 0.0


@dataclass(slots=True)
class Tally:
    """Counts and histograms by key. Belongs to one thread."""

    counts: Counter[Key] = field(default_factory=Counter)
    histograms: dict[Key, Histogram] = field(default_factory=dict)

    def count(self, what: Measured, first: str = "", second: str = "", *, by: int = 1) -> None:
        """Add to a count."""
        self.counts[what, first, second] += by

    def observe(self, what: Measured, values: Iterable[float], label: str = "") -> None:
        """Add values to a histogram."""
        bounds = BUCKETS[what]
        histogram = self._histogram((what, label, ""))
        counts = histogram.counts
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            histogram.total += value

    @contextmanager
    def timed(self, phase: Phase) -> Iterator[None]:
        """Adds the seconds of what is done inside, if it ends well."""
        started = time.perf_counter()
        yield
        self.observe(Measured.PHASE_SECONDS, (time.perf_counter() - started,), phase)

    def add(self, other: "Tally") -> None:
        """Add all of another one."""
        self.counts.update(other.counts)
        for key, more in other.histograms.items():
            histogram = self._histogram(key)
            histogram.counts = [mine + its for mine, its in zip(histogram.counts, more.counts, strict=True)]
            histogram.total += more.total

    def outcomes(self) -> Counter[Role]:
        """How many records were written, by the role of their topic."""
        found: Counter[Role] = Counter()
        for (what, role, _), count in self.counts.items():
            if what is Measured.EVENTS:
                found[Role(role)] += count
        return found

    def hand_over(self) -> "Tally":
        """What is in it, which is then empty."""
        taken = Tally(self.counts, self.histograms)
        self.counts, self.histograms = Counter(), {}
        return taken

    def copy(self) -> "Tally":
        """The same, to be read while this one goes on."""
        copied = Tally()
        copied.add(self)
        return copied

    def _histogram(self, key: Key) -> Histogram:
        found = self.histograms.get(key)
        if found is None:
            found = self.histograms[key] = Histogram([0] * (len(BUCKETS[key[0]]) + 1))
        return found
