"""The demo's events, made from the pages beside this module and manifest.json.

All texts, sites, clubs and persons are invented. The manifest says of each event what becomes of it.
"""

from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

import orjson

from schemas.published_article import Relation
from schemas.wire import decode

DemoOutcome = Literal["published", "duplicates", "rejected", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What becomes of a demo event: the topic it ends in and why.

    `relation` is set for published and duplicates, `reason` (a RejectReason or a DeadReason) for rejected and dead. `of` is the name of the demo
    event that this one repeats or revises. `min_entities` are ids that the article names at least.
    """

    outcome: DemoOutcome
    relation: Relation | None = None
    of: str | None = None
    reason: str | None = None
    lang: str | None = None
    min_entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEvent:
    """One event for articles.raw. Events that belong together share a key, hence a partition: the order in
    which they arrive, and so which of them is the original, is the manifest's however many workers there are.
    """

    name: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as manifest.json describes it. `key` is the URL unless it says otherwise."""

    name: str
    file: str
    form: Literal["envelope", "bare"]
    content_type: str
    fetched_at: str
    url: str | None = None
    source: str | None = None
    title: str | None = None
    published_at: str | None = None
    lang: str | None = None
    author: str | None = None
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] | None = None
    key: str | None = None
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """manifest.json: the events in the order in which they are sent."""

    events: tuple[Entry, ...] = field(default_factory=tuple)


_KNOWN_TO_THE_FEED = (
    "url",
    "source",
    "content_type",
    "fetched_at",
    "title",
    "published_at",
    "lang",
    "author",
)


def demo_events() -> list[DemoEvent]:
    """The events of the demo, in the order in which they are to be sent; the same at every call."""
    return [_event(entry) for entry in manifest().events]


def manifest() -> Manifest:
    """What manifest.json says. Raises InvalidError or UndecodableError when it is damaged."""
    return decode(Manifest, (files(__package__) / "manifest.json").read_bytes())


def _event(entry: Entry) -> DemoEvent:
    body = (files(__package__) / "pages" / entry.file).read_bytes()
    known = {name: value for name in _KNOWN_TO_THE_FEED if (value := getattr(entry, name)) is not None}
    key = entry.key or entry.url
    return DemoEvent(
        name=entry.name,
        key=key.encode() if key else None,
        value=_envelope(entry, known, body) if entry.form == "envelope" else body,
        headers=() if entry.form == "envelope" else _headers(known),
        expected=entry.expected,
    )


def _envelope(entry: Entry, known: dict[str, str], body: bytes) -> bytes:
    more = {name: value for name in ("tags", "meta") if (value := getattr(entry, name))}
    return orjson.dumps({**known, **more, "body": body.decode()})


def _headers(known: dict[str, str]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name.replace("_", "-"), value.encode()) for name, value in known.items())
