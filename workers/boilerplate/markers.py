"""Lines that stand around an article in a text dump: source, keywords, "read also", and so on."""

import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

_HEAD_CHARS: Final = 64
"""Longer than any form with its vowel marks."""
_PREFIX_CHARS: Final = 4
_BEGIN_CHARS: Final = 2 + _PREFIX_CHARS
"""A bullet and what tells the form."""
_SHORT_SIZES: Final = (3, 2, 1)
_BEGINNINGS: Final = 1 << 12
"""How many beginnings of lines are remembered, in half a megabyte: two of three of a dump are found among them."""
_SIGMA: Final = "\u03a3"  # GREEK CAPITAL LETTER SIGMA
_LINE_CHARS: Final = 160
"""A line that begins with a marker and goes on without a colon is page furniture only when it is a line, not a
paragraph."""

_BULLETS: Final = frozenset({"\u2022 ", "- ", "* "})  # BULLET
_LEADING: Final = re.compile(r"^[^\w\u00a9(\uff08]+")  # COPYRIGHT SIGN, FULLWIDTH LEFT PARENTHESIS
_COLON: Final = re.compile(r"\s*[:\uff1a]\s*|\s+[|\u2013\u2014-]\s+")  # FULLWIDTH COLON, EN DASH, EM DASH
_NOTHING: Final = re.compile(r"[\W_]*$")
_DENSE: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff]")  # kana, ideographs: no space between words
# Quotation marks and brackets may close a sentence after its full stop (ARABIC QUESTION MARK, ARABIC FULL STOP,
# IDEOGRAPHIC FULL STOP, FULLWIDTH EXCLAMATION MARK, FULLWIDTH QUESTION MARK; right quotation marks).
_SENTENCE_END: Final = re.compile("[.!?\u061f\u06d4\u3002\uff01\uff1f][\"'\u00bb\u201d)]*$")
# FATHATAN to SUKUN, SUPERSCRIPT ALEF, TATWEEL and COMBINING DOT ABOVE (of a lowered dotted I) to nothing.
# ALEF with MADDA, HAMZA ABOVE, HAMZA BELOW and ALEF WASLA to ALEF; ALEF MAKSURA and FARSI YEH to YEH; KEHEH to KAF;
# ZERO WIDTH NON-JOINER and NO-BREAK SPACE to space; RIGHT SINGLE QUOTATION MARK to apostrophe.
_FOLDED: Final = dict.fromkeys([*range(0x064B, 0x0653), 0x0670, 0x0640, 0x0307]) | str.maketrans(
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


_MOST_CHARS: Final = {Kind.SHARE: 48, Kind.LINK: 48, Kind.AUTHOR: 64}
"""Labels that go on are short: "Share this article on Facebook"; a longer line that begins so is text."""
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
    sizes = _sizes_of(paragraph[:_BEGIN_CHARS])
    if sizes == ():
        return None
    line = paragraph
    if not line[:1].isalnum():
        line = line[2:] if line[:2] in _BULLETS and line[2:3].isalnum() else _LEADING.sub("", line)
    head = line[:_HEAD_CHARS]
    folded = head.lower() if head.isascii() else head.lower().translate(_FOLDED)
    is_even = len(folded) == len(head)  # only a dotted I grows, and its dot is folded away
    if sizes is None:
        sizes = _sizes().get(folded[:_PREFIX_CHARS], ()) + _SHORT_SIZES
    forms = _forms()
    for size in sizes:
        form = forms.get(folded[:size])
        if form is not None and len(form.text) == size:
            value = _value(form, line, line[size if is_even else _end_of(form.text, line) :])
            if value is not None:
                return Marker(form.kind, value)
    return None


@lru_cache(maxsize=_BEGINNINGS)
def _sizes_of(begin: str) -> tuple[int, ...] | None:
    """The lengths of the forms that a line may begin with whose first six characters are `begin`, the longest first.

    None when these characters do not tell: some are no letters or vowel marks, or a sigma, which folds by what follows.
    """
    folded = begin[2:] if begin[:2] in _BULLETS else begin
    if not folded[:1].isalnum() or _SIGMA in folded:
        return None
    folded = folded.lower() if folded.isascii() else folded.lower().translate(_FOLDED)
    if len(folded) < _PREFIX_CHARS:
        return None
    sizes = _sizes().get(folded[:_PREFIX_CHARS], ())
    if folded[0] not in _short_begin():
        return sizes
    forms = _forms()
    return (*sizes, *[size for size in _SHORT_SIZES if folded[:size] in forms])


@cache
def _short_begin() -> frozenset[str]:
    """What the forms of fewer than four characters begin with."""
    return frozenset(text[0] for text in _forms() if len(text) < _PREFIX_CHARS)


def _value(form: _Form, line: str, rest: str) -> str | None:
    """What stands behind the marker, or None when the line only happens to begin with its words."""
    if not rest or _NOTHING.match(rest):
        return ""
    if colon := _COLON.match(rest):
        value = rest[colon.end() :]
        return value if form.kind is Kind.KEYWORDS or len(line) <= _LINE_CHARS else None
    word_goes_on = rest[0].isalnum() and not _DENSE.match(form.text[-1])
    if not form.may_go_on or word_goes_on or len(line) > _MOST_CHARS.get(form.kind, _LINE_CHARS):
        return None
    is_sentence = form.kind not in _SENTENCES and _SENTENCE_END.search(line)
    return None if is_sentence else rest.strip()


def _end_of(folded: str, line: str) -> int:
    """Where in `line` the characters end that fold to `folded`, which it begins with; vowel marks behind included."""
    left = len(folded)
    for index, char in enumerate(line):
        size = len(char.lower().translate(_FOLDED))
        if left <= 0 and size:
            return index
        left -= size
    return len(line)


@cache
def _forms() -> dict[str, _Form]:
    """All forms of all languages by their folded text."""
    table: dict[str, _Form] = {}
    for kinds in _data()["markers"].values():
        for kind, forms in kinds.items():
            for written in forms:
                text = unicodedata.normalize("NFC", written.rstrip("*")).lower().translate(_FOLDED)
                known = table.setdefault(text, _Form(text, Kind(kind), written.endswith("*")))
                if (
                    written.endswith("*") and not known.may_go_on
                ):  # of one text the form that takes more lines
                    table[text] = _Form(text, Kind(kind), may_go_on=True)
    return table


@cache
def _sizes() -> dict[str, tuple[int, ...]]:
    """The lengths of the forms that begin with four characters, the longest first; shorter forms are looked up."""
    found: dict[str, set[int]] = {}
    for text in _forms():
        if len(text) >= _PREFIX_CHARS:
            found.setdefault(text[:_PREFIX_CHARS], set()).add(len(text))
    return {key: tuple(sorted(sizes, reverse=True)) for key, sizes in found.items()}


@cache
def author_words() -> frozenset[str]:
    """Words before a name that make a line a by-line, without case."""
    return frozenset(word.casefold() for words in _data()["author_words"].values() for word in words)


def _data() -> dict[str, dict[str, dict[str, list[str]]]]:
    text = files("workers.boilerplate").joinpath("data/markers.json").read_text("utf-8")
    data: dict[str, dict[str, dict[str, list[str]]]] = json.loads(text)
    return data
