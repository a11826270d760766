"""The headline of a page's article, without the name of the site."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from turbohtml import Document, Element

from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.texts import key_of, shown
from workers.boilerplate.paragraphs import weight

# EN DASH, EM DASH, FULLWIDTH VERTICAL LINE, HANGUL LETTER I (used as a line), BULLET, MIDDLE DOT, DOUBLE ANGLE
# QUOTATION MARKS, FULLWIDTH COLON, WHITE SQUARE
_SEPARATOR: Final = re.compile(
    "\\s+[-\u2013\u2014|*\u2022\u00b7\u00bb\u00ab:\u2039\u203a/]\\s+|\\s*[|\uff5c\u3163\u2502]\\s*|\uff1a|(?<=[^\\W0-9_])-(?=[^\\W0-9_]{2,20}\u3163)"
)
_WORD: Final = re.compile(r"\w+")
_TITLE_CHARS: Final = 2_000
_ALIKE_CHARS: Final = 12
"""A title of fewer letters may stand in another by chance."""
_ANY_SEPARATOR: Final = re.compile("\\s*[-\u2013\u2014|\u2022\u00b7\u00bb\u00ab:\uff5c\uff1a_]\\s*")
"""Separators with or without space around them, for where the headline on the other side is known."""
_MAY_HEAD: Final = (
    "h3",
    "h4",
    "b",
    "strong",
    "font",
    "span:not(:has(*))",
    "div:not(:has(*))",
    "td:not(:has(*))",
)
_MAY_HEAD_MAX: Final = 300
_NAME_CHARS: Final = 60
_HOME: Final = re.compile(r"/|(?:https?:)?//[^/]{1,99}/?")
_OG: Final = ("og:title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title", "headline")
_NO_HEADLINE: Final = "nav, li, footer, aside, dialog, [class*=breadcrumb i], [class*=logo i]"
_H2_MAX: Final = 12
_PIECES_MAX: Final = 20
_SITE_CHARS: Final = 4
_HEADLINE_CHARS: Final = 16
"""A shorter heading that the document's title does not repeat is that of a section: "News"."""
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,4}", re.IGNORECASE)


def find_headline(document: Document, parts: Parts, json_ld: JsonLd) -> Element | None:
    """The element that heads the article.

    The h1 that the page's titles repeat, else the first h1; one in a menu or a breadcrumb is none, then an h2 that the
    titles repeat, or the one that heads the article element, is it.
    """
    keys = [
        key
        for title in (json_ld.text("headline"), *parts.all(*_OG), parts.title)
        if (key := key_of(shown(title or "")))
    ]
    headings = [h1 for h1 in parts.h1 if h1.closest(_NO_HEADLINE) is None and not _leads_home(h1)]
    if headings:
        return next((h1 for h1 in headings if _repeats(h1, keys)), headings[0])
    second = document.find_all("h2", limit=_H2_MAX)
    first = chain(
        (h2 for h2 in second if _repeats(h2, keys)),
        (h2 for h2 in second if h2.closest("hgroup, article > header")),
    )
    return next(chain(first, _as_titled(document, parts.title), parts.h1), None)


def site_in_title(title: str, headline: Element | None) -> str | None:
    """What stands beside the headline in the document's title, at its other end: the name of the site."""
    key = key_of(shown(headline.text[:_TITLE_CHARS])) if headline is not None else ""
    if not key:
        return None
    marks = list(_ANY_SEPARATOR.finditer(title))[:_PIECES_MAX]
    for mark in marks:
        if key_of(title[: mark.start()]) == key:
            return _name(title[marks[-1].end() :])
        if key_of(title[mark.end() :]) == key:
            return _name(title[: marks[0].start()])
    return None


def _name(piece: str) -> str | None:
    piece = piece.strip()
    return piece if 1 < len(piece) <= _NAME_CHARS else None


def _as_titled(document: Document, title: str) -> Iterator[Element]:
    """Elements that are no headings but say what a part of the document's title says, as on pages with old markup."""
    marks = list(_ANY_SEPARATOR.finditer(title))[:_PIECES_MAX]
    sides = [title, *(title[: mark.start()] for mark in marks), *(title[mark.end() :] for mark in marks)]
    least = max(_ALIKE_CHARS, len(key_of(title)) // 2)
    keys = {key for side in sides if len(key := key_of(side)) >= least}
    for selector in _MAY_HEAD if keys else ():
        for element in document.select(selector)[:_MAY_HEAD_MAX]:
            text = element.text
            says_it = _ALIKE_CHARS <= len(text) <= _TITLE_CHARS and key_of(shown(text)) in keys
            if says_it and element.closest("a") is None and element.closest(_NO_HEADLINE) is None:
                yield element


def _leads_home(heading: Element) -> bool:
    """Whether a heading is the name of the site: a link to its first page."""
    link = heading.find("a")
    href = (link.attr("href") or "") if link is not None else ""
    return bool(_HOME.fullmatch(href.strip()))


def read_title(parts: Parts, json_ld: JsonLd, headline: Element | None, sites: Iterable[str]) -> str | None:
    """The headline as the article is known by; `sites` are names of the site, to be taken off."""
    names = [key for key in map(key_of, sites) if key]
    heading = shown(headline.text[:_TITLE_CHARS]) if headline is not None else ""
    if key_of(heading) in names or _DOMAIN.fullmatch(heading):
        heading = ""
    stated = shown(json_ld.text("headline") or "")
    og = shown(next((title for name in _OG for title in parts.all(name)), ""))
    tweet = shown(parts.first("twitter:title") or "")
    known = stated or heading
    bare = {each: _without_site(each, names, known) for each in (parts.title, og, stated, tweet)}
    title, og, stated, tweet = (bare[each] for each in (parts.title, og, stated, tweet))
    return _choose(title=title, og=og, stated=stated, heading=heading, tweet=tweet) or None


def _repeats(heading: Element, keys: list[str]) -> bool:
    own = key_of(shown(heading.text[:_TITLE_CHARS]))
    return any(_alike(own, key) for key in keys)


def _alike(one: str, other: str) -> bool:
    """Whether two titles, as `letters` gives them, are one, with a word more or not before or after it."""
    if len(one) < _ALIKE_CHARS or len(other) < _ALIKE_CHARS:
        return bool(one) and one == other
    return one in other or other in one


def _choose(*, title: str, og: str, stated: str, heading: str, tweet: str) -> str:
    """Which of the page's titles is the headline, where they differ.

    `title` (of the document) is written for search engines and `tweet` for social networks. What og:title and the
    heading agree on is the headline. Where they do not, og:title is not the one that says what the document's title or
    the tweet says. By this rule 118 of the 129 pages of metadata.fundus have the title that their parsers read; by
    og:title first it is 111. Counting which statement most others repeat is worse: the best weights for half a of the
    hosts give 58 of its 68 pages and 52 of the 61 of half b, where this rule gives 61 and 57. Most of the rest have
    another variant as gold than the one that the page shows.
    """
    t, o, s, h, w = map(key_of, (title, og, stated, heading, tweet))
    if not og:
        is_section = weight(heading) < _HEADLINE_CHARS and not _alike(h, t)
        return stated or (title if is_section and title else heading) or title
    is_elsewhere = not _alike(s, h) and not _shares_words(heading, og)  # that of a section or a box, or none
    if _alike(o, h) or is_elsewhere:
        return og
    if _alike(t, h):
        return heading if w and w == o else og
    if _alike(t, o):
        return og if _alike(s, o) else heading
    return stated if s and s == t else heading


def _shares_words(one: str, other: str) -> bool:
    """Whether two titles have a longer word in common; of scripts without spaces, two characters."""
    words, others = (
        {word for word in _WORD.findall(text.casefold()) if weight(word) > 3} for text in (one, other)
    )
    return bool(words & others) or any(
        word[i : i + 2] in other for word in words if weight(word) > len(word) for i in range(len(word) - 1)
    )


def _without_site(title: str, sites: list[str], known: str) -> str:
    """`title` without what follows, or goes before, the headline: the site's name, its section.

    Where `known`, another statement of the page, is a part of it, that is the headline.
    """
    title = _known_part(title, known)
    pieces = list(_SEPARATOR.finditer(title))[:_PIECES_MAX]
    while pieces and _is_site(title[pieces[-1].end() :], sites):
        title = title[: pieces.pop().start()]
    if pieces and key_of(title[: pieces[0].start()]) in sites:
        title = title[pieces[0].end() :]
    return title


def _known_part(title: str, known: str) -> str:
    """The part of `title` that says what `known` says, else all of it."""
    key = key_of(known)
    if len(key) < _ALIKE_CHARS:
        return title
    if title.startswith(known) and not title[len(known) : len(known) + 1].isalnum():
        return known
    for match in list(_SEPARATOR.finditer(title))[:_PIECES_MAX]:
        if key_of(title[: match.start()]) == key:
            return title[: match.start()]
        if ":" not in match.group() and key_of(title[match.end() :]) == key:
            return title[match.end() :]
    return title


def _is_site(ending: str, sites: list[str]) -> bool:
    """Whether the end of a title is the name of the site, with a word more or less, or a host."""
    tail = key_of(ending)
    if tail in sites or _DOMAIN.fullmatch(ending):
        return True
    return any(
        (len(site) >= _SITE_CHARS and (site in tail and len(tail) <= 2 * len(site) + _ALIKE_CHARS))
        or (len(tail) >= _SITE_CHARS and tail in site)
        for site in sites
    )
