"""From files to raw events, and onto a topic."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from kafka import KafkaProducer, errors

from schemas.raw_event import read_raw_event
from schemas.wire import InvalidError, UndecodableError, decode, encode
from workers.demo import demo_events
from workers.topics import Topic

PAGE_TYPES: Final = {".html": "text/html", ".htm": "text/html", ".xhtml": "text/html", ".txt": "text/plain"}
ENVELOPE_TYPE: Final = "application/json"
LINES_SUFFIXES: Final = {".jsonl", ".ndjson"}
KNOWN_SUFFIXES: Final = ", ".join(sorted({*PAGE_TYPES, ".json", *LINES_SUFFIXES}))

BATCH_OVERHEAD_BYTES: Final = 1024
"""More than what Kafka adds around a record (61 bytes a batch, some 30 a record, 10 a header)."""
IN_FLIGHT_RECORDS: Final = 1000
IN_FLIGHT_BYTES: Final = 64 << 20
"""kafka-python has no limit of its own for what waits to be sent."""
DELIVERY_TIMEOUT_S: Final = 130.0
"""A little more than the producer's own delivery_timeout_ms (120 s), which says what went wrong."""

_JSON_TYPE: Final = re.compile(r"(application|text)/json\b|[^;]*\+json\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the sender knows of all the pages. An envelope's own fields go before it."""

    url: str | None = None
    source: str | None = None
    lang: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A raw event to send. `where` is FILE, or FILE:LINE. Without a partition, the key chooses one."""

    where: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int | None = None

    @property
    def size_bytes(self) -> int:
        """What the record takes on the wire, at most."""
        headers = sum(len(name.encode()) + len(value) + 10 for name, value in self.headers)
        return len(self.value) + len(self.key or b"") + headers + BATCH_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that was not sent, and why."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Sent:
    """A raw event that Kafka has."""

    where: str
    partition: int
    offset: int


Item: TypeAlias = Outgoing | Mistake


def read_files(paths: Iterable[Path], stdin: BinaryIO, known: Known) -> Iterator[Item]:
    """The events in the files, in order, and the mistakes among them; `-` is `stdin`. One file is open at a time."""
    for path in paths:
        try:
            if str(path) == "-":
                yield from events(path, stdin, known)
            else:
                with path.open("rb") as stream:
                    yield from events(path, stream, known)
        except OSError as error:
            yield Mistake(str(path), f"cannot be read: {error.strerror or error}")


def events(path: Path, stream: BinaryIO, known: Known) -> Iterator[Item]:
    """The events in one file, by its name: a page (.html, .txt), an envelope (.json), an envelope a line (.jsonl).

    `-` is an envelope a line. A content type in `known` makes any file one page of this type (or one envelope).
    """
    where, suffix = str(path), path.suffix.lower()
    if known.content_type is not None:
        is_envelope = bool(_JSON_TYPE.match(known.content_type))
        yield (envelope if is_envelope else page)(where, stream.read(), known)
    elif where == "-" or suffix in LINES_SUFFIXES:
        name = "standard input" if where == "-" else where
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield envelope(f"{name}:{number}", line.rstrip(b"\r\n"), known)
    elif suffix == ".json":
        yield envelope(where, stream.read(), known)
    elif suffix in PAGE_TYPES:
        yield page(where, stream.read(), known)
    else:
        yield Mistake(
            where, f"what is it? Known endings are {KNOWN_SUFFIXES}; for others say --content-type TYPE"
        )


def demo_items() -> Iterator[Item]:
    """The demo's events, in their order."""
    for event in demo_events():
        yield Outgoing(where=f"demo:{event.name}", key=event.key, value=event.value, headers=event.headers)


def page(where: str, data: bytes, known: Known) -> Outgoing:
    """The bare page, byte for byte, with what is known of it in headers."""
    content_type = known.content_type or PAGE_TYPES[Path(where).suffix.lower()]
    fields = (
        ("content-type", content_type),
        ("url", known.url),
        ("source", known.source),
        ("lang", known.lang),
    )
    return Outgoing(
        where=where,
        key=_key(known.url),
        value=data,
        headers=tuple((name, value.encode()) for name, value in fields if value),
    )


def envelope(where: str, data: bytes, known: Known) -> Item:
    """The envelope, byte for byte unless `known` fills a field that it leaves open; a mistake where it is none."""
    headers = (("content-type", (known.content_type or ENVELOPE_TYPE).encode()),)
    try:
        event = read_raw_event(data, headers)
        if not data.strip():
            return Mistake(where, "is empty")
        missing = {
            name: value
            for name, value in (("url", known.url), ("source", known.source), ("lang", known.lang))
            if value and getattr(event, name) is None
        }
        if missing:
            fields: dict[str, Any] = decode(dict, data)
            data = encode(fields | missing)
    except (UndecodableError, InvalidError) as error:
        return Mistake(where, f"is no envelope: {error}")
    return Outgoing(where=where, key=_key(event.url or known.url), value=data, headers=headers)


def _key(url: str | None) -> bytes | None:
    # Versions of one page stay in one partition, and so in order.
    return url.encode() if url else None


def checked(item: Item, topic: Topic) -> Item:
    """The event, or a mistake where it is larger than the topic takes."""
    if isinstance(item, Outgoing) and item.size_bytes > topic.max_message_bytes:
        return Mistake(
            item.where, f"has {len(item.value):,} bytes; {topic.name} takes {topic.max_message_bytes:,}"
        )
    return item


def produce(producer: KafkaProducer, topic: str, items: Iterable[Item]) -> Iterator[Sent | Mistake]:
    """Send the events; what became of each, in order, once Kafka has confirmed it.

    A record that Kafka refuses for its size is a mistake; other errors of kafka-python are raised.
    """
    waiting: deque[tuple[Outgoing | Mistake, Any]] = deque()
    waiting_bytes = 0
    for item in items:
        future = None
        if isinstance(item, Outgoing):
            future = producer.send(
                topic, item.value, key=item.key, headers=list(item.headers), partition=item.partition
            )
            waiting_bytes += item.size_bytes
        waiting.append((item, future))
        while waiting and _is_due(waiting, waiting_bytes):
            yield _outcome(*waiting[0])
            done = waiting.popleft()[0]
            waiting_bytes -= done.size_bytes if isinstance(done, Outgoing) else 0
    while waiting:
        yield _outcome(*waiting.popleft())


def _is_due(waiting: deque[tuple[Outgoing | Mistake, Any]], waiting_bytes: int) -> bool:
    future = waiting[0][1]
    is_done = future is None or future.is_done
    return is_done or len(waiting) > IN_FLIGHT_RECORDS or waiting_bytes > IN_FLIGHT_BYTES


def _outcome(item: Outgoing | Mistake, future: Any) -> Sent | Mistake:  # noqa: ANN401  (kafka-python has no types)
    if isinstance(item, Mistake):
        return item
    try:
        delivered = future.get(timeout=DELIVERY_TIMEOUT_S)
    except errors.MessageSizeTooLargeError:
        return Mistake(item.where, f"has {len(item.value):,} bytes; Kafka's topic takes less")
    return Sent(item.where, delivered.partition, delivered.offset)
