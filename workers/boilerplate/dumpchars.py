"""What kind of character each character of a text is, in every script."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

LETTER: Final = 0
"""Of a script without case; vowel marks too."""
LOWER: Final = 1
UPPER: Final = 2
DENSE: Final = 3
"""An ideograph or kana: says as much as three letters."""
SPACE: Final = 4
STOP: Final = 5
COMMA: Final = 6
QUOTE: Final = 7
DIGIT: Final = 8
SEPARATOR: Final = 9
BRACKET: Final = 10
COLON: Final = 11
SYMBOL: Final = 12
"""All others. Classes are plain numbers: numpy compares with a member of an enumeration ten times as slowly."""
_ROOM: Final = 16
"""Places for the classes of a line."""

_BMP_CHARS: Final = 0x10000
_STOPS: Final = (
    "FULL STOP",
    "DANDA",
    "QUESTION MARK",
    "EXCLAMATION MARK",
    "ELLIPSIS",
    "SIGN KHAN",
    "SIGN SECTION",
    "SHAD",
)
_SEPARATORS: Final = frozenset(
    "|/\\<>\u2022\u00b7\u203a\u2023\u25e6\u00a6\uff5c\u2190\u2191\u2192\u2193\u25ba\u25b6"
)
"""BULLET, MIDDLE DOT, SINGLE RIGHT-POINTING ANGLE QUOTATION MARK, bullets, BROKEN BAR, FULLWIDTH VERTICAL LINE,
arrows."""
_BY_CATEGORY: Final = {
    "Ll": LOWER,
    "Lu": UPPER,
    "Lt": UPPER,
    "Nd": DIGIT,
    "Nl": DIGIT,
    "No": DIGIT,
    "Zs": SPACE,
    "Pi": QUOTE,
    "Pf": QUOTE,
    "Ps": BRACKET,
    "Pe": BRACKET,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What the characters of N lines are.

    `counted` (16, N) are the characters of each class and `sizes` (N,) all that were looked at; `length` (N,) is
    that of the whole line, `weight` (N,) the same with three for an ideograph, `capitals` (N,) the words that begin
    with one. `first` and `last` (N,) are classes; a quotation mark or bracket that closes a line stands in
    `is_closed` (N,), and what is before it in `last`.
    """

    counted: NDArray[np.int64]
    sizes: NDArray[np.int64]
    length: NDArray[np.int64]
    weight: NDArray[np.float32]
    capitals: NDArray[np.int64]
    first: NDArray[np.uint8]
    last: NDArray[np.uint8]
    is_closed: NDArray[np.bool_]


def shape_of(seen: Sequence[str], lines: Sequence[str]) -> Shape:
    """The shape of lines, of which `seen` is what is looked at: at least one line, none empty."""
    count = len(seen)
    length = np.fromiter(map(len, lines), np.int64, count)
    sizes = length if seen is lines else np.fromiter(map(len, seen), np.int64, count)
    kinds = classes("".join(seen))
    places = np.arange(0, count * _ROOM, _ROOM).repeat(sizes)
    places += kinds
    counted = np.bincount(places, minlength=count * _ROOM).reshape(count, _ROOM).T
    ends = sizes.cumsum()
    starts = ends - sizes
    first, final = kinds[starts], kinds[ends - 1]
    is_closed = (final == QUOTE) | (final == BRACKET)
    last = np.where(is_closed, kinds[np.maximum(ends - 2, starts)], final)
    inner = places[1:][(kinds[1:] == UPPER) & (kinds[:-1] == SPACE)] // _ROOM
    capitals = np.bincount(inner, minlength=count) + (first == UPPER)
    weight = (length * (1 + 2 * counted[DENSE] / sizes)).astype(np.float32)
    return Shape(counted, sizes, length, weight, capitals, first, last, is_closed)


def classes(text: str) -> NDArray[np.uint8]:
    """The class of each character of `text`, lone surrogates too."""
    codes: NDArray[np.uint16 | np.uint32] = np.frombuffer(
        text.encode("utf-16-le", "surrogatepass"), np.uint16
    )
    if len(codes) > len(text):
        wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = np.minimum(wide, _BMP_CHARS + (wide >> 16))
    return _table().take(codes)


@cache
def _table() -> NDArray[np.uint8]:
    """The classes of the first 65,536 code points one by one, then one entry for each plane."""
    table = np.full(_BMP_CHARS + 17, LETTER, np.uint8)
    for code in range(_BMP_CHARS):
        table[code] = _class_of(chr(code))
    for low, high in ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF)):
        block = table[low : high + 1]
        block[block == LETTER] = DENSE
    table[_BMP_CHARS + 1] = SYMBOL  # mostly emoji
    table[_BMP_CHARS + 2 : _BMP_CHARS + 4] = DENSE
    return table


def _class_of(char: str) -> int:
    category = unicodedata.category(char)
    if char in _SEPARATORS:
        return SEPARATOR
    if category == "Po":
        return _class_of_punctuation(char)
    if category in _BY_CATEGORY:
        return _BY_CATEGORY[category]
    return LETTER if category[0] in "LM" or category == "Cs" else SYMBOL


def _class_of_punctuation(char: str) -> int:
    """Commas, stops and colons are told by their names, so that none of a rare script is forgotten."""
    name = unicodedata.name(char, "")
    if char in "\"'":
        return QUOTE
    if "COMMA" in name or "SEMICOLON" in name:
        return COMMA
    if any(word in name for word in _STOPS) and not name.startswith("INVERTED"):
        return STOP
    return COLON if "COLON" in name else SYMBOL
