"""Publication and modification time where an HTML page states them to the minute: JSON-LD, meta, time elements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from workers.boilerplate.times import parse_time

_JSON_LD: Final = etree.XPath("//script[contains(@type, 'ld+json')]/text()")
_META: Final = etree.XPath("//meta[@content and (@property or @name or @itemprop)]")
_TIME: Final = etree.XPath("(//article//time | //header//time | //main//time | //time)/@datetime")

_PUBLISHED: Final = (
    "article:published_time", "datepublished", "og:published_time", "article:published", "parsely-pub-date",
    "dc.date.issued", "dcterms.created", "publishdate", "publish-date", "pubdate", "publication_date",
    "sailthru.date", "date",
)  # fmt: skip
_MODIFIED: Final = (
    "article:modified_time", "datemodified", "og:updated_time", "og:modified_time", "dcterms.modified",
    "last-modified", "lastmod",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Times:
    """Aware, UTC."""

    published: datetime | None
    modified: datetime | None


def stated_times(tree: HtmlElement) -> Times:
    """The times that the page states for itself; None where it states none."""
    json_ld = "\n".join(_JSON_LD(tree))
    meta = dict(reversed(list(_named_meta(tree))))
    published = _first(_json_values(json_ld, "datePublished"), _values(meta, _PUBLISHED), _TIME(tree)[:1])
    return Times(published, _first(_json_values(json_ld, "dateModified"), _values(meta, _MODIFIED)))


def _json_values(json_ld: str, key: str) -> list[str]:
    """The values of `key`, by pattern: a third of a page's JSON-LD does not have to be valid for its time."""
    return re.findall(rf'"{key}"\s*:\s*"([^"]{{8,40}})"', json_ld)[:1]


def _named_meta(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    for element in _META(tree):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        yield name.lower(), element.get("content")


def _values(meta: dict[str, str], names: tuple[str, ...]) -> list[str]:
    return [meta[name] for name in names if name in meta]


def _first(*candidates: list[str]) -> datetime | None:
    moments = (parse_time(value) for values in candidates for value in values)
    return next((moment for moment in moments if moment), None)
