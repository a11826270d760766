"""The elements of a page that state something about it, fetched once."""

from typing import Final

from turbohtml import Document, Element

from workers.boilerplate.metadata.texts import shown

_MARKS: Final = "[itemprop], [class*=aut i], [class*=byline i], [class*=publi i], [class*=date i]"
_MARKED: Final = (
    "h1", "h2", "time", "a:is([rel~=author], [href*='/aut'], [itemprop], [class*=aut i], [class*=byline i])",
    "li:is([class*=aut i], [class*=date i])",
    *(f"{tag}:is({_MARKS})" for tag in (
        "span", "div", "p", "ul", "td", "em", "b", "strong", "small", "h3", "h4", "h5", "h6", "section", "header", "address",
        "cite", "dd", "footer", "i", "font",
        "article", "figure",
    )),
)  # fmt: skip
"""Each kind of element is looked up alone, which the parser's index answers faster than a test of all elements."""
_META_MAX: Final = 500
_MARKED_MAX: Final = 600
_H1_MAX: Final = 20
_CONTENT_CHARS: Final = 10_000
_TITLE_CHARS: Final = 2_000
"""Bounds for pages that were made to keep us busy."""


class Parts:
    """The elements, by what they may state.

    `meta`: contents by lower-case name, property or itemprop, in order. `links`: hrefs by rel. `scripts`: texts of the
    JSON-LD. `title`: of the document. `h1`: those with text.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._marked: list[Element] | None = None
        self.meta = _meta(document)
        self.links = _links(document)
        self.scripts = [element.text for element in document.select("script[type*='ld+json' i]")]
        titles = (element for element in document.select("title")[:_H1_MAX] if not element.closest("svg"))
        self.title = next((shown(element.text[:_TITLE_CHARS]) for element in titles), "")
        self.h1 = [
            element for element in document.select("h1")[:_H1_MAX] if element.text[:_TITLE_CHARS].strip()
        ]

    @property
    def marked(self) -> list[Element]:
        """Elements in which a headline, a by-line or a date may stand, by their kind or class, in the page's order."""
        if self._marked is None:  # a quarter of the whole time, and half of the pages say all in their head
            found = [element for selector in _MARKED for element in self.select(selector)]
            self._marked = sorted(found, key=lambda element: element.position or (0, 0))[:_MARKED_MAX]
        return self._marked

    def select(self, selector: str) -> list[Element]:
        return self._document.select(selector)[:_MARKED_MAX]

    def first(self, *names: str) -> str | None:
        """The first content that is stated under one of `names`, the first name first."""
        return next((value for name in names for value in self.meta.get(name, ())), None)

    def all(self, *names: str) -> list[str]:
        return [value for name in names if name in self.meta for value in self.meta[name]]


def _meta(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in document.select("meta[content]")[:_META_MAX]:
        attr = element.attr
        if content := (attr("content") or "")[:_CONTENT_CHARS].strip():
            name = attr("name")
            for each in {name or attr("http-equiv"), attr("property"), attr("itemprop")}:
                if each:
                    found.setdefault(each.strip().lower(), []).append(content)
    return found


def _links(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in document.select("link:is([rel*=canonical i],[rel*=image_src i])")[:_META_MAX]:
        rel, href = element.attr("rel"), element.attr("href")
        if rel and href:
            for each in rel.lower().split():
                found.setdefault(each, []).append(href)
    return found
