"""Writing a text in another script, letter by letter, so that a model sees its structure and not its letters."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

from workers.boilerplate.dumplines import Lines
from workers.boilerplate.training.dumppages import Dump

_WORD: Final = re.compile(r"[^\W\d_]+")
_SPACED: Final = re.compile("(?<=[\u4e00-\u9fff\uff0c\u3002\uff1a\uff1f\uff01]) (?=[\u4e00-\u9fff])")
# To ARABIC COMMA, SEMICOLON, QUESTION MARK; to FULLWIDTH COMMA, IDEOGRAPHIC FULL STOP, FULLWIDTH COLON, QUESTION MARK,
# EXCLAMATION MARK.
_ARABIC_MARKS: Final = str.maketrans(",;?", "\u060c\u061b\u061f")
_WIDE_MARKS: Final = (
    (", ", "\uff0c"),
    (". ", "\u3002"),
    (": ", "\uff1a"),
    ("? ", "\uff1f"),
    ("! ", "\uff01"),
)
_DEVANAGARI_STOP: Final = (". ", "\u0964 ")  # DEVANAGARI DANDA


def rescripted(dump: Dump, rng: random.Random) -> Dump:
    """The dump in a script picked at random; its markers stay known."""
    write = rng.choice((_arabic, _arabic, _cyrillic, _devanagari, _ideographs, _ideographs, str))
    texts = [write(text) or text for text in dump.lines.texts]
    return replace(dump, lines=Lines(texts, dump.lines.blanks, dump.lines.bulleted))


def _letters(first: int, count: int, cased: int = 0) -> Callable[[str], str]:
    """Replacing each letter by one of `count` letters from code `first` on; upper case `cased` codes before it."""

    def letter(char: str) -> str:
        code = chr(first + ord(char.lower()[0]) % count)
        return chr(ord(code) - cased) if cased and char.isupper() else code

    return lambda word: "".join(map(letter, word))


@cache
def _writer(name: str) -> Callable[[str], str]:
    # ARABIC LETTER SEEN to LAM and others; CYRILLIC SMALL LETTER A to YA; DEVANAGARI LETTER KA to HA.
    return {
        "arabic": _letters(0x0627, 20),
        "cyrillic": _letters(0x0430, 32, cased=32),
        "devanagari": _letters(0x0915, 36),
    }[name]


def _arabic(text: str) -> str:
    write = _writer("arabic")
    return _WORD.sub(lambda word: write(word[0]), text).translate(_ARABIC_MARKS)


def _cyrillic(text: str) -> str:
    write = _writer("cyrillic")
    return _WORD.sub(lambda word: write(word[0]), text)


def _devanagari(text: str) -> str:
    write = _writer("devanagari")
    return _WORD.sub(lambda word: write(word[0]), text + " ").replace(*_DEVANAGARI_STOP).rstrip()


def _ideographs(text: str) -> str:
    """A word becomes one ideograph for each two or three letters; no space stands between words."""
    written = text + " "
    for mark, wide in _WIDE_MARKS:
        written = written.replace(mark, wide)
    written = _WORD.sub(lambda word: _ideograph_word(word[0].lower()), written)
    return _SPACED.sub("", written).strip()


@cache
def _ideograph_word(word: str) -> str:
    parts = [word[at : at + 3] for at in range(0, len(word), 3)]
    return "".join(
        chr(0x4E00 + sum((index * 7 + 1) * ord(char) for index, char in enumerate(part)) % 3000)
        for part in parts
    )
