"""The boilerplate stage: from raw events to articles."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from schemas.cleaned_article import CleanedArticle, Source
from schemas.dead_letter import DeadReason
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from workers.boilerplate.charset import decode, kind_of_file, scrub
from workers.boilerplate.html import read_html
from workers.boilerplate.language import detect
from workers.boilerplate.page import Page
from workers.boilerplate.paragraphs import distinct, is_prose, tidy, weight, word_count
from workers.boilerplate.sniff import is_html
from workers.boilerplate.textdump import read_dump
from workers.boilerplate.times import parse_time
from workers.errors import PoisonEventError
from workers.identity import article_id
from workers.outcomes import Dropped, Failed, Kept, Outcome

VERSION: Final[str] = "1"
"""Raised when the same event may give another record."""

_WORDS_MIN: Final = 12
"""A text of fewer words is a caption, a teaser or a notice."""
_PROSE_CHARS: Final = 60
_LONG_CHARS: Final = 200


def clean(batch: Sequence[RawEvent]) -> list[Outcome[CleanedArticle]]:
    """For each event, in order: its article, or why it has none, or why it could not be read.

    Pure: no clock, network, environment or state, so a batch may be cut anywhere. `text` is NFC, its paragraphs
    separated by one blank line. What the page says of itself comes first, and the event's fields stand in where
    it says nothing; see `_merge` for the exceptions.
    """
    return [_clean_one(event) for event in batch]


def _clean_one(event: RawEvent) -> Outcome[CleanedArticle]:
    if not event.body.strip():
        return Dropped(RejectReason.EMPTY, "the body is empty")
    if kind := kind_of_file(event.body):
        return Dropped(RejectReason.NOT_TEXT, f"the body is {kind}, not a page or a text")
    text = decode(event.body, event.content_type)
    if not text.strip():
        return Dropped(RejectReason.EMPTY, "the body is white space and control characters")
    try:
        page = _read(text, event)
    except (ValueError, RecursionError, etree.LxmlError) as error:
        message = f"the page could not be parsed: {type(error).__name__}: {error}"
        return Failed(PoisonEventError(message, DeadReason.STAGE_ERROR, error=type(error).__name__))
    if (words := word_count(page.text)) < _WORDS_MIN or not _has_prose(page.text):
        return Dropped(RejectReason.NO_ARTICLE, _why_none(page, words))
    return Kept(_merge(event, page))


def _read(text: str, event: RawEvent) -> Page:
    if is_html(text, event.content_type):
        return read_html(text, url=_field(event.url), fetched_at=parse_time(event.fetched_at))
    return read_dump(text)


def _has_prose(text: str) -> bool:
    """Whether one paragraph at least is more than a label or a headline; scripts without stops need a longer one."""
    return any(is_prose(line, _PROSE_CHARS) or weight(line) > _LONG_CHARS for line in text.split("\n\n"))


def _why_none(page: Page, words: int) -> str:
    blocks = "1 block" if page.blocks == 1 else f"{page.blocks} blocks"
    found = "1 word" if words == 1 else f"{words} words"
    if words >= _WORDS_MIN:
        return f"the page has no main text: {found} in {blocks}, labels and headlines without a sentence among them"
    why = f"; {page.problem}" if page.problem else ""
    return f"the page has no main text: {found} in {blocks}{why}"


def _merge(event: RawEvent, page: Page) -> CleanedArticle:
    """The record. The page's word goes before the feed's, except that

    - a publication day without a time of day gives way to the feed's time on that day or the day after or before,
    - the feed's name for a source goes before the page's: it is the same for all pages of a source,
    - tags of the feed are added to the page's keywords.
    """
    return CleanedArticle(
        id=article_id(event.body, event.url),
        url=_field(event.url),
        canonical_url=page.canonical_url,
        source=_source(event, page),
        title=page.title or _field(event.title),
        authors=page.authors or distinct([_field(event.author) or ""]),
        lang=detect(page.text, event.lang or page.lang),
        published_at=_published(page.published_at, parse_time(event.published_at)),
        modified_at=page.modified_at,
        text=page.text,
        keywords=distinct(_flat(page.keywords, map(scrub, event.tags))),
        related=page.related,
        meta=event.meta,
        versions={"boilerplate": VERSION},
    )


def _field(value: str | None) -> str | None:
    """A field of the event as one tidy line; None when nothing is left of it."""
    return tidy(scrub(value or "")) or None


def _flat(*groups: Iterable[str]) -> list[str]:
    return [item for group in groups for item in group]


def _published(stated: datetime | None, fed: datetime | None) -> datetime | None:
    if stated is None or fed is None:
        return stated or fed
    has_time = (stated.hour, stated.minute, stated.second) != (0, 0, 0)
    return stated if has_time or abs((fed.date() - stated.date()).days) > 1 else fed


def _source(event: RawEvent, page: Page) -> Source:
    named = _field(event.source)
    domain = _domain(_field(event.url)) or _domain(page.canonical_url)
    if named and _is_domain(named):
        return Source(name=page.site_name, domain=domain or _without_www(named))
    return Source(name=named or page.site_name, domain=domain)


def _is_domain(name: str) -> bool:
    return "." in name.strip(".") and " " not in name and "/" not in name and name.isascii()


def _domain(url: str | None) -> str | None:
    try:
        host = urlsplit(url or "").hostname
    except ValueError:  # brackets that are no IPv6 address
        return None
    return _without_www(host) if host else None


def _without_www(host: str) -> str:
    return host.lower().removeprefix("www.")
