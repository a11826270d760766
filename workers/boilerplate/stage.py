"""The boilerplate stage: from raw events to articles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Final
from urllib.parse import urlsplit

from more_itertools import constrained_batches

from schemas.cleaned_article import CleanedArticle, Related, Source
from schemas.dead_letter import DeadReason
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from workers.boilerplate.charset import decode, kind_of_file, scrub, with_newlines
from workers.boilerplate.dates import find_date, read_date
from workers.boilerplate.forest import ForestPair
from workers.boilerplate.html import Html, read_html
from workers.boilerplate.language import detect
from workers.boilerplate.mojibake import garbled
from workers.boilerplate.page import Page
from workers.boilerplate.paragraphs import distinct, tidy
from workers.boilerplate.sniff import is_html
from workers.boilerplate.textdump import read_dumps
from workers.boilerplate.verdict import why_no_article
from workers.errors import PoisonEventError
from workers.identity import article_id
from workers.outcomes import Dropped, Failed, Kept, Outcome

VERSION: Final[str] = "3"
"""Raised when the same event may give another record."""
_TIME_CHARS: Final = 100
_RFC_3339: Final = re.compile(
    "(?:199[5-9]|20[0-9]{2})-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-5][0-9](?:[.][0-9]{1,9})?"
    "(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])"
)
"""What feeds write, with a fraction that is dropped: `find_date` says the same, forty times as slowly."""
_PAGES_AT_ONCE: Final = 16
"""Pages and dumps looked at together: the calls of numpy cost more than their work on one page, and little on so many."""
_CHARS_AT_ONCE: Final = 2_000_000
"""Half as many cost 5 % of the speed of pages and save 0.6 MB of memory."""


def clean(batch: Sequence[RawEvent], *, forests: ForestPair | None = None) -> list[Outcome[CleanedArticle]]:
    """For each event, in order: its article, or why it has none, or why it could not be read.

    Pure: no clock, network, environment or state, so a batch may be cut anywhere. `text` is NFC, its paragraphs
    separated by one blank line. What the page says of itself comes first, and the event's fields stand in where
    it says nothing; see `_merge` for the exceptions. `forests` stand in for the shipped ones in the evaluation.
    """
    outcomes: list[Outcome[CleanedArticle]] = []
    for events in constrained_batches(
        batch, _CHARS_AT_ONCE, _PAGES_AT_ONCE, get_len=lambda event: len(event.body), strict=False
    ):
        outcomes += _clean(events, forests)
    return outcomes


def warm_up() -> None:
    """Load what the first event would else wait for: models, word lists, patterns."""
    paragraph = (
        "This page is read once at the start, so that the first article does not wait for word lists. "
    )
    clean([RawEvent(body=f"<html><body><article><p>{paragraph * 4}</p></article></body></html>")])


@dataclass(frozen=True, slots=True)
class _Bodies:
    """What a batch of events holds, by their numbers: those of `pages`, the texts of `dumps`, and why others are dropped."""

    pages: list[int] = field(default_factory=list)
    dumps: dict[int, str] = field(default_factory=dict)
    dropped: dict[int, Dropped] = field(default_factory=dict)

    def page(self, number: int, event: RawEvent) -> Html | None:
        """The page that an event holds; all else is noted here. Pages are not: no two texts need be held at once."""
        text = _text(event)
        if isinstance(text, Dropped):
            self.dropped[number] = text
        elif is_html(text, event.content_type):
            self.pages.append(number)
            return Html(text, _field(event.url), _time(event.fetched_at))
        else:
            self.dumps[number] = with_newlines(text)
        return None


def _clean(events: Sequence[RawEvent], forests: ForestPair | None) -> list[Outcome[CleanedArticle]]:
    """As `clean`. When a page cannot be parsed, each event is read alone, so that its neighbours go on."""
    bodies = _Bodies()
    try:
        pages = read_html(filter(None, map(bodies.page, count(), events)), forests=forests)
    except (ValueError, RecursionError) as error:
        if len(events) > 1:
            return [outcome for event in events for outcome in _clean([event], forests)]
        message = f"the page could not be parsed: {type(error).__name__}: {error}"
        return [Failed(PoisonEventError(message, DeadReason.STAGE_ERROR, error=type(error).__name__))]
    read = dict(zip(bodies.pages, pages, strict=True))
    read |= zip(bodies.dumps, read_dumps(list(bodies.dumps.values())), strict=True)
    return [
        _article(event, read[number]) if number in read else bodies.dropped[number]
        for number, event in enumerate(events)
    ]


def _text(event: RawEvent) -> str | Dropped:
    """The body as text, or why there is none."""
    if not event.body or event.body.isspace():
        return Dropped(RejectReason.EMPTY, "the body is empty")
    if kind := kind_of_file(event.body):
        return Dropped(RejectReason.NOT_TEXT, f"the body is {kind}, not a page or a text")
    text = decode(event.body, event.content_type)
    if not text or text.isspace():
        return Dropped(RejectReason.EMPTY, "the body is white space and control characters")
    return text


def _article(event: RawEvent, page: Page) -> Outcome[CleanedArticle]:
    if damage := garbled(page.text or " ".join(page.headings)):
        return Dropped(RejectReason.GARBLED, f"the text cannot be read: {damage}")
    if why := why_no_article(page):
        return Dropped(*why)
    return Kept(_merge(event, page))


def _time(value: str | None) -> datetime | None:
    """The time that a field of the event states."""
    if not value:
        return None
    read = read_date if _RFC_3339.fullmatch(value) else find_date
    stated = read(value[:_TIME_CHARS])
    return stated.at if stated else None


def _merge(event: RawEvent, page: Page) -> CleanedArticle:
    """The record. The page's word goes before the feed's, except that

    - a publication day without a time of day gives way to the feed's time on that day or the day after or before,
    - the feed's name for a source goes before the page's: it is the same for all pages of a source,
    - tags of the feed are added to the page's keywords.
    """
    language = detect(page.text, event.lang or page.lang)
    published = _published(page.published_at, _time(event.published_at))
    return CleanedArticle(
        id=article_id(event.body, event.url),
        url=_field(event.url),
        canonical_url=_field(page.canonical_url),
        source=_source(event, page),
        title=_field(page.title) or _field(event.title),
        authors=distinct(map(scrub, page.authors)) or distinct([_field(event.author) or ""]),
        lang=language.lang,
        lang_confidence=language.confidence,
        published_at=published,
        published_zone=page.published_zone if published == page.published_at else None,
        modified_at=page.modified_at,
        modified_zone=page.modified_zone,
        image=_field(page.image),
        extent=page.extent,
        text=page.text,
        keywords=distinct(map(scrub, (*page.keywords, *event.tags))),
        related=tuple(Related(title=scrub(each.title), url=_field(each.url)) for each in page.related),
        meta=event.meta,
        versions={"boilerplate": VERSION},
    )


def _field(value: str | None) -> str | None:
    """A field of the event or page as one tidy line; None when nothing is left of it."""
    return tidy(scrub(value or "")) or None


def _published(stated: datetime | None, fed: datetime | None) -> datetime | None:
    if stated is None or fed is None:
        return stated or fed
    has_time = (stated.hour, stated.minute, stated.second) != (0, 0, 0)
    return stated if has_time or abs((fed.date() - stated.date()).days) > 1 else fed


def _source(event: RawEvent, page: Page) -> Source:
    named = _field(event.source)
    domain = _domain(_field(event.url)) or _domain(page.canonical_url)
    if named and _is_domain(named):
        return Source(name=_field(page.site_name), domain=domain or _without_www(named))
    return Source(name=named or _field(page.site_name), domain=domain)


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
