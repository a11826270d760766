"""The body of an HTTP response as a crawler kept it: transfer and content codings are undone.

Many crawlers store the body decoded and keep the headers as they came. So a body that does not begin as its header
says is taken as it is; one that begins so and breaks off later is an error.
"""

import re
import zlib
from typing import Final

import brotli


class CodingError(ValueError):
    """The body cannot be decoded."""


class TooLargeError(ValueError):
    """The decoded body is over the limit."""


_PIECE_BYTES: Final = 64 << 10
_GZIP_MAGIC: Final = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_CHUNK_HEAD: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")  # RFC 9112, section 7.1


def decoded(body: bytes, transfer: str | None, content: str | None, max_bytes: int) -> bytes:
    """The body without its codings; `transfer` and `content` are the headers Transfer-Encoding and Content-Encoding.

    Never holds more than `max_bytes` of what a coding unfolds to. Raises CodingError and TooLargeError.
    """
    for name in [*_codings(transfer), *_codings(content)]:
        match name:
            case "chunked":
                if _CHUNK_HEAD.match(body):
                    body = _dechunked(body)
            case "gzip" | "x-gzip":
                if body.startswith(_GZIP_MAGIC):
                    body = _inflated(body, max_bytes, 31)
            case "deflate":
                body = _deflated(body, max_bytes)
            case "br":
                body = _unbrotlied(body, max_bytes)
            case "identity":
                pass
            case _:
                raise CodingError(f"the coding {name!r} is not known")
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
    raise CodingError(f"its chunks break off, or are broken, at byte {at:,}")


def _inflated(body: bytes, max_bytes: int, window_bits: int) -> bytes:
    """Every member of a gzip body, or what zlib packed."""
    pieces: list[bytes] = []
    room = max_bytes
    while body:
        machine = zlib.decompressobj(window_bits)
        try:
            pieces.append(machine.decompress(body, room + 1))
        except zlib.error as error:
            raise CodingError(f"it cannot be unpacked: {error}") from error
        room -= len(pieces[-1])
        if room < 0:
            raise TooLargeError
        if not machine.eof:
            raise CodingError("it cannot be unpacked: it breaks off")
        body = machine.unused_data
        if not body.startswith(_GZIP_MAGIC):  # padding, which browsers pass over, too
            break
    return b"".join(pieces)


def _deflated(body: bytes, max_bytes: int) -> bytes:
    """Servers say deflate for zlib's format, as RFC 9110 has it, and for the bare one."""
    if len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0:  # RFC 1950, section 2.2
        return _inflated(body, max_bytes, zlib.MAX_WBITS)
    try:
        return _inflated(body, max_bytes, -zlib.MAX_WBITS)
    except CodingError:
        return body


def _unbrotlied(body: bytes, max_bytes: int) -> bytes:
    machine = brotli.Decompressor()
    pieces: list[bytes] = []
    room = max_bytes
    try:
        piece = machine.process(body, output_buffer_limit=_PIECE_BYTES)
        while piece:
            pieces.append(piece)
            room -= len(piece)
            if room < 0:
                raise TooLargeError
            piece = machine.process(b"", output_buffer_limit=_PIECE_BYTES)
    except brotli.error as error:
        if pieces or body[:1] != b"<":  # its format has no mark to begin with; most pages have
            raise CodingError(f"it cannot be unpacked: {error}") from error
        return body
    if not machine.is_finished():
        raise CodingError("it cannot be unpacked: it breaks off")
    return b"".join(pieces)
