"""How likely each line of a dump is main text: two forests judge, the second by what the first says of the lines around."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
from more_itertools import constrained_batches
from numpy.typing import NDArray

from workers.boilerplate.dumpfeatures import Column, Columns, Rows, features
from workers.boilerplate.dumplines import Lines, behind_each_other
from workers.boilerplate.dumpspans import Spans
from workers.boilerplate.dumpwords import shared
from workers.boilerplate.forest import CERTAIN, Forest, ForestPair, chances
from workers.boilerplate.markers import Marker

_LINES_AT_ONCE: Final = 2_048
"""Lines of dumps judged together: what is known of them fits in the processor's cache."""
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


def judge(dumps: Sequence[tuple[Lines, Sequence[Marker | None]]], forests: ForestPair) -> list[Column]:
    """For each line (N,) of each dump the probability in 0..1 that it is main text; a dump comes with its markers.

    What stands beside a dump changes none of its probabilities.
    """
    batches = constrained_batches(
        [dump for dump in dumps if dump[0].texts],
        _LINES_AT_ONCE,
        get_len=lambda dump: len(dump[0].texts),
        strict=False,
    )
    judged = chain.from_iterable(_judge(batch, forests) for batch in batches)
    return [next(judged) if lines.texts else np.zeros(0, np.float32) for lines, _ in dumps]


def _judge(dumps: Sequence[tuple[Lines, Sequence[Marker | None]]], forests: ForestPair) -> list[Column]:
    spans = Spans.of([len(lines.texts) for lines, _ in dumps])
    markers = [*chain.from_iterable(found for _, found in dumps)]
    rows = features(
        behind_each_other([lines for lines, _ in dumps]), markers, spans=spans, spare=len(CONTEXT)
    )
    own = len(rows.names)
    first = said(forests.first, rows.columns[:own])
    put_context(rows.columns[own:], rows, first)
    is_likely = first > _HOPELESS
    are_many = spans.counts(is_likely) > _WORTH_RATIO * spans.sizes
    asked = (is_likely | are_many[spans.dump]).nonzero()[0]
    first[asked] = said(forests.second, rows.columns[:, asked])
    return [first[span] for span in spans]


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
    spans = rows.spans
    out[0] = first
    spans.put_neighbours(out[1:11], first[None], _STEPS, 0)
    out[11:17] = _means(rows.weight, first, spans)
    mass = rows.weight * first * (first > _MASS)
    running = spans.running(mass[None])[0]
    before, totals = running - mass, np.maximum(running[spans.ends - 1], 1)
    total = totals[spans.dump]
    out[17] = np.log1p(totals)[spans.dump]
    np.log1p(before, out=out[18], casting="unsafe")
    np.divide(before, total, out=out[19], casting="unsafe")
    np.divide(total - running, total, out=out[20], casting="unsafe")
    is_kept = first > _KEPT
    out[21:26] = _runs(is_kept, running, before, totals, spans)
    out[26] = shared(rows.words, is_kept)


def _means(weight: Column, first: Column, spans: Spans) -> NDArray[np.float64]:
    """What the first model says of windows of lines, each line counted once, and by its weight."""
    capped, size = np.minimum(weight, _WEIGHT_MAX), len(_REACHES)
    means = spans.means_around(np.array((first, capped * first, capped)), _WINDOW_SERIES, _WINDOW_LINES)
    means[size : 2 * size] /= np.maximum(means[2 * size :], 1)
    return means[: 2 * size]


def _runs(
    is_kept: NDArray[np.bool_],
    running: NDArray[np.float64],
    before: NDArray[np.float64],
    totals: NDArray[np.float64],
    spans: Spans,
) -> NDArray[np.float64]:
    """The runs of lines that the first model keeps: how heavy the run of each line is, that before it, the next one.

    (5, N): what a line's run weighs as a share of all, and of the heaviest run; what the run before it and the one
    behind it weigh; how many runs have begun. `running` and `before` are the weights up to each line, with and without
    its own; `totals` (D,) those of whole dumps.
    """
    kept, dump = is_kept.nonzero()[0], spans.dump
    is_last = np.ones(len(kept), bool)
    is_last[:-1] = (kept[1:] - kept[:-1] > _BRIDGED_LINES + 1) | (dump[kept[1:]] != dump[kept[:-1]])
    begins, ends = kept[np.roll(is_last, 1)], kept[is_last]
    # A place before the first run and one behind the last weigh nothing.
    masses = np.zeros(len(begins) + 2)
    masses[1:-1] = (running[ends] - before[begins]) / totals[dump[begins]]
    heaviest = 1 / totals
    np.maximum.at(heaviest, dump[begins], masses[1:-1])
    number = begins.searchsorted(spans.at, side="right")
    earlier, by_end = begins.searchsorted(spans.begin), begins.searchsorted(spans.end)
    is_inside = spans.at <= np.concatenate((_NONE, ends))[number]
    own = masses[number] * is_inside
    previous = number - is_inside
    return np.array(
        (
            own,
            own / heaviest[dump],
            masses[previous] * (previous > earlier),
            masses[number + 1] * (number < by_end),
            np.minimum(number - earlier, _RUNS_MAX),
        )
    )
