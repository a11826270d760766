"""How far a consumer group is behind, read from the brokers and not from the workers."""

import threading
from contextlib import closing
from dataclasses import dataclass

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from workers.config import Settings
from workers.errors import KhabarError
from workers.runtime.backoff import delays
from workers.runtime.clients import Addresses, consumer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GroupLag:
    """By partition of the group's topic: the committed offset (None: none yet) and the events still to be read."""

    committed: dict[int, int | None]
    behind: dict[int, int]

    @property
    def total(self) -> int:
        return sum(self.behind.values())


def read_lag(client: KafkaConsumer, topic: str) -> GroupLag:
    """The lag of `client`'s group on `topic`; offsets of control records count, so it may stay above 0 by a few
    where a topic is written in transactions.
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
        self.latest: GroupLag | None = None

    def start(self, interval_s: float) -> None:
        self._thread = threading.Thread(target=self._run, args=(interval_s,), name="khabar-lag", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self, interval_s: float) -> None:
        waits = delays()
        while not self._stop.is_set():
            try:
                with closing(consumer(self._settings, self._addresses, group_id=self._group)) as client:
                    waits = delays()
                    while not self._stop.wait(interval_s):
                        self.latest = read_lag(client, self._topic)
            except (KafkaError, KhabarError) as error:
                if self.latest is not None:
                    log.warning("lag_unknown", error=str(error))
                self.latest = None
                self._stop.wait(next(waits))
