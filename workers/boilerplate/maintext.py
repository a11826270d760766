"""Which blocks of a page are its main text: two forests judge, and a few rules that are certain correct them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress, islice, pairwise
from typing import Final

import numpy as np

from workers.boilerplate.blocks import Blocks, PageBlocks
from workers.boilerplate.dates import date_in_lines
from workers.boilerplate.elements import PARTS, WORDS
from workers.boilerplate.extent import announces_wall
from workers.boilerplate.features import Hints, context_of, features_of
from workers.boilerplate.forest import CERTAIN, ForestPair, chances
from workers.boilerplate.markers import Kind, find_marker
from workers.boilerplate.paragraphs import letters, weight
from workers.boilerplate.tokens import Flags, Ints

THRESHOLD: Final = 0.5
"""A block of this probability is kept. Out of fold the sum of F1 on fundus, traf and wcxb is 2.859 here and 2.858 at .53;
before headings of comments were read with their number it was 2.855 at .42, 2.856 at .47, 2.848 at .6."""
HOPELESS: Final = 0.08
"""A block that the first forest gives less is not shown to the second: two of three. Out of fold 4 in 100,000
of the blocks that would be kept are among them, on daniel and cpe none."""
_ROWS_AT_ONCE: Final = 4_096
"""Blocks whose columns are put together at once: more than a batch of pages has, so only huge pages are cut."""
_SIBLING_FLOOR: Final = 0.15
_SIBLING_CHARS: Final = 60
"""A longer block of such a probability is kept beside a kept one of its kind: out of fold it brings .0012 F1 on traf and
.0003 on wcxb, and costs .0001 on fundus; .08 to .35 are alike."""
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
_MARKS_CHARS: Final = 12
"""A line and a title of the same letters differ by no more marks and spaces."""
_ENDED_CHARS: Final = 500
"""As for dumps: behind so much text the heading of comments ends it."""
_COUNT: Final = re.compile(r"[\d()\[\]:\s]+")
_WALL_BLOCKS: Final = 3
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
    DATE = "the date, which is the field `published_at`"
    WALL = "says that the rest is for subscribers"
    BEHIND = "stands behind the heading of the comments"
    MARKER = "a label or a pointer to other pages"
    REPEAT = "repeats a paragraph above"
    LAST_HEADING = "a heading with no text of the article below it"


@dataclass(frozen=True, slots=True)
class Chances:
    """Of N blocks: the probability that each is main text, in parts of CERTAIN, its length in letters, and a number that
    it shares with the blocks of its page and kind.
    """

    chance: Ints
    weight: Ints
    group: Ints

    def between(self, begin: int, end: int) -> "Chances":
        return Chances(self.chance[begin:end], self.weight[begin:end], self.group[begin:end])


def judge(blocks: Blocks, hints: Sequence[Hints], forests: ForestPair) -> Chances:
    """How likely each block of all pages is main text; `hints` are those of each page."""
    if not blocks.text:
        return Chances(*np.zeros((3, 0), np.int64))
    table, layout = features_of(blocks, hints)
    first = chances(forests.first.margins_by_column(table.values))
    context = context_of(first, layout)
    chance = np.zeros(len(first), np.int64)
    asked = np.flatnonzero(first >= HOPELESS * CERTAIN)
    for at in range(0, len(asked), _ROWS_AT_ONCE):
        rows = asked[at : at + _ROWS_AT_ONCE]
        columns = np.concatenate([table.values[:, rows], context.values[:, rows]])
        chance[rows] = chances(forests.second_margins(columns))
    return Chances(chance, layout.weight, layout.group)


def decide(page: PageBlocks, judged: Chances, title: str | None, authors: Sequence[str]) -> list[Why]:
    """For each block of a page, what decided about it; Why.TEXT is kept."""
    whys = [Why.MODEL] * len(page.text)
    seen: set[str] = set()
    kept = np.flatnonzero(_likely(page, judged)).tolist()
    for number in kept:
        whys[number] = _by_rule(page, number, seen)
    _take_in_headings(page, judged.chance, whys, kept)
    _leave_out_head(page, whys, title or "", authors)
    _leave_out_comments(page, whys)
    _leave_out_wall(page, whys)
    _leave_out_last_heading(page, whys)
    return whys


def _likely(page: PageBlocks, judged: Chances) -> Flags:
    """The blocks (N,) that are more likely text than not, and paragraphs of the same kind that stand next to these."""
    kept: Flags = judged.chance >= THRESHOLD * CERTAIN
    may_follow = ~kept & (judged.chance >= _SIBLING_FLOOR * CERTAIN) & (judged.weight > _SIBLING_CHARS)
    numbers = [each for each in np.flatnonzero(may_follow).tolist() if page.linked[each] < _LINKED_RATIO]
    for near, order in ((-1, numbers), (1, numbers[::-1])):
        for number in order:
            other = number + near
            if 0 <= other < len(kept) and kept[other] and judged.group[other] == judged.group[number]:
                kept[number] = True
    return kept


def paragraphs(page: PageBlocks, is_kept: Sequence[bool]) -> list[str]:
    """The kept blocks in order; the cells of one row of a table are one paragraph, where each is one block.

    Tables that lay out a page have cells of many.
    """
    if _CELLS.isdisjoint(page.name):
        return list(compress(page.text, is_kept))
    cells = [
        (row, around)
        for row, around, name in zip(page.row, page.around, page.name, strict=True)
        if name in _CELLS
    ]
    laid_out = {around for (_, around), count in Counter(cells).items() if count > 1}
    found: list[str] = []
    open_row = -1
    for text, around, name in compress(zip(page.text, page.around, page.name, strict=True), is_kept):
        table_row = around if name in _CELLS and around not in laid_out else -1
        if table_row >= 0 and table_row == open_row:
            found[-1] += " " + text
        else:
            found.append(text)
        open_row = table_row
    return found


def _by_rule(page: PageBlocks, number: int, seen: set[str]) -> Why:
    text = page.text[number]
    if len(text) > _REPEAT_CHARS:
        if text in seen:
            return Why.REPEAT
        seen.add(text)
    if len(text) <= _FURNITURE_CHARS and (marker := find_marker(text)):
        if not marker.value:
            return Why.MARKER if marker.kind in _ALONE else Why.TEXT
        is_link = page.linked[number] * len(text) >= _LINKED_RATIO * len(marker.value)
        if marker.kind in _TEASERS and (is_link or marker.kind in (Kind.READ_ALSO, Kind.SUBSCRIBE)):
            return Why.MARKER
    return Why.TEXT


def _take_in_headings(page: PageBlocks, chance: Ints, whys: list[Why], kept: Sequence[int]) -> None:
    """A heading right above a kept block and not far below another is one of the article's sections, if it is not quite
    unlikely. Out of fold it brings .0003 F1 on fundus and .0004 on wcxb, and .0013 on traf.
    """
    for below in kept:
        number = below - 1
        if (
            number > 0
            and whys[below] is Why.TEXT
            and whys[number] is Why.MODEL
            and page.name[number] in _HEADINGS
            and chance[number] >= _HEADING_FLOOR * CERTAIN
            and page.linked[number] < _LINKED_RATIO
            and Why.TEXT in whys[max(0, number - _HEADING_REACH) : number]
        ):
            whys[number] = Why.TEXT


def _leave_out_head(page: PageBlocks, whys: list[Why], title: str, authors: Sequence[str]) -> None:
    """The headline and the by-line among the first kept blocks have fields of their own, and labels stand above."""
    key = letters(title)
    above = next((at for at, text in enumerate(page.text[:_ABOVE_MAX]) if _says(text, title, key)), 0)
    for number in _kept(whys[:above]):
        if weight(page.text[number]) <= _LABEL_CHARS:
            whys[number] = Why.LABEL
    names = [letters(name) for name in authors]
    for number in _kept(whys, _HEAD_BLOCKS):
        text = page.text[number]
        if _says(text, title, key):
            whys[number] = Why.TITLE
        elif any(len(name) >= _NAME_CHARS and _is_byline(text, letters(text), name) for name in names):
            whys[number] = Why.BYLINE
        elif date_in_lines([text]):
            whys[number] = Why.DATE
        elif weight(text) > 2 * _LABEL_CHARS:
            break


def _kept(whys: Sequence[Why], most: int | None = None) -> list[int]:
    """The numbers of the first kept blocks."""
    text = Why.TEXT
    return list(islice((number for number, why in enumerate(whys) if why is text), most))


def _says(text: str, title: str, key: str) -> bool:
    """Whether a block is the title, whose letters are `key`."""
    return bool(key) and abs(len(text) - len(title)) <= _MARKS_CHARS and letters(text) == key


def _is_byline(text: str, own: str, name: str) -> bool:
    return name in own and len(own) <= len(name) + _LABEL_CHARS and not _STOP.search(text)


def _leave_out_comments(page: PageBlocks, whys: list[Why]) -> None:
    """A short line that announces comments, behind a good part of a text, ends it."""
    kept = _kept(whys)
    chars = 0
    for number, behind in pairwise(kept):
        chars += len(page.text[number])
        if chars < _ENDED_CHARS:
            continue
        for between in range(number + 1, behind + 1):
            text = page.text[between]
            if (
                len(text) <= _LABEL_CHARS
                and page.linked[between] < _LINKED_RATIO
                and _announces_comments(text)
            ):
                for each in kept:
                    if each >= between:
                        whys[each] = Why.BEHIND
                return


def _announces_comments(text: str) -> bool:
    """Whether a line is a heading of comments and nothing else, but for their number: "Comments (12)"."""
    marker = find_marker(_COUNT.sub(" ", text).strip())
    return marker is not None and marker.kind is Kind.END and not marker.value


def _leave_out_wall(page: PageBlocks, whys: list[Why]) -> None:
    """A notice among the last kept blocks that the rest of the article is for subscribers."""
    for number in _kept(whys)[1:][-_WALL_BLOCKS:]:
        if announces_wall(page.text[number]):
            whys[number] = Why.WALL


def _leave_out_last_heading(page: PageBlocks, whys: list[Why]) -> None:
    """A short heading that ends the text announces what is not part of it."""
    last = next((number for number in range(len(whys) - 1, -1, -1) if whys[number] is Why.TEXT), None)
    if last is not None and page.name[last] in _HEADINGS:
        text = page.text[last]
        if weight(text) < _LABEL_CHARS and not _STOP.search(text):
            whys[last] = Why.LAST_HEADING


def evidence(page: PageBlocks, number: int) -> str:
    """What speaks against a block that the model left out, in a few words; empty when nothing in particular does."""
    if page.linked[number] > _LINKED_RATIO:
        return "mostly links"
    around = int(page.words[number])
    for name, words in _NAMED.items():
        if around >> list(WORDS).index(name) & 1:
            return words
    for name, words in _PARTS_NAMED.items():
        if int(page.parts[number]) >> PARTS.index(name) & 1:
            return words
    return (
        "a short line"
        if weight(page.text[number]) < _LABEL_CHARS
        else "apart from the article's other paragraphs"
    )


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
