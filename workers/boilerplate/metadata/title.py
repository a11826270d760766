"""The headline of a page's article, without the name of the site."""

import re
from collections.abc import Iterable
from typing import Final

from turbohtml import Element

from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.texts import shown
from workers.boilerplate.paragraphs import letters

# EN DASH, EM DASH, FULLWIDTH VERTICAL LINE, HANGUL LETTER I (used as a line), BULLET, MIDDLE DOT, DOUBLE ANGLE
# QUOTATION MARKS, FULLWIDTH COLON, WHITE SQUARE
_SEPARATOR: Final = re.compile(
    "\\s+[-\u2013\u2014|*\u2022\u00b7\u00bb\u00ab:\u2039\u203a/]\\s+|\\s*[|\uff5c\u3163\u2502]\\s*|\uff1a|(?<=[^\\W0-9_])-(?=[^\\W0-9_]{2,20}\u3163)"
)
_TITLE_CHARS: Final = 2_000
_TAIL_CHARS: Final = 60
_SHARE: Final = 0.5
_OG: Final = ("og:title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title", "headline")
_HEADINGS_MAX: Final = 6


def find_headline(parts: Parts, json_ld: JsonLd) -> Element | None:
    """The h1 that heads the article: the one that the page's titles repeat, else the first that is not in a menu."""
    keys = [letters(title) for title in (_stated(parts, json_ld), parts.title) if title]
    shown_h1 = [h1 for h1 in parts.h1 if h1.closest("nav, li, footer, aside, dialog") is None]
    for h1 in (*shown_h1, *parts.h1):
        key = letters(shown(h1.text[:_TITLE_CHARS]))
        if key and any(
            key == each or (len(key) > 12 and key in each) or (len(each) > 12 and each in key)
            for each in keys
        ):
            return h1
    return next(iter((*shown_h1, *parts.h1)), None)


def read_title(parts: Parts, json_ld: JsonLd, headline: Element | None, sites: Iterable[str]) -> str | None:
    """The headline as the article is known by; `sites` are names of the site, to be taken off."""
    names = [key for key in map(letters, sites) if key]
    heading = shown(headline.text[:_TITLE_CHARS]) if headline else ""
    stated = shown(json_ld.text("headline") or "")
    written = [title for name in _OG for title in parts.all(name)[:1]]
    og = shown(written[0]) if written else ""
    known = [letters(each) for each in (stated, heading) if each]
    title, og, stated = (_without_site(each, names, known) for each in (parts.title, og, stated))
    return _choose(title, og, stated, heading) or None


def _stated(parts: Parts, json_ld: JsonLd) -> str:
    return shown(json_ld.text("headline") or parts.first(*_OG) or "")


def _choose(title: str, og: str, stated: str, heading: str) -> str:
    return og or stated or heading or title


def _without_site(title: str, sites: list[str], known: list[str]) -> str:
    """`title` without what follows, or goes before, the headline: the site's name, its section.

    Where another statement of the page says the headline alone, that decides what it is.
    """
    pieces = list(_SEPARATOR.finditer(title))
    for match in pieces:
        if letters(title[: match.start()]) in known:
            return title[: match.start()]
    for match in pieces:
        if letters(title[match.end() :]) in known:
            return title[match.end() :]
    while pieces:
        tail = letters(title[pieces[-1].end() :])
        if not any(tail == site or (len(tail) > 3 and (tail in site or site in tail)) for site in sites):
            break
        title = title[: pieces.pop().start()]
    if pieces and letters(title[: pieces[0].start()]) in sites:
        title = title[pieces[0].end() :]
    return title
