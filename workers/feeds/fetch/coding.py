"""Reading a body without its content-codings while it arrives, never more of it than was asked for.

aiohttp would do it too, but takes a gzip stream that was cut short for a whole one.
"""

from collections.abc import AsyncIterable, Iterator
from typing import Final

from workers.feeds.codings import BadCodingError, Decoder, TooLargeError, decoder

_MAX_CODINGS: Final = 2


async def read_body(
    chunks: AsyncIterable[bytes], encoding: str | None, max_bytes: int, *, cut: bool = False
) -> bytes:
    """The body without its content-codings.

    Raises BadCodingError, and TooLargeError once the body is over `max_bytes`; with `cut` it ends there instead.
    """
    names = [name.strip().lower() for name in (encoding or "").split(",")]
    decoders = [decoder(name) for name in reversed(names) if name and name != "identity"]
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
    if has_begun and not all(each.is_complete() for each in decoders):
        raise BadCodingError("it ends too early")
    return bytes(body)


def _through(decoders: list[Decoder], data: bytes) -> Iterator[bytes]:
    if not decoders:
        yield data
        return
    first, *others = decoders
    for part in first.feed(data):
        yield from _through(others, part)
