"""Which blocks of a page are its main text: two forests judge, and a few rules that are certain correct them."""

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np

from workers.boilerplate.blocks import PARTS, WORDS, Blocks
from workers.boilerplate.features import Array, Hints, context_of, features_of
from workers.boilerplate.forest import ForestPair, probability
from workers.boilerplate.markers import Kind, find_marker
from workers.boilerplate.paragraphs import letters, weight

THRESHOLD: Final = 0.47
"""A block of this probability is kept. Out of fold, F1 is flat between .5 and .6 on every training set; half-way, since
a stray line costs a reader less than a lost paragraph."""
_HEADING_FLOOR: Final = 0.1
_HEADING_REACH: Final = 3
"""Blocks that may stand between a heading and the text above it: a picture, a pointer to another page."""
_REPEAT_CHARS: Final = 60
"""A paragraph of more characters that stood before is the page's second copy of it, for another width of screen."""
_LABEL_CHARS: Final = 60
_FURNITURE_CHARS: Final = 160
_NAME_CHARS: Final = 4
_HEAD_BLOCKS: Final = 4
_ABOVE_MAX: Final = 60
_LINKED_RATIO: Final = 0.5
_STOP: Final = re.compile("[.!?\u061f]$")  # ARABIC QUESTION MARK
_HEADINGS: Final = frozenset({"h2", "h3", "h4", "h5", "h6"})
_CELLS: Final = frozenset({"td", "th"})
_ALONE: Final = frozenset(
    {Kind.RELATED, Kind.READ_ALSO, Kind.END, Kind.SHARE, Kind.LINK, Kind.KEYWORDS, Kind.SUBSCRIBE}
)
"""Kinds of lines that are left out when nothing but the marker stands on them."""
_TEASERS: Final = frozenset({Kind.READ_ALSO, Kind.SUBSCRIBE, Kind.RELATED, Kind.LINK})


class Why(StrEnum):
    """What decided about a block, in words."""

    TEXT = "reads like the article"
    MODEL = "does not read like the article"
    TITLE = "the headline, which is the field `title`"
    LABEL = "a label above the headline"
    BYLINE = "the by-line, which is the field `authors`"
    MARKER = "a label or a pointer to other pages"
    REPEAT = "repeats a paragraph above"
    LAST_HEADING = "a heading with no text of the article below it"


def judge(page: Blocks, hints: Hints, forests: ForestPair) -> Array:
    """The probability (N,) of each block that it is main text."""
    if not page.text:
        return np.zeros(0, np.float32)
    table, layout = features_of(page, hints)
    first = probability(forests.first.margins_by_column(table.values))
    context = context_of(first, layout)
    return probability(forests.second.margins_by_column(np.concatenate([table.values, context.values])))


def decide(page: Blocks, judged: Array, title: str | None, authors: Sequence[str]) -> list[Why]:
    """For each block, what decided about it; Why.TEXT is kept."""
    whys = [Why.MODEL] * len(page.text)
    seen: set[str] = set()
    for number in np.flatnonzero(judged >= THRESHOLD).tolist():
        whys[number] = _by_rule(page, number, seen)
    _take_in_headings(page, judged, whys)
    _leave_out_head(page, whys, letters(title or ""), authors)
    _leave_out_last_heading(page, whys)
    return whys


def paragraphs(page: Blocks, whys: Sequence[Why]) -> list[str]:
    """The kept blocks in order; the cells of one row of a table are one paragraph, where each is one block.

    Tables that lay out a page have cells of many.
    """
    names, parents = page.elements.name, page.elements.parent
    blocks_in = Counter(row for row in page.row if names[row] in _CELLS)
    laid_out = {parents[cell] for cell, blocks in blocks_in.items() if blocks > 1}
    found: list[str] = []
    open_row = -1
    for text, row, why in zip(page.text, page.row, whys, strict=True):
        if why is not Why.TEXT:
            continue
        table_row = parents[row] if row in blocks_in and parents[row] not in laid_out else -1
        if table_row >= 0 and table_row == open_row:
            found[-1] += " " + text
        else:
            found.append(text)
        open_row = table_row
    return found


def _by_rule(page: Blocks, number: int, seen: set[str]) -> Why:
    text = page.text[number]
    if len(text) > _REPEAT_CHARS:
        if text in seen:
            return Why.REPEAT
        seen.add(text)
    if len(text) <= _FURNITURE_CHARS and (marker := find_marker(text)):
        if not marker.value:
            return Why.MARKER if marker.kind in _ALONE else Why.TEXT
        is_link = page.linked[number] >= _LINKED_RATIO * len(marker.value)
        if marker.kind in _TEASERS and (is_link or marker.kind in (Kind.READ_ALSO, Kind.SUBSCRIBE)):
            return Why.MARKER
    return Why.TEXT


def _take_in_headings(page: Blocks, judged: Array, whys: list[Why]) -> None:
    """A heading right above a kept block and not far below another is one of the article's sections, if it is not quite
    unlikely. Out of fold it brings .0003 F1 on fundus and .0004 on wcxb, and .0013 on traf.
    """
    for number in range(1, len(whys) - 1):
        is_between = (
            whys[number + 1] is Why.TEXT and Why.TEXT in whys[max(0, number - _HEADING_REACH) : number]
        )
        if is_between and whys[number] is Why.MODEL and judged[number] >= _HEADING_FLOOR:
            is_link = page.linked[number] >= _LINKED_RATIO * len(page.text[number])
            if page.elements.name[page.row[number]] in _HEADINGS and not is_link:
                whys[number] = Why.TEXT


def _leave_out_head(page: Blocks, whys: list[Why], title: str, authors: Sequence[str]) -> None:
    """The headline and the by-line among the first kept blocks have fields of their own, and labels stand above."""
    names = [letters(name) for name in authors]
    above = next(
        (
            number
            for number, text in enumerate(page.text[:_ABOVE_MAX])
            if title and len(text) < 300 and letters(text) == title
        ),
        0,
    )
    for number in range(above):
        if whys[number] is Why.TEXT and weight(page.text[number]) <= _LABEL_CHARS:
            whys[number] = Why.LABEL
    head = [number for number, why in enumerate(whys) if why is Why.TEXT][:_HEAD_BLOCKS]
    for number in head:
        own = letters(page.text[number])
        if title and own == title:
            whys[number] = Why.TITLE
        elif any(len(name) >= _NAME_CHARS and _is_byline(page.text[number], own, name) for name in names):
            whys[number] = Why.BYLINE
        elif weight(page.text[number]) > 2 * _LABEL_CHARS:
            break


def _is_byline(text: str, own: str, name: str) -> bool:
    return name in own and len(own) <= len(name) + _LABEL_CHARS and not _STOP.search(text)


def _leave_out_last_heading(page: Blocks, whys: list[Why]) -> None:
    """A short heading that ends the text announces what is not part of it."""
    last = next((number for number in range(len(whys) - 1, -1, -1) if whys[number] is Why.TEXT), None)
    if last is not None and page.elements.name[page.row[last]] in _HEADINGS:
        text = page.text[last]
        if weight(text) < _LABEL_CHARS and not _STOP.search(text):
            whys[last] = Why.LAST_HEADING


def evidence(page: Blocks, number: int) -> str:
    """What speaks against a block that the model left out, in a few words; empty when nothing in particular does."""
    text, row = page.text[number], page.row[number]
    if page.linked[number] > _LINKED_RATIO * len(text):
        return "mostly links"
    around = page.elements.words[row] | page.elements.around[row]
    for name, words in _NAMED.items():
        if around >> list(WORDS).index(name) & 1:
            return words
    for name, words in _PARTS_NAMED.items():
        if page.elements.parts[row] >> PARTS.index(name) & 1:
            return words
    return "a short line" if weight(text) < _LABEL_CHARS else "apart from the article's other paragraphs"


_NAMED: Final = {
    "comment": "its element is named as comments are",
    "letter": "its element is named as newsletters and subscriptions are",
    "consent": "its element is named as notices and dialogues are",
    "share": "its element is named as share buttons are",
    "related": "its element is named as lists of other articles are",
    "advert": "its element is named as advertisements are",
    "caption": "its element is named as captions are",
    "foot": "its element is named as the foot of a page is",
    "side": "its element is named as side columns are",
    "menu": "its element is named as menus are",
    "tag": "its element is named as tags and topics are",
    "meta": "its element is named as by-lines and dates are",
}
_PARTS_NAMED: Final = {
    "aside": "it stands in an aside",
    "figure": "it stands in a figure",
    "header": "it stands in a header",
    "form": "it stands in a form",
    "table": "it stands in a table",
}
