"""The verdict that an event had, carried by the event when `khabar replay` sends it once more.

The index would say the same for as long as it remembers the event. Once it has forgotten it, an original would become
the copy of its own copy. `replay` is the number of the replay from the beginning in which the verdict was given: in a
later one, all verdicts are made anew, and it does not count.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.published_article import Duplicate
from schemas.wire import InvalidError, UndecodableError, decode, encode
from workers.origin import READ_HEADER, REPLAY_HEADER, VERDICT_HEADER, header


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What stands in the header."""

    replay: int
    verdict: Duplicate


def carrying(carried: Carried) -> tuple[str, bytes]:
    """The header."""
    return VERDICT_HEADER, encode(carried)


def carried_verdict(
    headers: Iterable[tuple[str, bytes]], lineage: Iterable[tuple[str, bytes]]
) -> Duplicate | None:
    """The verdict that an event with these headers brings along, if it counts for records with this lineage: those of a
    repetition, in the same replay from the beginning.
    """
    value = header(headers, VERDICT_HEADER)
    if value is None or header(lineage, READ_HEADER) is None:
        return None
    try:
        found = decode(Carried, value)
    except (UndecodableError, InvalidError):  # a producer's own header of that name
        return None
    number = header(lineage, REPLAY_HEADER) or b"0"
    return found.verdict if str(found.replay).encode() == number else None
