"""articles.cleaned: the article's own text and the fields around it."""

from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedArticle:
    """An article without its page. `text` is NFC, paragraphs separated by one blank line.

    `id` is the digest of the page's content and URL. `lang` is BCP 47, `und` where it is not known. Times are
    aware, UTC. `meta` is the producer's own object, untouched. `versions` maps a stage to its code version.
    """

    id: str
    url: str | None = None
    canonical_url: str | None = None
    source: Source = field(default_factory=Source)
    title: str | None = None
    authors: tuple[str, ...] = ()
    lang: str = "und"
    published_at: Time | None = None
    modified_at: Time | None = None
    text: str
    keywords: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
