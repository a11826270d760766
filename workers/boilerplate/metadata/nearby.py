"""What stands around the headline, and what stands in other parts of the page."""

import re
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from workers.boilerplate.metadata.marks import Mark, marks_between
from workers.boilerplate.metadata.texts import shown
from workers.boilerplate.metadata.view import BREAKING, Names, PageView, among
from workers.boilerplate.tokens import resolved

_ELSEWHERE: Final = among("nav", "footer", "aside", "form", "dialog")
_ELSEWHERE_WORDS: Final = re.compile(
    b' class="[^"]*(?:comment|related|teaser|recommend|sidebar|widget)| id="[^"]*(?:comment|sidebar)',
    re.IGNORECASE,
)
_SKIPPED: Final = among("figcaption", "button")
_TAG_BYTES: Final = 500
_TAGS_MAX: Final = 200
_ABOVE_MAX: Final = 60
_MARKS_ABOVE: Final = 80
_MARKS_BELOW: Final = 500
"""In tags. On the pages of extraction/dev nine of ten by-lines that are found anywhere stand there. With 300 tags below
five true ones fewer are found, with 900 no more true ones, but names of boxes and of those who commented."""
_LINES_MAX: Final = 14
_PROSE_CHARS: Final = 250
_PROSE_LINES: Final = 4
"""Behind so many paragraphs no by-line is looked for: it stands above the text."""
_LINE_BYTES: Final = 900
"""More than the length of prose in any script."""
"""Bounds for pages that were made to keep us busy; by-line and date stand in the first lines."""


class Surroundings:
    """What is around the headline, to tell by-lines of the article from those of comments and teasers."""

    def __init__(self, page: PageView, headline: int | None) -> None:
        self.page = page
        self.headline = headline
        self._elsewhere: dict[int, int | None] = {}

    def lines_below(self, limit: int) -> list[str]:
        """The first `limit` lines of text behind the headline, tidied: what stands between elements that break lines."""
        return self._lines[:limit]

    def lines_above(self, limit: int) -> list[str]:
        """The texts nearest before the headline, the nearest first."""
        if self.headline is None:
            return []
        page, found = self.page, []
        _, tags = _texts_between(page, max(page.first, self.headline - _ABOVE_MAX), self.headline)
        for tag in reversed(tags):
            if text := _tidied(page.data[page.end[tag] : page.begin[tag + 1]]):
                found.append(text)
                if len(found) == limit:
                    break
        return found

    def find_below(self, names: Names, limit: int) -> list[int]:
        """The first elements of these names close behind the headline."""
        if self.headline is None:
            return []
        start = self.page.partner[self.headline]
        return self.page.named(names, start, min(start + _TAGS_MAX, self.page.last), limit)

    @cached_property
    def marked(self) -> list[Mark]:
        """The marked elements near the headline, those behind it first; without one, of the whole page."""
        page, headline = self.page, self.headline
        if headline is None:
            return marks_between(page, page.first, page.last)
        start, stop = max(page.first, headline - _MARKS_ABOVE), min(page.last, headline + _MARKS_BELOW)
        found = marks_between(page, start, stop)
        return sorted(found, key=lambda mark: mark.tag < headline)

    def lacks(self, element: int) -> bool:
        """Whether an element stands in a menu, a side column, a comment or a teaser that the headline is not in."""
        place = self._place(element)
        return place is not None and place not in self._around

    @cached_property
    def _around(self) -> frozenset[int]:
        return frozenset(self.page.around(self.headline)) if self.headline is not None else frozenset()

    @cached_property
    def _lines(self) -> list[str]:
        if self.headline is None:
            return []
        page, start = self.page, self.page.partner[self.headline]
        data, begin, end = page.data, page.begin, page.end
        numbers, tags = _texts_between(page, start, start + _TAGS_MAX)
        lines: list[str] = []
        prose_left = _PROSE_LINES
        written = b""
        for number, following, tag in zip(numbers, [*numbers[1:], -1], tags, strict=False):
            written += data[end[tag] : begin[tag + 1]]
            if following == number:
                written += b" "
                continue
            if text := _tidied(written):
                lines.append(text)
                prose_left -= len(text) > _PROSE_CHARS
                if not prose_left or len(lines) == _LINES_MAX:
                    break
            written = b""
        return lines

    def _place(self, element: int) -> int | None:
        """The innermost part of the page around an element, or itself, that is not the article's."""
        if self._is_elsewhere(element):
            return element
        above = self.page.around(element)
        parent = above[0] if above else -1
        if parent not in self._elsewhere:
            self._elsewhere[parent] = next(filter(self._is_elsewhere, above), None)
        return self._elsewhere[parent]

    def _is_elsewhere(self, element: int) -> bool:
        page = self.page
        if page.code(element) in _ELSEWHERE.codes:
            return True
        begin = page.begin[element]
        return _says_elsewhere(page.data[begin : min(page.end[element], begin + _TAG_BYTES)])


def _tidied(written: bytes) -> str:
    """`shown` of a line as it is written, of a long one the beginning; most need nothing but one kind of space."""
    if len(written) > _LINE_BYTES:
        return resolved(written[:_LINE_BYTES].decode("utf-8", "ignore"))
    text = written.decode("utf-8", "replace").strip()
    return text if text.isprintable() and "&" not in text and "  " not in text else shown(resolved(text))


@lru_cache(maxsize=2_000)
def _says_elsewhere(tag: bytes) -> bool:
    return bool(_ELSEWHERE_WORDS.search(tag))


def _texts_between(page: PageView, start: int, stop: int) -> tuple[list[int], list[int]]:
    """The tags from `start` to `stop` that more than one character stands behind, and before them the lines of these
    texts, counted.
    """
    tokens = page.tokens
    stop = min(stop, page.last)
    tag = tokens.tag[start:stop]
    has_text = tokens.begin[start + 1 : stop + 1] - tokens.end[start:stop] > 1
    if page.next_named(_SKIPPED, start, stop) is not None:
        skipped = _SKIPPED.table[tag]
        steps = (skipped & tokens.is_open[start:stop]).astype(np.int64)
        steps -= skipped & tokens.is_close[start:stop]
        has_text &= np.cumsum(steps) <= 0
    numbers = has_text.nonzero()[0]
    return BREAKING.table[tag].cumsum()[numbers].tolist(), (numbers + start).tolist()
