"""What a line of a dump looks like to the model: numbers for all lines at once, the same for every script."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.dumpchars import Class, classes, code_points
from workers.boilerplate.dumplines import Lines
from workers.boilerplate.markers import Kind, Marker

Column = NDArray[np.float32]
Group = dict[str, Column]

_SEEN_CHARS: Final = 3_000
"""Of a longer line its length counts, but no more than so many of its characters are looked at."""
_PROSE_WEIGHT: Final = 80
_CAP: Final = 60
"""Distances in lines above this say no more."""
_KINDS: Final = tuple(Kind)
_CUTS: Final = (Kind.SOURCE, Kind.KEYWORDS, Kind.READ_ALSO, Kind.RELATED, Kind.END)
_LONG_LINES: Final = 400
"""So many long lines tell which words a language makes sentences with."""
_CLOCK: Final = re.compile(r"\b\d{1,2}[:.h\u6642\u65f6]\d{2}\b")  # ideographs for "hour"
_YEAR: Final = re.compile(
    r"(?<!\d)(?:[1\u0661\u06f1][93\u0669\u0663\u0664\u06f3\u06f4]|[2\u0662][0\u0660])\d\d(?!\d)"
)
"""Years of this century and the last, or of the Hijri and Jalali ones, in ASCII, Arabic-Indic and Persian digits."""
_ADDRESS: Final = re.compile(r"://|www\.|\S@\S|\.(?:com|org|net)\b")
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
_FLAGGED_CHARS: Final = 250
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
    own = _shape(lines.texts)
    words = _words(lines.texts)
    own |= _wording(lines.texts, words, own["weight"])
    own |= _furniture(lines, markers) | _flags(lines.texts, own)
    prose = _prose(own)
    columns = own | _place(own, prose) | _windows(own, prose) | _since_markers(own, prose)
    near_names, near = _neighbours(own)
    values = np.concatenate((np.array(list(columns.values()), np.float32), near))
    return Rows((*columns, *near_names), values.T, own["weight"], words)


def _shape(texts: list[str]) -> Group:
    """What the characters of each line are."""
    seen = [text[:_SEEN_CHARS] for text in texts]
    count = len(seen)
    sizes = np.fromiter(map(len, seen), np.int64, count)
    length = np.fromiter(map(len, texts), np.float32, count)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    kinds = classes(code_points("".join(seen)))
    width = len(Class)
    line_of = np.repeat(np.arange(count) * width, sizes)
    counted = np.bincount(line_of + kinds, minlength=count * width).reshape(-1, width)
    share = np.ascontiguousarray((counted / sizes[:, None]).T, np.float32)
    number = share * length
    last, first = kinds[ends - 1], kinds[starts]
    closed = (last == Class.QUOTE) | (last == Class.BRACKET)
    last = np.where(closed & (sizes > 1), kinds[np.maximum(ends - 2, 0)], last)
    cased = share[Class.LOWER] + share[Class.UPPER]
    is_start = np.zeros(len(kinds), bool)
    is_start[starts] = True
    is_start[1:] |= kinds[:-1] == Class.SPACE
    capitals = np.bincount(line_of[is_start & (kinds == Class.UPPER)] // width, minlength=count)
    spaced = number[Class.SPACE] + 1
    weight = length * (1 + 2 * share[Class.DENSE])
    is_cased = cased > _CASED_SHARE
    return {
        "length": length,
        "weight": weight,
        "log_weight": np.log1p(weight),
        "word_length": length / spaced,
        "stops": np.minimum(number[Class.STOP], 50),
        "commas": np.minimum(number[Class.COMMA], 50),
        "sentence_weight": weight / (number[Class.STOP] + 1),
        "punctuation": share[Class.STOP] + share[Class.COMMA],
        "digits": share[Class.DIGIT],
        "symbols": share[Class.SYMBOL],
        "separators": share[Class.SEPARATOR],
        "brackets": share[Class.BRACKET],
        "quotes": np.minimum(number[Class.QUOTE], 20),
        "dense": share[Class.DENSE],
        "upper": np.where(is_cased, share[Class.UPPER] / np.maximum(cased, 0.01), -1),
        "capitals": np.where(is_cased, capitals / spaced, -1).astype(np.float32),
        "ends_closed": closed.astype(np.float32),
    } | _edges(first, last)


_CASED_SHARE: Final = 0.3
"""A line with fewer letters that have case says nothing by its capitals."""


def _edges(first: NDArray[np.uint8], last: NDArray[np.uint8]) -> Group:
    """What a line begins and ends with."""
    is_mark = (first == Class.SYMBOL) | (first == Class.SEPARATOR) | (first == Class.BRACKET)
    flags = {
        "ends_stop": last == Class.STOP,
        "ends_colon": last == Class.COLON,
        "begins_quote": first == Class.QUOTE,
        "begins_digit": first == Class.DIGIT,
        "begins_lower": first == Class.LOWER,
        "begins_dash": first == Class.DASH,
        "begins_symbol": is_mark,
    }
    return {name: flag.astype(np.float32) for name, flag in flags.items()}


def _words(texts: list[str]) -> list[set[str]]:
    """The distinct words of each line; of a script without spaces between words, its characters."""
    lowered = "\n".join(text[:_SEEN_CHARS] for text in texts).lower().split("\n")
    split = map(str.split, lowered)
    return [
        set(head) if len(found) * 16 < len(head) else set(found)
        for head, found in zip(lowered, split, strict=True)
    ]


def _wording(texts: list[str], words: list[set[str]], weight: Column) -> Group:
    """How much a line says what the page's long lines say, and how often it repeats.

    Words that stand in many long lines are the small ones that make sentences, in any language: headlines and menus
    have few of them.
    """
    count = len(texts)
    is_long = weight > _PROSE_WEIGHT
    indices = np.flatnonzero(is_long)[:_LONG_LINES].tolist()
    spread = Counter(chain.from_iterable(words[index] for index in indices))
    bound = max(3, 0.12 * len(indices))
    common = {word for word, lines in spread.items() if lines >= bound}
    shared = {word for word, lines in spread.items() if lines >= 2} - common
    sizes = np.fromiter((len(found) or 1 for found in words), np.float32, count)
    small = np.fromiter((len(found & common) for found in words), np.float32, count)
    topical = np.fromiter((len(found & shared) for found in words), np.float32, count)
    tokens = np.fromiter((text.count(" ", 0, _SEEN_CHARS) + 1 for text in texts), np.float32, count)
    copies = Counter(texts)
    first_seen: dict[str, int] = {}
    again = [first_seen.setdefault(text, index) < index for index, text in enumerate(texts)]
    return {
        "small_words": small / sizes,
        "topical_words": topical / sizes,
        "varied_words": np.minimum(sizes / tokens, 2),
        "copies": np.minimum(np.fromiter(map(copies.__getitem__, texts), np.float32, count), 5),
        "again": np.array(again, np.float32),
    }


def _furniture(lines: Lines, markers: list[Marker | None]) -> Group:
    """Bullets, empty rows and markers."""
    count = len(lines.texts)
    blanks = np.minimum(np.array(lines.blanks, np.float32), 4)
    kinds = np.full(count, -1)
    alone = np.zeros(count, np.float32)
    for index, marker in enumerate(markers):
        if marker is not None:
            kinds[index] = _KINDS.index(marker.kind)
            alone[index] = not marker.value
    columns = {
        "bulleted": np.array(lines.bulleted, np.float32),
        "blanks": blanks,
        "blanks_behind": np.append(blanks[1:], np.float32(4)),
        "marker": (kinds >= 0).astype(np.float32),
        "marker_alone": alone,
    }
    flags = (kinds == np.arange(len(_KINDS))[:, None]).astype(np.float32)
    return columns | {f"is_{kind}": flag for kind, flag in zip(_KINDS, flags, strict=True)}


def _flags(texts: list[str], own: Group) -> Group:
    """Times, years, addresses and credits in short lines; an ellipsis at the end of any."""
    clock, year, address, credit, ellipsis = np.zeros((5, len(texts)), np.float32)
    is_short = own["length"] <= _FLAGGED_CHARS
    for index in np.flatnonzero(is_short & (own["digits"] > 0)).tolist():
        clock[index] = _CLOCK.search(texts[index]) is not None
        year[index] = _YEAR.search(texts[index]) is not None
    for index in np.flatnonzero(is_short & (own["symbols"] + own["stops"] + own["separators"] > 0)).tolist():
        text = texts[index]
        if "@" in text or "://" in text or "www." in text or "." in text[:-1]:
            address[index] = _ADDRESS.search(text) is not None
    for index in _credited(texts, is_short & (own["length"] >= 12)):
        credit[index] = 1
    for index in np.flatnonzero(own["ends_stop"]).tolist():
        ellipsis[index] = texts[index].endswith(("...", "\u2026"))  # HORIZONTAL ELLIPSIS
    return {"clock": clock, "year": year, "address": address, "credit": credit, "ellipsis": ellipsis}


def _credited(texts: list[str], looked_at: NDArray[np.bool_]) -> Iterator[int]:
    """The lines that credit a picture."""
    indices = np.flatnonzero(looked_at).tolist()
    lowered = "\n".join([texts[index] for index in indices]).lower()
    starts = [0, *accumulate(len(line) + 1 for line in lowered.split("\n"))]
    for word in _CREDIT_WORDS:
        at = lowered.find(word)
        while at >= 0:
            around = lowered[at - 1 : at] + lowered[at + len(word) : at + len(word) + 1]
            if not word.isalpha() or not any(char.isalnum() or char == "_" for char in around):
                yield indices[bisect_right(starts, at) - 1]
            at = lowered.find(word, at + len(word))


def _prose(own: Group) -> Column:
    """The weight of each line that reads like a paragraph, else 0."""
    weight = own["weight"]
    is_prose = (weight > _PROSE_WEIGHT) & (own["stops"] + own["commas"] > 0) & (own["marker"] == 0)
    return np.where(is_prose, weight, 0).astype(np.float32)


def _before(values: Column) -> Column:
    """Sums of what stands before each line."""
    result: Column = (np.cumsum(values, dtype=np.float64) - values).astype(np.float32)
    return result


def _place(own: Group, prose: Column) -> Group:
    """Where in the dump, and in what kind of dump."""
    weight = own["weight"]
    count = len(weight)
    at = np.arange(count, dtype=np.float32)
    total, prose_total = float(weight.sum()) or 1.0, float(prose.sum()) or 1.0
    is_prose = np.flatnonzero(prose)
    first, last = (int(is_prose[0]), int(is_prose[-1])) if len(is_prose) else (0, count - 1)
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


def window_means(values: NDArray[np.float32], spans: Sequence[tuple[int, int]]) -> list[NDArray[np.float32]]:
    """For each span (before, behind) the means of values (..., N) over windows of lines.

    A window reaches from `before` lines ahead of a line to `behind` lines after it, either of which may be negative.
    """
    count = values.shape[-1]
    reach = max(max(before, behind) for before, behind in spans) + 1
    sums = np.zeros((*values.shape[:-1], count + 2 * reach + 1))
    np.cumsum(values, axis=-1, dtype=np.float64, out=sums[..., reach + 1 : reach + 1 + count])
    sums[..., reach + 1 + count :] = sums[..., reach + count, None]
    place = np.minimum(np.maximum(np.arange(-reach, count + reach + 1), 0), count)
    means = []
    for before, behind in spans:
        low, high = (
            slice(reach - before, reach - before + count),
            slice(reach + behind + 1, reach + behind + 1 + count),
        )
        total = sums[..., high] - sums[..., low]
        means.append((total / np.maximum(place[high] - place[low], 1)).astype(np.float32))
    return means


def _windows(own: Group, prose: Column) -> Group:
    """How much prose stands around."""
    series = np.array(
        (own["ends_stop"], own["log_weight"], own["small_words"], own["capitals"], own["bulleted"])
    )
    ahead, behind_it, by_3, by_5, by_10 = window_means(series, _SPANS)
    near = window_means(np.minimum(prose, 400), ((2, 2), (6, 6), (15, 15), (5, -1), (-1, 5)))
    (commas_5,) = window_means(np.minimum(own["commas"], 5), ((5, 5),))
    is_prose = prose > 0
    names = ("prose_2", "prose_6", "prose_15", "prose_ahead", "prose_next")
    return dict(zip(names, near, strict=True)) | {
        "ends_3": by_3[0],
        "ends_10": by_10[0],
        "small_3": by_3[2],
        "weight_ahead": ahead[1],
        "weight_next": behind_it[1],
        "bullets_5": by_5[4],
        "capitals_3": by_3[3],
        "commas_5": commas_5,
        "weight_5": by_5[1],
        "lines_since_prose": since(is_prose),
        "lines_to_prose": since(is_prose[::-1])[::-1],
    }


_SPANS: Final = ((3, -1), (-1, 3), (3, 3), (5, 5), (10, 10))


def since(flags: NDArray[np.bool_]) -> Column:
    """Lines since the last flagged one of flags (..., N), that line itself left out; the cap where there is none."""
    at = np.arange(flags.shape[-1])
    last = np.full(flags.shape, -_CAP)
    np.maximum.accumulate(np.where(flags, at, -_CAP)[..., :-1], axis=-1, out=last[..., 1:])
    result: Column = np.minimum(at - last, _CAP).astype(np.float32)
    return result


def _since_markers(own: Group, prose: Column) -> Group:
    """How far the nearest marker of each telling kind is, in lines and in prose; markers before any prose are menus."""
    before = _before(prose)
    flags = np.array([own[f"is_{kind}"] for kind in _CUTS]) > 0
    flags[_CUTS.index(Kind.READ_ALSO)] &= own["marker_alone"] > 0
    behind_prose = flags & (before > 200)
    any_cut = behind_prose.any(axis=0)
    seen: NDArray[np.int64] = np.cumsum(behind_prose, axis=1) - behind_prose
    distances = since(np.concatenate((flags, own["marker"][None] > 0)))
    columns = {f"since_{kind}": distances[number] for number, kind in enumerate(_CUTS)}
    columns |= {
        f"count_{kind}": np.minimum(seen[number], 5).astype(np.float32) for number, kind in enumerate(_CUTS)
    }
    ahead = since(np.array((any_cut, own["marker"] > 0))[:, ::-1])[:, ::-1]
    marked = np.maximum.accumulate(np.where(any_cut, before, -1))
    last = np.concatenate(([-1], marked[:-1]))
    to_first = np.log1p(before[int(any_cut.argmax())]) if any_cut.any() else 0.0
    return columns | {
        "count_cuts": np.minimum(np.cumsum(any_cut) - any_cut, 10).astype(np.float32),
        "to_cut": ahead[0],
        "to_marker": ahead[1],
        "since_marker": distances[-1],
        "prose_since_cut": np.where(last >= 0, np.log1p(np.maximum(before - last, 0)), -1),
        "prose_to_first_cut": np.where(last >= 0, to_first, -1),
    }


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
    "credit",
)


def _neighbours(own: Group) -> tuple[list[str], NDArray[np.float32]]:
    """Some features of the lines just before and behind; -1 where the dump ends."""
    reach = max(_NEAR)
    count = len(own["weight"])
    padded = np.full((len(_COPIED), count + 2 * reach), -1, np.float32)
    padded[:, reach : reach + count] = [own[name] for name in _COPIED]
    names = [f"{name}{step:+d}" for step in _NEAR for name in _COPIED]
    return names, np.concatenate([padded[:, reach + step : reach + step + count] for step in _NEAR])
