"""What kind of character each character of a text is, in every script."""

import unicodedata
from enum import IntEnum
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Class(IntEnum):
    """Classes of characters as the features of a dump count them."""

    LETTER = 0  # of a script without case; vowel marks too
    LOWER = 1
    UPPER = 2
    DENSE = 3  # an ideograph or kana: says as much as three letters
    DIGIT = 4
    SPACE = 5
    COMMA = 6
    STOP = 7
    COLON = 8
    QUOTE = 9
    BRACKET = 10
    DASH = 11
    SEPARATOR = 12
    SYMBOL = 13


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
    "Ll": Class.LOWER,
    "Lu": Class.UPPER,
    "Lt": Class.UPPER,
    "Nd": Class.DIGIT,
    "Nl": Class.DIGIT,
    "No": Class.DIGIT,
    "Zs": Class.SPACE,
    "Pi": Class.QUOTE,
    "Pf": Class.QUOTE,
    "Ps": Class.BRACKET,
    "Pe": Class.BRACKET,
    "Pd": Class.DASH,
}


def classes(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The class of each code point."""
    result: NDArray[np.uint8] = _table()[np.minimum(codes, _BMP_CHARS + (codes >> 16))]
    return result


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of `text`, lone surrogates too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@cache
def _table() -> NDArray[np.uint8]:
    """The classes of the first 65,536 code points one by one, then one entry for each plane."""
    table = np.full(_BMP_CHARS + 17, Class.LETTER, np.uint8)
    for code in range(_BMP_CHARS):
        table[code] = _class_of(chr(code))
    for low, high in ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF)):
        block = table[low : high + 1]
        block[block == Class.LETTER] = Class.DENSE
    table[_BMP_CHARS + 1] = Class.SYMBOL  # mostly emoji
    table[_BMP_CHARS + 2 : _BMP_CHARS + 4] = Class.DENSE
    return table


def _class_of(char: str) -> Class:
    category = unicodedata.category(char)
    if char in _SEPARATORS:
        return Class.SEPARATOR
    if category == "Po":
        return _class_of_punctuation(char)
    if found := _BY_CATEGORY.get(category):
        return found
    return Class.LETTER if category[0] in "LM" or category == "Cs" else Class.SYMBOL


def _class_of_punctuation(char: str) -> Class:
    """Commas, stops and colons are told by their names, so that none of a rare script is forgotten."""
    name = unicodedata.name(char, "")
    if char in "\"'":
        return Class.QUOTE
    if "COMMA" in name or "SEMICOLON" in name:
        return Class.COMMA
    if any(word in name for word in _STOPS) and not name.startswith("INVERTED"):
        return Class.STOP
    return Class.COLON if "COLON" in name else Class.SYMBOL
