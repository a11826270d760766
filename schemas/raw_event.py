"""articles.raw: what a feed produces, as an envelope or as a bare page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

from schemas.wire import InvalidError, UndecodableError, decode


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """A page as a feed fetched it, and what the feed knew about it. Only `body` is owed.

    `body` is HTML or plain text (a dump of a whole page is usual). It is `str` in an envelope, and `bytes` of
    any charset when the Kafka value was the bare page. Times are what the feed said, RFC 3339 if it was kind.
    """

    body: str | bytes
    url: str | None = None
    source: str | None = None
    fetched_at: str | None = None
    content_type: str | None = None
    title: str | None = None
    published_at: str | None = None
    lang: str | None = None
    author: str | None = None
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A page as a feed fetched it, and what the feed knew about it. Only `body` is owed; null means not known.

    `body` is HTML or plain text (a dump of a whole page is usual). Times are RFC 3339 where the feed knows how.
    `content_type` is a media type such as text/html. `meta` is the producer's own object: it comes out again,
    untouched, in the record.
    """

    body: str
    url: str | None = None
    source: str | None = None
    fetched_at: str | None = None
    content_type: str | None = None
    title: str | None = None
    published_at: str | None = None
    lang: str | None = None
    author: str | None = None
    tags: tuple[str, ...] | None = None
    meta: dict[str, Any] | None = None


Form = Literal["envelope", "page", "unknown"]

# What producers set that know nothing better (RFC 2046, section 4.5.1) says nothing.
_NO_CONTENT_TYPES: Final = {"", "application/octet-stream", "binary/octet-stream"}
_BEGINS_AS_OBJECT: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{"
    rb"|\xff\xfe(?:[ \t\r\n]\x00)*\{\x00"  # UTF-16, little-endian
    rb"|\xfe\xff(?:\x00[ \t\r\n])*\x00\{"  # UTF-16, big-endian
)
_COMMA: Final = re.compile("[,\u060c]")  # COMMA, ARABIC COMMA


def read_raw_event(value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()) -> RawEvent:
    """The event that a Kafka value and its record headers hold, in either form (see the README, "Raw events").

    The header `content-type` decides: JSON (application/json, text/json, +json) is an envelope, anything else a
    bare page. Without it, a value that begins with `{` is an envelope. An empty value and a tombstone (None) are
    a page with nothing in it. Of several headers of one name the last counts; one without a value is as
    none, and bytes in it that are not UTF-8 are replaced.

    Raises UndecodableError when the envelope, or the header `meta`, is not JSON, and InvalidError when it does
    not fit.
    """
    if not value:
        return _page(b"", headers)
    form: Form = "unknown"
    for name, content in headers:
        if content and name.lower() == "content-type":
            form = _form(content)
    if form == "envelope" or (form == "unknown" and _BEGINS_AS_OBJECT.match(value)):
        return _from_envelope(decode(Envelope, value))
    return _page(value, headers)


@lru_cache(maxsize=256)
def _form(content_type: bytes) -> Form:
    """What a Content-Type header says of the value; JSON as the WHATWG MIME Sniffing Standard, section 4.6."""
    essence = content_type.decode("utf-8", "replace").partition(";")[0].strip().lower()
    if essence in _NO_CONTENT_TYPES:
        return "unknown"
    is_json = essence in {"application/json", "text/json"} or essence.endswith("+json")
    return "envelope" if is_json else "page"


def _from_envelope(envelope: Envelope) -> RawEvent:
    return RawEvent(
        body=envelope.body,
        url=envelope.url,
        source=envelope.source,
        fetched_at=envelope.fetched_at,
        content_type=envelope.content_type,
        title=envelope.title,
        published_at=envelope.published_at,
        lang=envelope.lang,
        author=envelope.author,
        tags=envelope.tags or (),
        meta=envelope.meta or {},
    )


def _page(body: bytes, headers: Sequence[tuple[str, bytes | None]]) -> RawEvent:
    known = {name.lower(): content.decode("utf-8", "replace").strip() for name, content in headers if content}
    return RawEvent(
        body=body,
        url=known.get("url") or None,
        source=known.get("source") or None,
        fetched_at=known.get("fetched-at") or None,
        content_type=known.get("content-type") or None,
        title=known.get("title") or None,
        published_at=known.get("published-at") or None,
        lang=known.get("lang") or None,
        author=known.get("author") or None,
        tags=tuple(tag.strip() for tag in _COMMA.split(known.get("tags", "")) if tag.strip()),
        meta=_meta(known),
    )


def _meta(known: Mapping[str, str]) -> dict[str, Any]:
    text = known.get("meta")
    if not text:
        return {}
    try:
        return decode(dict, text.encode())
    except UndecodableError as error:
        raise UndecodableError(f"header `meta`: {error}") from error
    except InvalidError as error:
        raise InvalidError(f"header `meta`: {error}") from error
