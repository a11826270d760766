"""Several dumps in one table: their lines stand one behind the other, and none sees those of another.

What stands beside a dump must not change its numbers, so sums of fractions begin anew with each dump; all other calls
of numpy are made once for all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_Item = TypeVar("_Item")
_FIRST: Final = 0


@dataclass(frozen=True, slots=True)
class Spans:
    """Which of N lines are of which of D dumps, each of at least one line.

    `starts`, `ends` and `sizes` (D,) are the first line of each dump, the one behind its last, and how many it has.
    For each line (N,) `at` is its number, `dump` that of its dump, `begin` and `end` the start and end of that.
    """

    starts: Ints
    ends: Ints
    sizes: Ints
    at: Ints
    dump: Ints
    begin: Ints
    end: Ints

    @classmethod
    def of(cls, sizes: Sequence[int]) -> Self:
        """The spans of dumps of so many lines."""
        counts = np.array(sizes, np.int64)
        ends = counts.cumsum()
        starts = ends - counts
        dump = np.arange(len(counts)).repeat(counts)
        return cls(starts, ends, counts, np.arange(len(dump)), dump, starts[dump], ends[dump])

    def __iter__(self) -> Iterator[slice]:
        """The lines of each dump."""
        bounds = [_FIRST, *self.ends.tolist()]
        return (slice(begin, end) for begin, end in pairwise(bounds))

    def parts(self, items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
        """What of N items each dump has."""
        return (items[span] for span in self)

    def running(self, series: NDArray[Any]) -> Floats:
        """The sums (K, N) of series (K, N) from the start of each dump to each line, which counts."""
        sums = np.empty(series.shape)
        for span in self:
            series[:, span].cumsum(axis=1, dtype=np.float64, out=sums[:, span])
        return sums

    def counts(self, flags: NDArray[np.bool_] | Ints) -> Ints:
        """The sums (D,) of whole numbers (N,)."""
        return np.add.reduceat(flags, self.starts, dtype=np.int64)

    def means_around(self, series: NDArray[np.float32], of: Ints, reaches: Ints) -> Floats:
        """(W, N): for each window the mean of one of series (S, N) over the lines around each line.

        Window w is over series `of[w]` and reaches `reaches[w]` lines to each side, fewer at the ends of the dump;
        both are (W, 1).
        """
        # Each dump has one place more than lines: its first sum is 0.
        sums = np.zeros((len(series), len(self.at) + len(self.sizes)))
        for number, span in enumerate(self):
            out = sums[:, span.start + number + 1 : span.stop + number + 1]
            series[:, span].cumsum(axis=1, dtype=np.float64, out=out)
        low = np.maximum(self.at - reaches, self.begin)
        high = np.minimum(self.at + (reaches + 1), self.end)
        lines = high - low
        low += self.dump
        high += self.dump
        result: Floats = (sums[of, high] - sums[of, low]) / lines
        return result

    def put_neighbours(
        self, out: NDArray[np.float32], columns: NDArray[np.float32], steps: Sequence[int], beyond: float
    ) -> None:
        """Fill `out` (S * K, N) with the values of columns (K, N) so many steps further on; `beyond` the dump's ends."""
        reach, width = max(steps), len(columns)
        place = self.at + (self.dump + 1) * reach
        padded = np.full((width, len(self.at) + (len(self.sizes) + 1) * reach), beyond, np.float32)
        padded[:, place] = columns
        for number, step in enumerate(steps):
            out[number * width : (number + 1) * width] = padded.take(place + step, axis=1)
