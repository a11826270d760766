"""When a page says its article was published and changed."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from workers.boilerplate.dates import Stated, date_in_lines, date_in_url, find_date, read_date
from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.marks import Mark, marks_between
from workers.boilerplate.metadata.nearby import Surroundings
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.view import PageView

_PUBLISHED: Final = (
    "article:published_time", "datepublished", "og:published_time", "og:article:published_time", "article:published",
    "article.published", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "iso-8601-publish-date",
    "vr:published_time", "bt:pubdate", "publishdate", "publish-date", "publish_date", "published", "published_time",
    "published_at", "publication_date", "publication-date", "publicationdate", "pubdate", "originalpublicationdate",
    "article_date_original", "citation_publication_date", "citation_online_date", "dc.date.issued", "dcterms.issued",
    "dc.date.created", "dcterms.created", "dcterms.date", "dc.date", "date.issued", "date.created", "displaydate",
    "release_date", "og:release_date", "created", "article:created_time", "datecreated", "date", "rnews:datepublished",
)  # fmt: skip
_CREATED: Final = ("datePublished", "dateCreated", "uploadDate")
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
_HAS_ZONE: Final = re.compile(r"(?:[a-zA-Z]{1,5}|[+-][0-9]{2}:?[0-9]{2})\)?\s*$")
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
    for stated in _stated(parts, json_ld, lang, not_after):
        if best is None or _completes(stated, best):
            best = stated
        if best.has_time and best.zone:
            return best
    for value in _marked(around.marked, around):
        if best and best.has_time and not _HAS_ZONE.search(value):
            continue
        found = read_date(value, lang=lang, not_after=not_after)
        if found and (best is None or _completes(found, best)):
            best = found
            if best.has_time and best.zone:
                return best
    if best is None or not best.has_time:
        found = _near(around, lang, not_after)
        if found and (best is None or _completes(found, best)):
            return found
    return best or _named(parts, url, lang, not_after) or _far(around, lang, not_after)


def read_modified(
    parts: Parts, json_ld: JsonLd, around: Surroundings, lang: str | None, not_after: datetime | None
) -> Stated | None:
    stated = _first(json_ld.texts("dateModified"), lang, not_after)
    if stated := stated or _first(parts.all(*_MODIFIED), lang, not_after):
        return stated
    marks = (
        mark for mark in around.marked if mark.name in _DATE_TAGS and "dateModified" in mark.get("itemprop")
    )
    return _first((_value(around.page, mark) for mark in marks), lang, not_after)


def _stated(parts: Parts, json_ld: JsonLd, lang: str | None, not_after: datetime | None) -> Iterator[Stated]:
    """What JSON-LD and meta elements state."""
    created = (value for name in _CREATED for value in json_ld.texts(name))
    if stated := _first(created, lang, not_after):
        yield stated
    if stated := _first(parts.all(*_PUBLISHED), lang, not_after):
        yield stated


def _near(around: Surroundings, lang: str | None, not_after: datetime | None) -> Stated | None:
    """The date in the lines below the headline, or right above it."""
    lines = [line[:_DATE_CHARS] for line in around.lines_below(_LINES) if len(line) <= _TEXT_CHARS]
    found = date_in_lines(lines[:_NEAR], lang=lang, not_after=not_after) or date_in_lines(
        around.lines_above(_NEAR), lang=lang, not_after=not_after
    )
    near = " | ".join(line for line in lines if _DIGIT.search(line)) if found is None else ""
    return found or find_date(near, lang=lang, not_after=not_after)


def _named(parts: Parts, url: str | None, lang: str | None, not_after: datetime | None) -> Stated | None:
    """The date in the page's address or title."""
    found = date_in_url(url, not_after=not_after) if url else None
    return found or find_date(parts.title, lang=lang, not_after=not_after)


def _far(around: Surroundings, lang: str | None, not_after: datetime | None) -> Stated | None:
    """The date that is marked anywhere on the page."""
    page = around.page
    marks = marks_between(page, page.first, page.last) if around.headline is not None else []
    return _first(_marked(marks, around), lang, not_after)


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


def _marked(marks: list[Mark], around: Surroundings) -> Iterator[str]:
    """What is written in elements marked as dates.

    Microdata first, then elements whose class says "published", then others, those behind the headline first.
    """
    said: list[Mark] = []
    behind: list[Mark] = []
    before: list[Mark] = []
    headline = around.headline or 0
    for mark in marks:
        itemprop = mark.get("itemprop")
        if "datePublished" in itemprop:
            yield _value(around.page, mark)
        elif "dateModified" not in itemprop:
            is_change, is_published, is_date = _said_by(mark.get("class"))
            if not is_change and (is_date or mark.name == "time"):
                (said if is_published else behind if mark.tag > headline else before).append(mark)
    seen: set[str] = set()
    for mark in (*said[:_ELEMENTS], *behind[:_ELEMENTS], *before[-_ELEMENTS:][::-1]):
        value = _value(around.page, mark)
        if value not in seen and _DIGIT.search(value) and not around.lacks(mark.tag):
            seen.add(value)
            yield value


@lru_cache(maxsize=2_000)
def _said_by(marks: str) -> tuple[bool, bool, bool]:
    """Whether a class speaks of a change, of publication, of a date."""
    is_published = bool(_PUBLISH_CLASS.search(marks))
    return bool(_CHANGE_CLASS.search(marks)), is_published, is_published or bool(_DATE_CLASS.search(marks))


def _value(page: PageView, mark: Mark) -> str:
    return mark.get("content") or mark.get("datetime") or page.text(mark.tag, _TEXT_CHARS)
