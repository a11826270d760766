"""Paragraphs and small pieces of text: one way to write them."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_SPACES: Final = re.compile(r"\s+")
_NOT_LETTERS: Final = re.compile(r"[\W_]+")
# Thai, Lao, Myanmar, Khmer; kana, CJK ideographs.
_DENSE: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_IDEOGRAPHS: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
# ARABIC COMMA, SEMICOLON, QUESTION MARK, FULL STOP; DEVANAGARI DANDA; IDEOGRAPHIC COMMA, FULL STOP; FULLWIDTH
# EXCLAMATION MARK, COMMA, QUESTION MARK.
_STOP: Final = re.compile("[.!?;,\u060c\u061b\u061f\u06d4\u0964\u3001\u3002\uff01\uff0c\uff1f]")


def tidy(text: str) -> str:
    """`text` in NFC on one line, without white space around it and with one space between words."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def join(paragraphs: Iterable[str]) -> str:
    """The paragraphs, tidied, separated by one blank line; empty ones left out."""
    return "\n\n".join(filter(None, map(tidy, paragraphs)))


def distinct(items: Iterable[str]) -> tuple[str, ...]:
    """The items, tidied, in order, without empty ones and without those that came before (in any case)."""
    kept: dict[str, str] = {}
    for item in map(tidy, items):
        if item:
            kept.setdefault(item.casefold(), item)
    return tuple(kept.values())


def letters(text: str) -> str:
    """The letters and digits of `text` in NFC without case, for comparing lines that differ in spaces and marks."""
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFC", text)).casefold()


def weight(line: str) -> int:
    """Length in characters; an ideograph or kana says as much as three letters."""
    return len(line) if line.isascii() else len(line) + 2 * len(_IDEOGRAPHS.findall(line))


def is_prose(line: str, chars: int) -> bool:
    """Whether `line` weighs more than `chars` and has a comma or a stop in it, as headlines and labels rarely do."""
    return weight(line) > chars and bool(_STOP.search(line))


def word_count(text: str) -> int:
    """How many words `text` has; a character of a script written without spaces counts for one half."""
    dense = len(_DENSE.findall(text))
    return len(_DENSE.sub(" ", text).split()) + dense // 2
