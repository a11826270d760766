"""Which script a text is written in, and the languages that a script or a letter decides alone."""

import string
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

_BLOCKS: Final = (
    (0x0041, 0x005A, "Latin"), (0x0061, 0x007A, "Latin"), (0x00C0, 0x024F, "Latin"), (0x1E00, 0x1EFF, "Latin"),
    (0x0370, 0x03FF, "Greek"), (0x1F00, 0x1FFF, "Greek"),
    (0x0400, 0x052F, "Cyrillic"), (0x0531, 0x058F, "Armenian"), (0x05D0, 0x05F2, "Hebrew"),
    (0x0620, 0x064A, "Arabic"), (0x066E, 0x06D3, "Arabic"), (0x06D5, 0x06D5, "Arabic"), (0x06EE, 0x06EF, "Arabic"),
    (0x06FA, 0x06FF, "Arabic"), (0x0750, 0x077F, "Arabic"), (0xFB50, 0xFDFF, "Arabic"), (0xFE70, 0xFEFC, "Arabic"),
    (0x0710, 0x072F, "Syriac"), (0x0780, 0x07A5, "Thaana"),
    (0x0904, 0x0939, "Devanagari"), (0x093E, 0x094D, "Devanagari"), (0x0980, 0x09E3, "Bengali"),
    (0x0A00, 0x0A7F, "Gurmukhi"), (0x0A80, 0x0AFF, "Gujarati"), (0x0B00, 0x0B7F, "Oriya"), (0x0B80, 0x0BFF, "Tamil"),
    (0x0C00, 0x0C7F, "Telugu"), (0x0C80, 0x0CFF, "Kannada"), (0x0D00, 0x0D7F, "Malayalam"),
    (0x0D80, 0x0DFF, "Sinhala"), (0x0E01, 0x0E4E, "Thai"), (0x0E81, 0x0EDF, "Lao"), (0x0F40, 0x0FBC, "Tibetan"),
    (0x1000, 0x109F, "Myanmar"), (0x10A0, 0x10FF, "Georgian"), (0x1200, 0x137F, "Ethiopic"),
    (0x1780, 0x17D3, "Khmer"), (0x1820, 0x18AA, "Mongolian"), (0x2D30, 0x2D7F, "Tifinagh"),
    (0x1100, 0x11FF, "Hangul"), (0x3130, 0x318F, "Hangul"), (0xAC00, 0xD7A3, "Hangul"),
    (0x3041, 0x3096, "Kana"), (0x30A1, 0x30FA, "Kana"), (0xFF66, 0xFF9D, "Kana"),
    (0x3100, 0x312F, "Han"), (0x3400, 0x4DBF, "Han"), (0x4E00, 0x9FFF, "Han"), (0xF900, 0xFAFF, "Han"),
)  # fmt: skip
"""First and last code point of the letters of a script, in ascending order. Source: Unicode 16, Blocks.txt and the
Script property; only what newspapers are written in."""

_NAMES: Final = tuple(dict.fromkeys(name for _, _, name in sorted(_BLOCKS)))
_LATIN_LETTERS: Final = string.ascii_letters.encode()
_WEIGHTS: Final = {"Han": 3, "Kana": 2, "Hangul": 2, "Arabic": 1.5, "Hebrew": 1.5}
"""Letters of an alphabet with vowels that one of these stands for, about: 60 Han characters say what 180 Latin letters
do."""

_ALONE: Final = {
    "Greek": "el", "Armenian": "hy", "Hebrew": "he", "Thaana": "dv", "Bengali": "bn", "Gurmukhi": "pa",
    "Gujarati": "gu", "Oriya": "or", "Tamil": "ta", "Telugu": "te", "Kannada": "kn", "Malayalam": "ml",
    "Sinhala": "si", "Thai": "th", "Lao": "lo", "Tibetan": "bo", "Myanmar": "my", "Georgian": "ka",
    "Ethiopic": "am", "Khmer": "km", "Mongolian": "mn", "Tifinagh": "zgh", "Hangul": "ko", "Syriac": "syr", "Han": "zh", "Kana": "ja",
}  # fmt: skip
"""The language of a script that newspapers write one language in, or one far more than the others."""

_MARKED: Final = {
    # YIDDISH DOUBLE VAV, VAV YOD, DOUBLE YOD
    "Hebrew": (("yi", frozenset("\u05f0\u05f1\u05f2"), 0.01),),
    # ASSAMESE RA and VA
    "Bengali": (("as", frozenset("\u09f0\u09f1"), 0.01),),
    "Arabic": (
        # Sindhi: BEEH, BEHEH, TTEHEH, TEHEH, NYEH, DYEH, TCHEHEH, DDAHAL, DUL, PEHEH, NGOEH, RNOON, REH WITH FOUR
        # DOTS ABOVE, TEH WITH THREE DOTS ABOVE DOWNWARDS, DAL WITH DOT BELOW, DAHAL
        (
            "sd",
            frozenset(
                "\u067b\u0680\u067a\u067f\u0683\u0684\u0687\u068d\u068f\u06a6\u06b1\u06bb\u0699\u067d\u068a\u068c"
            ),
            0.02,
        ),
        # Malay (Jawi): AIN WITH THREE DOTS ABOVE, FEH WITH THREE DOTS ABOVE, KEHEH WITH DOT ABOVE, NOON WITH THREE
        # DOTS ABOVE, WAW WITH DOT ABOVE, NYA
        ("ms", frozenset("\u06a0\u06a4\u0762\u06bd\u06cf"), 0.04),
        # Kashmiri: ALEF WITH WAVY HAMZA ABOVE and BELOW, WAW WITH RING, KASHMIRI YEH
        ("ks", frozenset("\u0672\u0673\u06c4\u0620"), 0.02),
    ),
}
"""By script: languages that no model of ours knows, the letters that they alone have, and the share of these among a
text's letters. The shares lie below those in sentences of our own (0.05 and more), and above those in 7,588 Arabic, Persian,
Urdu, Uyghur and Central Kurdish texts of the evaluation, of at most 0.0005."""
_KANA_RATIO: Final = 0.1
"""Kana among the Han characters and kana (weighted) of a text from which it is Japanese; in Japanese texts of the
development data it is at least 0.3, in Chinese ones 0."""


_LETTERS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Scripts:
    """The scripts of a text, most first, by their weighted share (0..1) of its letters; `letters` counts these."""

    shares: dict[str, float]
    letters: int

    @property
    def main(self) -> str | None:
        return next(iter(self.shares), None)


def read_scripts(text: str) -> Scripts:
    """The scripts that `text` is written in. Letters outside the Basic Multilingual Plane are not counted."""
    if text.isascii():
        letters = len(text) - len(text.encode().translate(None, _LATIN_LETTERS))
        return Scripts({"Latin": 1.0} if letters else {}, letters)
    counts = np.bincount(_numbers().take(_code_points(text)))
    letters = len(text) - int(counts[0])
    found = counts.nonzero()[0].tolist()
    weighted = {
        _NAMES[number - 1]: int(counts[number]) * _WEIGHTS.get(_NAMES[number - 1], 1)
        for number in found
        if number
    }
    kana, han = weighted.get("Kana", 0), weighted.get("Han", 0)
    if kana and han:
        script = "Kana" if kana > _KANA_RATIO * (kana + han) else "Han"
        del weighted["Kana"], weighted["Han"]
        weighted[script] = kana + han
    total = sum(weighted.values())
    ranked = sorted(weighted.items(), key=lambda item: (-item[1], item[0]))
    return Scripts({name: weight / total for name, weight in ranked}, letters)


def language_of_script(text: str, script: str) -> str | None:
    """The language that `script` or letters of `text` decide alone; None when several are written in it so."""
    for language, letters, share in _MARKED.get(script, ()):
        marked = sum(map(text.count, letters))
        if marked >= _LETTERS_MIN and marked > share * sum(map(str.isalpha, text)):
            return language
    return _ALONE.get(script)


def _code_points(text: str) -> NDArray[np.uint32]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.minimum(points, 0xFFFF)


@cache
def _numbers() -> NDArray[np.uint8]:
    """For each code point of the Basic Multilingual Plane the number of its script in `_NAMES` + 1, or 0."""
    table = np.zeros(0x10000, np.uint8)
    for first, last, name in _BLOCKS:
        table[first : last + 1] = _NAMES.index(name) + 1
    table[[0x00D7, 0x00F7]] = 0  # MULTIPLICATION SIGN, DIVISION SIGN
    table.setflags(write=False)
    return table
