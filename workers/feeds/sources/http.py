"""The body of an HTTP response as a crawler kept it: transfer and content codings are undone.

Many crawlers store the body decoded and keep the headers as they came. So a body that does not begin as its header
says is taken as it is; one that begins so and breaks off later is an error.
"""

import re
from typing import Final

from workers.feeds.codings import BadCodingError, TooLargeError, begins_as, decoder

_CHUNK_HEAD: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")  # RFC 9112, section 7.1


def decoded(body: bytes, transfer: str | None, content: str | None, max_bytes: int) -> bytes:
    """The body without its codings; `transfer` and `content` are the headers Transfer-Encoding and Content-Encoding.

    Never holds more than `max_bytes` of what a coding unfolds to. Raises BadCodingError and TooLargeError.
    """
    for name in [*_codings(transfer), *_codings(content)]:
        if name == "chunked":
            body = _dechunked(body) if _CHUNK_HEAD.match(body) else body
        elif name != "identity":
            body = _undone(name, body, max_bytes)
    return body


def _codings(header: str | None) -> list[str]:
    """The codings in the order in which they are undone: the last one applied comes first (RFC 9110, 8.4)."""
    return [name.strip().lower() for name in reversed((header or "").split(",")) if name.strip()]


def _dechunked(body: bytes) -> bytes:
    """FastWARC's own reader does not know what may stand behind a chunk's size."""
    pieces: list[bytes] = []
    at = 0
    while match := _CHUNK_HEAD.match(body, at):
        size, begin = int(match[1], 16), match.end()
        if not size:
            return b"".join(pieces)
        pieces.append(body[begin : begin + size])
        at = begin + size
        at += 2 if body.startswith(b"\r\n", at) else 1
    raise BadCodingError(f"its chunks break off, or are broken, at byte {at:,}")


def _undone(name: str, body: bytes, max_bytes: int) -> bytes:
    stream = decoder(name)
    if not begins_as(name, body):
        return body
    found = bytearray()
    try:
        for part in stream.feed(body):
            found += part
            if len(found) > max_bytes:
                raise TooLargeError
    except BadCodingError as error:
        if found or name != "deflate":
            raise BadCodingError(f"it cannot be unpacked: {error}") from error
        return body  # raw deflate has no mark to begin with either
    if not stream.is_complete():
        raise BadCodingError("it cannot be unpacked: it breaks off")
    return bytes(found)
