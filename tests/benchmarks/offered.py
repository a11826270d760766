"""Events offered to a running chain: all at once or at a steady rate, and how far it falls behind meanwhile."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import linear_regression
from typing import Final

from confluent_kafka import Producer

from tests.benchmarks.chain import Corpus
from tests.benchmarks.throughput import STALLED_S
from workers.config import Settings
from workers.topics import Role, table

TICK_S: Final = 0.01
SAMPLE_S: Final = 0.25
"""Workers tell their progress twice a second."""
SETTLING: Final = 0.4
"""The first part of a trial, in which batches grow to the size that fits the rate, does not count."""
GROWTH_RATIO: Final = 0.03
"""The lag counts as growing when it does so by more than this part of the rate."""
PROGRESS_S: Final = 0.5
"""And by more than comes in between two tellings of the progress: a short trial can tell no better."""
SENT_RATIO: Final = 0.98
"""A sender that falls further behind than this has not offered the rate."""
FIRST_RATIO: Final = 0.8
HIGHER: Final = 1.25
LOWER: Final = 0.5
CLOSE_RATIO: Final = 1.05
"""The search ends when the lowest rate that was too much is so near to the largest that was steady."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A rate that was offered, in events a second, and how fast the lag grew under it, in events a second."""

    rate: float
    offered: float
    seconds: float
    growth: float
    lag: int

    @property
    def is_steady(self) -> bool:
        """Whether the lag does not grow, and all of the rate was offered."""
        grown = self.growth / self.rate
        is_flat = grown <= max(GROWTH_RATIO, PROGRESS_S / ((1 - SETTLING) * self.seconds))
        return is_flat and self.offered >= SENT_RATIO * self.rate


class Offering:
    """Sends the events of a corpus again and again, in turn to each partition, and counts them."""

    def __init__(self, settings: Settings, corpus: Corpus, producer: Producer) -> None:
        self._topic = table(settings.topic_prefix)[Role.RAW].name
        self._partitions = settings.partitions
        self._values = itertools.cycle(corpus.values)
        self._producer = producer
        self.sent = 0

    def at_once(self, count: int) -> None:
        """Returns when the broker has all of them."""
        self._send(count)
        self._producer.flush(STALLED_S)

    def at_rate(self, rate: float, seconds: float, committed: Callable[[], int]) -> Trial:
        """So many a second for so long; `committed` says how many of all that were ever sent are done."""
        before, began = self.sent, time.monotonic()
        lags: list[tuple[float, int]] = []
        while (elapsed_s := time.monotonic() - began) < seconds:
            self._send(int(rate * elapsed_s) - (self.sent - before))
            self._producer.poll(0)
            if not lags or elapsed_s - lags[-1][0] >= SAMPLE_S:
                lags.append((elapsed_s, self.sent - committed()))
            time.sleep(TICK_S)
        offered = (self.sent - before) / elapsed_s
        self._producer.flush(STALLED_S)
        return Trial(
            rate=rate, offered=offered, seconds=seconds, growth=growth(lags, seconds), lag=lags[-1][1]
        )

    def _send(self, count: int) -> None:
        for value, headers in itertools.islice(self._values, max(0, count)):
            while True:
                try:
                    self._producer.produce(
                        self._topic, value, headers=list(headers), partition=self.sent % self._partitions
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self.sent += 1


def growth(lags: Sequence[tuple[float, int]], seconds: float) -> float:
    """Events a second by which the lag grew once the trial had settled; by least squares."""
    settled = [(at_s, lag) for at_s, lag in lags if at_s >= SETTLING * seconds]
    return linear_regression(*zip(*settled, strict=True)).slope


def search(trial: Callable[[float], Trial], ceiling: float, trials: int) -> Iterator[Trial]:
    """The trials of a search for the largest steady rate: `ceiling` is what a backlog was worked off with."""
    low, high, rate = 0.0, 0.0, FIRST_RATIO * ceiling
    for _ in range(trials):
        found = trial(rate)
        yield found
        low, high = (rate, high) if found.is_steady else (low, rate)
        if low and high:
            if high <= CLOSE_RATIO * low:
                return
            rate = (low + high) / 2
        else:
            rate *= HIGHER if low else LOWER
