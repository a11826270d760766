"""What each character of a text is to the tagger, in every script: its kind, and the letter it is read as."""

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.entities.normal import DROPPED, LETTERS

Codes = NDArray[np.uint32]
Kinds = NDArray[np.uint8]

SPACE: Final = 0
IGNORED: Final = 1
"""A mark that does not change which word it stands in."""
LETTER: Final = 2
"""Lower case, or of a script without case."""
CAPITAL: Final = 3
DIGIT: Final = 4
SIGN: Final = 5
"""Punctuation or a symbol: a token of its own."""
UNSPACED: Final = 6
"""A letter of a script that writes no spaces: a token of its own."""
# Thai and Lao, Burmese, Khmer, kana, Han.
_UNSPACED_RANGES: Final = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
)
_BMP_CHARS: Final = 0x10000
_ASTRAL_HAN: Final = (0x20000, 0x3FFFF)


def kinds_of(codes: Codes) -> Kinds:
    """The kind of each code point; any value is accepted, lone surrogates too."""
    kinds, _ = _tables()
    found = kinds.take(np.minimum(codes, _BMP_CHARS))
    if codes.size and codes.max() >= _BMP_CHARS:
        found[(codes >= _ASTRAL_HAN[0]) & (codes <= _ASTRAL_HAN[1])] = UNSPACED
    return found


def folded(codes: Codes) -> Codes:
    """Each code point as the letter it is compared as: small, spelling variants unified. Idempotent, one to one."""
    _, letters = _tables()
    return np.where(codes < _BMP_CHARS, letters.take(np.minimum(codes, _BMP_CHARS)), codes)


@cache
def _tables() -> tuple[Kinds, Codes]:
    kinds = np.full(_BMP_CHARS + 1, SIGN, np.uint8)
    letters = np.arange(_BMP_CHARS + 1, dtype=np.uint32)
    for code in range(_BMP_CHARS):
        kinds[code] = _kind_of(chr(code))
        letters[code] = _letter_of(code)
    for low, high in _UNSPACED_RANGES:
        kinds[low : high + 1] = UNSPACED
    return kinds, letters


def _kind_of(character: str) -> int:
    if character in DROPPED:
        return IGNORED
    category = unicodedata.category(character)
    if character.isspace() or category in {"Cc", "Zl", "Zp", "Zs"} or character == "\u200c":
        return SPACE  # ZERO WIDTH NON-JOINER parts a Persian compound
    if category == "Nd":
        return DIGIT
    if category in {"Lu", "Lt"}:
        return CAPITAL
    return LETTER if category[0] in "LMN" else SIGN


def _letter_of(code: int) -> int:
    small = chr(code).lower()
    code = ord(small) if len(small) == 1 else code
    code = LETTERS.get(code, code)
    return 0x69 if code in {0x130, 0x131} else code  # dotted and dotless I, which capitals do not tell apart
