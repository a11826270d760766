"""articles.cleaned: the article's own text and the fields around it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]
"""A point in time, with its time zone; UTC in every record that Khabar writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who published the article: a name as readers know it, and the host it came from."""

    name: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A headline that the page points to; not part of the article."""

    title: str
    url: str | None = None


class Extent(StrEnum):
    """How much of the article `text` is. A closed list."""

    FULL = "full"
    """All of it, as far as the page shows."""
    PAYWALL = "paywall"
    """What stands before a paywall: the page says that the rest is for subscribers or those who log in."""
    STUB = "stub"
    """The beginning: the page ends it with a link to the rest, which stands elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedArticle:
    """An article without its page. `text` is NFC, paragraphs separated by one blank line.

    `id` is the digest of the page's content and URL. `lang` is BCP 47, `und` where it is not known, and
    `lang_confidence` (0..1) is the probability that it is right, null where nothing was detected and the page's
    word stands. Times are aware, UTC; `published_zone` and `modified_zone` are the offset that the page wrote the
    time with ("+03:00"), null where it wrote none. `image` is the address of the lead image. `meta` is the
    producer's own object, untouched. `versions` maps a stage to its code version.
    """

    id: str
    url: str | None = None
    canonical_url: str | None = None
    source: Source = field(default_factory=Source)
    title: str | None = None
    authors: tuple[str, ...] = ()
    lang: str = "und"
    lang_confidence: float | None = None
    published_at: Time | None = None
    published_zone: str | None = None
    modified_at: Time | None = None
    modified_zone: str | None = None
    image: str | None = None
    extent: Extent = Extent.FULL
    text: str
    keywords: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
