"""How far a consumer group is behind, read from the brokers and not from the workers."""

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from workers.config import Settings
from workers.errors import KhabarError
from workers.runtime.backoff import delays
from workers.runtime.clients import Addresses, consumer

LOOK_S: Final = 3.0
LOOK_POLL_MS: Final = 50

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GroupLag:
    """By partition of the group's topic: the committed offset (None: none yet) and the events still to be read.

    `behind` counts offsets. In the partitions of `seen` one of them was looked at and is an event, nothing else.
    """

    committed: dict[int, int | None]
    behind: dict[int, int]
    seen: frozenset[int] = frozenset()

    @property
    def total(self) -> int:
        return sum(self.behind.values())


def read_lag(client: KafkaConsumer, topic: str) -> GroupLag:
    """The lag of `client`'s group on `topic`, by offsets: the control records count that end each transaction
    (LagReader leaves them out).
    """
    partitions = [
        TopicPartition(topic, number) for number in sorted(client.partitions_for_topic(topic) or ())
    ]
    begins, ends = client.beginning_offsets(partitions), client.end_offsets(partitions)
    committed = {partition: client.committed(partition) for partition in partitions}
    return GroupLag(
        {partition.partition: offset for partition, offset in committed.items()},
        {
            partition.partition: max(0, ends[partition] - max(committed[partition] or 0, begins[partition]))
            for partition in partitions
        },
    )


class LagReader:
    """Reads the lag in a thread of its own, again and again; `latest` is None until it is known, and while Kafka
    does not answer.
    """

    def __init__(self, settings: Settings, addresses: Addresses, group: str, topic: str) -> None:
        self._settings = settings
        self._addresses = addresses
        self._group = group
        self._topic = topic
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen = GroupLag({}, {})
        self._looked_at: dict[int, tuple[tuple[int | None, int], bool]] = {}
        self.latest: GroupLag | None = None

    def start(self, interval_s: float) -> None:
        self._thread = threading.Thread(target=self._run, args=(interval_s,), name="khabar-lag", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self, interval_s: float) -> None:
        waits = delays()
        is_away = False
        while not self._stop.is_set():
            try:
                with closing(consumer(self._settings, self._addresses, group_id=self._group)) as client:
                    waits = delays()
                    if is_away:
                        log.info("kafka_is_back")
                    is_away = False
                    while not self._stop.wait(interval_s):
                        self.latest = self._without_markers(read_lag(client, self._topic))
            except (KafkaError, KhabarError) as error:
                if not is_away:
                    log.warning("kafka_does_not_answer", error=str(error))
                is_away = True
                self.latest = None
                self._stop.wait(next(waits))

    def _without_markers(self, found: GroupLag) -> GroupLag:
        """The lag without ranges that hold nothing but the ends of transactions; no worker ever commits these.

        A range is looked into once, when it has stood still since the last reading: not while work flows.
        """
        states = {number: (found.committed[number], count) for number, count in found.behind.items() if count}
        stand_still = [
            number
            for number, state in states.items()
            if state == (self._seen.committed.get(number), self._seen.behind.get(number))
        ]
        unknown = [
            number for number in stand_still if self._looked_at.get(number, (None,))[0] != states[number]
        ]
        if unknown:
            ranges = {TopicPartition(self._topic, number): found.behind[number] for number in unknown}
            # In a client of its own: one that was paused and assigned anew may fetch nothing (kafka-python 3.0.12).
            with closing(consumer(self._settings, self._addresses)) as client:
                looked = _look(client, ranges)
            for partition, is_empty in looked.items():
                self._looked_at[partition.partition] = (states[partition.partition], is_empty)
        self._seen = found
        known = {number: self._looked_at.get(number) for number in states}
        markers = {number for number, state in states.items() if known[number] == (state, True)}
        seen = frozenset(number for number, state in states.items() if known[number] == (state, False))
        behind = {number: 0 if number in markers else count for number, count in found.behind.items()}
        return GroupLag(found.committed, behind, seen)


def _look(client: KafkaConsumer, ranges: Mapping[TopicPartition, int]) -> dict[TopicPartition, bool]:
    """Whether there is no record in so many offsets before the end of each partition; absent if that took too long."""
    ends = client.end_offsets(list(ranges))
    client.assign(list(ranges))
    for partition, count in ranges.items():
        client.seek(partition, max(0, ends[partition] - count))
    found: dict[TopicPartition, bool] = {}
    deadline = time.monotonic() + LOOK_S
    while len(found) < len(ranges) and time.monotonic() < deadline:
        fetched = client.poll(timeout_ms=LOOK_POLL_MS, max_records=len(ranges))
        found |= dict.fromkeys(fetched, False)
        for partition in ranges:
            if partition not in found and client.position(partition) >= ends[partition]:
                found[partition] = True
        client.pause(*found)
    return found
