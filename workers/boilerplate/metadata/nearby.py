"""What stands around the headline, and what stands in other parts of the page."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from turbohtml import Element, Text

from workers.boilerplate.metadata.texts import shown

_ELSEWHERE: Final = (
    "nav, footer, aside, form, dialog, template, noscript, [class*=comment i], [class*=related i], [class*=teaser i], "
    "[class*=recommend i], [class*=sidebar i], [id*=comment i], [id*=sidebar i], [class*=widget i]"
)
_SKIPPED: Final = frozenset({"script", "style", "noscript", "template", "svg", "button", "option"})
_NODES_MAX: Final = 400
_LINE_BREAKERS: Final = frozenset({
    "p", "div", "h1", "h2", "h3", "h4", "li", "ul", "header", "section", "article", "figure", "figcaption", "time", "br",
    "address", "td", "tr", "table", "footer", "dd", "dt",
})  # fmt: skip


def elsewhere(element: Element) -> bool:
    """Whether `element` stands in a menu, a side column, a comment or a teaser."""
    return element.closest(_ELSEWHERE) is not None


def lines_below(headline: Element | None, limit: int) -> Iterator[str]:
    """The first `limit` lines of text behind the headline, each tidied: what stands between elements that break lines."""
    if headline is None:
        return
    pieces: list[str] = []
    lines = 0
    for node in islice(headline.following, _NODES_MAX):
        if isinstance(node, Element) and node.tag in _LINE_BREAKERS:
            if line := shown(" ".join(pieces)):
                yield line
                lines += 1
                if lines >= limit:
                    return
            pieces = []
        elif isinstance(node, Text):
            parent = node.parent
            if not (isinstance(parent, Element) and parent.tag in _SKIPPED):
                pieces.append(node.data[:1_000])
    if line := shown(" ".join(pieces)):
        yield line
