"""What is measured of the blocks of pages, in bulk, for the model that tells main text from the rest.

All pages of a batch at once. Nothing here knows a language: characters count by what they do (letter, digit, end of a
sentence, comma) in every script, an ideograph weighs as three letters, and there is no upper and lower case. Sums are
of whole numbers, and nothing is computed that rounds differently elsewhere, so the columns of a page are the same to
the last bit whatever pages stand beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.blocks import Blocks
from workers.boilerplate.elements import PARTS, WORDS
from workers.boilerplate.forest import CERTAIN
from workers.boilerplate.layout import LEVELS, Layout, layout_of, running
from workers.boilerplate.paragraphs import letters
from workers.boilerplate.tokens import NAMES, Flags, Ints

Array = NDArray[np.float32]

_SPACE, _END, _COMMA, _DENSE, _BAR, _QUOTE, _DIGIT = range(1, 8)
_CLASSES: Final = 8
# FULL STOP, EXCLAMATION, QUESTION; ARABIC QUESTION MARK, FULL STOP; DEVANAGARI DANDA; IDEOGRAPHIC, FULLWIDTH and
# HALFWIDTH forms; HORIZONTAL ELLIPSIS; ARMENIAN, ETHIOPIC FULL STOP; GREEK QUESTION MARK.
_ENDS: Final = ".!?\u061f\u06d4\u0964\u3002\uff01\uff1f\uff0e\uff61\u2026\u0589\u1362\u037e"
# COMMA, SEMICOLON; ARABIC COMMA, SEMICOLON; IDEOGRAPHIC, FULLWIDTH and HALFWIDTH forms; ETHIOPIC COMMA.
_COMMAS: Final = ",;\u060c\u061b\u3001\uff0c\uff1b\uff64\u1363"
# Quotation marks of all kinds, and brackets that close a sentence.
_QUOTES: Final = (
    "\"'\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e\u2039\u203a\u300c\u300d\u300e\u300f)]\uff09"
)
# VERTICAL LINE, COPYRIGHT, SINGLE and DOUBLE pointing marks, BULLET, MIDDLE DOT, arrows, triangles, AT, NUMBER SIGN;
# braces and the like, which templates have.
_BARS: Final = "{}[]~|\u00a9\u00ae\u203a\u2022\u00b7\u2192\u25b6\u25ba\u25bc\u25b2\u2190@#/<>+*=_\\"
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
    "custom",
)
_LIKE: Final = {
    "h4": "h456", "h5": "h456", "h6": "h456", "th": "td", "dt": "dd", "main": "article", "caption": "figcaption",
    "summary": "custom", "-": "custom",
}  # fmt: skip
"""Elements that count as another one; those that are neither here nor in _TAGS count as a div."""
_REACH: Final = 8
_TITLE_LETTERS: Final = 7
_COLUMNS: Final = 144
_CONTEXT_COLUMNS: Final = 40
"""Room for the columns that the first forest looks at, and for those that the second adds."""
_TAG_COLUMNS: Final = tuple(f"tag_{name}" for name in _TAGS)
_PART_COLUMNS: Final = tuple(f"in_{name}" for name in PARTS)
_NEAR_COLUMNS: Final = tuple(f"near_{name}" for name in WORDS)
_AROUND_COLUMNS: Final = tuple(f"around_{name}" for name in WORDS)
_DESCRIBED_CHARS: Final = 30
_FAR: Final = 1 << 20
"""Stands for the distance to what the page does not have."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the page says outside its text that helps to find it; empty where it says nothing."""

    title: str = ""
    description: str = ""


class Table:
    """Columns by name, all of one length: `values` (F, N) in the order of `names`."""

    def __init__(self, length: int, room: int = _COLUMNS) -> None:
        self._held = np.empty((room, length), np.float32)
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


def features_of(blocks: Blocks, hints: Sequence[Hints]) -> tuple[Table, Layout]:
    """The columns that the first forest looks at, one row a block; `hints` are those of each page."""
    counts, last, first = _characters(blocks.text)
    chars = counts.sum(axis=0)
    weight = chars + _IDEOGRAPH_WEIGHT * counts[_DENSE]
    words = 2 * counts[_SPACE] + counts[_DENSE]
    marks = counts[_END] + counts[_COMMA]
    layout = layout_of(blocks, weight)
    table = Table(len(weight))
    table["weight"] = weight
    table["words"] = words
    table["word_length"] = weight / (words + 2)
    table["linked"] = blocks.linked
    table["links"] = blocks.links
    table["strong"] = blocks.strong
    table["ends"] = counts[_END]
    table["commas"] = counts[_COMMA]
    table["stops_per_word"] = marks / (words + 2)
    table["bars"] = counts[_BAR] / np.maximum(chars, 1)
    table["digits"] = counts[_DIGIT]
    table["digits_share"] = counts[_DIGIT] / np.maximum(chars, 1)
    table["sentence"] = weight / (counts[_END] + 1)
    table["ends_sentence"] = last
    table["begins_quote"] = first == _QUOTE
    table["after_break"] = blocks.after_break
    _add_elements(table, blocks, layout)
    _add_places(table, layout, blocks, hints)
    prose = (weight > 60) & (blocks.linked < 0.4) & (marks > 0)
    _add_surroundings(table, layout, prose, blocks.linked)
    near = np.stack([table[name] for name in _NEAR])
    before, behind = layout.shifted(near, -1), layout.shifted(near, 1)
    table.put([f"{name}-1" for name in _NEAR[:-1]], before[:-1])
    table.put([f"{name}+1" for name in _NEAR[:-1]], behind[:-1])
    table["depth-1"] = table["depth"] - before[-1]
    return table, layout


_NEAR: Final = ("weight", "linked", "ends_sentence", "digits_share", "depth")
"""Columns whose values of the blocks before and behind are columns, too."""


def _characters(texts: Sequence[str]) -> tuple[Ints, Flags, NDArray[np.uint8]]:
    """How many characters of each class (C, N) texts have; whether each ends a sentence, with a quotation mark behind
    perhaps; and the class of each one's first character.
    """
    codes = _classes().take(np.frombuffer("".join(texts).encode("utf-16-le"), np.uint16))
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    if sizes.sum() != len(codes):  # characters beyond the Basic Multilingual Plane are two codes each
        sizes = np.fromiter((len(text.encode("utf-16-le")) // 2 for text in texts), np.int64, len(texts))
    until = np.cumsum(sizes)
    at = until - sizes
    cells = np.repeat(np.arange(len(texts)) * _CLASSES, sizes)
    cells += codes
    counts = np.bincount(cells, minlength=len(texts) * _CLASSES).reshape(-1, _CLASSES).T
    final, previous = codes[until - 1], codes[np.maximum(until - 2, at)]
    ends = (final == _END) | ((final == _QUOTE) & (previous == _END))
    return counts, ends, codes[at]


@cache
def _classes() -> NDArray[np.uint8]:
    """The class of each code of UTF-16; 0 for letters, marks and all else."""
    table = np.zeros(0x10000, np.uint8)
    for code in range(0x10000):
        char = chr(code)
        table[code] = _SPACE if char.isspace() else _DIGIT if char.isdecimal() else 0
    for chars, kind in ((_ENDS, _END), (_COMMAS, _COMMA), (_BARS, _BAR), (_QUOTES, _QUOTE)):
        for char in chars:
            table[ord(char)] = kind
    table[0x3040:0x3100] = table[0x3400:0xA000] = table[0xAC00:0xD7A4] = table[0xF900:0xFB00] = _DENSE
    return table


@cache
def _tag_codes() -> NDArray[np.uint8]:
    """By the number of an element's name the place in _TAGS of the one that it counts as."""
    named = [_LIKE.get(name, name) for name in NAMES]
    return np.array([_TAGS.index(name if name in _TAGS else "div") for name in named], np.uint8)


def _add_elements(table: Table, blocks: Blocks, layout: Layout) -> None:
    elements = blocks.elements
    row, above = layout.chain[0], layout.chain[1]
    table.put(_TAG_COLUMNS, _tag_codes()[elements.tag[row]] == np.arange(len(_TAGS))[:, None])
    bits = np.arange(max(len(PARTS), len(WORDS)))[:, None]
    table.put(_PART_COLUMNS, (elements.parts[row] >> bits[: len(PARTS)]) & 1)
    near = elements.words[row] | elements.words[above]
    around = (elements.around | elements.words)[row]
    table.put(_NEAR_COLUMNS, (near >> bits[: len(WORDS)]) & 1)
    table.put(_AROUND_COLUMNS, (around >> bits[: len(WORDS)]) & 1)
    table["depth"] = elements.depth[row]
    table["hidden"] = elements.hidden[row]


def _add_places(table: Table, layout: Layout, blocks: Blocks, hints: Sequence[Hints]) -> None:
    number = np.arange(len(layout.weight))
    count = layout.end - layout.begin
    total = np.maximum(layout.of_page(layout.weight), 1)
    before = layout.before(layout.weight)
    table["place"] = (number - layout.begin) / count
    table["place_chars"] = before / total
    table["blocks"] = count
    table["page_weight"] = total
    repeats, is_title, is_description, anchor, anchored = _known(blocks, hints, table["tag_h1"] > 0)
    table["repeats"] = repeats
    table["is_title"] = is_title
    table["is_description"] = is_description
    table["anchored"] = anchored[layout.page]
    anchor = anchor[layout.page]
    is_anchored = anchored[layout.page] > 0
    table["from_title"] = np.where(is_anchored, np.clip(number - anchor, -100, 300), 0)
    inside = (layout.held_first <= anchor) & (anchor < layout.held_behind)
    table["with_title"] = np.where(inside.any(axis=0) & is_anchored, inside.argmax(axis=0), LEVELS)
    table["from_title_chars"] = np.where(is_anchored, np.clip(before - before[anchor], -20_000, 60_000), 0)


def _known(blocks: Blocks, hints: Sequence[Hints], is_h1: Flags) -> tuple[Ints, Flags, Flags, Ints, Ints]:
    """How often each text stands on its page, and which are the title and the description (N,).

    And for each page the block that heads the article, and whether it is the first h1 (1) or says the title (2).
    """
    repeats = np.ones(len(is_h1), np.int64)
    is_title, is_description = np.zeros((2, len(is_h1)), bool)
    anchor, anchored = np.zeros((2, len(hints)), np.int64)
    for page, ((begin, end), hint) in enumerate(zip(pairwise(blocks.pages.tolist()), hints, strict=True)):
        texts = blocks.text[begin:end]
        counted = dict.fromkeys(texts, 0)
        if len(counted) < len(texts):
            for text in texts:
                counted[text] += 1
            repeats[begin:end] = [counted[text] for text in texts]
        described = " ".join(hint.description.split())[:_DESCRIBED_CHARS]
        if len(described) == _DESCRIBED_CHARS:
            is_description[[begin + i for i, text in enumerate(texts) if described in text]] = True
        titles = [begin + i for i in _titles(texts, hint.title)]
        is_title[titles] = True
        headings = np.flatnonzero(is_h1[begin:end]) + begin
        heads = [i for i in titles if is_h1[i]] or titles or headings.tolist()
        anchor[page], anchored[page] = (heads[0], 2 if titles else 1) if heads else (begin, 0)
    return repeats, is_title, is_description, anchor, anchored


def _titles(texts: Sequence[str], title: str) -> list[int]:
    """The blocks that say what the title says, or a good part of it."""
    wanted = letters(title)
    if len(wanted) < _TITLE_LETTERS:
        return []
    folded = title.casefold()
    begin = folded.split()[0]
    size = len(begin)
    found = []
    for number, text in enumerate(texts):
        if 8 < len(text) < 300 and (text[:6].casefold() in folded or text[:size].casefold() == begin):
            own = letters(text)
            if len(own) >= _TITLE_LETTERS and (own in wanted or wanted in own):
                found.append(number)
    return found


_SHARE: Final = 1 << 10
"""Shares are counted in these parts."""


def _add_surroundings(table: Table, layout: Layout, prose: Flags, linked: Array) -> None:
    weight = layout.weight
    good = weight * prose
    held, held_all = layout.held(good), np.maximum(layout.held(weight), 1)
    linked_weight = layout.held(weight * (linked * _SHARE).astype(np.int64))
    total = np.maximum(layout.of_page(good), 1)
    for name, column in (
        ("share", held / total),
        ("purity", held / held_all),
        ("linkedness", linked_weight / held_all),
        ("size", layout.held_behind - layout.held_first),
        ("paragraphs", layout.held(prose.astype(np.int64))),
    ):
        table.put([f"{name}{level}" for level in range(LEVELS)], column)
    count = layout.of_group(np.ones(len(weight), np.int64))
    table["kind_share"] = layout.of_group(good) / total
    table["kind_count"] = count
    table["kind_mean"] = layout.of_group(weight) / count
    for reach in (3, 10):
        table[f"good_before{reach}"], table[f"good_after{reach}"] = layout.around(good, reach)
    table["good_before"] = layout.before(good) / total


def context_of(first: Ints, layout: Layout) -> Table:
    """The columns that the second forest adds: what the first one said of a block and of those around it.

    `first` (N,) are its probabilities in parts of forest.CERTAIN.
    Source: Tu and Bai, "Auto-context and its application to high-level vision tasks", 2010, applied to blocks.
    """
    context = Table(len(first), _CONTEXT_COLUMNS)
    weight = layout.weight
    context["p"] = first
    for by in (-3, -2, -1, 1, 2):
        context[f"p{by:+d}"] = layout.shifted(first, by)
    mass = first * weight
    total = np.maximum(layout.of_page(mass), 1)
    inside, inside_all = layout.held(mass), layout.held(weight)
    levels = range(LEVELS)
    context.put([f"p_share{level}" for level in levels], inside / total)
    context.put([f"p_purity{level}" for level in levels], inside / np.maximum(inside_all, 1))
    context.put(
        [f"p_others{level}" for level in levels], (inside - mass) / np.maximum(inside_all - weight, 1)
    )
    by_kind, all_of_kind = layout.of_group(mass), layout.of_group(weight)
    context["p_kind"] = by_kind / np.maximum(all_of_kind, 1)
    context["p_kind_others"] = (by_kind - mass) / np.maximum(all_of_kind - weight, 1)
    context["p_kind_share"] = by_kind / total
    context["p_place"] = layout.before(mass) / total
    context["p_total"] = total
    _add_nearest(context, layout, (first > 0.6 * CERTAIN) & (weight > 40))
    said, of = layout.around(mass, _REACH), layout.around(weight, _REACH)
    context["p_before"], context["p_after"] = said[0] / np.maximum(of[0], 1), said[1] / np.maximum(of[1], 1)
    starts = np.flatnonzero(np.diff(layout.page, prepend=-1))
    most = np.maximum.reduceat(first, starts) if len(starts) else first
    context["p_max"] = np.repeat(most, np.diff(starts, append=len(first)))
    return context


def _add_nearest(context: Table, layout: Layout, sure: Flags) -> None:
    """How far the last and the next sure block of the page are, in blocks and in letters."""
    number = np.arange(len(sure))
    last = np.maximum.accumulate(np.where(sure, number, -1))
    behind = np.concatenate([[-1], last])[: len(sure)]
    following = np.minimum.accumulate(np.where(sure, number, len(sure))[::-1])[::-1]
    ahead = np.concatenate([following, [len(sure)]])[1:]
    chars = running(layout.weight)
    for name, is_there, other, step in (
        ("since", behind >= layout.begin, behind, 1),
        ("until", ahead < layout.end, ahead, -1),
    ):
        place = np.where(is_there, other, 0)
        context[name] = np.where(is_there, np.minimum(step * (number - place), 50), 60)
        context[f"{name}_chars"] = np.where(is_there, step * (chars[:-1] - chars[place]), _FAR)
