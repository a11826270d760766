"""Reading Khabar's topics: what a record is as it was read, and reading ranges of offsets."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from kafka import KafkaConsumer, TopicPartition

from schemas.cleaned_article import CleanedArticle
from schemas.dead_letter import DeadLetter
from schemas.published_article import PublishedArticle
from schemas.raw_event import RawEvent, read_raw_event
from schemas.rejected_event import RejectedEvent
from schemas.tagged_article import TaggedArticle
from schemas.wire import decode
from workers.errors import TransientError
from workers.runtime.dead_letters import read_dead_letter
from workers.runtime.topics_admin import missing
from workers.topics import Role

Record: TypeAlias = RawEvent | CleanedArticle | TaggedArticle | PublishedArticle | RejectedEvent | DeadLetter
Ranges: TypeAlias = Mapping[TopicPartition, tuple[int, int]]
"""Half-open ranges of offsets."""

POLL_MS: Final = 200
"""How long a request to stop may go unheard."""
BLOCKED_S: Final = 90.0
"""A reader of committed records waits for open transactions; Kafka ends one that was left after 60 s."""

_TYPES: Final[dict[Role, type[Any]]] = {
    Role.CLEANED: CleanedArticle,
    Role.TAGGED: TaggedArticle,
    Role.PUBLISHED: PublishedArticle,
    Role.DUPLICATES: PublishedArticle,
    Role.REJECTED: RejectedEvent,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One record and where it stood. `value` is its bytes (of a dead letter: the bytes of the dead event)."""

    role: Role
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes

    @property
    def record(self) -> Record:
        """The typed record, decoded at each call; of a dead letter, why and where the event died.

        Raises schemas.wire.UndecodableError or InvalidError for what Khabar did not write.
        """
        if self.role is Role.RAW:
            return read_raw_event(self.value, self.headers)
        if self.role is Role.DEAD:
            return read_dead_letter(self.headers)
        record: Record = decode(_TYPES[self.role], self.value)
        return record


def partitions_of(client: KafkaConsumer, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of the topics. Raises ConfigError that names the topics that are not there."""
    found = {topic: client.partitions_for_topic(topic) for topic in topics}
    if unseen := [topic for topic, partitions in found.items() if not partitions]:
        raise missing(unseen)
    return [TopicPartition(topic, partition) for topic in topics for partition in sorted(found[topic] or ())]


def offsets_at(
    client: KafkaConsumer, partitions: Sequence[TopicPartition], moment: datetime
) -> dict[TopicPartition, int]:
    """Of each partition the first record at or after a moment, by Kafka's timestamps; its end where there is none."""
    ends: dict[TopicPartition, int] = client.end_offsets(partitions)
    # Times before 1970 would be taken for the special values of ListOffsets.
    time_ms = max(0, int(moment.timestamp() * 1000))
    found = client.offsets_for_times(dict.fromkeys(partitions, time_ms))
    return {each: end if found[each] is None else found[each].offset for each, end in ends.items()}


def read_ranges(client: KafkaConsumer, ranges: Ranges, role: Role) -> Iterator[Received]:
    """The committed records within `ranges`, partition by partition, each in order.

    Waits for transactions that are open within the ranges. Raises TransientError when one stays open.
    """
    for partition, (begin, end) in ranges.items():
        if begin >= end:
            continue
        client.assign([partition])
        client.seek(partition, begin)
        heard = time.monotonic()
        while (position := client.position(partition)) < end:
            batch = client.poll(timeout_ms=POLL_MS).get(partition, [])
            for record in batch:
                if record.offset >= end:
                    break
                yield as_received(role, record)
            if client.position(partition) > position:
                heard = time.monotonic()
            elif time.monotonic() - heard > BLOCKED_S:
                raise TransientError(
                    f"{partition.topic}, partition {partition.partition}: nothing can be read after offset "
                    f"{position} for {BLOCKED_S:.0f} s. Kafka is away, or a transaction there was left open: "
                    "try again later"
                )


def as_received(role: Role, record: Any) -> Received:  # noqa: ANN401  (kafka-python's record has no types)
    """A record of kafka-python, as ours."""
    return Received(
        role=role,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        headers=tuple((name, value or b"") for name, value in record.headers),
        value=record.value or b"",
    )
