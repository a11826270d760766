"""Where an event stands in articles.raw: its identity across crashes, and the headers that carry it."""

from collections.abc import Iterable
from dataclasses import dataclass

ORIGIN_HEADER = "khabar-origin"
"""The raw event that this record was made from. A replay carries the origin of the event it repeats."""
READ_HEADER = "khabar-read"
"""The raw event that was actually read; differs from the origin for a replay. The ledger counts these."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """TOPIC:PARTITION:OFFSET of an event in articles.raw, or FILE:0:LINE of an input file (lines from 1)."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, value: str) -> "Origin":
        """Raises ValueError unless `value` is TOPIC:PARTITION:OFFSET."""
        topic, partition, offset = value.rsplit(":", 2)
        return cls(topic, int(partition), int(offset))


def header(headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    """The value of the last header called `name` (Kafka allows several), or None."""
    found = None
    for key, value in headers:
        if key == name:
            found = value
    return found
