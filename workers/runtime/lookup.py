"""Finding the records of an article by its id, in the topics where articles end."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.partitioner import murmur2

from schemas.published_article import PublishedArticle
from schemas.wire import InvalidError, UndecodableError
from workers.config import Settings
from workers.runtime.clients import Addresses, consumer, speaking_to
from workers.runtime.reading import Received, partitions_of, read_ranges
from workers.topics import Role, table

ROLES: Final = (Role.PUBLISHED, Role.DUPLICATES)

Progress = Callable[[str, int, int | None], None]
"""Told what is read, how many records of it have been, and how many there are, at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record of an article, and where it stands."""

    received: Received
    article: PublishedArticle

    @property
    def position(self) -> str:
        """TOPIC:PARTITION:OFFSET."""
        return f"{self.received.topic}:{self.received.partition}:{self.received.offset}"


Find = Callable[[str], list[Found]]
"""The records of the article with this id, the newest last."""


@contextmanager
def finding(settings: Settings, addresses: Addresses, on_progress: Progress) -> Iterator[Find]:
    """Gives find(id). Of each topic only the partition that the id belongs to is read, and what is committed now.

    A topic that was given more partitions has older records elsewhere; these are not found. Raises ConfigError and
    TransientError, as workers.runtime.clients.speaking_to does.
    """
    names = {role: topic.name for role, topic in table(settings.topic_prefix).items()}
    with (
        closing(consumer(settings, addresses, max_poll_records=5000)) as client,
        speaking_to(addresses),
    ):

        def find(article_id: str) -> list[Found]:
            found = [
                each
                for role in ROLES
                for each in _records(client, role, names[role], article_id.encode(), on_progress)
            ]
            return sorted(found, key=lambda each: each.received.timestamp_ms)

        yield find


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of so many that Kafka's clients give a record with this key."""
    number: int = murmur2(key)
    return (number & 0x7FFFFFFF) % partitions


def _records(
    client: KafkaConsumer, role: Role, topic: str, key: bytes, on_progress: Progress
) -> Iterator[Found]:
    partitions = partitions_of(client, [topic])
    partition: TopicPartition = partitions[partition_of(key, len(partitions))]
    [begin], [end] = (
        offsets([partition]).values() for offsets in (client.beginning_offsets, client.end_offsets)
    )
    for received in read_ranges(client, {partition: (begin, end)}, role):
        on_progress(f"{topic}, partition {partition.partition}", received.offset - begin + 1, end - begin)
        if received.key == key and (found := _found(received)):
            yield found


def _found(received: Received) -> Found | None:
    try:
        record = received.record
    except (UndecodableError, InvalidError):  # not one of Khabar's
        return None
    assert isinstance(record, PublishedArticle)
    return Found(received, record)
