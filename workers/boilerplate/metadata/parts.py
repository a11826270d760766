"""The elements of a page that state something about it, fetched once."""

from dataclasses import dataclass, field
from typing import Final

from turbohtml import Document, Element

from workers.boilerplate.metadata.texts import shown

_MARKED: Final = (
    "h1, time, [itemprop], [rel~=author], a[href*='/author'], a[href*='/autor'], a[href*='/auteur'], "
    "[class*=author i], [class*=byline i], [class*=autor i], [class*=auteur i], [class*=publish i], [class*=date i], "
    "[data-testid*=author i], [data-testid*=byline i]"
)
_META_MAX: Final = 500
_MARKED_MAX: Final = 600
_H1_MAX: Final = 20
"""Bounds for pages that were made to keep us busy."""


@dataclass(frozen=True, slots=True)
class Parts:
    """`meta`: contents by lower-case name, property or itemprop, in order. `links`: hrefs by rel.

    `marked`: elements after whose kind or class a headline, a by-line or a date may stand in them, in the order of
    the page. `scripts`: texts of the JSON-LD.
    """

    meta: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    marked: list[Element] = field(default_factory=list)
    title: str = ""
    h1: list[Element] = field(default_factory=list)

    def first(self, *names: str) -> str | None:
        """The first content that is stated under one of `names`, the first name first."""
        return next((value for name in names for value in self.meta.get(name, ())), None)

    def all(self, *names: str) -> list[str]:
        return [value for name in names for value in self.meta.get(name, ())]


def read_parts(document: Document) -> Parts:
    titles = [element for element in document.find_all("title", limit=20) if not element.closest("svg")]
    return Parts(
        meta=_meta(document),
        links=_links(document),
        scripts=[
            element.text
            for element in document.find_all("script")
            if "ld+json" in (element.attr("type") or "").lower()
        ],
        marked=document.select(_MARKED)[:_MARKED_MAX],
        title=shown(titles[0].text) if titles else "",
        h1=[element for element in document.find_all("h1", limit=_H1_MAX) if shown(element.text)],
    )


def _meta(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in document.find_all("meta", limit=_META_MAX):
        content = element.attr("content")
        if content and (content := content.strip()):
            attr = element.attr
            for name in {attr("property"), attr("name"), attr("itemprop"), attr("http-equiv")}:
                if name:
                    found.setdefault(name.strip().lower(), []).append(content)
    return found


def _links(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in document.find_all("link", limit=_META_MAX):
        rel, href = element.attr("rel"), element.attr("href")
        if rel and href:
            for each in rel.lower().split():
                found.setdefault(each, []).append(href)
    return found
