"""The headline of a page's article, without the name of the site."""

import re
from collections.abc import Iterable
from typing import Final

from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.texts import key_of, shown
from workers.boilerplate.paragraphs import weight

# EN DASH, EM DASH, FULLWIDTH VERTICAL LINE, HANGUL LETTER I (used as a line), BULLET, MIDDLE DOT, DOUBLE ANGLE
# QUOTATION MARKS, FULLWIDTH COLON, WHITE SQUARE
_SEPARATOR: Final = re.compile(
    "\\s+[-\u2013\u2014|*\u2022\u00b7\u00bb\u00ab:\u2039\u203a/]\\s+|\\s*[|\uff5c\u3163\u2502]\\s*|\uff1a|(?<=[^\\s-])-(?=[^\\W0-9_]{2,20}\u3163)"
)
_MARK: Final = re.compile("[-\u2013\u2014|*\u2022\u00b7\u00bb\u00ab:\u2039\u203a/\uff5c\u3163\u2502\uff1a]")
"""What every separator has in it."""
_KICKER_END: Final = re.compile("\\s+[-\u2013\u2014|:]\\s+|:\\s+")
_WORD: Final = re.compile(r"\w+")
ALIKE_CHARS: Final = 12
"""A title of fewer letters may stand in another by chance."""
ANY_SEPARATOR: Final = re.compile("\\s*[-\u2013\u2014|\u2022\u00b7\u00bb\u00ab:\uff5c\uff1a_]\\s*")
"""Separators with or without space around them, for where the headline on the other side is known."""
_NAME_CHARS: Final = 60
OG: Final = ("og:title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title", "headline")
PIECES_MAX: Final = 20
_SITE_CHARS: Final = 4
_HEADLINE_CHARS: Final = 16
"""A shorter heading that the document's title does not repeat is that of a section: "News"."""
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,4}", re.IGNORECASE)


def site_in_title(title: str, heading: str) -> str | None:
    """What stands beside `heading` in the document's title, at its other end: the name of the site."""
    key = key_of(heading)
    if not key:
        return None
    marks = list(ANY_SEPARATOR.finditer(title))[:PIECES_MAX]
    for mark in marks:
        if key_of(title[: mark.start()]) == key:
            return _name(title[marks[-1].end() :])
        if key_of(title[mark.end() :]) == key:
            return _name(title[: marks[0].start()])
    return None


def _name(piece: str) -> str | None:
    piece = piece.strip()
    return piece if 1 < len(piece) <= _NAME_CHARS else None


def read_title(
    parts: Parts, json_ld: JsonLd, heading: str, sites: Iterable[str], *, is_of_parts: bool
) -> str | None:
    """The headline as the article is known by; `heading` is the text of the element that heads it, and `is_of_parts`
    tells that it is more than the headline. `sites` are names of the site, to be taken off.
    """
    names = [key for key in map(key_of, sites) if key]
    if key_of(heading) in names or _DOMAIN.fullmatch(heading):
        heading = ""
    stated = shown(json_ld.text("headline") or "")
    og = shown(parts.first(*OG) or "")
    tweet = shown(parts.first("twitter:title") or "")
    known = stated or heading
    plain_og, own = _without_site(og, names, known), key_of(heading)
    if own and own == key_of(plain_og):
        return plain_og
    title, stated, tweet = (_without_site(each, names, known) for each in (parts.title, stated, tweet))
    chosen = _common_ending(heading, plain_og) or (
        plain_og
        if plain_og and is_of_parts
        else _choose(title=title, og=plain_og, stated=stated, heading=heading, tweet=tweet)
    )
    return chosen or None


def alike(one: str, other: str) -> bool:
    """Whether two titles, as `letters` gives them, are one, with a word more or not before or after it."""
    if len(one) < ALIKE_CHARS or len(other) < ALIKE_CHARS:
        return bool(one) and one == other
    return one in other or other in one


def _choose(*, title: str, og: str, stated: str, heading: str, tweet: str) -> str:
    """Which of the page's titles is the headline, where they differ.

    `title` (of the document) is written for search engines and `tweet` for social networks. What og:title and the
    heading agree on is the headline. Where they do not, og:title is not the one that says what the document's title or
    the tweet says; it is where the tweet says it, and the document's title something else again.

    By the rules of this module 122 of the 129 pages of metadata.fundus have the title that their parsers read; by
    og:title first it is 114, by the heading first 103. The parsers differ: where heading and JSON-LD say one thing, and
    og:title, title and tweet another, six take the one and two the other. Which statement to take for each of the 24
    ways in which the five agree can be learnt from the same pages for 122 of them, and from one half of the hosts for
    115 of the other.
    """
    t, o, s, h, w = map(key_of, (title, og, stated, heading, tweet))
    if not og:
        is_section = weight(heading) < _HEADLINE_CHARS and not alike(h, t)
        return stated or (title if is_section and title else heading) or title
    is_elsewhere = not alike(s, h) and not _shares_words(heading, og)  # that of a section or a box, or none
    if alike(o, h) or is_elsewhere:
        return og
    if alike(t, h):
        return heading if w and w == o else og
    if alike(t, o):
        return og if alike(s, o) else heading
    return stated if s and s == t else og if w == o else heading


def _common_ending(one: str, other: str) -> str:
    """What stands in both titles behind different and shorter words for their subject: the headline."""
    endings = {key_of(ending): kicker for kicker, ending in _kickers(other)}
    for kicker, ending in _kickers(one):
        if key_of(ending) in endings and key_of(endings[key_of(ending)]) != key_of(kicker):
            return ending
    return ""


def _kickers(title: str) -> list[tuple[str, str]]:
    """The ways in which a title may be a kicker and a headline, which is twice as long at least."""
    marks = list(_KICKER_END.finditer(title))[:PIECES_MAX]
    parts = [(title[: mark.start()], title[mark.end() :]) for mark in marks]
    return [
        (kicker, ending) for kicker, ending in parts if len(ending) >= max(_HEADLINE_CHARS, 2 * len(kicker))
    ]


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
    if not _MARK.search(title):
        return title
    title = _known_part(title, known)
    pieces = list(_SEPARATOR.finditer(title))[:PIECES_MAX]
    is_cut = False
    while pieces and (_is_site(title[pieces[-1].end() :], sites) or (is_cut and pieces[-1].group() == "-")):
        title, is_cut = title[: pieces.pop().start()], True
    if pieces and key_of(title[: pieces[0].start()]) in sites:
        title = title[pieces[0].end() :]
    return title


def _known_part(title: str, known: str) -> str:
    """The part of `title` that says what `known` says, else all of it."""
    key, whole = key_of(known), key_of(title)
    if len(key) < ALIKE_CHARS or key == whole or key not in whole:
        return title
    if title.startswith(known) and not title[len(known) : len(known) + 1].isalnum():
        return known
    for match in list(_SEPARATOR.finditer(title))[:PIECES_MAX]:
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
        (len(site) >= _SITE_CHARS and (site in tail and len(tail) <= 2 * len(site) + ALIKE_CHARS))
        or (len(tail) >= _SITE_CHARS and tail in site)
        for site in sites
    )
