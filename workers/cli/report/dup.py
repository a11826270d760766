"""An explained verdict: as lines for the terminal, and as one JSON object.

Right-to-left text stands as on cards, see workers/cli/card.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from rich.text import Text

from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.wire import encode
from workers.cli.card import (
    ELLIPSIS,
    LABEL_CHARS,
    Line,
    beginning,
    broken,
    clean,
    named,
    shown_time,
    source_lines,
    style_of,
)
from workers.dedup.explain import Check, Comparison, Particulars, in_words, rule_of, unique_rule
from workers.runtime.lookup import Found

PASSAGE_CHARS: Final = 80
LISTED: Final = 12
"""Numbers or names of one kind that are shown; --json has all."""
_ASIDE_CHARS: Final = 30


@dataclass(frozen=True, slots=True)
class Explained:
    """A record, the article that its verdict names (None: none, or not found), and the comparison of the two."""

    found: Found
    other: Found | None = None
    comparison: Comparison | None = None

    @property
    def named_id(self) -> str | None:
        """The id of the article that the verdict names."""
        return self.found.article.duplicate.of or self.found.article.duplicate.contains


def as_json(article_id: str, explained: Sequence[Explained]) -> bytes:
    """{"id", "records": [...]}, the newest record last; spans count code points of the texts."""
    return encode({"id": article_id, "records": [_record(each) for each in explained]})


def _record(each: Explained) -> dict[str, Any]:
    comparison = each.comparison
    return {
        **_side(each.found),
        "verdict": in_words(each.found.article.duplicate),
        "duplicate": each.found.article.duplicate,
        "named": each.named_id,
        "other": None if each.other is None else _side(each.other),
        "comparison": None if comparison is None else _compared(comparison, each.found.article.text),
    }


def _side(found: Found) -> dict[str, Any]:
    article = found.article
    return {
        "position": found.position,
        "written_at": _written(found),
        "id": article.id,
        "source": article.source,
        "url": article.url,
        "title": article.title,
        "lang": article.lang,
        "published_at": article.published_at,
        "versions": article.versions,
    }


def _compared(comparison: Comparison, text: str) -> dict[str, Any]:
    result = asdict(comparison)
    for passage in result["passages"]:
        passage["text"] = text[passage["start"] : passage["end"]]
    return result


def _written(found: Found) -> datetime:
    return datetime.fromtimestamp(found.received.timestamp_ms // 1000, UTC)


def shown(each: Explained, *, width: int | None, kept_days: int) -> Iterator[Text]:
    """The lines to print of one record, of at most `width` cells, unbroken where that is None.

    `kept_days` is how long the topics keep records: it explains what is missing.
    """
    found = each.found
    yield Text(found.position, style_of(found.received.topic))
    yield Text(f"  {in_words(found.article.duplicate)}", "bold")
    yield from _lines(_sides(each, kept_days), width)
    if each.comparison is not None:
        yield from _lines(_comparison(each, each.comparison, width), width)


def _lines(lines: Iterator[Line | None], width: int | None) -> Iterator[Text]:
    """None is an empty line."""
    for line in lines:
        if line is None:
            yield Text()
            continue
        for number, value in enumerate(broken(line, width)):
            label = line.label if number == 0 else ""
            style = "bold" if line.label == "title" else ""
            yield Text().append(f"  {label:<{LABEL_CHARS}}", "dim").append(value, style)


def _sides(each: Explained, kept_days: int) -> Iterator[Line | None]:
    yield None
    yield from _side_lines(each.found)
    yield None
    if each.named_id is None:
        if each.found.article.duplicate.relation is Relation.UNIQUE:
            yield _prose("rule", unique_rule())
        return
    if each.other is not None:
        again = " (the same page: it was sent again)" if each.named_id == each.found.article.id else ""
        yield Line("other", each.other.position + again)
        yield from _side_lines(each.other)
        return
    why = f"has no record in the topics any more (they keep {kept_days} days): nothing can be compared"
    yield _prose("other", f"{clean(each.named_id)} {why}")
    yield from _recorded(each.found.article.duplicate)
    yield _prose("rule", rule_of(each.found.article.duplicate.relation))


def _side_lines(found: Found) -> Iterator[Line]:
    article: PublishedArticle = found.article
    yield from named("title", article.title)
    yield from source_lines(article.source, article.url)
    if article.published_at is not None:
        yield Line("date", shown_time(article.published_at))
    yield Line("written", shown_time(_written(found)))
    yield Line("id", clean(article.id))


def _comparison(each: Explained, comparison: Comparison, width: int | None) -> Iterator[Line | None]:
    likeness = comparison.likeness
    yield None
    yield from _recorded(each.found.article.duplicate)
    yield _prose(
        "exact",
        f"{likeness.jaccard:.1%} alike (Jaccard); {likeness.here_in_there:.1%} of this text is in the other, "
        f"{likeness.there_in_here:.1%} of the other in this",
    )
    yield _prose(
        "length", f"{likeness.shingles:,} shingles (runs of three words), {likeness.other_shingles:,}"
    )
    yield _prose("rule", comparison.rule)
    yield from (_prose("", _check(check)) for check in comparison.checks)
    yield None
    yield from _passages(each.found.article.text, comparison, width)
    yield from _particulars("numbers", comparison.numbers)
    yield from _particulars("names", comparison.names)


def _prose(label: str, sentence: str) -> Line:
    """A line of our own words. As foreign text it is broken where the terminal is narrow."""
    return Line(label, foreign=sentence)


def _recorded(verdict: Duplicate) -> Iterator[Line]:
    if verdict.similarity is not None:
        estimated = "" if verdict.relation is Relation.EXACT else ", as the index estimated it"
        yield Line("recorded", f"{verdict.similarity:.1%} alike{estimated}")


def _check(check: Check) -> str:
    is_ratio = check.threshold <= 1
    threshold = f"{check.threshold:.0%}" if is_ratio else f"{check.threshold:,.0f}"
    value = f"{check.value:.1%}" if is_ratio else f"{check.value:,.0f}"
    said = f"{'yes' if check.holds else 'no'}: {check.says} {threshold} ({check.rule}); it is {value}"
    return said if check.holds else f"{said}. The index had an estimate, from samples"


def _passages(text: str, comparison: Comparison, width: int | None) -> Iterator[Line]:
    if not comparison.passages:
        yield Line("in common", "no run of three words")
    room = PASSAGE_CHARS if width is None else max(width - _ASIDE_CHARS, _ASIDE_CHARS)
    for number, passage in enumerate(comparison.passages):
        label = "in common" if number == 0 else ""
        words = f"{passage.words:,} words" if passage.words > 1 else "1 word"
        yield Line(label, f"{words:>9}", beginning(text[passage.start : passage.end], room))


def _particulars(label: str, found: Particulars) -> Iterator[Line]:
    rows = (("in both", found.both), ("only here", found.only_here), ("only there", found.only_there))
    if not any(values for _, values in rows):
        yield Line(label, "none in either")
        return
    is_first = True
    for name, values in rows:
        if values:
            yield Line(label if is_first else "", f"{len(values):>3,} {name:<10}", _listed(values))
            is_first = False


def _listed(values: Sequence[str]) -> str:
    separator = (
        "\u060c " if any("\u0600" <= value[:1] <= "\u06ff" for value in values) else ", "
    )  # ARABIC COMMA
    more = f"{separator}{ELLIPSIS}" if len(values) > LISTED else ""
    return separator.join(clean(value) for value in values[:LISTED]) + more
