"""When a page says its article was published and changed."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from turbohtml import Element

from workers.boilerplate.dates import Stated, date_in_lines, date_in_url, find_date, read_date
from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.nearby import Surroundings
from workers.boilerplate.metadata.parts import Parts

_PUBLISHED: Final = (
    "article:published_time", "datepublished", "og:published_time", "og:article:published_time", "article:published",
    "article.published", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "iso-8601-publish-date",
    "vr:published_time", "bt:pubdate", "publishdate", "publish-date", "publish_date", "published", "published_time",
    "published_at", "publication_date", "publication-date", "publicationdate", "pubdate", "originalpublicationdate",
    "article_date_original", "citation_publication_date", "citation_online_date", "dc.date.issued", "dcterms.issued",
    "dc.date.created", "dcterms.created", "dcterms.date", "dc.date", "date.issued", "date.created", "displaydate",
    "release_date", "og:release_date", "created", "article:created_time", "datecreated", "date", "rnews:datepublished",
)  # fmt: skip
_MODIFIED: Final = (
    "article:modified_time", "datemodified", "og:updated_time", "og:modified_time", "og:article:modified_time",
    "article:updated_time", "dcterms.modified", "dc.date.modified", "last-modified", "lastmod", "revised", "updated_time",
    "date.updated", "moddate",
)  # fmt: skip
_PUBLISH_CLASS: Final = re.compile(
    r"publi|pubdate|posted|created|entry-date|post-date|article-date", re.IGNORECASE
)
_DATE_CLASS: Final = re.compile(
    r"(?:^|[\s_-]|[a-z](?=[A-Z]))(?:date|time|datum|fecha|data|pub|publi)", re.IGNORECASE
)
_CHANGE_CLASS: Final = re.compile(r"updat|modif|chang|aktual", re.IGNORECASE)
_DATE_TAGS: Final = ("time", "span", "p")
_TEXT_CHARS: Final = 200
_DATE_CHARS: Final = 60
"""A by-line has its date among its first words; a caption ends with one."""
_NEAR: Final = 3
_LINES: Final = 14
_ELEMENTS: Final = 8
_DIGIT: Final = re.compile(r"\d")
"""Of any script."""


def read_published(
    parts: Parts,
    json_ld: JsonLd,
    around: Surroundings,
    url: str | None,
    lang: str | None,
    not_after: datetime | None,
) -> Stated | None:
    """The most trusted statement, with the time of day or the zone from a less trusted one that agrees with it."""
    best: Stated | None = None
    for stated in _formal(parts, json_ld, around, lang, not_after):
        if best is None or _completes(stated, best):
            best = stated
        if best.has_time and best.zone:
            break
    if best is None or not best.has_time:
        for stated in _in_text(parts, around, url, lang, not_after):
            if best is None or _completes(stated, best):
                best = stated
    return best


def read_modified(
    parts: Parts, json_ld: JsonLd, lang: str | None, not_after: datetime | None
) -> Stated | None:
    values = [*json_ld.texts("dateModified"), *parts.all(*_MODIFIED)]
    if stated := _first(values, lang, not_after):
        return stated
    return _first(
        (_value(element) for tag in _DATE_TAGS for element in parts.select(f"{tag}[itemprop~=dateModified]")),
        lang,
        not_after,
    )


def _formal(
    parts: Parts, json_ld: JsonLd, around: Surroundings, lang: str | None, not_after: datetime | None
) -> Iterator[Stated]:
    """What JSON-LD, meta elements and elements marked as dates state."""
    for values in (
        [*json_ld.texts("datePublished"), *json_ld.texts("dateCreated"), *json_ld.texts("uploadDate")],
        parts.all(*_PUBLISHED),
    ):
        if stated := _first(values, lang, not_after):
            yield stated
    for value in dict.fromkeys(_marked(parts, around)):
        if stated := read_date(value, lang=lang, not_after=not_after):
            yield stated


def _in_text(
    parts: Parts, around: Surroundings, url: str | None, lang: str | None, not_after: datetime | None
) -> Iterator[Stated]:
    """The dates in the lines below the headline, in the page's address and in its title."""
    below = around.lines_below(_LINES)
    lines = [line[:_DATE_CHARS] for line in below if len(line) <= _TEXT_CHARS]
    near = " | ".join(line for line in lines if _DIGIT.search(line))
    found = (
        date_in_lines(lines[:_NEAR], lang=lang, not_after=not_after)
        or date_in_lines(around.lines_above(_NEAR), lang=lang, not_after=not_after)
        or find_date(near, lang=lang, not_after=not_after)
    )
    if found:
        yield found
    if url and (stated := date_in_url(url, not_after=not_after)):
        yield stated
    if stated := find_date(parts.title, lang=lang, not_after=not_after):
        yield stated


def _completes(stated: Stated, best: Stated) -> bool:
    """Whether `stated` is `best` said more exactly."""
    if not best.has_time:
        return stated.has_time and _clock(stated).date() == best.at.date()
    return bool(stated.has_time and stated.zone and not best.zone and _clock(stated) == best.at)


def _clock(stated: Stated) -> datetime:
    """What the clock of the stated zone showed."""
    zone = stated.zone or "+00:00"
    minutes = int(zone[1:3]) * 60 + int(zone[4:])
    return stated.at + timedelta(minutes=-minutes if zone[0] == "-" else minutes)


def _first(values: list[str] | Iterator[str], lang: str | None, not_after: datetime | None) -> Stated | None:
    return next(
        (stated for value in values if (stated := read_date(value, lang=lang, not_after=not_after))), None
    )


def _marked(parts: Parts, around: Surroundings) -> Iterator[str]:
    """What is written in elements marked as dates.

    Microdata first, then elements whose class says "published", then others, those behind the headline first.
    """
    said: list[Element] = []
    behind: list[Element] = []
    before: list[Element] = []
    is_behind = around.headline is None
    for element in parts.marked:
        if element == around.headline:
            is_behind = True
            continue
        itemprop = element.attr("itemprop") or ""
        if "datePublished" in itemprop:
            yield _value(element)
            continue
        is_change, is_published, is_date = _said_by(element.attr("class") or "")
        if is_change or "dateModified" in itemprop:
            continue
        if is_date or element.tag == "time":
            (said if is_published else behind if is_behind else before).append(element)
    for element in (*said[:_ELEMENTS], *behind[:_ELEMENTS], *before[-_ELEMENTS:][::-1]):
        if _DIGIT.search(value := _value(element)) and not around.lacks(element):
            yield value


@lru_cache(maxsize=2_000)
def _said_by(marks: str) -> tuple[bool, bool, bool]:
    """Whether a class speaks of a change, of publication, of a date."""
    is_published = bool(_PUBLISH_CLASS.search(marks))
    return bool(_CHANGE_CLASS.search(marks)), is_published, is_published or bool(_DATE_CLASS.search(marks))


def _value(element: Element) -> str:
    return element.attr("content") or element.attr("datetime") or element.text[:_TEXT_CHARS]
