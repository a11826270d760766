"""Lines that stand around an article in a text dump: source, keywords, "read also", and so on."""

import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

_HEAD_CHARS: Final = 64
"""Longer than any form with its vowel marks."""
_LINE_CHARS: Final = 160
"""A line that begins with a marker and goes on without a colon is page furniture only when it is a line, not a
paragraph."""

_LEADING: Final = re.compile(r"^[^\w\u00a9(\uff08]+")  # COPYRIGHT SIGN, FULLWIDTH LEFT PARENTHESIS
_COLON: Final = re.compile(r"\s*[:\uff1a]\s*|\s+[|\u2013\u2014-]\s+")  # FULLWIDTH COLON, EN DASH, EM DASH
_NOTHING: Final = re.compile(r"[\W_]*$")
_MARK: Final = re.compile("[\u064b-\u0652\u0670\u0640]")  # FATHATAN to SUKUN, SUPERSCRIPT ALEF, TATWEEL
_DENSE: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff]")  # kana, ideographs: no space between words
# Quotation marks and brackets may close a sentence after its full stop (ARABIC QUESTION MARK, ARABIC FULL STOP,
# IDEOGRAPHIC FULL STOP, FULLWIDTH EXCLAMATION MARK, FULLWIDTH QUESTION MARK; right quotation marks).
_SENTENCE_END: Final = re.compile("[.!?\u061f\u06d4\u3002\uff01\uff1f][\"'\u00bb\u201d)]*$")
# ALEF with MADDA, HAMZA ABOVE, HAMZA BELOW and ALEF WASLA to ALEF; ALEF MAKSURA and FARSI YEH to YEH; KEHEH to KAF;
# ZERO WIDTH NON-JOINER and NO-BREAK SPACE to space; RIGHT SINGLE QUOTATION MARK to apostrophe.
_FOLDED: Final = str.maketrans(
    "\u0622\u0623\u0625\u0671\u0649\u06cc\u06a9\u200c\u00a0\u2019",
    "\u0627\u0627\u0627\u0627\u064a\u064a\u0643  '",
)


class Kind(StrEnum):
    """What a marker line announces; see data/markers.json."""

    SOURCE = "source"
    KEYWORDS = "keywords"
    READ_ALSO = "read_also"
    RELATED = "related"
    END = "end"
    SUBSCRIBE = "subscribe"
    SHARE = "share"
    LINK = "link"
    AUTHOR = "author"


_SENTENCES: Final = frozenset({Kind.END, Kind.SUBSCRIBE})
"""Kinds that come as sentences: "All rights reserved." Lines of other kinds have no full stop."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker line: what it announces, and what stands behind it on the same line ("" when nothing does)."""

    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class _Form:
    text: str
    kind: Kind
    may_go_on: bool
    """Words may follow without a colon."""


def find_marker(paragraph: str) -> Marker | None:
    """The marker that `paragraph` (tidied, one line) begins with, or None when it is text."""
    line = _LEADING.sub("", paragraph)
    folded, ends = _fold(line[:_HEAD_CHARS])
    for form in _forms().get(folded[:1], ()):
        if folded.startswith(form.text):
            rest = line[ends[len(form.text) - 1] :]
            value = _value(form, line, rest)
            if value is not None:
                return Marker(form.kind, value)
    return None


def _value(form: _Form, line: str, rest: str) -> str | None:
    """What stands behind the marker, or None when the line only happens to begin with its words."""
    if _NOTHING.match(rest):
        return ""
    if colon := _COLON.match(rest):
        value = rest[colon.end() :]
        return value if form.kind is Kind.KEYWORDS or len(line) <= _LINE_CHARS else None
    word_goes_on = rest[0].isalnum() and not _DENSE.match(form.text[-1])
    if not form.may_go_on or word_goes_on or len(line) > _LINE_CHARS:
        return None
    is_sentence = form.kind not in _SENTENCES and _SENTENCE_END.search(line)
    return None if is_sentence else rest.strip()


def _fold(text: str) -> tuple[str, list[int]]:
    """`text` as forms are compared, and for each of its characters the offset behind it in `text`.

    Lower case, without vowel marks and tatweel, with one letter for the variants of alef, yeh and kaf.
    """
    kept = [index for index, char in enumerate(text) if not _MARK.match(char)]
    folded = "".join(text[index].lower()[:1] for index in kept).translate(_FOLDED)
    behind = [*kept[1:], len(text)] if kept else []
    return folded, behind


@cache
def _forms() -> dict[str, tuple[_Form, ...]]:
    """All forms of all languages by their first character, the longest first."""
    data = json.loads(files("workers.boilerplate").joinpath("data/markers.json").read_text("utf-8"))
    table: dict[str, list[_Form]] = {}
    for kinds in data["markers"].values():
        for kind, forms in kinds.items():
            for written in forms:
                text = _fold(unicodedata.normalize("NFC", written.rstrip("*")))[0]
                table.setdefault(text[:1], []).append(_Form(text, Kind(kind), written.endswith("*")))
    return {key: tuple(sorted(forms, key=lambda form: -len(form.text))) for key, forms in table.items()}
