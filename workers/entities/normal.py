"""Names as they are compared: spelling variants of letters unified, marks left out."""

import re
import unicodedata
from itertools import chain
from typing import Final

# Marks that do not change which word it is: Arabic honorifics, vowel signs, superscript alef, Quranic marks,
# tatweel; soft hyphen, combining grapheme joiner, zero width space and joiner, bidi controls, word joiner, BOM.
# Letters are unified as in the measurements on de-duplication (آأإٱ, ى, ة, Persian ي and ك, ё).
_MARK_RANGES: Final = (
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E8),
    (0x06EA, 0x06ED),
    (0x0640, 0x0640),
    (0x034F, 0x034F),
)
_FORMAT_RANGES: Final = (
    (0x00AD, 0x00AD),
    (0x200B, 0x200B),
    (0x200D, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x2069),
    (0xFEFF, 0xFEFF),
)


def _characters(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(map(chr, chain.from_iterable(range(low, high + 1) for low, high in ranges)))


MARKS: Final = frozenset(_characters(_MARK_RANGES))
DROPPED: Final = MARKS | frozenset(_characters(_FORMAT_RANGES))
_DROPPED_ONES: Final = re.compile("[" + "".join(map(re.escape, sorted(DROPPED))) + "]")

LETTERS: Final = {
    0x0622: 0x0627,  # ALEF WITH MADDA ABOVE to ALEF
    0x0623: 0x0627,  # ALEF WITH HAMZA ABOVE
    0x0625: 0x0627,  # ALEF WITH HAMZA BELOW
    0x0671: 0x0627,  # ALEF WASLA
    0x0649: 0x064A,  # ALEF MAKSURA to YEH
    0x06CC: 0x064A,  # FARSI YEH
    0x0626: 0x064A,  # YEH WITH HAMZA ABOVE
    0x0624: 0x0648,  # WAW WITH HAMZA ABOVE to WAW
    0x0629: 0x0647,  # TEH MARBUTA to HEH
    0x06C0: 0x0647,  # HEH WITH YEH ABOVE
    0x06C1: 0x0647,  # HEH GOAL
    0x06A9: 0x0643,  # KEHEH to KAF
    0x06AF: 0x063A,  # GAF to GHAIN, as Arabic writes foreign g
    0x0451: 0x0435,  # CYRILLIC SMALL IO to IE
    0x0401: 0x0415,  # CYRILLIC CAPITAL IO to IE
    0x2018: 0x27,  # single quotation marks to APOSTROPHE
    0x2019: 0x27,
    0x02BC: 0x27,
    0x2010: 0x2D,  # hyphens to HYPHEN-MINUS
    0x2011: 0x2D,
    0x200C: 0x20,  # ZERO WIDTH NON-JOINER to SPACE: both part a Persian compound
    0x00A0: 0x20,
    0x202F: 0x20,
    0x09: 0x20,
    0x0A: 0x20,
    0x0D: 0x20,
}
# The keys of names are digests of UTF-8, which has no surrogates.
# Letters that stay as they are stand in it too, as far as the alphabets go: str.translate is slow where it finds nothing.
_TABLE: Final = (
    {code: code for code in range(0x0700)} | LETTERS | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
)


def normalise(text: str) -> str:
    """`text` with marks dropped and letters unified, every other code point one to one. Case is kept."""
    return _DROPPED_ONES.sub("", text).translate(_TABLE)


def normal_name(name: str) -> str:
    """`name` as names are compared: normalised, one space between words. Idempotent."""
    if name.isascii():
        return " ".join(name.split())
    return " ".join(normalise(unicodedata.normalize("NFC", name)).split())
