"""What is read of a page besides its text: ours, trafilatura's and htmldate's answers on the same pages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from schemas.raw_event import RawEvent
from workers.boilerplate import stage
from workers.boilerplate.evaluate_metadata import (
    FIELDS,
    Answer,
    GoldPage,
    read_gold,
    score,
    without_json_ld,
)
from workers.boilerplate.evaluation.readers import OWN
from workers.outcomes import Kept

GOLD_FILE: Final = "metadata.fundus.jsonl"


@dataclass(frozen=True, slots=True)
class Found:
    """One reader's answer. A reader that tells only the day answers with midnight, UTC."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    lang: str | None = None


Asker: TypeAlias = Callable[[str, str], Answer | None]
"""From the HTML of a page and its URL; None where the page was rejected."""


def own(html: str, url: str) -> Answer | None:
    """The fields of the record."""
    [outcome] = stage.clean([RawEvent(body=html, url=url, content_type="text/html")])
    return outcome.record if isinstance(outcome, Kept) else None


def trafilatura(html: str, url: str) -> Answer | None:
    """Its metadata; it tells no language. Several authors are separated by semicolons."""
    from trafilatura import extract_metadata  # noqa: PLC0415 - an extra

    document = extract_metadata(html, default_url=url)
    if document is None:
        return None
    authors = tuple(name.strip() for name in (document.author or "").split(";") if name.strip())
    return Found(document.title, authors, _day(document.date))


def htmldate(html: str, _url: str) -> Answer | None:
    """Its date of publication, which has no time of day."""
    from htmldate import find_date  # noqa: PLC0415 - an extra, by trafilatura

    return Found(published_at=_day(find_date(html, original_date=True)))


def lines(folder: Path, *, peers: bool) -> Iterator[str]:
    """A table: for the pages as they are and for those without JSON-LD, a line for each reader. Raises OSError."""
    askers: dict[str, Asker] = {OWN: own}
    if peers:
        askers |= {"trafilatura": trafilatura, "htmldate": htmldate}
    gold = read_gold(folder)
    yield ""
    yield f"{f'metadata, {len(gold)} pages':<20} " + " ".join(f"{field:>8}" for field in FIELDS)
    for title, is_stripped in (("as they are", False), ("without JSON-LD", True)):
        yield title
        for name, asker in askers.items():
            answers = {page.id: asker(_html(page, is_stripped=is_stripped), page.url) for page in gold}
            yield f"  {name:<18} {_cells(gold, answers)}"


def _html(page: GoldPage, *, is_stripped: bool) -> str:
    return without_json_ld(page.html) if is_stripped else page.html


def _cells(gold: Sequence[GoldPage], answers: Mapping[str, Answer | None]) -> str:
    """A dash where a reader says nothing of a field on any page."""
    rates = score(gold, answers)
    return " ".join(f"{rates[field]:>8.4f}" if _says(field, answers) else f"{'-':>8}" for field in FIELDS)


def _says(field: str, answers: Mapping[str, Answer | None]) -> bool:
    name = "published_at" if field in {"minute", "day"} else field
    return any(getattr(answer, name) for answer in answers.values() if answer)


def _day(date: str | None) -> datetime | None:
    return datetime.fromisoformat(date).replace(tzinfo=UTC) if date else None
