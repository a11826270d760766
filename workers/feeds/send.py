"""Raw events onto a topic. What they are read from is in workers.feeds.sources."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaProducer, errors

from workers.demo import demo_events
from workers.feeds.outgoing import Item, Mistake, Outgoing
from workers.topics import Topic

__all__ = ["Item", "Mistake", "Outgoing", "Sent", "checked", "demo_items", "produce"]

IN_FLIGHT_RECORDS: Final = 1000
IN_FLIGHT_BYTES: Final = 64 << 20
"""kafka-python has no limit of its own for what waits to be sent."""
DELIVERY_TIMEOUT_S: Final = 130.0
"""A little more than the producer's own delivery_timeout_ms (120 s), which says what went wrong."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A raw event that Kafka has."""

    where: str
    partition: int
    offset: int


def demo_items() -> Iterator[Item]:
    """The demo's events, in their order."""
    for event in demo_events():
        yield Outgoing(where=f"demo:{event.name}", key=event.key, value=event.value, headers=event.headers)


def checked(item: Item, topic: Topic) -> Item:
    """The event, or a mistake where it is larger than the topic takes."""
    if isinstance(item, Outgoing) and item.size_bytes > topic.max_message_bytes:
        return Mistake(
            item.where, f"has {len(item.value):,} bytes; {topic.name} takes {topic.max_message_bytes:,}"
        )
    return item


def produce(producer: KafkaProducer, topic: str, items: Iterable[Item]) -> Iterator[Sent | Mistake]:
    """Send the events; what became of each, in order, once Kafka has confirmed it.

    A record that Kafka refuses for its size is a mistake; other errors of kafka-python are raised.
    """
    waiting: deque[tuple[Outgoing | Mistake, Any]] = deque()
    waiting_bytes = 0
    for item in items:
        future = None
        if isinstance(item, Outgoing):
            future = producer.send(
                topic, item.value, key=item.key, headers=list(item.headers), partition=item.partition
            )
            waiting_bytes += item.size_bytes
        waiting.append((item, future))
        while waiting and _is_due(waiting, waiting_bytes):
            yield _outcome(*waiting[0])
            done = waiting.popleft()[0]
            waiting_bytes -= done.size_bytes if isinstance(done, Outgoing) else 0
    while waiting:
        yield _outcome(*waiting.popleft())


def _is_due(waiting: deque[tuple[Outgoing | Mistake, Any]], waiting_bytes: int) -> bool:
    future = waiting[0][1]
    is_done = future is None or future.is_done
    return is_done or len(waiting) > IN_FLIGHT_RECORDS or waiting_bytes > IN_FLIGHT_BYTES


def _outcome(item: Outgoing | Mistake, future: Any) -> Sent | Mistake:  # noqa: ANN401  (kafka-python has no types)
    if isinstance(item, Mistake):
        return item
    try:
        delivered = future.get(timeout=DELIVERY_TIMEOUT_S)
    except errors.MessageSizeTooLargeError:
        return Mistake(item.where, f"has {len(item.value):,} bytes; Kafka's topic takes less")
    return Sent(item.where, delivered.partition, delivered.offset)
