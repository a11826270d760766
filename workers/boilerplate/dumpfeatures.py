"""What a line of a dump looks like to the model: numbers for all lines at once, the same for every script.

A page has some hundred lines, so few that a call of numpy costs more than what it does: what is done to several columns
is done to all of them in one array.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate import dumpchars
from workers.boilerplate.dumpchars import Shape, shape_of
from workers.boilerplate.dumplines import Lines
from workers.boilerplate.dumpwords import Words, small_and_topical, words_of
from workers.boilerplate.markers import Kind, Marker

Column = NDArray[np.float32]
"""(N,): a feature of N lines."""
Columns = NDArray[np.float32]
"""(K, N)"""
Value = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_]
Group = dict[str, Value]

_SEEN_CHARS: Final = 3_000
"""Of a longer line its length counts, but no more than so many of its characters are looked at."""
_PROSE_WEIGHT: Final = 80
_CAP: Final = 60
"""Distances in lines above this say no more."""
_FAR_LINES: Final = 300
_COUNTED: Final = 50
_CUTS: Final = (Kind.SOURCE, Kind.KEYWORDS, Kind.READ_ALSO, Kind.RELATED, Kind.END)
_CUT_PROSE: Final = 200
"""A marker before so much prose is of a menu."""
_CLOCK: Final = re.compile(r"\b\d{1,2}[:.h\u6642\u65f6]\d{2}\b")  # ideographs for "hour"
_CREDIT_WORDS: Final = (
    *(
        "\u00a9",
        "(c)",
        "foto",
        "photo",
        "photograph",
        "fot",
        "\u0444\u043e\u0442\u043e",
        "bild",
        "image",
        "courtesy",
    ),
    *("getty", "reuters", "afp", "epa", "dpa", "efe", "ansa", "xinhua"),
    *("shutterstock", "istock", "imago", "unsplash", "pixabay", "wikimedia"),
)
"""Agencies of pictures and words for "photo" (once in Cyrillic), as the credit below a picture has them."""
_CREDITS: Final = tuple(
    before + word + behind
    for word in _CREDIT_WORDS
    for before in ("", "(", "\u00a9")  # COPYRIGHT SIGN
    for behind in ("", ":", ",", ".", ")")
)
_FLAGGED_CHARS: Final = 250
_CREDIT_CHARS: Final = 12
"""Longer lines are no credit of a picture and no by-line with a time of day, shorter ones no credit."""
_NEAR: Final = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Rows:
    """The features of N lines: `columns` (F + spare, N), the first F of them those of `names`.

    `weight` (N,) is a line's length in characters, an ideograph counting for three; `words` those of the lines.
    """

    names: tuple[str, ...]
    columns: Columns
    weight: Column
    words: Words


def features(lines: Lines, markers: Sequence[Marker | None], *, spare: int = 0) -> Rows:
    """The features of each of N >= 1 lines: of itself, its place in the dump, its neighbours, the markers around.

    Behind them `spare` columns are left to be filled in.
    """
    seen = lines.texts
    if len(max(seen, key=len)) > _SEEN_CHARS:
        seen = [text[:_SEEN_CHARS].rstrip() for text in seen]
    shape = shape_of(seen, lines.texts)
    words = words_of("\n".join(seen).lower(), shape.sizes, shape.counted[dumpchars.SPACE])
    kinds = np.array([_UNMARKED if marker is None else _number(marker) for marker in markers])
    own = _shape(shape) | _wording(lines.texts, words, shape) | _flags(lines.texts, words, shape)
    own["marker"] = is_marked = kinds != _UNMARKED
    names = (*own, *_OTHER_NAMES)
    columns = np.empty((len(names) + spare, len(seen)), np.float32)
    fill(columns, own.values())
    named = dict(zip(own, columns, strict=False))
    is_prose = (shape.weight > _PROSE_WEIGHT) & (named["stops"] + named["commas"] > 0) & ~is_marked
    weights = np.array((shape.weight, shape.weight * is_prose))
    before = weights.cumsum(axis=1, dtype=np.float64) - weights
    others = columns[len(own) :]
    page, place, windows, around, near = (others[span] for span in _SPANS)
    _put_page(page, lines, named, weights)
    _put_place(place, weights, before)
    _put_windows(windows, lines, named, weights[1])
    _put_markers(around, kinds, before[1])
    _put_neighbours(near, columns[_copied(names)])
    return Rows(names, columns, shape.weight, words)


def fill(columns: Columns, values: Iterable[Value]) -> None:
    """Set the first of `columns` to `values`."""
    for column, value in zip(columns, values, strict=False):
        column[:] = value


def _shape(shape: Shape) -> Group:
    """What the characters of each line are."""
    counted, weight = shape.counted, shape.weight
    digits, separators, brackets = counted[dumpchars.DIGIT : dumpchars.BRACKET + 1] / shape.sizes
    stops, commas, quotes = np.minimum(counted[dumpchars.STOP : dumpchars.QUOTE + 1], _COUNTED)
    is_cased = counted[dumpchars.LOWER] + counted[dumpchars.UPPER] > _CASED_SHARE * shape.sizes
    return {
        "weight": weight,
        "log_weight": np.log1p(weight),
        "stops": stops,
        "commas": commas,
        "quotes": quotes,
        "sentence_weight": weight / (stops + 1),
        "digits": digits,
        "separators": separators,
        "brackets": brackets,
        "capitals": np.where(is_cased, shape.capitals / (counted[dumpchars.SPACE] + 1), -1),
        "ends_closed": shape.is_closed,
        "ends_stop": shape.last == dumpchars.STOP,
        "ends_colon": shape.last == dumpchars.COLON,
        "begins_digit": shape.first == dumpchars.DIGIT,
    }


_CASED_SHARE: Final = 0.3
"""A line with fewer letters that have case says nothing by its capitals."""


def _wording(texts: list[str], words: Words, shape: Shape) -> Group:
    """How much a line says what the page's long lines say, and how often it repeats."""
    small, topical = small_and_topical(words, shape.weight > _PROSE_WEIGHT)
    copies = np.fromiter(map(Counter(texts).__getitem__, texts), np.int64, len(texts))
    return {
        "small_words": small,
        "topical_words": topical,
        "varied_words": np.minimum(words.sizes / (shape.counted[dumpchars.SPACE] + 1), 2),
        "copies": np.minimum(copies, _COPIES),
    }


_COPIES: Final = 5


def _flags(texts: list[str], words: Words, shape: Shape) -> Group:
    """Times and credits in short lines; an ellipsis at the end of any."""
    clock, credit, ellipsis = np.zeros((3, len(texts)), np.float32)
    is_short = shape.length <= _FLAGGED_CHARS
    for index in (is_short & (shape.counted[dumpchars.DIGIT] > 0)).nonzero()[0].tolist():
        clock[index] = _CLOCK.search(texts[index]) is not None
    credit[words.lines_with(_CREDITS)] = 1
    credit *= is_short & (shape.length >= _CREDIT_CHARS)
    for index in (shape.last == dumpchars.STOP).nonzero()[0].tolist():
        ellipsis[index] = texts[index].endswith(_ELLIPSES)
    return {"clock": clock, "credit": credit, "ellipsis": ellipsis}


_ELLIPSES: Final = ("...", "\u2026")  # HORIZONTAL ELLIPSIS


_PAGE: Final = (
    "lines",
    "page_prose",
    "prose_share",
    "bullets_share",
    "blanks_mean",
    "page_cased",
    "markers_share",
)


def _put_page(out: Columns, lines: Lines, own: dict[str, Column], weights: NDArray[np.float32]) -> None:
    """What kind of dump."""
    count = out.shape[1]
    total, prose = weights.sum(axis=1).tolist()
    prose = prose or 1.0
    out[:] = np.array(
        (
            math.log1p(count),
            math.log1p(prose),
            prose / total,
            sum(lines.bulleted) / count,
            sum([blank if blank < _BLANKS else _BLANKS for blank in lines.blanks]) / count,  # noqa: FURB136 - a call is slow
            np.count_nonzero(own["capitals"] >= 0) / count,
            np.count_nonzero(own["marker"]) / count,
        )
    )[:, None]


_BLANKS: Final = 4

_PLACE: Final = (
    *("at", "lines_before", "lines_behind", "from_first", "from_last", "from_longest"),
    *("weight_before", "prose_before", "prose_chars_before", "prose_chars_behind"),
)


def _put_place(out: Columns, weights: NDArray[np.float32], before: NDArray[np.float64]) -> None:
    """Where in the dump."""
    count = out.shape[1]
    at = np.arange(count, dtype=np.float32)
    is_prose = weights[1].nonzero()[0].tolist()
    first, last = (is_prose[0], is_prose[-1]) if is_prose else (0, count - 1)
    np.divide(at, count, out=out[0])
    np.minimum(at, _FAR_LINES, out=out[1])
    np.minimum(count - at, _FAR_LINES, out=out[2])
    anchors = np.array(((first,), (last,), (int(weights[1].argmax()),)), np.float32)
    np.maximum(np.minimum(at - anchors, _CAP), -_CAP, out=out[3:6])
    total = np.maximum(before[:, -1:] + weights[:, -1:], 1)
    out[6:8] = before / total
    out[8] = before[1]
    np.maximum(total[1] - before[1] - weights[1], 0, out=out[9])
    np.log1p(out[8:10], out=out[8:10])


def means_around(
    series: NDArray[np.float32], of: NDArray[np.int64], reaches: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(W, N): for each window the mean of one of series (S, N) over the lines around each line.

    Window w is over series `of[w]` and reaches `reaches[w]` lines to each side, fewer at the ends of the dump; both
    are (W, 1).
    """
    count = series.shape[1]
    sums = np.zeros((len(series), count + 1))
    series.cumsum(axis=1, dtype=np.float64, out=sums[:, 1:])
    at = np.arange(count)
    low, high = np.maximum(at - reaches, 0), np.minimum(at + (reaches + 1), count)
    result: NDArray[np.float64] = (sums[of, high] - sums[of, low]) / (high - low)
    return result


_WINDOWS: Final = (
    *("prose_2", "prose_6", "prose_15", "ends_3", "ends_10"),
    *("small_3", "bullets_5", "weight_5", "commas_5"),
)
_WINDOW_SERIES: Final = np.array((0, 0, 0, 1, 1, 2, 3, 4, 5))[:, None]
_WINDOW_LINES: Final = np.array((2, 6, 15, 3, 10, 3, 5, 5, 5))[:, None]
_PROSE_MAX: Final = 400
_COMMAS_MAX: Final = 5


def _put_windows(out: Columns, lines: Lines, own: dict[str, Column], prose: Column) -> None:
    """How much prose stands around."""
    series = np.empty((6, len(prose)), np.float32)
    np.minimum(prose, _PROSE_MAX, out=series[0])
    series[1], series[2], series[3], series[4] = (
        own["ends_stop"],
        own["small_words"],
        lines.bulleted,
        own["log_weight"],
    )
    np.minimum(own["commas"], _COMMAS_MAX, out=series[5])
    out[:] = means_around(series, _WINDOW_SERIES, _WINDOW_LINES)


def _put_since(out: Columns, flags: NDArray[np.bool_]) -> None:
    """Lines since the last flagged one of flags (K, N), that line itself left out; the cap where there is none."""
    at = np.arange(flags.shape[1])
    last = np.maximum.accumulate(np.where(flags, at, -_CAP), axis=1)
    out[:, 0] = _CAP
    np.minimum(at[1:] - last[:, :-1], _CAP, out=out[:, 1:], casting="unsafe")


_MARKERS: Final = (
    *(f"since_{kind}" for kind in _CUTS),
    *("since_marker", "to_cut", "to_marker"),
    *(f"count_{kind}" for kind in _CUTS),
    *("count_cuts", "prose_since_cut", "prose_to_first_cut"),
)
_UNMARKED: Final = -1
_OTHER: Final = len(_CUTS)
_NUMBERS: Final = {kind: _CUTS.index(kind) if kind in _CUTS else _OTHER for kind in Kind}
_KINDS_OF_CUTS: Final = np.arange(len(_CUTS))[:, None]


def _number(marker: Marker) -> int:
    """Which of the markers that end an article it is; a teaser with its headline on the same line does not."""
    return _OTHER if marker.kind is Kind.READ_ALSO and marker.value else _NUMBERS[marker.kind]


def _put_markers(out: Columns, kinds: NDArray[np.int64], before: NDArray[np.float64]) -> None:
    """How far the nearest marker of each telling kind is, in lines and in prose; markers before any prose are menus."""
    cuts, count = len(_CUTS), len(kinds)
    flags = np.empty((cuts + 1, count), bool)
    np.equal(kinds, _KINDS_OF_CUTS, out=flags[:cuts])
    np.not_equal(kinds, _UNMARKED, out=flags[cuts])
    counted = flags & (before > _CUT_PROSE)
    is_cut = counted[cuts] = np.logical_or.reduce(counted[:cuts], axis=0)
    _put_since(out[: cuts + 1], flags)
    _put_since(out[cuts + 1 : cuts + 3, ::-1], np.array((is_cut, flags[cuts]))[:, ::-1])
    np.minimum(counted.cumsum(axis=1) - counted, _CUTS_MAX, out=out[cuts + 3 : -2], casting="unsafe")
    out[-2:] = -1
    first = int(is_cut.argmax())
    if is_cut[first]:
        at_cut = np.maximum.accumulate(np.where(is_cut, before, 0))
        np.log1p(before[first + 1 :] - at_cut[first:-1], out=out[-2, first + 1 :], casting="unsafe")
        out[-1, first + 1 :] = math.log1p(before[first])


_CUTS_MAX: Final = 10

_COPIED: Final = ("log_weight", "ends_colon", "digits", "copies", "small_words", "commas", "capitals")


@cache
def _copied(names: tuple[str, ...]) -> list[int]:
    return [*map(names.index, _COPIED)]


def _put_neighbours(out: Columns, own: Columns) -> None:
    """Some features of the lines just before and behind; -1 where the dump ends."""
    reach, (width, count) = max(_NEAR), own.shape
    padded = np.full((width, count + 2 * reach), -1, np.float32)
    padded[:, reach : reach + count] = own
    for number, step in enumerate(_NEAR):
        out[number * width : (number + 1) * width] = padded[:, reach + step : reach + step + count]


_NEAR_NAMES: Final = tuple(f"{name}{step:+d}" for step in _NEAR for name in _COPIED)
_GROUPS: Final = (_PAGE, _PLACE, _WINDOWS, _MARKERS, _NEAR_NAMES)
_OTHER_NAMES: Final = tuple(chain.from_iterable(_GROUPS))
_SPANS: Final = tuple(
    slice(end - len(group), end) for group, end in zip(_GROUPS, accumulate(map(len, _GROUPS)), strict=True)
)
