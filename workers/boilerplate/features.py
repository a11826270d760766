"""What is measured of the blocks of a page, in bulk, for the model that tells main text from the rest.

Nothing here knows a language: characters count by what they do (letter, digit, end of a sentence, comma) in every
script, an ideograph weighs as three letters, and there is no upper and lower case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.blocks import PARTS, WORDS, Blocks
from workers.boilerplate.paragraphs import letters

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

_SPACE, _END, _COMMA, _DENSE, _BAR, _QUOTE = range(1, 7)
# FULL STOP, EXCLAMATION, QUESTION; ARABIC QUESTION MARK, FULL STOP; DEVANAGARI DANDA; IDEOGRAPHIC, FULLWIDTH and
# HALFWIDTH forms; HORIZONTAL ELLIPSIS; ARMENIAN, ETHIOPIC FULL STOP; GREEK QUESTION MARK.
_ENDS: Final = ".!?\u061f\u06d4\u0964\u3002\uff01\uff1f\uff0e\uff61\u2026\u0589\u1362\u037e"
# COMMA, SEMICOLON; ARABIC COMMA, SEMICOLON; IDEOGRAPHIC, FULLWIDTH and HALFWIDTH forms; ETHIOPIC COMMA.
_COMMAS: Final = ",;\u060c\u061b\u3001\uff0c\uff1b\uff64\u1363"
# Quotation marks of all kinds, and brackets that close a sentence.
_QUOTES: Final = (
    "\"'\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e\u2039\u203a\u300c\u300d\u300e\u300f)]\uff09"
)
# VERTICAL LINE, COPYRIGHT, SINGLE and DOUBLE pointing marks, BULLET, MIDDLE DOT, arrows, triangles, AT, NUMBER SIGN
_BARS: Final = "|\u00a9\u00ae\u203a\u2022\u00b7\u2192\u25b6\u25ba\u25bc\u25b2\u2190@#/<>+*=_\\"
_IDEOGRAPH_WEIGHT: Final = 2
"""What an ideograph, kana or a syllable of Hangul adds to its own one character."""

_TAGS: Final = (
    "p",
    "div",
    "li",
    "h1",
    "h2",
    "h3",
    "h456",
    "td",
    "blockquote",
    "figcaption",
    "pre",
    "dd",
    "section",
    "article",
    "button",
    "custom",
)
_TAG_CODE: Final = {name: code for code, name in enumerate(_TAGS)} | {
    "h4": 6, "h5": 6, "h6": 6, "th": 7, "dt": 11, "span": 1, "body": 1, "main": 13, "caption": 9, "summary": 14, "label": 14,
}  # fmt: skip
_LEVELS: Final = 6
_REACH: Final = 8
_TITLE_LETTERS: Final = 7
_COLUMNS: Final = 192
"""Room for the columns of a table."""
_TAG_COLUMNS: Final = tuple(f"tag_{name}" for name in _TAGS)
_PART_COLUMNS: Final = tuple(f"in_{name}" for name in PARTS)
_NEAR_COLUMNS: Final = tuple(f"near_{name}" for name in WORDS)
_AROUND_COLUMNS: Final = tuple(f"around_{name}" for name in WORDS)
_DESCRIBED_CHARS: Final = 30


@dataclass(frozen=True, slots=True)
class Hints:
    """What the page says outside its text that helps to find it; empty where it says nothing."""

    title: str = ""
    description: str = ""


@cache
def _classes() -> NDArray[np.uint8]:
    """The class of each character of the Basic Multilingual Plane; 0 for letters, marks and all else."""
    table = np.zeros(0x10000, np.uint8)
    for code in range(0x10000):
        char = chr(code)
        if char.isspace():
            table[code] = _SPACE
    for chars, kind in (
        (_ENDS, _END),
        (_COMMAS, _COMMA),
        (_BARS, _BAR),
        (_QUOTES, _QUOTE),
    ):
        for char in chars:
            table[ord(char)] = kind
    table[0x3040:0x3100] = table[0x3400:0xA000] = table[0xAC00:0xD7A4] = table[0xF900:0xFB00] = _DENSE
    return table


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint8], Ints]:
    """The classes of the characters of all texts in a row, and where each text begins, with one end more."""
    joined = "\n".join(texts) + "\n"
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    codes = _classes()[np.minimum(points, 0xFFFF)]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(lengths + 1, out=starts[1:])
    return codes, starts


class Table:
    """Columns by name, all of one length: `values` (F, N) in the order of `names`."""

    def __init__(self, capacity: int, length: int) -> None:
        self._held = np.zeros((capacity, length), np.float32)
        self._places: dict[str, int] = {}

    def __setitem__(self, name: str, column: NDArray[Any] | float) -> None:
        self._held[self._place(name)] = column

    def __getitem__(self, name: str) -> Array:
        column: Array = self._held[self._places[name]]
        return column

    def put(self, names: Sequence[str], columns: NDArray[Any]) -> None:
        """Add several columns (K, N) at once."""
        begin = self._place(names[0])
        for number, name in enumerate(names):
            self._places[name] = begin + number
        self._held[begin : begin + len(names)] = columns

    def shifted(self, name: str, by: int) -> Array:
        """The column's value of the block `by` places further on; 0 beyond the page."""
        column = self[name]
        out = np.zeros_like(column)
        if by > 0:
            out[:-by] = column[by:]
        else:
            out[-by:] = column[:by]
        return out

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    @property
    def values(self) -> Array:
        used: Array = self._held[: len(self._places)]
        return used

    def _place(self, name: str) -> int:
        place = self._places[name] = len(self._places)
        return place


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the blocks stand: `chain` (K, N) are rows of elements from the innermost outwards; `first` and `last` (R,)
    the blocks that an element holds, itself and all in it: they follow one another.
    """

    chain: Ints
    first: Ints
    last: Ints
    group: Ints
    """(N,) blocks of one kind: same signature of their element and of the one around it."""
    weight: Array
    """(N,) length in letters."""


def layout_of(page: Blocks, weight: Array) -> Layout:
    """Where the blocks of `page` stand; `weight` (N,) is their length."""
    elements = page.elements
    row = np.array(page.row)
    parent = np.array(elements.parent)
    first, last = _held(page.row, elements.parent)
    chain = np.empty((_LEVELS, len(row)), np.int64)
    chain[0] = row
    for level in range(1, _LEVELS):
        chain[level] = parent[chain[level - 1]]
    kinds: dict[tuple[str, str], int] = {}
    signature = elements.signature
    kind = [
        kinds.setdefault((mine, signature[around]), len(kinds))
        for mine, around in zip(signature, elements.parent, strict=True)
    ]
    return Layout(chain, first, last, np.array(kind)[row], weight)


def _held(row: Sequence[int], parent: Sequence[int]) -> tuple[Ints, Ints]:
    """The first and the last block (R,) that each element holds, in itself or in those inside it."""
    first, last = [len(row)] * len(parent), [-1] * len(parent)
    for number, r in enumerate(row):
        last[r] = number
        if first[r] > number:  # noqa: PLR1730 - min and max are calls, and this is done once a block
            first[r] = number
    for r in range(len(parent) - 1, 0, -1):
        p = parent[r]
        if last[r] > last[p]:  # noqa: PLR1730
            last[p] = last[r]
        if first[r] < first[p]:  # noqa: PLR1730
            first[p] = first[r]
    return np.array(first), np.array(last)


def features_of(page: Blocks, hints: Hints) -> tuple[Table, Layout]:
    """The columns that the first forest looks at, one row a block."""
    texts = page.text
    codes, starts = _codes(texts)
    at, until = starts[:-1], starts[1:] - 1
    counts = {
        kind: np.add.reduceat(codes == kind, at, dtype=np.int32)
        for kind in (_SPACE, _END, _COMMA, _DENSE, _BAR)
    }
    chars = (until - at).astype(np.float32)
    weight = chars + _IDEOGRAPH_WEIGHT * counts[_DENSE]
    words = counts[_SPACE] + counts[_DENSE] / 2
    final, previous = codes[until - 1], codes[np.maximum(until - 2, at)]
    ends = (final == _END) | ((final == _QUOTE) & (previous == _END))
    linked = np.array(page.linked, np.float32) / np.maximum(chars, 1)
    strong = np.array(page.strong, np.float32) / np.maximum(chars, 1)
    table = Table(_COLUMNS, len(texts))
    table["weight"] = np.log1p(weight)
    table["words"] = np.log1p(words)
    table["word_length"] = weight / (words + 1)
    table["linked"] = np.minimum(linked, 1)
    table["links"] = np.log1p(np.array(page.links, np.float32))
    table["strong"] = np.minimum(strong, 1)
    table["ends"] = np.log1p(counts[_END])
    table["commas"] = np.log1p(counts[_COMMA])
    table["stops_per_word"] = (counts[_END] + counts[_COMMA]) / (words + 1)
    table["bars"] = counts[_BAR] / np.maximum(chars, 1)
    table["ends_sentence"] = ends
    table["begins_quote"] = codes[at] == _QUOTE
    table["after_break"] = np.array(page.after_break)
    layout = layout_of(page, weight.astype(np.float32))
    _add_elements(table, page, layout)
    _add_places(table, layout, texts, hints)
    prose = (weight > 60) & (linked < 0.4) & ((counts[_END] + counts[_COMMA]) > 0)
    _add_surroundings(table, layout, prose, linked.astype(np.float32))
    for name, by in (("weight", -1), ("weight", 1), ("linked", -1), ("linked", 1), ("ends_sentence", -1)):
        table[f"{name}{by:+d}"] = table.shifted(name, by)
    return table, layout


def _add_elements(table: Table, page: Blocks, layout: Layout) -> None:
    elements = page.elements
    row = layout.chain[0]
    code = np.array([_TAG_CODE.get(name, 15 if "-" in name else 1) for name in elements.name])[row]
    table.put(_TAG_COLUMNS, code == np.arange(len(_TAGS))[:, None])
    parts = np.array(elements.parts)[row]
    table.put(_PART_COLUMNS, (parts >> np.arange(len(PARTS))[:, None]) & 1)
    words = np.array(elements.words)
    near = words[row] | words[layout.chain[1]]
    around = (np.array(elements.around) | words)[row]
    bits = np.arange(len(WORDS))[:, None]
    table.put(_NEAR_COLUMNS, (near >> bits) & 1)
    table.put(_AROUND_COLUMNS, (around >> bits) & 1)
    depth = np.array(elements.depth, np.float32)[row]
    table["depth"] = depth
    table["hidden"] = np.array(elements.hidden)[row]
    table["depth-1"] = depth - table.shifted("depth", -1)


def _add_places(table: Table, layout: Layout, texts: Sequence[str], hints: Hints) -> None:
    n = len(texts)
    number = np.arange(n)
    total = max(1.0, float(layout.weight.sum()))
    before = np.cumsum(layout.weight) - layout.weight
    table["place"] = number / n
    table["place_chars"] = before / total
    table["blocks"] = np.log1p(n)
    table["page_weight"] = np.log1p(total)
    counted: dict[str, int] = {}
    for text in texts:
        counted[text] = counted.get(text, 0) + 1
    table["repeats"] = np.array([counted[text] for text in texts])
    anchors = _titles(texts, hints.title)
    headings = np.flatnonzero(table["tag_h1"])
    is_title = np.zeros(n, np.float32)
    is_title[anchors] = 1
    table["is_title"] = is_title
    in_heading = [i for i in anchors if table["tag_h1"][i]]
    anchor = (in_heading or anchors or headings.tolist() or [-1])[0]
    table["anchored"] = 0 if anchor < 0 else 1 if not anchors else 2
    table["from_title"] = np.clip(number - anchor, -100, 300) if anchor >= 0 else np.zeros(n)
    table["from_title_chars"] = (
        np.clip((before - before[anchor]) / 1000, -20, 60) if anchor >= 0 else np.zeros(n)
    )
    described = " ".join(hints.description.split())[:_DESCRIBED_CHARS]
    is_description = np.zeros(n, np.float32)
    if len(described) == _DESCRIBED_CHARS:
        is_description[[i for i, text in enumerate(texts) if described in text]] = 1
    table["is_description"] = is_description


def _titles(texts: Sequence[str], title: str) -> list[int]:
    """The blocks that say what the title says, or a good part of it."""
    wanted = letters(title)
    if len(wanted) < _TITLE_LETTERS:
        return []
    folded = title.casefold()
    begin = folded.split()[0]
    found = []
    for number, text in enumerate(texts):
        if 8 < len(text) < 300:
            start = text[:6].casefold()
            if start in folded or text[: len(begin)].casefold() == begin:
                own = letters(text)
                if len(own) >= _TITLE_LETTERS and (own in wanted or wanted in own):
                    found.append(number)
    return found


def _add_surroundings(table: Table, layout: Layout, prose: NDArray[np.bool_], linked: Array) -> None:
    weight = layout.weight
    good = weight * prose
    sums = {
        "good": good,
        "all": weight,
        "linked": weight * np.minimum(linked, 1),
        "prose": prose.astype(np.float32),
    }
    running = {
        name: np.concatenate([[0], np.cumsum(column, dtype=np.float64)]) for name, column in sums.items()
    }
    held = {
        name: run[layout.last + 1] - run[np.minimum(layout.first, layout.last + 1)]
        for name, run in running.items()
    }
    size = layout.last + 1 - layout.first
    total = max(1.0, float(good.sum()))
    per_element = np.maximum(held["all"], 1)
    for name, column in (
        ("share", held["good"] / total),
        ("purity", held["good"] / per_element),
        ("linkedness", held["linked"] / per_element),
        ("size", np.log1p(np.maximum(size, 0))),
        ("paragraphs", np.log1p(held["prose"])),
    ):
        table.put([f"{name}{level}" for level in range(_LEVELS)], column[layout.chain])
    groups = int(layout.group.max()) + 1 if len(layout.group) else 0
    count = np.bincount(layout.group, minlength=groups)
    mass = np.bincount(layout.group, weights=good, minlength=groups)
    whole = np.bincount(layout.group, weights=weight, minlength=groups)
    table["kind_share"] = (mass / total)[layout.group]
    table["kind_count"] = np.log1p(count)[layout.group]
    table["kind_mean"] = np.log1p(whole / np.maximum(count, 1))[layout.group]
    run = running["good"]
    n = len(weight)
    number = np.arange(n)
    for reach in (3, 10):
        lo, hi = np.maximum(number - reach, 0), np.minimum(number + reach + 1, n)
        table[f"good_before{reach}"] = np.log1p(run[number] - run[lo])
        table[f"good_after{reach}"] = np.log1p(run[hi] - run[number + 1])
    table["good_before"] = run[:-1] / total


def context_of(first: Array, layout: Layout) -> Table:
    """The columns that the second forest adds: what the first one said of a block and of those around it.

    Source: Tu and Bai, "Auto-context and its application to high-level vision tasks", 2010, applied to blocks.
    """
    context = Table(_COLUMNS, len(first))
    weight = layout.weight
    n = len(first)
    context["p"] = first
    for by in (-3, -2, -1, 1, 2):
        context[f"p{by:+d}"] = context.shifted("p", by)
    mass = first * weight
    total = max(1.0, float(mass.sum()))
    run = np.concatenate([[0], np.cumsum(mass, dtype=np.float64)])
    whole = np.concatenate([[0], np.cumsum(weight, dtype=np.float64)])
    first_in = np.minimum(layout.first, layout.last + 1)
    held, held_all = run[layout.last + 1] - run[first_in], whole[layout.last + 1] - whole[first_in]
    levels = range(_LEVELS)
    inside, inside_all = held[layout.chain], held_all[layout.chain]
    context.put([f"p_share{level}" for level in levels], inside / total)
    context.put([f"p_purity{level}" for level in levels], inside / np.maximum(inside_all, 1))
    context.put(
        [f"p_others{level}" for level in levels], (inside - mass) / np.maximum(inside_all - weight, 1)
    )
    groups = int(layout.group.max()) + 1 if n else 0
    by_kind = np.bincount(layout.group, weights=mass, minlength=groups)
    all_of_kind = np.bincount(layout.group, weights=weight, minlength=groups)
    context["p_kind"] = (by_kind / np.maximum(all_of_kind, 1))[layout.group]
    context["p_kind_others"] = (by_kind[layout.group] - mass) / np.maximum(
        all_of_kind[layout.group] - weight, 1
    )
    context["p_kind_share"] = (by_kind / total)[layout.group]
    context["p_place"] = run[:-1] / total
    context["p_total"] = np.log1p(total)
    number = np.arange(n)
    sure = (first > 0.6) & (weight > 40)
    last_sure = np.maximum.accumulate(np.where(sure, number, -1))
    next_sure = np.minimum.accumulate(np.where(sure, number, n)[::-1])[::-1]
    behind = np.concatenate([[-1], last_sure[:-1]])
    ahead = np.concatenate([next_sure[1:], [n]])
    context["since"] = np.where(behind >= 0, np.minimum(number - behind, 50), 60)
    context["until"] = np.where(ahead < n, np.minimum(ahead - number, 50), 60)
    before = whole[:-1]
    context["since_chars"] = np.where(behind >= 0, np.log1p(before - before[np.maximum(behind, 0)]), 12)
    context["until_chars"] = np.where(ahead < n, np.log1p(before[np.minimum(ahead, n - 1)] - before), 12)
    lo, hi = np.maximum(number - _REACH, 0), np.minimum(number + _REACH + 1, n)
    context["p_before"] = (run[number] - run[lo]) / np.maximum(whole[number] - whole[lo], 1)
    context["p_after"] = (run[hi] - run[number + 1]) / np.maximum(whole[hi] - whole[number + 1], 1)
    context["p_max"] = float(first.max()) if n else 0
    return context
