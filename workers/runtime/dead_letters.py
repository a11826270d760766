"""Dead letters: the original event as it was, and in one added header why and where it died."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from schemas.dead_letter import DeadLetter
from schemas.wire import InvalidError, decode, encode
from workers.origin import ORIGIN_HEADER, READ_HEADER, REPLAY_HEADER, Origin, header

DEAD_LETTER_HEADER: Final = "khabar-dead-letter"
MESSAGE_CHARS: Final = 2000
"""A parser's message may quote the page; a header is for reading."""

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What to send where, so that a dead event is tried again as what it was."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def dead_headers(original_headers: Headers, letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The headers of a dead letter: the original ones in their order, then Khabar's own.

    `khabar-origin` is the letter's origin, and `khabar-read` the raw event that was read where that is another one
    (a replay). An event that died between the stages had those headers already, and keeps them.
    """
    position = Origin(letter.topic, letter.partition, letter.offset)
    origin = Origin.parse(letter.origin)
    if letter.topic == origin.topic:
        read = None if position == origin else str(position).encode()
    else:
        read = header(original_headers, READ_HEADER)
    result = without(original_headers, DEAD_LETTER_HEADER, ORIGIN_HEADER, READ_HEADER)
    result.append((ORIGIN_HEADER, str(origin).encode()))
    if read is not None:
        result.append((READ_HEADER, read))
    result.append((DEAD_LETTER_HEADER, encode(_shortened(letter))))
    return result


def read_dead_letter(headers: Headers) -> DeadLetter:
    """Why and where the event with these headers died.

    Raises schemas.wire.InvalidError or UndecodableError for a record that Khabar did not write.
    """
    data = header(headers, DEAD_LETTER_HEADER)
    if data is None:
        raise InvalidError(f"header `{DEAD_LETTER_HEADER}` is missing: not a dead letter")
    return decode(DeadLetter, data)


def replay(key: bytes | None, value: bytes, headers: Headers) -> Replay:
    """The event of a dead letter, for the topic that it was read from: same key, value and headers.

    It carries the origin of the event that it repeats, and so gets the verdict which that event would have had.
    Raises as `read_dead_letter` does.
    """
    letter = read_dead_letter(headers)
    kept = without(headers, DEAD_LETTER_HEADER, ORIGIN_HEADER)
    if letter.topic == Origin.parse(letter.origin).topic:
        # It becomes a raw event in its own right, with a position of its own.
        kept = without(kept, READ_HEADER, REPLAY_HEADER)
    return Replay(
        topic=letter.topic,
        key=key,
        value=value,
        headers=(*kept, (ORIGIN_HEADER, letter.origin.encode())),
    )


def without(headers: Iterable[tuple[str, bytes]], *names: str) -> list[tuple[str, bytes]]:
    """The headers but those called one of `names`."""
    return [(name, value) for name, value in headers if name not in names]


def _shortened(letter: DeadLetter) -> DeadLetter:
    if len(letter.message) <= MESSAGE_CHARS:
        return letter
    return replace(letter, message=letter.message[: MESSAGE_CHARS - 1] + "\u2026")  # HORIZONTAL ELLIPSIS
