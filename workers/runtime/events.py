"""What travels between the Kafka side of a worker and the chain of stages."""

from dataclasses import dataclass, field
from typing import NamedTuple

from workers.origin import (
    ORIGIN_HEADER,
    READ_HEADER,
    REPLAY_HEADER,
    REPLAY_NAME_HEADER,
    TRACE_HEADER,
    Origin,
    header,
)
from workers.topics import Role

Headers = tuple[tuple[str, bytes], ...]


class Membership(NamedTuple):
    """Which incarnation of the consumer group fetched an event; the broker refuses work of an older one."""

    generation: int
    member_id: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event was read."""

    topic: str
    partition: int
    offset: int

    @property
    def reader(self) -> str:
        """What the index calls the partition."""
        return f"{self.topic}:{self.partition}"


@dataclass(frozen=True, slots=True)
class Event:
    """One Kafka record as it was fetched. `put_at_ms` is its timestamp: when it was put on its topic, if that is known.
    `trace` is the context that its records hang on, where traces are on.
    """

    position: Position
    key: bytes | None
    value: bytes
    headers: Headers = ()
    put_at_ms: int | None = None
    trace: bytes = b""

    @property
    def read(self) -> Origin:
        """The raw event that was actually read: this one, or between the stages the one that the headers name."""
        here = Origin(self.position.topic, self.position.partition, self.position.offset)
        if self._is_raw:
            return here
        named = header(self.headers, READ_HEADER) or header(self.headers, ORIGIN_HEADER)
        return _parsed(named) or here

    @property
    def origin(self) -> Origin:
        """The identity of the event across crashes and replays; a replay carries that of the event it repeats.

        A replay stands in the partition of the event that it repeats, behind it. So a raw event that names any other
        (mirrored, or a producer's own header) is itself, and none can take the identity of an event to come.
        """
        named = _parsed(header(self.headers, ORIGIN_HEADER))
        if named is None or (self._is_raw and not self.read.is_behind(named)):
            return self.read
        return named

    @property
    def _is_raw(self) -> bool:
        return self.position.topic.endswith(f".{Role.RAW}")

    def lineage(self, replay: str = "") -> Headers:
        """The headers that every record made from this event carries; `replay` is the number of the replay from the
        beginning in which it was read, if any.
        """
        origin, read = str(self.origin), str(self.read)
        names: Headers = ((ORIGIN_HEADER, origin.encode()),)
        if read != origin:
            names = (*names, (READ_HEADER, read.encode()))
            if name := header(self.headers, REPLAY_NAME_HEADER):
                names = (*names, (REPLAY_NAME_HEADER, name))
        if self.trace:
            names = (*names, (TRACE_HEADER, self.trace))
        number = replay.encode() or (not self._is_raw and header(self.headers, REPLAY_HEADER))
        return (*names, (REPLAY_HEADER, number)) if number else names


@dataclass(frozen=True, slots=True)
class Output:
    """A record to produce, by the role of its topic. `reason` is what is counted with it: its relation, or why there is no
    article.
    """

    role: Role
    key: bytes | None
    value: bytes
    headers: Headers = ()
    reason: str = field(default="", compare=False)

    @property
    def size_bytes(self) -> int:
        """Upper bound of what the record takes in a Kafka batch, as the broker counts it."""
        headers = sum(len(name.encode()) + len(value) + 10 for name, value in self.headers)
        return (
            len(self.value) + len(self.key or b"") + headers + 128
        )  # batch header 61, record fields below 67


def _parsed(value: bytes | None) -> Origin | None:
    if value is None:
        return None
    try:
        return Origin.parse(value.decode())
    except ValueError:
        return None  # a producer's own header of that name; the event's position is its origin then
