"""A raw event that is to be sent, and what cannot be. No client of Kafka is loaded for these."""

from dataclasses import dataclass
from typing import Final, TypeAlias

BATCH_OVERHEAD_BYTES: Final = 1024
"""More than what Kafka adds around a record (61 bytes a batch, some 30 a record, 10 a header)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A raw event to send. `where` is FILE, FILE:LINE, ARCHIVE!MEMBER or WARC@OFFSET. Without a partition, the key chooses one."""

    where: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int | None = None

    @property
    def size_bytes(self) -> int:
        """What the record takes on the wire, at most."""
        headers = sum(len(name.encode()) + len(value) + 10 for name, value in self.headers)
        return len(self.value) + len(self.key or b"") + headers + BATCH_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that was not sent, and why."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


Item: TypeAlias = Outgoing | Mistake
