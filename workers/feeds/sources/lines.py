"""JSON lines: an envelope a line."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from workers.feeds.outgoing import Mistake
from workers.feeds.sources.pages import Known, envelope
from workers.feeds.sources.step import START, Place, Step

_PIECE_BYTES: Final = 1 << 20


def read_lines(
    name: str, stream: BinaryIO, known: Known, max_bytes: int, start: Place = START, *, seeks: bool = False
) -> Iterator[Step]:
    """The envelopes after `start`. `seeks`: the stream is a file as it is, which can be read from any line.

    A line over `max_bytes` is a mistake; no more of it than that is held.
    """
    number, offset = start.number, start.offset
    if seeks:
        stream.seek(offset)
    else:
        for _ in range(number):
            _line(stream, 0)
    while True:
        line, size = _line(stream, max_bytes)
        if not size:
            return
        number += 1
        offset += size
        place = start._replace(offset=offset if seeks else 0, number=number)
        where = f"{name}:{number}"
        if size > len(line):
            yield Step(Mistake(where, f"has {size:,} bytes; the topic takes {max_bytes:,}"), place, offset)
        elif line.strip():
            yield Step(envelope(where, line.rstrip(b"\r\n"), known), place, offset)


def _line(stream: BinaryIO, max_bytes: int) -> tuple[bytes, int]:
    """A line, of which no more than `max_bytes`, and how many bytes it has; 0 at the end."""
    line = end = stream.readline(max_bytes + 1 if max_bytes else _PIECE_BYTES)
    size = len(line)
    while end and not end.endswith(b"\n"):
        end = stream.readline(_PIECE_BYTES)
        size += len(end)
    return line[:max_bytes], size
