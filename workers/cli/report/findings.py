"""What there is to say of an explanation, for the terminal and for the page alike: verdict, fields, runs of blocks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.cleaned_article import CleanedArticle, Source
from schemas.raw_event import RawEvent
from schemas.tagged_article import Entity, Label
from workers.boilerplate.explain import Explanation
from workers.boilerplate.maintext import Why
from workers.boilerplate.page import Judged
from workers.outcomes import Dropped, Failed, Kept

_FOLDED_MIN: Final = 6
"""A shorter run of dropped blocks takes less room than it takes to understand a fold."""
_LEADERS: Final = 2
"""So many blocks of a run stand before the fold, as examples of what is in it."""
_DOUBTFUL: Final = 0.2
"""Blocks that the model was less sure to drop are what a reader looks for, and are never folded. Of the paragraphs (120
characters and more) that it drops on fundus, wcxb and n4k, 12 of 1,449 below this probability belong to the article,
and 100 of 234 above; it has learnt from these pages."""
_REASONS_NAMED: Final = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the event: "article", "rejected" or "dead", and for the latter two the reason and its details."""

    name: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the record as people read it; no values where the page does not state it."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring blocks, each with its number on the page, from 1. What is folded is dropped, and much alike."""

    blocks: tuple[tuple[int, Judged], ...]
    is_folded: bool

    @property
    def summary(self) -> str:
        """How many blocks there are and why they were dropped, most frequent reason first."""
        reasons = Counter(brief(block) for _, block in self.blocks)
        named = [reason for reason, _ in reasons.most_common(_REASONS_NAMED)]
        rest = ["other reasons"] if len(reasons) > _REASONS_NAMED else []
        return f"{len(self.blocks):,} more blocks like this: {'; '.join([*named, *rest])}"


def article_of(explanation: Explanation) -> CleanedArticle | None:
    """The record; None where the event gives none."""
    return explanation.outcome.record if isinstance(explanation.outcome, Kept) else None


def verdict(explanation: Explanation) -> Verdict:
    """What became of the event."""
    outcome = explanation.outcome
    if isinstance(outcome, Dropped):
        return Verdict("rejected", outcome.reason, outcome.detail)
    if isinstance(outcome, Failed):
        return Verdict("dead", outcome.error.reason, outcome.error.message)
    return Verdict("article")


def counts(explanation: Explanation) -> str:
    """How many blocks were kept of what kind of page, and how much text that is."""
    if not explanation.blocks:
        return "none were looked at"
    kept = sum(block.kept for block in explanation.blocks)
    article = article_of(explanation)
    text = f"; {len(article.text):,} characters of text" if article else ""
    form = "an HTML page" if explanation.form == "html" else "a text dump"
    return f"{kept:,} kept, {len(explanation.blocks) - kept:,} dropped of {form}{text}"


def fields(explanation: Explanation, event: RawEvent) -> list[Field]:
    """The record's fields in reading order; of an event without a record what the feed said of it."""
    article = article_of(explanation)
    if article is None:
        known = {"title": event.title, "url": event.url, "source": event.source}
        return [Field(label, (value,)) for label, value in known.items() if value]
    return [
        Field("title", _given(article.title)),
        Field("authors", article.authors),
        Field("published", _time(article.published_at, article.published_zone)),
        Field("modified", _time(article.modified_at, article.modified_zone)),
        Field("source", source_values(article.source)),
        Field("language", (_language(article),)),
        Field("url", _given(article.url)),
        Field("canonical", _given(article.canonical_url)),
        Field("image", _given(article.image)),
        Field("extent", (_EXTENT[article.extent],)),
        Field("keywords", article.keywords),
        Field("related", tuple(related.title for related in article.related)),
    ]


KINDS: Final = {Label.PER: "persons", Label.ORG: "bodies", Label.LOC: "places", Label.MISC: "others"}
"""The labels of the fields that entities stand in."""


def entity_fields(entities: Sequence[Entity]) -> list[Field]:
    """Who and what the article names, by kind, the weightiest first: how often, the English name, and the id."""
    return [
        Field(kind, tuple(_named(entity) for entity in entities if entity.label is label))
        for label, kind in KINDS.items()
        if any(entity.label is label for entity in entities)
    ]


def _named(entity: Entity) -> str:
    times = f" \u00d7{len(entity.mentions)}" if len(entity.mentions) > 1 else ""  # MULTIPLICATION SIGN
    english = f"{entity.name_en}, " if entity.name_en and entity.name_en != entity.name else ""
    return f"{entity.name}{times} ({english}{entity.id})"


_EXTENT: Final = {
    "full": "full: all that the page shows",
    "paywall": "paywall: what stands before it",
    "stub": "stub: the beginning, the rest stands elsewhere",
}


def source_values(source: Source) -> tuple[str, ...]:
    """The publisher's name and host, as far as they are known."""
    return (*_given(source.name), *_given(source.domain))


def _given(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _time(time: datetime | None, zone: str | None) -> tuple[str, ...]:
    """The time as the page's readers had it, and in UTC where that is another."""
    if time is None:
        return ()
    utc = f"{time:%Y-%m-%d %H:%M} UTC"
    if zone is None:
        return (f"{utc} (the page names no zone)",)
    local = time.astimezone(datetime.strptime(zone, "%z").tzinfo)
    return (utc,) if not local.utcoffset() else (f"{local:%Y-%m-%d %H:%M} {zone} ({utc})",)


def _language(article: CleanedArticle) -> str:
    if article.lang_confidence is None:
        return f"{article.lang} (as the page says)" if article.lang != "und" else "not known"
    return f"{article.lang} ({article.lang_confidence:.1%} sure)"


def brief(block: Judged) -> str:
    """Why the block was kept or dropped, without what goes without saying of a dropped one."""
    return block.reason.removeprefix(f"{Why.MODEL.value}: ")


def runs(blocks: Sequence[Judged], *, is_folding: bool = True) -> list[Run]:
    """All blocks in order, long runs of dropped ones folded."""
    found: list[Run] = []
    menu: list[tuple[int, Judged]] = []
    for numbered in enumerate(blocks, start=1):
        if is_folding and _is_furniture(numbered[1]):
            menu.append(numbered)
            continue
        found += _folded(menu)
        menu = []
        found.append(Run((numbered,), is_folded=False))
    return [*found, *_folded(menu)]


def _is_furniture(block: Judged) -> bool:
    return not block.kept and (block.score is None or block.score < _DOUBTFUL)


def _folded(menu: list[tuple[int, Judged]]) -> Iterator[Run]:
    if len(menu) < _FOLDED_MIN:
        yield from (Run((numbered,), is_folded=False) for numbered in menu)
        return
    yield from (Run((numbered,), is_folded=False) for numbered in menu[:_LEADERS])
    yield Run(tuple(menu[_LEADERS:]), is_folded=True)
