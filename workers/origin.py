"""Where an event stands in articles.raw: its identity across crashes, and the headers that carry it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# A file's name may hold colons; partitions and offsets are 32 and 64 bits wide.
_ORIGIN = re.compile(r"(.+):([0-9]{1,10}):([0-9]{1,19})", re.DOTALL)

ORIGIN_HEADER = "khabar-origin"
"""The raw event that this record was made from. A replay carries the origin of the event it repeats."""
READ_HEADER = "khabar-read"
"""The raw event that was actually read; differs from the origin for a replay. The ledger counts these."""
REPLAY_HEADER = "khabar-replay"
"""Which replay from the beginning (`khabar run --replay`) made this record: 1, 2, …; absent before the first."""
REPLAY_NAME_HEADER = "khabar-replay-name"
"""The replay of a window (`khabar replay`) in which the raw event was sent once more; on it, and on its records."""
TRACE_HEADER = "traceparent"
"""The context of a trace, by W3C Trace Context; only where traces are on (workers.tracing), or a producer sends it."""
VERDICT_HEADER = "khabar-verdict"
"""On a raw event that was sent once more: the verdict that it had (workers.runtime.carried)."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """TOPIC:PARTITION:OFFSET of an event in articles.raw, or FILE:0:LINE of an input file (lines from 1)."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"

    def is_behind(self, other: "Origin") -> bool:
        """Whether this event stands in the partition of the other, behind it, as a replay of it does."""
        return (self.topic, self.partition) == (other.topic, other.partition) and self.offset > other.offset

    @classmethod
    def parse(cls, value: str) -> "Origin":
        """The origin that `str()` wrote. Raises ValueError unless `value` is TOPIC:PARTITION:OFFSET."""
        match = _ORIGIN.fullmatch(value)
        if match is None:
            raise ValueError(f"{value[:100]!r} is no origin: it takes TOPIC:PARTITION:OFFSET")
        return cls(match[1], int(match[2]), int(match[3]))


def header(headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    """The value of the last header called `name` (Kafka allows several), or None."""
    found = None
    for key, value in headers:
        if key == name:
            found = value
    return found
