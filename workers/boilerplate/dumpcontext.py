"""How likely each line of a dump is main text: two forests judge, the second by what the first says of the lines around."""

from collections import Counter
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.dumpfeatures import Column, Rows, features, since, window_means
from workers.boilerplate.dumplines import Lines
from workers.boilerplate.forest import ForestPair
from workers.boilerplate.markers import Marker

_STEPS: Final = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
_BRIDGED_LINES: Final = 3
"""A run of kept lines goes on over so many that are not: pictures, captions, teasers."""
_WORDS_LINES: Final = 400


def judge(lines: Lines, markers: list[Marker | None], forests: ForestPair) -> Column:
    """For each line (N,) the probability in 0..1 that it is main text."""
    if not lines.texts:
        return np.zeros(0, np.float32)
    rows = features(lines, markers)
    _, values = context(rows, forests.first.probabilities(rows.values))
    return forests.second.probabilities(values)


def context(rows: Rows, first: Column) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names and values (N, G) for the second model: all of `rows`, and what `first` (N,) says around each line."""
    mass = np.where(first > 0.4, rows.weight * first, 0).astype(np.float32)
    total = max(float(mass.sum()), 1.0)
    before = (np.cumsum(mass) - mass).astype(np.float32)
    count, reach = len(first), max(_STEPS)
    padded = np.zeros(count + 2 * reach, np.float32)
    padded[reach : reach + count] = first
    columns: dict[str, Column] = {"first": first, "log_mass": np.full(count, np.log1p(total), np.float32)}
    columns |= {f"first{step:+d}": padded[reach + step : reach + step + count] for step in _STEPS}
    columns |= _means(rows, first)
    columns["mass_before"] = before / total
    columns["mass_behind"] = (total - before - mass) / total
    columns["log_mass_before"] = np.log1p(before)
    sure = first > 0.6
    columns["since_sure"] = since(sure)
    columns["to_sure"] = since(sure[::-1])[::-1]
    columns |= _runs(first, mass, total)
    columns["shares_words"] = _shared_words(rows.words, first)
    values = np.concatenate((rows.values.T, np.array(list(columns.values()), np.float32)))
    return (*rows.names, *columns), values.T


def _means(rows: Rows, first: Column) -> dict[str, Column]:
    """What the first model says of windows of lines, each line counted once or by its weight."""
    weight = np.minimum(rows.weight, 500)
    series = np.array((first, weight * first, weight))
    said_2, said_5, ahead, behind = window_means(first, ((2, 2), (5, 5), (8, -1), (-1, 8)))
    (said_10,) = window_means(first, ((10, 10),))
    columns = {"first_mean_2": said_2, "first_mean_5": said_5, "first_mean_10": said_10}
    for size, (lines, said, around) in zip(
        (3, 8, 20), window_means(series, ((3, 3), (8, 8), (20, 20))), strict=True
    ):
        columns[f"first_mean_{size}"] = lines
        columns[f"mass_mean_{size}"] = said / np.maximum(around, 1)
    columns["first_ahead"], columns["first_next"] = ahead, behind
    return columns


def _runs(first: Column, mass: Column, total: float) -> dict[str, Column]:
    """The runs of lines that the first model keeps: how heavy the run of each line is, or the last one before it."""
    count = len(first)
    kept = np.flatnonzero(first > 0.5)
    names = ("run_share", "run_of_best", "run_number", "run_before", "run_next", "run_gap")
    if not len(kept):
        return {name: np.zeros(count, np.float32) for name in names}
    starts = np.flatnonzero(np.diff(kept, prepend=-10 * _BRIDGED_LINES) > _BRIDGED_LINES + 1)
    begins, ends = kept[starts], kept[np.append(starts[1:], len(kept)) - 1]
    sums = np.concatenate(([0.0], np.cumsum(mass, dtype=np.float64)))
    masses = sums[ends + 1] - sums[begins]
    number = np.searchsorted(begins, np.arange(count), side="right") - 1
    inside = (number >= 0) & (np.arange(count) <= ends[np.maximum(number, 0)])
    own = np.where(inside, masses[np.maximum(number, 0)], 0)
    padded = np.concatenate(([0.0], masses, [0.0]))
    previous = padded[np.where(inside, number, number + 1)]
    gap = np.where(inside | (number < 0), 0, np.arange(count) - ends[np.maximum(number, 0)])
    return {
        "run_share": (own / total).astype(np.float32),
        "run_of_best": (own / max(masses.max(), 1)).astype(np.float32),
        "run_number": np.minimum(number + 1, 30).astype(np.float32),
        "run_before": (previous / total).astype(np.float32),
        "run_next": (padded[np.minimum(number + 2, len(masses) + 1)] / total).astype(np.float32),
        "run_gap": np.minimum(gap, 60).astype(np.float32),
    }


def _shared_words(words: list[set[str]], first: Column) -> Column:
    """The share of a line's rarer words that kept lines other than itself have too: a second article has other words."""
    kept = np.flatnonzero(first > 0.5)[:_WORDS_LINES]
    spread = Counter(chain.from_iterable(words[index] for index in kept.tolist()))
    common = {word for word, count in spread.items() if count >= max(4, 0.2 * len(kept))}
    once = {word for word, count in spread.items() if count == 1}
    again = spread.keys() - once - common
    is_kept = np.zeros(len(words), bool)
    is_kept[kept] = True
    result = np.zeros(len(words), np.float32)
    for index, found in enumerate(words):
        rare = found - common
        if rare:
            shared = len(rare & again) + (0 if is_kept[index] else len(rare & once))
            result[index] = shared / len(rare)
    return result
