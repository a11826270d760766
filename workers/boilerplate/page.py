"""What a reader of pages (HTML or text dump) hands to the stage."""

from dataclasses import dataclass
from datetime import datetime

from schemas.cleaned_article import Extent, Related


@dataclass(frozen=True, slots=True)
class Judged:
    """A block of a page in reading order, and what was decided about it.

    `kind` is its HTML element ("p", "h2", "li") or "line" in a dump. `reason` is for people, in words; `score` is the
    model's probability in 0..1, None where a rule decided.
    """

    text: str
    kind: str
    kept: bool
    reason: str
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The main text of a page and the fields that the page itself states.

    `text` is NFC, paragraphs separated by one blank line, empty when there is no main text; then `problem` may say
    why. `blocks` counts the blocks of text that were looked at. `link_ratio` is the share of the text's characters
    in lines that are nothing but a link, `links` counts those of the length of a headline, `under_links` the lines of the text that such a one stands right above. `headings` are the page's title and what it is headed by, as they stand.
    """

    text: str
    blocks: int
    title: str | None = None
    authors: tuple[str, ...] = ()
    lang: str | None = None
    published_at: datetime | None = None
    published_zone: str | None = None
    modified_at: datetime | None = None
    modified_zone: str | None = None
    image: str | None = None
    extent: Extent = Extent.FULL
    site_name: str | None = None
    canonical_url: str | None = None
    keywords: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    problem: str | None = None
    headings: tuple[str, ...] = ()
    link_ratio: float = 0.0
    links: int = 0
    under_links: int = 0
    asks_for_password: bool = False
