"""A page or an envelope as a raw event, with what the sender knows of it."""

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any, BinaryIO, Final, cast

from schemas.raw_event import read_raw_event
from schemas.wire import InvalidError, UndecodableError, decode, encode
from workers.feeds.outgoing import Item, Mistake, Outgoing

PAGE_TYPES: Final = {".html": "text/html", ".htm": "text/html", ".xhtml": "text/html", ".txt": "text/plain"}
ENVELOPE_TYPE: Final = "application/json"

BROKEN_GZIP: Final = (gzip.BadGzipFile, zlib.error, EOFError)
"""What reading from a broken gzip file raises."""

_JSON_TYPE: Final = re.compile(r"(application|text)/json\b|[^;]*\+json\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the sender knows of all the pages. What a source says of a page goes before it."""

    url: str | None = None
    source: str | None = None
    lang: str | None = None
    content_type: str | None = None

    @property
    def is_json(self) -> bool:
        """Whether the content type is an envelope's."""
        return self.content_type is not None and bool(_JSON_TYPE.match(self.content_type))


def read_whole(where: str, name: str, stream: BinaryIO, known: Known, max_bytes: int) -> Item:
    """The one event that a file is: an envelope or a page, by its name unless `known` has a content type.

    No more than `max_bytes` of it are held.
    """
    pieces, missing = [], max_bytes + 1
    while missing and (piece := stream.read(missing)):  # one call may give fewer
        pieces.append(piece)
        missing -= len(piece)
    data = b"".join(pieces)
    if not missing:
        return Mistake(where, f"has more than {max_bytes:,} bytes, which is all that the topic takes")
    content_type = known.content_type or page_type(name)
    return (
        envelope(where, data, known)
        if not content_type or known.is_json
        else page(where, data, known, content_type)
    )


def gunzipped(name: str, stream: IO[bytes]) -> BinaryIO:
    """The stream's content, unpacked where the name ends in .gz."""
    return cast("BinaryIO", gzip.GzipFile(fileobj=stream) if name.lower().endswith(".gz") else stream)


def page_type(name: str) -> str | None:
    """The content type that a file's ending stands for, with or without .gz behind it."""
    path = PurePath(name.lower())
    return PAGE_TYPES.get(PurePath(path.stem).suffix if path.suffix == ".gz" else path.suffix)


def page(where: str, data: bytes, known: Known, content_type: str) -> Outgoing:
    """The bare page, byte for byte, with what is known of it in headers."""
    fields = (
        ("content-type", content_type),
        ("url", known.url),
        ("source", known.source),
        ("lang", known.lang),
    )
    return Outgoing(
        where=where,
        key=key(known.url),
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
    return Outgoing(where=where, key=key(event.url or known.url), value=data, headers=headers)


def key(url: str | None) -> bytes | None:
    """Versions of one page stay in one partition, and so in order."""
    return url.encode() if url else None
