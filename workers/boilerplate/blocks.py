"""From the tags of pages to their blocks: runs of text that stand between the tags that break lines.

All pages of a batch at once: Python sees only the runs with text in them, and the elements around these.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.charset import scrub
from workers.boilerplate.elements import Elements, elements_of
from workers.boilerplate.tokens import CODE, CUSTOM, NAMES, Flags, Ints, Tokens, shown_text

BREAKING: Final = (
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "button", CUSTOM,
)  # fmt: skip
"""Elements that stand on lines of their own."""
LINE_BREAKS: Final = ("br", "hr")
_NEVER_READ: Final = ("head",)
_MENUS: Final = ("nav", "footer", "button")
"""With elements whose role is navigation they hold a third of the blocks of the training pages, and .002 of the
characters of their main texts."""
_NAVIGATION: Final = b' role="navigation"'
_BEGIN_CHAR: Final = -0x40
"""Bytes of UTF-8 that go on with a character, 0x80 to 0xBF, are less than this as signed numbers, and no others are."""
_MENU_CHARS: Final = 25
"""A link of fewer characters that stands alone, and is no heading or cell, belongs to a menu: 27 % of the blocks of the
training pages, and .002 of the characters of their main texts."""
_NO_MENU: Final = ("h1", "h2", "h3", "h4", "h5", "h6", "td", "th")


def _among(names: Sequence[str]) -> Flags:
    """A table by the numbers of names: whether a name is one of these."""
    table = np.zeros(256, bool)
    table[[CODE[name] for name in names]] = True
    return table


_BREAKS: Final = _among((*BREAKING, *LINE_BREAKS))
_IS_LINE_BREAK: Final = _among(LINE_BREAKS)
_IS_NEVER_READ: Final = _among(_NEVER_READ)
_IS_MENU: Final = _among((*_NEVER_READ, *_MENUS))
_IS_LINK: Final = _among(("a",))
_IS_STRONG: Final = _among(("b", "strong", "em", "i", "u"))
_IS_NO_MENU: Final = _among(_NO_MENU)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The N blocks of K pages in reading order: runs of text between the tags that break lines.

    `text` is without white space around it, one space between words, as written otherwise. `linked` and `strong` are
    the shares (0..1) of it inside links and inside bold or emphasised text, `links` the links that begin in it. `row`
    is the innermost element that breaks lines around it, a row of `elements`; `after_break` tells that a br or hr
    stands before it. `token` is the tag that it stands behind. Page k has the blocks `pages[k]` to `pages[k + 1]`.
    """

    text: list[str]
    linked: NDArray[np.float32]
    links: Ints
    strong: NDArray[np.float32]
    row: Ints
    after_break: Flags
    token: Ints
    pages: Ints
    elements: Elements

    @property
    def page(self) -> Ints:
        """(N,) the number of the page that each block is of."""
        return np.repeat(np.arange(len(self.pages) - 1), np.diff(self.pages))

    def of_page(self, number: int) -> "PageBlocks":
        """The blocks of one page."""
        begin, end = self.pages[number : number + 2].tolist()
        row = self.row[begin:end]
        return PageBlocks(
            text=self.text[begin:end],
            linked=self.linked[begin:end].tolist(),
            name=[NAMES[tag] for tag in self.elements.tag[row].tolist()],
            row=row.tolist(),
            around=self.elements.parent[row].tolist(),
            token=self.token[begin:end].tolist(),
            parts=self.elements.parts[row],
            words=self.elements.words[row] | self.elements.around[row],
        )


@dataclass(frozen=True, slots=True)
class PageBlocks:
    """The N blocks of one page, for rules that look at one after the other.

    `name` is that of the element around a block, `row` its number, `around` the number of the one around that; `token`
    is the tag that a block stands behind; `parts` and `words` are bits of PARTS and WORDS, of all elements around a block.
    """

    text: list[str]
    linked: list[float]
    name: list[str]
    row: list[int]
    around: list[int]
    token: list[int]
    parts: Ints
    words: Ints


def blocks_of(tokens: Tokens, *, whole: bool = False) -> Blocks:
    """The blocks of the pages, without those in menus and footers unless `whole` is asked for."""
    skipped, removed = _skipped(tokens, whole=whole)
    breaks = _BREAKS[tokens.tag] & ~removed
    runs = _runs_of(tokens, breaks, skipped)
    opens, parent, top = _tree(tokens, breaks)
    place = np.searchsorted(opens, top[runs.token])
    text, kept = _texts(tokens, runs, skipped, _IS_NO_MENU[tokens.tag[top[runs.token]]])
    token = runs.token[kept]
    first = np.searchsorted(token, opens)
    last = np.searchsorted(token, tokens.partner[opens]) - 1
    holds = last >= first
    number = np.cumsum(holds) - 1
    elements = elements_of(tokens, opens[holds], number[parent[holds]], first[holds], last[holds])
    return Blocks(
        text=text,
        linked=runs.linked[kept],
        links=runs.links[kept],
        strong=runs.strong[kept],
        row=number[place[kept]],
        after_break=_IS_LINE_BREAK[tokens.tag[token]],
        token=token,
        pages=np.searchsorted(token, tokens.pages),
        elements=elements,
    )


def _skipped(tokens: Tokens, *, whole: bool) -> tuple[Flags, Flags]:
    """The tags (T,) behind which no text is read, and those that do nothing: the same, and the end tags of these."""
    roots = tokens.is_open & (_IS_NEVER_READ if whole else _IS_MENU)[tokens.tag]
    if not whole:
        for at in _found(tokens.data, _NAVIGATION):
            number = int(np.searchsorted(tokens.begin, at)) - 1
            roots[number] |= tokens.is_open[number]
    starts = np.flatnonzero(roots)
    steps = np.zeros(len(roots), np.int64)
    steps[starts] = 1
    steps[tokens.partner[starts]] = -1
    inside: Flags = np.cumsum(steps) > 0
    removed = inside.copy()
    removed[tokens.partner[starts]] = True
    return inside, removed


def _found(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


@dataclass(frozen=True, slots=True)
class _Runs:
    """The runs with text: `token` before each, its `first` and `last` tag with text behind, and how many of these."""

    token: Ints
    first: Ints
    last: Ints
    pieces: Ints
    linked: NDArray[np.float32]
    strong: NDArray[np.float32]
    links: Ints
    is_all_linked: Flags


def _runs_of(tokens: Tokens, breaks: Flags, skipped: Flags) -> _Runs:
    size = tokens.begin[1:] - tokens.end
    blank = (size == 0) | skipped
    single = np.flatnonzero((size == 1) & ~blank)
    blank[single] = np.frombuffer(tokens.data, np.uint8)[tokens.end[single]] == ord(" ")
    pieces = np.flatnonzero(~blank)
    run = np.cumsum(breaks)[pieces]
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    borders = np.append(np.flatnonzero(breaks), len(breaks))
    token = borders[run[starts] - 1]
    is_link = _IS_LINK[tokens.tag]
    opened = np.cumsum(is_link & tokens.is_open & ~skipped)
    links = opened[borders[run[starts]] - 1] - opened[token]
    sizes = _chars_of(tokens, pieces)
    total = np.add.reduceat(sizes, starts) if len(starts) else sizes
    shares = []
    for kind in (is_link, _IS_STRONG[tokens.tag]):
        steps = (kind & tokens.is_open).astype(np.int64) - (kind & tokens.is_close)
        inside = sizes * (np.cumsum(steps)[pieces] > 0)
        shares.append(np.add.reduceat(inside, starts) if len(starts) else sizes)
    linked, strong = shares
    return _Runs(
        token=token,
        first=pieces[starts],
        last=pieces[np.append(starts, len(pieces))[1:] - 1],
        pieces=np.diff(starts, append=len(pieces)),
        linked=(linked / np.maximum(total, 1)).astype(np.float32),
        strong=(strong / np.maximum(total, 1)).astype(np.float32),
        links=links,
        is_all_linked=linked + links > total,
    )


def _chars_of(tokens: Tokens, pieces: Ints) -> Ints:
    """The characters of the text behind each of these tags: shares in bytes would depend on the script."""
    begin, end = tokens.end[pieces], tokens.begin[pieces + 1]
    if tokens.data.isascii():
        return end - begin
    goes_on = np.flatnonzero(np.frombuffer(tokens.data, np.int8) < _BEGIN_CHAR)
    chars: Ints = end - begin - (goes_on.searchsorted(end) - goes_on.searchsorted(begin))
    return chars


def _tree(tokens: Tokens, breaks: Flags) -> tuple[Ints, Ints, Ints]:
    """The E elements that break lines: their opening tags, the number of the one around each, and for each tag (T,) the
    opening tag of the innermost one around what stands behind it.
    """
    is_open, is_close = breaks & tokens.is_open, breaks & tokens.is_close
    opens = np.flatnonzero(is_open)
    level = np.cumsum(is_open.astype(np.int64) - is_close)
    reach = len(breaks) + 1
    keys = level[opens] * reach + opens
    order = np.argsort(keys, kind="stable")
    above = (level[opens] - 1) * reach + opens
    around = order[np.maximum(np.searchsorted(keys[order], above) - 1, 0)]
    parent = np.where(level[opens] > 1, around, np.arange(len(opens)))
    # What stands behind an end tag is in the element around.
    last = np.maximum.accumulate(np.where(is_open | is_close, np.arange(len(breaks)), 0))
    number = np.cumsum(is_open) - 1
    closed = is_close[last]
    own = number[np.where(closed, tokens.partner[last], last)]
    top = opens[np.where(closed, parent[own], own)] if len(opens) else own
    return opens, parent, top


def _texts(tokens: Tokens, runs: _Runs, skipped: Flags, may_be_short: Flags) -> tuple[list[str], Ints]:
    """The text of each run that is no white space and no menu's, and the numbers of these runs."""
    data = tokens.data
    begin = tokens.end[runs.first]
    end = tokens.begin[runs.last + 1]
    hidden = np.concatenate([[0], np.cumsum(skipped)])
    is_broken = hidden[runs.last + 1] > hidden[runs.first]
    may_be_menu = runs.is_all_linked & ~may_be_short
    worth = np.flatnonzero(~(may_be_menu & (end - begin < _MENU_CHARS)))
    texts: list[str] = []
    kept: list[int] = []
    columns = (worth, begin[worth], end[worth], runs.pieces[worth], may_be_menu[worth], is_broken[worth])
    for number, at, until, pieces, is_menu, broken in zip(*(each.tolist() for each in columns), strict=True):
        raw = _joined(tokens, runs, skipped, number) if broken else data[at:until]
        text = (shown_text(raw) if pieces > 1 or b"&" in raw else raw.decode()).strip()
        # No white space but the space is printable. Characters that are not wanted may have been written as references,
        # which the parser has resolved.
        if "  " in text or not text.isprintable():
            text = " ".join(scrub(" ".join(text.split())).split())
        if text and not (is_menu and len(text) < _MENU_CHARS):
            texts.append(text)
            kept.append(number)
    return texts, np.array(kept, np.int64)


def _joined(tokens: Tokens, runs: _Runs, skipped: Flags, number: int) -> bytes:
    """The text of a run that an element which is not read stands in."""
    shown = [each for each in range(runs.first[number], runs.last[number] + 1) if not skipped[each]]
    return b"".join(tokens.data[tokens.end[each] : tokens.begin[each + 1]] for each in shown)
