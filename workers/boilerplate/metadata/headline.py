"""Where on a page the headline of its article stands."""

import re
from collections.abc import Collection, Sequence
from itertools import chain, pairwise
from typing import Final

from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.texts import key_of, shown
from workers.boilerplate.metadata.title import ALIKE_CHARS, ANY_SEPARATOR, OG, PIECES_MAX, alike
from workers.boilerplate.metadata.view import PageView, among

_NO_HEADLINE: Final = among("nav", "li", "footer", "aside", "dialog")
_NO_HEADLINE_WORDS: Final = re.compile(b' class="[^"]*(?:breadcrumb|logo)', re.IGNORECASE)
_HOME: Final = re.compile(r"/|(?:https?:)?//[^/]{1,99}/?")
_H2: Final = among("h2")
_H2_MAX: Final = 12
_LINK: Final = among("a")
_MAY_HEAD: Final = ("h3", "h4", "b", "strong", "font", "span", "div", "td")
_MAY_HEAD_TABLE: Final = among(*_MAY_HEAD)
"""The likeliest first."""
_MAY_HEAD_MAX: Final = 1_000
_TITLE_CHARS: Final = 2_000
_PARTS_MAX: Final = 5
_BESIDE_CHARS: Final = 4
"""A mark between two parts, with spaces."""
_SIZE_SHARE: Final = 0.25
_SIZE_BYTES: Final = 12
"""References and marks make a text longer or shorter."""
_TAG_BYTES: Final = 500
"""Bounds for pages that were made to keep us busy."""


def find_headline(page: PageView, parts: Parts, json_ld: JsonLd) -> int | None:
    """The element that heads the article.

    The h1 that the page's titles repeat, else the first h1; one in a menu or a breadcrumb is none, then an h2 that the
    titles repeat, or the one that heads the article element, is it.
    """
    headings = [
        (h1, text)
        for h1, text in zip(parts.h1, parts.h1_texts, strict=True)
        if not _is_elsewhere(page, h1) and not _leads_home(page, h1)
    ]
    if len(headings) == 1:
        return headings[0][0]
    titles = (json_ld.text("headline"), *parts.all(*OG), parts.title)
    keys = [key for title in titles if title and (key := key_of(shown(title)))]
    if headings:
        return next((h1 for h1, text in headings if _repeats(text, keys)), headings[0][0])
    second = page.named(_H2, page.first, page.last, _H2_MAX)
    others = chain(
        (h2 for h2 in second if _repeats(shown(page.text(h2, _TITLE_CHARS)), keys)),
        (h2 for h2 in second if _heads_article(page, h2)),
    )
    found = next(others, None)
    found = _as_titled(page, parts.title) if found is None else found
    return next(iter(parts.h1), None) if found is None else found


def is_of_parts(page: PageView, headline: int) -> bool:
    """Whether an element has several in it and hardly a letter beside them, as a kicker and a headline stand."""
    parts = page.children(headline, _PARTS_MAX)
    while len(parts) == 1:
        headline = parts[0]
        parts = page.children(headline, _PARTS_MAX)
    sizes = [size for part in parts if (size := len(page.text(part).strip()))]
    return len(sizes) > 1 and len(page.text(headline).strip()) - sum(sizes) <= _BESIDE_CHARS


def _repeats(text: str, keys: Sequence[str]) -> bool:
    own = key_of(text)
    return any(alike(own, key) for key in keys)


def _is_elsewhere(page: PageView, element: int) -> bool:
    """Whether an element is in a menu, a list, a side column, a breadcrumb or beside a logo."""
    places = [element, *page.around(element)]
    if any(page.code(place) in _NO_HEADLINE.codes for place in places):
        return True
    written = b"".join([page.data[page.begin[each] : page.end[each]][:_TAG_BYTES] for each in places]).lower()
    return (b"logo" in written or b"breadcrumb" in written) and bool(_NO_HEADLINE_WORDS.search(written))


def _leads_home(page: PageView, heading: int) -> bool:
    """Whether a heading is the name of the site: a link to its first page."""
    if page.partner[heading] == heading + 1:
        return False
    link = page.next_named(_LINK, heading, page.partner[heading])
    return link is not None and bool(_HOME.fullmatch(page.attributes(link).get("href", "").strip()))


def _heads_article(page: PageView, heading: int) -> bool:
    names = list(map(page.name, page.around(heading)))
    return "hgroup" in names or ("header", "article") in pairwise(names)


def _as_titled(page: PageView, title: str) -> int | None:
    """An element that is no heading but says what a part of the document's title says, as on pages with old markup."""
    marks = list(ANY_SEPARATOR.finditer(title))[:PIECES_MAX]
    sides = [title, *(title[: mark.start()] for mark in marks), *(title[mark.end() :] for mark in marks)]
    least = max(ALIKE_CHARS, len(key_of(title)) // 2)
    long = (side for side in sides if len(side) >= least)
    keys = {key: len(side.encode("utf-8", "ignore")) for side in long if len(key := key_of(side)) >= least}
    leaves = _leaves(page, keys.values()) if keys else ()
    found = [each for each in leaves if key_of(shown(page.text(each))) in keys and not _is_linked(page, each)]
    return min(found, key=lambda element: _MAY_HEAD.index(page.name(element)), default=None)


def _leaves(page: PageView, sizes: Collection[int]) -> list[int]:
    """The elements that may head an article, with nothing but a line break in them, of about one of these sizes."""
    tokens = page.tokens
    found = page.all_named(_MAY_HEAD_TABLE)
    partner = tokens.partner[found]
    size = tokens.begin[partner] - tokens.end[found]
    low, high = min(sizes) * (1 - _SIZE_SHARE) - _SIZE_BYTES, max(sizes) * (1 + _SIZE_SHARE) + _SIZE_BYTES
    fits = (size >= low) & (size <= high) & (partner <= found + 2)
    leaves: list[int] = found[fits][:_MAY_HEAD_MAX].tolist()
    return leaves


def _is_linked(page: PageView, element: int) -> bool:
    return page.link_around(element) is not None or _is_elsewhere(page, element)
