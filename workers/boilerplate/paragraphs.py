"""Paragraphs and small pieces of text: one way to write them."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_NO_ASCII_LETTERS: Final = {code: None for code in range(128) if not chr(code).isalnum()}
# Thai, Lao, Myanmar, Khmer; kana, CJK ideographs.
_DENSE: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_DENSE_UTF8: Final = bytes([0xE0, 0xE1, *range(0xE3, 0xEA)])
"""What these begin with in UTF-8, and some others do."""
# U+4000 to U+9FFF are what begins with these bytes in UTF-8; U+3040 to U+30FF, U+3400 to U+3FFF.
_IDEOGRAPHS_UTF8: Final = bytes(range(0xE4, 0xEA))
_OTHER_IDEOGRAPHS_UTF8: Final = re.compile(b"\xe3[\x81-\x83\x90-\xbf]")
# ARABIC COMMA, SEMICOLON, QUESTION MARK, FULL STOP; DEVANAGARI DANDA; IDEOGRAPHIC COMMA, FULL STOP; FULLWIDTH
# EXCLAMATION MARK, COMMA, QUESTION MARK.
_STOP: Final = re.compile("[.!?;,\u060c\u061b\u061f\u06d4\u0964\u3001\u3002\uff01\uff0c\uff1f]")


def tidy(text: str) -> str:
    """`text` in NFC on one line, without white space around it and with one space between words."""
    text = unicodedata.normalize("NFC", text)
    # The only white space that is printable is the space.
    is_tidy = text.isprintable() and "  " not in text and not text.startswith(" ") and not text.endswith(" ")
    return text if is_tidy else " ".join(text.split())


def distinct(items: Iterable[str]) -> tuple[str, ...]:
    """The items, tidied, in order, without empty ones and without those that came before (in any case)."""
    kept: dict[str, str] = {}
    for item in map(tidy, items):
        if item:
            kept.setdefault(item.casefold(), item)
    return tuple(kept.values())


def letters(text: str) -> str:
    """The letters and digits of `text` in NFC without case, for comparing lines that differ in spaces and marks."""
    if text.isascii():
        return text.translate(_NO_ASCII_LETTERS).casefold()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", text))).casefold()


def weight(line: str) -> int:
    """Length in characters; an ideograph or kana says as much as three letters."""
    if line.isascii():
        return len(line)
    raw = line.encode("utf-8", "surrogatepass")
    ideographs = len(raw) - len(raw.translate(None, _IDEOGRAPHS_UTF8))
    if 0xE3 in raw:
        ideographs += len(_OTHER_IDEOGRAPHS_UTF8.findall(raw))
    return len(line) + 2 * ideographs


def is_prose(line: str, chars: int) -> bool:
    """Whether `line` weighs more than `chars` and has a comma or a stop in it, as headlines and labels rarely do."""
    return (len(line) > chars or weight(line) > chars) and bool(_STOP.search(line))


def word_count(text: str) -> int:
    """How many words `text` has; a character of a script written without spaces counts for one half."""
    raw = b"" if text.isascii() else text.encode("utf-8", "surrogatepass")
    if len(raw.translate(None, _DENSE_UTF8)) == len(raw):
        return len(text.split())
    spaced, dense = _DENSE.subn(" ", text)
    return len(spaced.split()) + dense // 2
