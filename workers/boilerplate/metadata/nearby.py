"""What stands around the headline, and what stands in other parts of the page."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from turbohtml import Element, Node, Text

from workers.boilerplate.metadata.texts import shown

_ELSEWHERE: Final = (
    "nav, footer, aside, form, dialog, template, noscript, [class*=comment i], [class*=related i], [class*=teaser i], "
    "[class*=recommend i], [class*=sidebar i], [id*=comment i], [id*=sidebar i], [class*=widget i]"
)
_SKIPPED: Final = frozenset(
    {"script", "style", "noscript", "template", "figcaption", "svg", "button", "option"}
)
_NODES_MAX: Final = 200
_ABOVE_MAX: Final = 40
_LINES_MAX: Final = 14
_PROSE_CHARS: Final = 250
_PROSE_LINES: Final = 4
"""Behind so many paragraphs no by-line is looked for: it stands above the text."""
_LINE_CHARS: Final = 1_000
"""Bounds for pages that were made to keep us busy; by-line and date stand in the first lines."""
_LINE_BREAKERS: Final = frozenset({
    "p", "div", "h1", "h2", "h3", "h4", "li", "ul", "header", "section", "article", "figure", "figcaption", "time", "br",
    "address", "td", "tr", "table", "footer", "dd", "dt",
})  # fmt: skip


class Surroundings:
    """What is around the headline, to tell by-lines of the article from those of comments and teasers."""

    def __init__(self, headline: Element | None) -> None:
        self.headline = headline
        self._lines: list[str] | None = None
        self._around: frozenset[Node] | None = None

    def lines_below(self, limit: int) -> list[str]:
        """The first `limit` lines of text behind the headline, tidied: what stands between elements that break lines."""
        if self._lines is None:
            self._lines = (
                list(islice(_lines_behind(self.headline), _LINES_MAX)) if self.headline is not None else []
            )
        return self._lines[:limit]

    def lines_above(self, limit: int) -> list[str]:
        """The texts nearest before the headline, the nearest first."""
        if self.headline is None:
            return []
        nodes = islice(self.headline.preceding, _ABOVE_MAX)
        texts = (shown(node.data) for node in nodes if isinstance(node, Text) and not node.data.isspace())
        return list(islice(texts, limit))

    def find_below(self, tags: tuple[str, ...], limit: int) -> list[Element]:
        """The first elements of these kinds in the nodes behind the headline."""
        nodes = islice(self.headline.following, _NODES_MAX) if self.headline is not None else ()
        return list(islice((node for node in nodes if isinstance(node, Element) and node.tag in tags), limit))

    def lacks(self, element: Element) -> bool:
        """Whether `element` stands in a menu, a side column, a comment or a teaser that the headline is not in."""
        place = element.closest(_ELSEWHERE)
        if place is None or self.headline is None:
            return place is not None
        if self._around is None:
            self._around = frozenset(self.headline.ancestors)
        return place not in self._around


def _lines_behind(headline: Element) -> Iterator[str]:
    pieces: list[str] = []
    prose_left = _PROSE_LINES
    for node in islice(headline.following, _NODES_MAX):
        if isinstance(node, Text):
            data = node.data
            parent = node.parent if not data.isspace() else None
            if isinstance(parent, Element) and parent.tag not in _SKIPPED:
                pieces.append(data[:_LINE_CHARS])
        elif pieces and isinstance(node, Element) and node.tag in _LINE_BREAKERS:
            if line := shown(" ".join(pieces)):
                yield line
                prose_left -= len(line) > _PROSE_CHARS
                if not prose_left:
                    return
            pieces = []
    if line := shown(" ".join(pieces)):
        yield line
