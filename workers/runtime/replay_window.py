"""Sending a window of articles.raw through the stages once more: `khabar replay`.

Each event is put on the partition that it stands in, behind everything there, with its origin, the name of the replay,
and the verdict that it had. So a repetition is decided after the event that it repeats, and never becomes a copy of it.

Events go in transactions, each of one partition, with a mark in it: the offset to go on from, committed for a group of
the replay's own. So a replay that was interrupted goes on where it was, under the same name, and sends nothing twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kafka import (
    ConsumerGroupMetadata,
    KafkaConsumer,
    KafkaProducer,
    OffsetAndMetadata,
    TopicPartition,
    errors,
)

from workers.config import Settings
from workers.errors import ConfigError
from workers.feeds.send import Mistake, Outgoing, checked
from workers.origin import (
    ORIGIN_HEADER,
    READ_HEADER,
    REPLAY_HEADER,
    REPLAY_NAME_HEADER,
    VERDICT_HEADER,
    Origin,
    header,
)
from workers.runtime.audit import Progress
from workers.runtime.carried import Carried, carrying
from workers.runtime.clients import Addresses, consumer, producer, speaking_to
from workers.runtime.dead_letters import without
from workers.runtime.earlier_verdicts import Verdicts, earlier_verdicts
from workers.runtime.reading import Ranges, Received, offsets_at, partitions_of, read_ranges
from workers.topics import Role, Topic, table

CHUNK_EVENTS: Final = 500
CHUNK_BYTES: Final = 16 << 20
"""Most in one transaction: as much as a worker's micro-batch has by default (KHABAR_BATCH_EVENTS, KHABAR_BATCH_BYTES)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The events of a replay: of each partition those from the first at or after `begin` up to the first at or after
    `end`, by the timestamps that Kafka has.
    """

    name: str
    begin: datetime
    end: datetime
    topic: str
    ranges: Ranges

    @property
    def offsets(self) -> int:
        """How many events there are, at most: other things have offsets too."""
        return sum(end - begin for begin, end in self.ranges.values())


@dataclass(slots=True)
class Counts:
    """What a replay has done: `sent` events, `repeats` left out because they repeat others, `before` offsets passed
    because an earlier run of the same replay had done them, `mistakes` of what could not be sent.
    """

    sent: int = 0
    repeats: int = 0
    before: int = 0
    mistakes: tuple[Mistake, ...] = ()


def window_of(
    settings: Settings, addresses: Addresses, begin: datetime, end: datetime, name: str | None = None
) -> Window:
    """The window between two times. Raises ConfigError where the first is not before the second, and as
    workers.runtime.clients.speaking_to does.
    """
    if begin >= end:
        raise ConfigError(f"Nothing is between {shown(begin)} and {shown(end)}: --from has to be before --to")
    topic = table(settings.topic_prefix)[Role.RAW].name
    with consumer(settings, addresses) as client, speaking_to(addresses):
        partitions = partitions_of(client, [topic])
        first, last = (offsets_at(client, partitions, moment) for moment in (begin, end))
    ranges = {each: (first[each], last[each]) for each in partitions if first[each] < last[each]}
    name = name or f"{shown(begin)}/{shown(end)}"
    return Window(name=name, begin=begin, end=end, topic=topic, ranges=ranges)


def count(settings: Settings, addresses: Addresses, window: Window, on_progress: Progress) -> Counts:
    """What `replay` would do with the window, were it the first time."""
    counts = Counts()
    with consumer(settings, addresses, max_poll_records=5000) as client, speaking_to(addresses):
        for number, received in enumerate(read_ranges(client, window.ranges, Role.RAW), start=1):
            if is_repeat(received):
                counts.repeats += 1
            else:
                counts.sent += 1
            on_progress(window.topic, number, window.offsets)
    return counts


def replay(settings: Settings, addresses: Addresses, window: Window, on_progress: Progress) -> Counts:
    """Send the events of the window once more, but for those that a run under the same name has sent before.

    Raises ConfigError when the name was used for another window, or another run of it takes over.
    """
    verdicts = earlier_verdicts(settings, addresses, window.ranges, window.begin, on_progress)
    group = f"replay.{window.topic}.{window.name}"
    topic = table(settings.topic_prefix)[Role.RAW]
    with (
        producer(settings, addresses, transactional_id=group) as kafka,
        consumer(settings, addresses, max_poll_records=CHUNK_EVENTS) as client,
        _speaking_alone(addresses, window),
    ):
        kafka.init_transactions()  # from here on, no earlier run can commit any more
        left = _left(settings, addresses, window, group)
        counts = Counts(before=window.offsets - sum(end - begin for begin, end in left.values()))
        sender = _Sender(kafka, topic, window, group, counts)
        for partition, chunk in _chunks(client, left):
            sender.send(partition, [_again(each, window.name, verdicts) for each in chunk], chunk[-1])
            on_progress(f"sending to {window.topic}", counts.sent + counts.repeats, window.offsets)
    return counts


def is_repeat(received: Received) -> bool:
    """Whether an event of articles.raw repeats an earlier one of it."""
    named = _origin(received.headers)
    return named is not None and _place(received).is_behind(named)


class _Sender:
    """Sends chunks, each with the mark of how far it goes."""

    def __init__(
        self, kafka: KafkaProducer, topic: Topic, window: Window, group: str, counts: Counts
    ) -> None:
        self._kafka = kafka
        self._topic = topic
        self._mark = _mark(window)
        self._member = ConsumerGroupMetadata(group, -1, "", None)
        self._counts = counts

    def send(self, partition: TopicPartition, items: list[Outgoing | None], last: Received) -> None:
        """One transaction: the events that are not None, and the offset after `last`."""
        self._kafka.begin_transaction()
        sent, mistakes = 0, []
        for item in items:
            if item is None:
                continue
            found = checked(item, self._topic)
            if isinstance(found, Mistake):
                mistakes.append(found)
                continue
            sent += 1
            self._kafka.send(
                partition.topic, found.value, found.key, list(found.headers), partition=partition.partition
            )
        mark = {partition: OffsetAndMetadata(last.offset + 1, self._mark, -1)}
        self._kafka.send_offsets_to_transaction(mark, self._member)
        self._kafka.commit_transaction()
        self._counts.sent += sent
        self._counts.repeats += items.count(None)
        self._counts.mistakes += tuple(mistakes)


def _again(received: Received, name: str, verdicts: Verdicts) -> Outgoing | None:
    """The event as it is to be sent; None for one that repeats another."""
    if is_repeat(received):
        return None
    place = _place(received)
    own = (ORIGIN_HEADER, READ_HEADER, REPLAY_HEADER, REPLAY_NAME_HEADER, VERDICT_HEADER)
    headers = [*without(received.headers, *own), (ORIGIN_HEADER, str(place).encode())]
    headers.append((REPLAY_NAME_HEADER, name.encode()))
    verdict = verdicts.by_place.get((received.partition, received.offset))
    if verdict is not None:
        headers.append(carrying(Carried(replay=verdicts.replay, verdict=verdict)))
    return Outgoing(where=str(place), key=received.key, value=received.value, headers=tuple(headers))


def _chunks(client: KafkaConsumer, ranges: Ranges) -> Iterator[tuple[TopicPartition, list[Received]]]:
    for partition, span in ranges.items():
        chunk: list[Received] = []
        size_bytes = 0
        for received in read_ranges(client, {partition: span}, Role.RAW):
            chunk.append(received)
            size_bytes += len(received.value)
            if len(chunk) == CHUNK_EVENTS or size_bytes > CHUNK_BYTES:
                yield partition, chunk
                chunk, size_bytes = [], 0
        if chunk:
            yield partition, chunk


def _left(settings: Settings, addresses: Addresses, window: Window, group: str) -> Ranges:
    """What earlier runs under the same name have not sent."""
    left = {}
    with consumer(settings, addresses, group_id=group) as client:
        for partition, (begin, end) in window.ranges.items():
            # Unlike the admin client, it waits for a coordinator that a new Kafka has still to choose.
            found = client.committed(partition, metadata=True)
            if found is not None and found.metadata != _mark(window):
                raise ConfigError(
                    f"The replay {window.name} was of another time, {found.metadata}: give this one another --name"
                )
            left[partition] = (begin if found is None else min(max(begin, found.offset), end), end)
    return left


@contextmanager
def _speaking_alone(addresses: Addresses, window: Window) -> Iterator[None]:
    try:
        with speaking_to(addresses):
            yield
    except (errors.ProducerFencedError, errors.InvalidProducerEpochError) as error:
        raise ConfigError(f"Another run of the replay {window.name} has taken over; this one ends") from error


def _place(received: Received) -> Origin:
    return Origin(received.topic, received.partition, received.offset)


def _origin(headers: tuple[tuple[str, bytes], ...]) -> Origin | None:
    try:
        return Origin.parse((header(headers, ORIGIN_HEADER) or b"").decode())
    except ValueError:
        return None


def _mark(window: Window) -> str:
    return f"{shown(window.begin)}/{shown(window.end)}"


def shown(moment: datetime) -> str:
    """A time as RFC 3339, UTC, to the millisecond that Kafka knows."""
    moment = moment.astimezone(UTC)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
