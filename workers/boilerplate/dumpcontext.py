"""How likely each line of a dump is main text: two forests judge, the second by what the first says of the lines around."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.dumpfeatures import Column, Columns, Rows, features, means_around
from workers.boilerplate.dumplines import Lines
from workers.boilerplate.dumpwords import shared
from workers.boilerplate.forest import CERTAIN, Forest, ForestPair, chances
from workers.boilerplate.markers import Marker

_STEPS: Final = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
_KEPT: Final = 0.5
_MASS: Final = 0.4
"""What the first model finds so likely counts as text, by its weight. The second learns how far to trust either."""
_HOPELESS: Final = 0.02
_WORTH_RATIO: Final = 0.8
"""Lines that the first model finds so unlikely the second need not see, unless they are few."""
_BRIDGED_LINES: Final = 3
"""A run of kept lines goes on over so many that are not: pictures, captions, teasers."""
_WEIGHT_MAX: Final = 500
_RUNS_MAX: Final = 30
_NONE: Final = np.array([-1])
_REACHES: Final = (3, 8, 20)
_WINDOW_SERIES: Final = np.repeat((0, 1, 2), len(_REACHES))[:, None]
_WINDOW_LINES: Final = np.tile(_REACHES, 3)[:, None]


def judge(lines: Lines, markers: Sequence[Marker | None], forests: ForestPair) -> Column:
    """For each line (N,) the probability in 0..1 that it is main text."""
    if not lines.texts:
        return np.zeros(0, np.float32)
    rows = features(lines, markers, spare=len(CONTEXT))
    own = len(rows.names)
    first = said(forests.first, rows.columns[:own])
    put_context(rows.columns[own:], rows, first)
    likely = (first > _HOPELESS).nonzero()[0]
    if len(likely) > _WORTH_RATIO * len(first):
        return said(forests.second, rows.columns)
    first[likely] = said(forests.second, rows.columns[:, likely])
    return first


def said(forest: Forest, columns: Columns) -> Column:
    """The probability (N,) in 0..1 that `forest` gives each of columns (F, N)."""
    return (chances(forest.margins_by_column(columns)) / CERTAIN).astype(np.float32)


CONTEXT: Final = (
    "first",
    *(f"first{step:+d}" for step in _STEPS),
    *(f"first_mean_{reach}" for reach in _REACHES),
    *(f"mass_mean_{reach}" for reach in _REACHES),
    *("log_mass", "log_mass_before", "mass_before", "mass_behind"),
    *("run_share", "run_of_best", "run_before", "run_next", "run_number"),
    "shares_words",
)
"""What `put_context` fills in."""


def put_context(out: Columns, rows: Rows, first: Column) -> None:
    """Fill in `CONTEXT` (G, N) for the second model: what `first` (N,) says of each line and of those around it."""
    count, reach = len(first), max(_STEPS)
    padded = np.zeros(count + 2 * reach, np.float32)
    padded[reach : reach + count] = first
    out[0] = first
    for number, step in enumerate(_STEPS, 1):
        out[number] = padded[reach + step : reach + step + count]
    out[11:17] = _means(rows.weight, first)
    mass = rows.weight * first * (first > _MASS)
    running = mass.cumsum(dtype=np.float64)
    before, total = running - mass, max(float(running[-1]), 1.0)
    out[17] = math.log1p(total)
    np.log1p(before, out=out[18], casting="unsafe")
    np.divide(before, total, out=out[19], casting="unsafe")
    np.divide(total - running, total, out=out[20], casting="unsafe")
    is_kept = first > _KEPT
    out[21:26] = _runs(is_kept, running, before, total)
    out[26] = shared(rows.words, is_kept)


def _means(weight: Column, first: Column) -> NDArray[np.float64]:
    """What the first model says of windows of lines, each line counted once, and by its weight."""
    capped, size = np.minimum(weight, _WEIGHT_MAX), len(_REACHES)
    means = means_around(np.array((first, capped * first, capped)), _WINDOW_SERIES, _WINDOW_LINES)
    means[size : 2 * size] /= np.maximum(means[2 * size :], 1)
    return means[: 2 * size]


def _runs(
    is_kept: NDArray[np.bool_], running: NDArray[np.float64], before: NDArray[np.float64], total: float
) -> Columns | NDArray[np.float64]:
    """The runs of lines that the first model keeps: how heavy the run of each line is, that before it, the next one.

    (5, N): what a line's run weighs as a share of all, and of the heaviest run; what the run before it and the one
    behind it weigh; how many runs have begun. `running` and `before` are the weights up to each line, with and without
    its own.
    """
    kept = is_kept.nonzero()[0]
    if not len(kept):
        return np.zeros((5, 1))
    breaks = (kept[1:] - kept[:-1] > _BRIDGED_LINES + 1).nonzero()[0]
    begins = np.concatenate((kept[:1], kept[breaks + 1]))
    ends = np.concatenate((_NONE, kept[breaks], kept[-1:]))
    masses = np.zeros(len(begins) + 2)
    masses[1:-1] = (running[ends[1:]] - before[begins]) / total
    at = np.arange(len(is_kept))
    number = begins.searchsorted(at, side="right")
    is_inside = at <= ends[number]
    own = masses[number] * is_inside
    previous = masses[number - is_inside]
    return np.array(
        (own, own / max(masses.max(), 1 / total), previous, masses[number + 1], np.minimum(number, _RUNS_MAX))
    )
