"""What a line of a dump looks like to the model: numbers for all lines at once, the same for every script.

A page has some hundred lines, so few that a call of numpy costs more than what it does: what is done to several columns
is done to all of them in one array, and to the lines of several dumps at once.
"""

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
from workers.boilerplate.dumpspans import Spans
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

    `weight` (N,) is a line's length in characters, an ideograph counting for three; `words` those of the lines;
    `spans` tells which are of which dump.
    """

    names: tuple[str, ...]
    columns: Columns
    weight: Column
    words: Words
    spans: Spans


def features(
    lines: Lines, markers: Sequence[Marker | None], *, spans: Spans | None = None, spare: int = 0
) -> Rows:
    """The features of the lines of one dump, or of several that stand one behind the other as `spans` has them.

    Behind them `spare` columns are left to be filled in.
    """
    spans = spans or Spans.of([len(lines.texts)])
    seen = lines.texts
    if len(max(seen, key=len)) > _SEEN_CHARS:
        seen = [text[:_SEEN_CHARS].rstrip() for text in seen]
    shape = shape_of(seen, lines.texts)
    words = words_of("\n".join(seen).lower(), shape.sizes, shape.counted[dumpchars.SPACE], spans)
    kinds = np.array([_UNMARKED if marker is None else _number(marker) for marker in markers])
    own = _shape(shape) | _wording(lines.texts, words, shape) | _flags(lines.texts, words, shape)
    own["marker"] = is_marked = kinds != _UNMARKED
    names = (*own, *_OTHER_NAMES)
    columns = np.empty((len(names) + spare, len(seen)), np.float32)
    fill(columns, own.values())
    named = dict(zip(own, columns, strict=False))
    is_prose = (shape.weight > _PROSE_WEIGHT) & (named["stops"] + named["commas"] > 0) & ~is_marked
    weights = np.array((shape.weight, shape.weight * is_prose))
    before = spans.running(weights) - weights
    others = columns[len(own) :]
    page, place, windows, around, near = (others[span] for span in _SPANS)
    _put_page(page, lines, named, weights, spans)
    _put_place(place, weights, before, spans)
    _put_windows(windows, lines, named, weights[1], spans)
    _put_markers(around, kinds, before[1], spans)
    spans.put_neighbours(near, columns[_copied(names)], _NEAR, -1)
    return Rows(names, columns, shape.weight, words, spans)


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
    copies = chain.from_iterable(map(Counter(part).__getitem__, part) for part in words.spans.parts(texts))
    return {
        "small_words": small,
        "topical_words": topical,
        "varied_words": np.minimum(words.sizes / (shape.counted[dumpchars.SPACE] + 1), 2),
        "copies": np.minimum(np.fromiter(copies, np.int64, len(texts)), _COPIES),
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


def _put_page(
    out: Columns, lines: Lines, own: dict[str, Column], weights: NDArray[np.float32], spans: Spans
) -> None:
    """What kind of dump."""
    sizes = spans.sizes
    total, prose = np.array([weights[:, span].sum(axis=1) for span in spans], np.float64).T
    prose[prose == 0] = 1
    table = np.array(
        (
            np.log1p(sizes),
            np.log1p(prose),
            prose / total,
            spans.counts(np.array(lines.bulleted)) / sizes,
            spans.counts(np.minimum(lines.blanks, _BLANKS)) / sizes,
            spans.counts(own["capitals"] >= 0) / sizes,
            spans.counts(own["marker"] != 0) / sizes,
        )
    )
    out[:] = table[:, spans.dump]


_BLANKS: Final = 4

_PLACE: Final = (
    *("at", "lines_before", "lines_behind", "from_first", "from_last", "from_longest"),
    *("weight_before", "prose_before", "prose_chars_before", "prose_chars_behind"),
)


def _put_place(out: Columns, weights: NDArray[np.float32], before: NDArray[np.float64], spans: Spans) -> None:
    """Where in the dump."""
    at, count = (column.astype(np.float32) for column in (spans.at - spans.begin, spans.end - spans.begin))
    np.divide(at, count, out=out[0])
    np.minimum(at, _FAR_LINES, out=out[1])
    np.minimum(count - at, _FAR_LINES, out=out[2])
    anchors = (_anchors(weights[1], spans) - spans.starts).astype(np.float32)
    np.maximum(np.minimum(at - anchors[:, spans.dump], _CAP), -_CAP, out=out[3:6])
    last = spans.ends - 1
    total = np.maximum(before[:, last] + weights[:, last], 1)[:, spans.dump]
    out[6:8] = before / total
    out[8] = before[1]
    np.maximum(total[1] - before[1] - weights[1], 0, out=out[9])
    np.log1p(out[8:10], out=out[8:10])


def _anchors(prose: Column, spans: Spans) -> NDArray[np.int64]:
    """Of each dump (3, D) the first line of prose, the last one and the longest; its ends where it has none."""
    found = prose.nonzero()[0]
    anchors = np.array((spans.starts, spans.ends - 1, spans.starts))
    anchors[2] += [int(prose[span].argmax()) for span in spans]
    first, behind = found.searchsorted(spans.starts), found.searchsorted(spans.ends)
    has = first < behind
    anchors[0, has], anchors[1, has] = found[first[has]], found[behind[has] - 1]
    return anchors


_WINDOWS: Final = (
    *("prose_2", "prose_6", "prose_15", "ends_3", "ends_10"),
    *("small_3", "bullets_5", "weight_5", "commas_5"),
)
_WINDOW_SERIES: Final = np.array((0, 0, 0, 1, 1, 2, 3, 4, 5))[:, None]
_WINDOW_LINES: Final = np.array((2, 6, 15, 3, 10, 3, 5, 5, 5))[:, None]
_PROSE_MAX: Final = 400
_COMMAS_MAX: Final = 5


def _put_windows(out: Columns, lines: Lines, own: dict[str, Column], prose: Column, spans: Spans) -> None:
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
    out[:] = spans.means_around(series, _WINDOW_SERIES, _WINDOW_LINES)


def _put_since(out: Columns, flags: NDArray[np.bool_], begin: NDArray[np.int64]) -> None:
    """Lines since the last flagged one of flags (K, N), that line itself left out; the cap where there is none.

    `begin` (N,) is the first line of the dump of each.
    """
    at = np.arange(flags.shape[1])
    last = np.maximum.accumulate(np.where(flags, at, -1), axis=1)[:, :-1]
    out[:, 0] = _CAP
    since = np.where(last < begin[1:], _CAP, at[1:] - last)
    np.minimum(since, _CAP, out=out[:, 1:], casting="unsafe")


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


def _put_markers(out: Columns, kinds: NDArray[np.int64], before: NDArray[np.float64], spans: Spans) -> None:
    """How far the nearest marker of each telling kind is, in lines and in prose; markers before any prose are menus."""
    cuts, count = len(_CUTS), len(kinds)
    flags = np.empty((cuts + 1, count), bool)
    np.equal(kinds, _KINDS_OF_CUTS, out=flags[:cuts])
    np.not_equal(kinds, _UNMARKED, out=flags[cuts])
    counted = flags & (before > _CUT_PROSE)
    is_cut = counted[cuts] = np.logical_or.reduce(counted[:cuts], axis=0)
    _put_since(out[: cuts + 1], flags, spans.begin)
    backwards = np.array((is_cut, flags[cuts]))[:, ::-1]
    _put_since(out[cuts + 1 : cuts + 3, ::-1], backwards, (count - spans.end)[::-1])
    above = counted.cumsum(axis=1) - counted
    np.minimum(above - above[:, spans.begin], _CUTS_MAX, out=out[cuts + 3 : -2], casting="unsafe")
    out[-2:] = -1
    cut = is_cut.nonzero()[0]
    number, first = cut.searchsorted(spans.at), cut.searchsorted(spans.begin)
    behind = (number > first).nonzero()[0]
    since = before[behind] - before[cut[number[behind] - 1]]
    out[-2:, behind] = np.log1p((since, before[cut[first[behind]]]))


_CUTS_MAX: Final = 10

_COPIED: Final = ("log_weight", "ends_colon", "digits", "copies", "small_words", "commas", "capitals")


@cache
def _copied(names: tuple[str, ...]) -> list[int]:
    return [*map(names.index, _COPIED)]


_NEAR_NAMES: Final = tuple(f"{name}{step:+d}" for step in _NEAR for name in _COPIED)
_GROUPS: Final = (_PAGE, _PLACE, _WINDOWS, _MARKERS, _NEAR_NAMES)
_OTHER_NAMES: Final = tuple(chain.from_iterable(_GROUPS))
_SPANS: Final = tuple(
    slice(end - len(group), end) for group, end in zip(_GROUPS, accumulate(map(len, _GROUPS)), strict=True)
)
