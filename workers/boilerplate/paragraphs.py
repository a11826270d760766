"""Paragraphs and small pieces of text: one way to write them."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_SPACES: Final = re.compile(r"\s+")


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


def word_count(text: str) -> int:
    """How many words `text` has; a character of a script written without spaces counts for one half."""
    dense = len(_DENSE.findall(text))
    return len(_DENSE.sub(" ", text).split()) + dense // 2


# Thai, Lao, Myanmar, Khmer; kana, CJK ideographs.
_DENSE: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
