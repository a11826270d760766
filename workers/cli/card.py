"""A record as a card: a few labelled lines that are legible in a terminal and in a log.

Right-to-left text stays in logical order, as terminals and log viewers expect it. It stands alone at the end of
its line between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode Standard Annex 9), without a frame, so
that neither a viewer that knows isolates nor one that does not moves a label or a number into it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from schemas.cleaned_article import CleanedArticle, Source
from schemas.dead_letter import DeadLetter
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectedEvent
from schemas.tagged_article import TaggedArticle
from workers.runtime.reading import Record
from workers.topics import Role

FSI = "\u2068"  # FIRST STRONG ISOLATE
PDI = "\u2069"  # POP DIRECTIONAL ISOLATE
ELLIPSIS = "\u2026"  # HORIZONTAL ELLIPSIS
TIMES = "\u00d7"  # MULTIPLICATION SIGN
JOINERS = {"\u200c", "\u200d"}  # ZERO WIDTH NON-JOINER (Persian spelling), ZERO WIDTH JOINER
RIGHT_TO_LEFT = {"R", "AL", "AN"}
LABEL_CHARS = 10
TEXT_CHARS = 200
ENTITIES_SHOWN = 5
FIELD_CHARS = 300
NARROWEST = 20
"""A line is not broken to less than this, however narrow the terminal."""

# ECMA-48: control sequences (CSI), and strings that a terminal takes (OSC, DCS, SOS, PM, APC) up to their end.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
COLOURS: Mapping[str, str] = {
    Role.PUBLISHED: "green",
    Role.DUPLICATES: "yellow",
    Role.REJECTED: "magenta",
    Role.DEAD: "red",
}
"""By outcome."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a card: a label, Latin text, and foreign text after it; `clean` has gone over the latter two."""

    label: str
    latin: str = ""
    foreign: str = ""


def clean(text: str) -> str:
    """The text on one line, without anything that steers a terminal or reorders what stands around it.

    Escape sequences, control characters, unpaired surrogates and format characters go, also the bidi embeddings,
    overrides and isolates. The marks LRM, RLM and ALM, joiners and Arabic number signs stay: they change nothing
    outside the text. Idempotent.
    """
    text = " ".join(_ESCAPES.sub("", text).split())
    return " ".join("".join(filter(_is_harmless, text)).split())


def _is_harmless(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cf":
        return character in JOINERS or unicodedata.bidirectional(character) in {"L", *RIGHT_TO_LEFT}
    return category not in {"Cc", "Cs", "Cn", "Zl", "Zp"}


def isolated(text: str) -> str:
    """The text, between isolates where it has right-to-left characters."""
    if any(unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in text):
        return f"{FSI}{text}{PDI}"
    return text


def card(topic: str, record: Record, *, width: int | None = None) -> Text:
    """The record as styled lines; `str(card)` is the same without styles. Lines are broken at `width` cells.

    `topic` heads the card, and its last part chooses the colour.
    """
    text = Text(no_wrap=True, overflow="ignore")
    text.append(topic, style_of(topic))
    for line in lines(record):
        for number, value in enumerate(broken(line, width)):
            label = line.label if number == 0 else ""
            text.append(f"\n  {label:<{LABEL_CHARS}}", "dim")
            text.append(value, "bold" if line.label == "title" else "")
    return text


def style_of(topic: str) -> str:
    """The style of a topic's name; its last part chooses the colour."""
    colour = COLOURS.get(topic.rpartition(".")[2])
    return f"bold {colour}" if colour else "bold"


def lines(record: Record) -> Iterator[Line]:
    """What there is to say of a record, in reading order; fields that it does not have give no line."""
    if isinstance(record, RejectedEvent):
        yield from named("title", record.title)
        yield from source_lines(record.source, record.url)
        yield Line("reason", record.reason)
        yield from named("detail", record.detail)
        yield Line("id", clean(record.id))
    elif isinstance(record, DeadLetter):
        yield Line("reason", f"{record.reason} ({clean(record.error)}, stage {clean(record.stage)})")
        yield from named("message", record.message)
        yield Line("origin", clean(record.origin))
    elif isinstance(record, RawEvent):
        yield from named("title", record.title)
        yield from named("source", record.source)
        yield from named("url", record.url)
        yield Line(
            "body", f"{len(record.body):,} {'bytes' if isinstance(record.body, bytes) else 'characters'}"
        )
    else:
        yield from _article(record)


def _article(article: CleanedArticle) -> Iterator[Line]:
    yield from named("title", article.title)
    yield from source_lines(article.source, article.url)
    yield Line("language", clean(article.lang))
    if article.published_at is not None:
        yield Line("date", shown_time(article.published_at))
    if isinstance(article, TaggedArticle):
        for number, entity in enumerate(article.entities[:ENTITIES_SHOWN]):
            label = "entities" if number == 0 else ""
            yield Line(label, f"{entity.label} {TIMES}{len(entity.mentions)}", clean(entity.name))
        if len(article.entities) > ENTITIES_SHOWN:
            yield Line("", f"and {len(article.entities) - ENTITIES_SHOWN} more")
    if isinstance(article, PublishedArticle):
        yield Line("duplicate", _shown_verdict(article.duplicate))
    yield Line("id", clean(article.id))
    yield from named("text", beginning(article.text, TEXT_CHARS))


def named(label: str, value: str | None) -> Iterator[Line]:
    """A line with a foreign value, cut where it is long; none where there is no value."""
    if value and (text := beginning(clean(value[: 4 * FIELD_CHARS]), FIELD_CHARS)):
        yield Line(label, foreign=text)


def source_lines(source: Source, url: str | None) -> Iterator[Line]:
    """Who published an article, and where."""
    if source.name or source.domain:
        yield Line("source", clean(source.domain or ""), clean(source.name or ""))
    yield from named("url", url)


def beginning(text: str, most_chars: int) -> str:
    """At most so many characters of the text, cut after a word."""
    text = clean(text[: 4 * most_chars])
    if len(text) <= most_chars:
        return text
    cut = text[:most_chars]
    return (cut.rpartition(" ")[0] or cut) + ELLIPSIS


def _shown_verdict(duplicate: Duplicate) -> str:
    verdict = str(duplicate.relation).replace("_", " ")
    if duplicate.relation is Relation.REVISION and duplicate.revision is not None:
        verdict += f" {duplicate.revision}"
    if duplicate.of is not None:
        verdict += (
            f" {clean(duplicate.of)}"
            if duplicate.relation is Relation.CONTAINED_IN
            else f" of {clean(duplicate.of)}"
        )
    if duplicate.contains is not None:
        verdict += f", contains {clean(duplicate.contains)}"
    if duplicate.similarity is not None:
        verdict += f" ({duplicate.similarity:.0%} alike)"
    return verdict


def shown_time(time: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def broken(line: Line, width: int | None) -> Iterator[str]:
    """The line's values, at most `width` cells each; each part of a foreign text is isolated on its own."""
    separator = "  " if line.latin and line.foreign else ""
    room = None if width is None else max(width - LABEL_CHARS - 2, NARROWEST)
    first = line.latin + separator
    parts = _wrapped(line.foreign, room, cell_len(first)) if line.foreign else [""]
    for number, part in enumerate(parts):
        yield (first if number == 0 else "") + isolated(part)


def _wrapped(text: str, room: int | None, used: int) -> list[str]:
    if room is None:
        return [text]
    parts, part, cells = [], "", used
    for word in text.split(" "):
        added = cell_len(word) + (1 if part else 0)
        if part and cells + added > room:
            parts.append(part)
            part, cells = word, cell_len(word)
        else:
            part = f"{part} {word}" if part else word
            cells += added
    return [*parts, part]
