"""What a line of a dump looks like to the model: numbers for all lines at once, the same for every script."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.dumpchars import Class, classes, code_points
from workers.boilerplate.dumplines import Lines
from workers.boilerplate.markers import Kind, Marker

Column = NDArray[np.float32]

_SEEN_CHARS: Final = 3_000
"""Of a longer line its length counts, but no more than so many of its characters are looked at."""
_PROSE_WEIGHT: Final = 80
_CAP: Final = 60
"""Distances in lines above this say no more."""
_KINDS: Final = tuple(Kind)
_CUTS: Final = (Kind.SOURCE, Kind.KEYWORDS, Kind.READ_ALSO, Kind.RELATED, Kind.END)
_CLOCK: Final = re.compile(r"\b\d{1,2}[:.h\u6642\u65f6]\d{2}\b")  # ideographs for "hour"
_YEAR: Final = re.compile(
    r"(?<!\d)(?:[1\u0661\u06f1][93\u0669\u0663\u0664\u06f3\u06f4]|[2\u0662][0\u0660])\d\d(?!\d)"
)
"""Years of this century and the last, or of the Hijri and Jalali ones, in ASCII, Arabic-Indic and Persian digits."""
_ADDRESS: Final = re.compile(r"://|www\.|\S@\S|\.(?:com|org|net)\b")
_NEAR: Final = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Rows:
    """The features (N, F) of N lines with their names, and two columns that the second stage needs.

    `weight` is a line's length in characters, an ideograph counting for three; `words` the distinct words of each
    line.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    weight: Column
    words: list[set[str]]


def features(lines: Lines, markers: list[Marker | None]) -> Rows:
    """The features of each line: of itself, of its place in the dump, of its neighbours, of the markers around."""
    shape = _shape(lines.texts)
    words = [_words(text) for text in lines.texts]
    own = shape | _wording(lines.texts, words, shape["weight"]) | _furniture(lines, markers)
    own |= _flags(lines.texts, shape["length"])
    place = _place(own) | _windows(own) | _since_markers(own)
    columns = own | place | _neighbours(own)
    return Rows(tuple(columns), np.stack(list(columns.values()), axis=1), own["weight"], words)


def _shape(texts: list[str]) -> dict[str, Column]:
    """What the characters of each line are."""
    seen = [text[:_SEEN_CHARS] for text in texts]
    sizes = np.fromiter(map(len, seen), np.int64, len(seen))
    ends = np.cumsum(sizes)
    kinds = classes(code_points("".join(seen)))
    width = len(Class)
    line_of = np.repeat(np.arange(len(seen)), sizes)
    counts = np.bincount(line_of * width + kinds, minlength=len(seen) * width).reshape(-1, width)
    share = (counts / sizes[:, None]).astype(np.float32)
    length = np.fromiter(map(len, texts), np.float32, len(texts))
    last, first = kinds[ends - 1], kinds[ends - sizes]
    closed = (last == Class.QUOTE) | (last == Class.BRACKET)
    last = np.where(closed & (sizes > 1), kinds[np.maximum(ends - 2, 0)], last)
    dense = share[:, Class.DENSE]
    spaces = share[:, Class.SPACE] * length
    cased = share[:, Class.LOWER] + share[:, Class.UPPER]
    is_start = np.zeros(len(kinds), bool)
    is_start[ends - sizes] = True
    is_start[1:] |= kinds[:-1] == Class.SPACE
    capitals = np.bincount(line_of[is_start & (kinds == Class.UPPER)], minlength=len(seen))
    weight = length * (1 + 2 * dense)
    stops = share[:, Class.STOP] * length
    return {
        "length": length,
        "weight": weight,
        "log_weight": np.log1p(weight),
        "word_length": length / (spaces + 1),
        "stops": np.minimum(stops, 50),
        "commas": np.minimum(share[:, Class.COMMA] * length, 50),
        "sentence_weight": weight / (stops + 1),
        "punctuation": share[:, Class.STOP] + share[:, Class.COMMA],
        "digits": share[:, Class.DIGIT],
        "symbols": share[:, Class.SYMBOL],
        "separators": share[:, Class.SEPARATOR],
        "brackets": share[:, Class.BRACKET],
        "quotes": np.minimum(share[:, Class.QUOTE] * length, 20),
        "dense": dense,
        "upper": np.where(cased > 0.3, share[:, Class.UPPER] / np.maximum(cased, 0.01), -1).astype(
            np.float32
        ),
        "capitals": np.where(cased > 0.3, capitals / (spaces + 1), -1).astype(np.float32),
        "ends_stop": (last == Class.STOP).astype(np.float32),
        "ends_colon": (last == Class.COLON).astype(np.float32),
        "ends_closed": closed.astype(np.float32),
        "begins_quote": (first == Class.QUOTE).astype(np.float32),
        "begins_digit": (first == Class.DIGIT).astype(np.float32),
        "begins_lower": (first == Class.LOWER).astype(np.float32),
        "begins_dash": (first == Class.DASH).astype(np.float32),
        "begins_symbol": np.isin(first, (Class.SYMBOL, Class.SEPARATOR, Class.BRACKET)).astype(np.float32),
    }


def _words(text: str) -> set[str]:
    """The distinct words of a line; of a script without spaces between words, its characters."""
    head = text[:_SEEN_CHARS].lower()
    found = head.split()
    return set(head) if len(found) * 16 < len(head) else set(found)


def _wording(texts: list[str], words: list[set[str]], weight: Column) -> dict[str, Column]:
    """How much a line says what the page's long lines say, and how often it repeats.

    Words that stand in many long lines are the small ones that make sentences, in any language: headlines and menus
    have few of them.
    """
    is_long = weight > _PROSE_WEIGHT
    spread: Counter[str] = Counter()
    for index in np.flatnonzero(is_long)[:400]:
        spread.update(words[index])
    longs = min(int(is_long.sum()), 400)
    common = {word for word, count in spread.items() if count >= max(3, 0.12 * longs)}
    shared = {word for word, count in spread.items() if count >= 2} - common
    sizes = np.fromiter((len(found) or 1 for found in words), np.float32, len(words))
    small = np.fromiter((len(found & common) for found in words), np.float32, len(words))
    topical = np.fromiter((len(found & shared) for found in words), np.float32, len(words))
    tokens = np.fromiter((text.count(" ", 0, _SEEN_CHARS) + 1 for text in texts), np.float32, len(texts))
    copies = Counter(texts)
    seen: set[str] = set()
    again = np.zeros(len(texts), np.float32)
    for index, text in enumerate(texts):
        again[index] = text in seen
        seen.add(text)
    return {
        "small_words": small / sizes,
        "topical_words": topical / sizes,
        "varied_words": np.minimum(sizes / tokens, 2),
        "copies": np.fromiter((min(copies[text], 5) for text in texts), np.float32, len(texts)),
        "again": again,
    }


def _furniture(lines: Lines, markers: list[Marker | None]) -> dict[str, Column]:
    """Bullets, empty rows and markers."""
    count = len(lines.texts)
    blanks = np.minimum(np.array(lines.blanks, np.float32), 4)
    columns = {
        "bulleted": np.array(lines.bulleted, np.float32),
        "blanks": blanks,
        "blanks_behind": np.append(blanks[1:], np.float32(4)),
        "marker": np.fromiter((marker is not None for marker in markers), np.float32, count),
        "marker_alone": np.fromiter(
            (marker is not None and not marker.value for marker in markers), np.float32, count
        ),
    }
    for kind in _KINDS:
        columns[f"is_{kind}"] = np.fromiter(
            (marker is not None and marker.kind is kind for marker in markers), np.float32, count
        )
    return columns


def _flags(texts: list[str], length: Column) -> dict[str, Column]:
    """Times, years and addresses in short lines."""
    clock, year, address = (np.zeros(len(texts), np.float32) for _ in range(3))
    for index in np.flatnonzero(length <= 200):
        text = texts[index]
        clock[index] = _CLOCK.search(text) is not None
        year[index] = _YEAR.search(text) is not None
        address[index] = _ADDRESS.search(text) is not None
    return {"clock": clock, "year": year, "address": address}


def _prose(own: dict[str, Column]) -> Column:
    """The weight of each line that reads like a paragraph, else 0."""
    weight = own["weight"]
    is_prose = (weight > _PROSE_WEIGHT) & (own["stops"] + own["commas"] > 0) & (own["marker"] == 0)
    return np.where(is_prose, weight, 0).astype(np.float32)


def _before(values: Column) -> Column:
    """Sums of what stands before each line."""
    result: Column = (np.cumsum(values, dtype=np.float64) - values).astype(np.float32)
    return result


def _place(own: dict[str, Column]) -> dict[str, Column]:
    """Where in the dump, and in what kind of dump."""
    weight, prose = own["weight"], _prose(own)
    count = len(weight)
    at = np.arange(count, dtype=np.float32)
    total, prose_total = float(weight.sum()) or 1.0, float(prose.sum()) or 1.0
    is_prose = np.flatnonzero(prose)
    first, last = (is_prose[0], is_prose[-1]) if len(is_prose) else (0, count - 1)
    before = _before(prose)
    whole = {
        "lines": np.log1p(count),
        "page_prose": np.log1p(prose_total),
        "prose_share": prose_total / total,
        "bullets_share": own["bulleted"].mean(),
        "blanks_mean": own["blanks"].mean(),
        "page_cased": (own["upper"] >= 0).mean(),
        "markers_share": own["marker"].mean(),
    }
    return {name: np.full(count, value, np.float32) for name, value in whole.items()} | {
        "at": at / count,
        "lines_before": np.minimum(at, 300),
        "lines_behind": np.minimum(count - at, 300),
        "weight_before": _before(weight) / total,
        "prose_before": before / prose_total,
        "prose_chars_before": np.log1p(before),
        "prose_chars_behind": np.log1p(np.maximum(prose_total - before - prose, 0)),
        "from_first": np.clip(at - first, -_CAP, _CAP),
        "from_last": np.clip(at - last, -_CAP, _CAP),
        "from_longest": np.clip(at - int(prose.argmax()), -_CAP, _CAP),
    }


def window_means(values: Column, before: int, behind: int) -> Column:
    """Means over windows of lines, from `before` lines ahead of each to `behind` lines after it."""
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    at = np.arange(len(values))
    low, high = np.clip(at - before, 0, len(values)), np.clip(at + behind + 1, 0, len(values))
    result: Column = ((sums[high] - sums[low]) / np.maximum(high - low, 1)).astype(np.float32)
    return result


def _windows(own: dict[str, Column]) -> dict[str, Column]:
    """How much prose stands around."""
    prose = _prose(own)
    near = np.minimum(prose, 400)
    ends = own["ends_stop"]
    columns = {
        "prose_2": window_means(near, 2, 2),
        "prose_6": window_means(near, 6, 6),
        "prose_15": window_means(near, 15, 15),
        "prose_ahead": window_means(near, 5, -1),
        "prose_next": window_means(near, -1, 5),
        "ends_3": window_means(ends, 3, 3),
        "ends_10": window_means(ends, 10, 10),
        "small_3": window_means(own["small_words"], 3, 3),
        "weight_ahead": window_means(own["log_weight"], 3, -1),
        "weight_next": window_means(own["log_weight"], -1, 3),
        "bullets_5": window_means(own["bulleted"], 5, 5),
        "capitals_3": window_means(own["capitals"], 3, 3),
        "commas_5": window_means(np.minimum(own["commas"], 5), 5, 5),
        "weight_5": window_means(own["log_weight"], 5, 5),
    }
    is_prose = prose > 0
    columns["lines_since_prose"] = since(is_prose)
    columns["lines_to_prose"] = since(is_prose[::-1])[::-1]
    return columns


def since(flags: NDArray[np.bool_]) -> Column:
    """Lines since the last flagged one, that line itself left out; the cap where there is none."""
    at = np.arange(len(flags))
    seen = np.maximum.accumulate(np.where(flags, at, -_CAP))
    last = np.concatenate(([-_CAP], seen[:-1]))
    result: Column = np.minimum(at - last, _CAP).astype(np.float32)
    return result


def _since_markers(own: dict[str, Column]) -> dict[str, Column]:
    """How far the nearest marker of each telling kind is, in lines and in prose; markers before any prose are menus."""
    prose = _prose(own)
    before = _before(prose)
    has_prose = before > 200
    columns: dict[str, Column] = {}
    any_cut = np.zeros(len(prose), bool)
    for kind in _CUTS:
        flags = own[f"is_{kind}"] > 0
        if kind is Kind.READ_ALSO:
            flags &= own["marker_alone"] > 0
        behind_prose = flags & has_prose
        any_cut |= behind_prose
        columns[f"since_{kind}"] = since(flags)
        columns[f"count_{kind}"] = np.minimum(_before(behind_prose.astype(np.float32)), 5)
    columns["count_cuts"] = np.minimum(_before(any_cut.astype(np.float32)), 10)
    columns["to_cut"] = since(any_cut[::-1])[::-1]
    columns["to_marker"] = since(own["marker"][::-1] > 0)[::-1]
    columns["since_marker"] = since(own["marker"] > 0)
    marked = np.maximum.accumulate(np.where(any_cut, before, -1))
    last = np.concatenate(([-1], marked[:-1]))
    columns["prose_since_cut"] = np.where(last >= 0, np.log1p(np.maximum(before - last, 0)), -1).astype(
        np.float32
    )
    columns["prose_to_first_cut"] = np.where(last >= 0, np.log1p(_first_cut(any_cut, before)), -1).astype(
        np.float32
    )
    return columns


def _first_cut(flags: NDArray[np.bool_], before: Column) -> float:
    return float(before[int(flags.argmax())]) if flags.any() else 0.0


_COPIED: Final = (
    "log_weight",
    "ends_stop",
    "commas",
    "small_words",
    "capitals",
    "bulleted",
    "marker",
    "copies",
    "ends_colon",
    "digits",
)


def _neighbours(own: dict[str, Column]) -> dict[str, Column]:
    """Some features of the lines just before and behind."""
    columns: dict[str, Column] = {}
    for name in _COPIED:
        for step in _NEAR:
            columns[f"{name}{step:+d}"] = shifted(own[name], step)
    return columns


def shifted(values: Column, step: int, outside: float = -1) -> Column:
    """For each line the value of the line `step` further on; `outside` where the dump ends."""
    result = np.full(len(values), outside, np.float32)
    if abs(step) < len(values):
        if step > 0:
            result[:-step] = values[step:]
        else:
            result[-step:] = values[:step]
    return result
