"""Undoing content-codings while they arrive, without ever having more than was asked for.

aiohttp would do it too, but takes a gzip stream that was cut short for a whole one.
"""

import zlib
from collections.abc import AsyncIterable, Iterator
from typing import Final, Protocol

import brotli

ACCEPTED: Final = "gzip, deflate, br"
_STEP_BYTES: Final = 2**18
"""What one call may give: a bomb costs as much before its size is looked at."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_DEFLATE_METHOD: Final = (
    8  # RFC 1950: the low four bits of a zlib header; many servers send raw deflate instead
)
_MAX_CODINGS: Final = 2


class TooLargeError(Exception):
    """The body is over the limit."""


class BadCodingError(Exception):
    """The body is not in the coding that the header names."""


class Decoder(Protocol):
    """One coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data decodes to, in pieces of about _STEP_BYTES."""

    def is_complete(self) -> bool: ...


async def read_body(
    chunks: AsyncIterable[bytes], encoding: str | None, max_bytes: int, *, cut: bool = False
) -> bytes:
    """The body without its content-codings.

    Raises BadCodingError, and TooLargeError once the body is over `max_bytes`; with `cut` it ends there instead.
    """
    names = [name.strip().lower() for name in (encoding or "").split(",")]
    decoders = [_decoder(name) for name in reversed(names) if name and name != "identity"]
    if len(decoders) > _MAX_CODINGS:
        raise BadCodingError(f"{len(decoders)} codings, one in the other")
    body, has_begun = bytearray(), False
    async for chunk in chunks:
        has_begun = has_begun or bool(chunk)
        for part in _through(decoders, chunk):
            body += part
            if len(body) > max_bytes:
                if cut:
                    return bytes(body[:max_bytes])
                raise TooLargeError
    if has_begun and not all(decoder.is_complete() for decoder in decoders):
        raise BadCodingError("it ends too early")
    return bytes(body)


def _decoder(name: str) -> Decoder:
    if name in {"gzip", "x-gzip"}:
        return Gzip()
    if name == "deflate":
        return Deflate()
    if name == "br":
        return Brotli()
    raise BadCodingError(f"{name!r} was not asked for")


def _through(decoders: list[Decoder], data: bytes) -> Iterator[bytes]:
    if not decoders:
        yield data
        return
    first, *others = decoders
    for part in first.feed(data):
        yield from _through(others, part)


class Gzip:
    """gzip, in one member or several; zeros behind the last one are padding."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = zlib.decompressobj(_GZIP)
            yield _inflate(self._member, data)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def is_complete(self) -> bool:
        return self._member.eof


class Deflate:
    """deflate with the zlib header that it should have, or without."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None and data:
            has_header = data[0] & 0x0F == _DEFLATE_METHOD
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        while data and self._stream is not None and not self._stream.eof:
            yield _inflate(self._stream, data)
            data = self._stream.unconsumed_tail

    def is_complete(self) -> bool:
        return self._stream is not None and self._stream.eof


class Brotli:
    """br (RFC 7932)"""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            part = self._stream.process(data, output_buffer_limit=_STEP_BYTES)
            # When all data has been accepted, there may still be much to come of it.
            while part or not self._stream.can_accept_more_data():
                yield part
                part = self._stream.process(b"", output_buffer_limit=_STEP_BYTES)
        except brotli.error as error:
            raise BadCodingError("it is no brotli") from error

    def is_complete(self) -> bool:
        return bool(self._stream.is_finished())


def _inflate(stream: "zlib._Decompress", data: bytes) -> bytes:
    try:
        return stream.decompress(data, _STEP_BYTES)
    except zlib.error as error:
        raise BadCodingError(str(error)) from error
