"""Undoing the content-codings of HTTP (RFC 9110, section 8.4.1) piece by piece, so that a bomb is noticed in time."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import brotli

ACCEPTED: Final = "gzip, deflate, br"
_STEP_BYTES: Final = 2**18
"""What one call may give: a bomb costs as much before its size is looked at."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_GZIP_MAGIC: Final = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_DEFLATE_METHOD: Final = 8
"""RFC 1950: the low four bits of a zlib header; many servers send raw deflate instead."""


class TooLargeError(Exception):
    """The body is over the limit."""


class BadCodingError(Exception):
    """The body is not in the coding that the header names."""


class Decoder(Protocol):
    """One coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data decodes to, in pieces of about _STEP_BYTES."""

    def is_complete(self) -> bool: ...


def decoder(name: str) -> Decoder:
    """Raises BadCodingError for a coding that is not known."""
    if name in {"gzip", "x-gzip"}:
        return Gzip()
    if name == "deflate":
        return Deflate()
    if name == "br":
        return Brotli()
    raise BadCodingError(f"the coding {name!r} is not known")


def begins_as(name: str, body: bytes) -> bool:
    """Whether the body begins as one in this coding does. Brotli has no mark to begin with; most pages have."""
    if name in {"gzip", "x-gzip"}:
        return body.startswith(_GZIP_MAGIC)
    if name == "br":
        return not body.startswith(b"<")
    return True


class Gzip:
    """gzip, in one member or several; what stands behind the last one is passed over, as browsers do."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                if not data.startswith(_GZIP_MAGIC[:1]):
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
