"""The same page in another script: Latin, Greek and Cyrillic letters replaced, one for one, by Arabic ones.

Structure and gold stay exact, so whatever a reader does otherwise on such a page, it does because of the script.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Final

import turbohtml

from workers.boilerplate.evaluation.corpora import Case
from workers.boilerplate.evaluation.visible import text_nodes

_SOURCES: Final = ((0x61, 0x7A), (0x3B1, 0x3C9), (0x430, 0x45F))
"""Code points of the lower-case letters of Latin, Greek and Cyrillic, first and last."""
_MORE: Final = "\u00df\u00e6\u00f0\u00f8\u00fe\u0111\u0131\u0142\u0153\u0259\u0491"
"""LATIN SMALL LETTERS SHARP S, AE, ETH, O WITH STROKE, THORN, D WITH STROKE, DOTLESS I, L WITH STROKE, LIGATURE OE,
SCHWA; CYRILLIC SMALL LETTER GHE WITH UPTURN. Other letters with marks count as those without."""
_ARABIC: Final = (0x621, 0x6D3)
_MARKS: Final = str.maketrans(",;?", "\u060c\u061b\u061f")  # ARABIC COMMA, SEMICOLON, QUESTION MARK
_RUN: Final = re.compile("[A-Za-z,;?\u00aa-\u024f\u0250-\u02af\u0300-\u052f\u1e00-\u1fff]+")
"""What may be replaced: those scripts with their extensions, and combining marks, which are left out behind them."""


def can_be_mapped(case: Case) -> bool:
    """Whether more than half of the letters that belong to the main text are Latin, Greek or Cyrillic."""
    text = case.gold or "".join(case.wanted)
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(bool(_RUN.match(char)) for char in letters) > len(letters)


def in_arabic_letters(case: Case) -> Case:
    """The page as `mapped_page` has it, with its gold mapped; its tags, other attributes, scripts and styles stay."""
    body = case.event.body
    assert isinstance(body, str)
    return replace(
        case,
        event=replace(case.event, body=mapped(body) if case.is_dump else mapped_page(body)),
        gold=mapped(case.gold) if case.gold else None,
        wanted=tuple(map(mapped, case.wanted)),
        unwanted=tuple(map(mapped, case.unwanted)),
    )


def mapped(text: str) -> str:
    """`text` with its letters replaced, both cases alike, and with Arabic commas, semicolons and question marks."""
    return _RUN.sub(lambda run: _mapped_run(run[0]), text)


def mapped_page(html: str) -> str:
    """The page with its text nodes mapped, and with what its meta elements say of title and description, as pages in
    that script have them; JSON-LD stays.
    """
    document = turbohtml.parse(html)
    for node in list(text_nodes(document)):
        node.data = mapped(node.data)
    for meta in document.select("meta[content]"):
        named = meta.attr("property") or meta.attr("name") or ""
        if named.lower().endswith(("title", "description")):
            meta.attrs["content"] = mapped(meta.attr("content") or "")
    return document.serialize()


def _mapped_run(run: str) -> str:
    table = _table()
    letters: list[str] = []
    for char in unicodedata.normalize("NFC", run):
        lower = char.lower()[0]
        if found := table.get(lower) or table.get(unicodedata.normalize("NFD", lower)[0]):
            letters.append(found)
        elif not (letters and unicodedata.category(char) == "Mn"):
            letters.append(char)
    return "".join(letters).translate(_MARKS)


@cache
def _table() -> dict[str, str]:
    letters = [chr(code) for first, last in _SOURCES for code in range(first, last + 1)] + list(_MORE)
    return dict(zip(letters, _arabic_letters(), strict=False))


def _arabic_letters() -> Iterator[str]:
    """Those that no normal form takes apart."""
    for code in range(_ARABIC[0], _ARABIC[1] + 1):
        char = chr(code)
        if unicodedata.category(char) == "Lo" and unicodedata.is_normalized("NFKC", char):
            yield char
