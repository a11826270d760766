"""The writing side of a worker: one Kafka transaction a micro-batch, with its outputs and its consumed offsets.

Source: KIP-98 (transactions), KIP-447 (the offsets carry the consumer group's generation, which fences a worker
that lost its partitions).
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from kafka import ConsumerGroupMetadata, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    CommitFailedError,
    InvalidProducerEpochError,
    InvalidTimestampError,
    KafkaError,
    ProducerFencedError,
)

from workers.config import Settings
from workers.errors import KhabarError, TransientError
from workers.runtime.clients import Addresses, producer, speaking_to
from workers.runtime.events import Event, Membership, Output
from workers.topics import Role, Topic

BATCH_BYTES: Final = 1 << 20
"""Producer batch: the largest that a broker takes by default. Fewer, larger requests halved the time of a
transaction of 200 events of 12 kB, against batches of 256 kB."""

RECONNECT_MS: Final = 1000
"""Longest pause between attempts to reach a broker; the client's own 30 s would outlast every transaction."""

_FENCED: Final = (ProducerFencedError, InvalidProducerEpochError)


class RefusedError(KhabarError):
    """The broker refuses the batch: its partitions have a new owner. Nothing of it was published."""


class TransactionalPublisher:
    """Publishes batches exactly once. Any error but RefusedError leaves the outcome unknown: end the process,
    the next one reads from the offsets that the broker knows.
    """

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        topics: Mapping[Role, Topic],
        group: str,
        worker_id: str,
    ) -> None:
        self._settings = settings
        self._addresses = addresses
        self._topics = topics
        self._group = group
        self._worker_id = worker_id
        self._producer = self._connected()

    def _connected(self) -> KafkaProducer:
        # A worker that takes the place of a killed one has its id: it ends that one's transaction at once, where
        # readers of committed records would else wait for the timeout. The timeout is close to the session's, so
        # that a stopped worker does not hold them up for much longer than its partitions.
        client = producer(
            self._settings,
            self._addresses,
            transactional_id=f"{self._group}-{self._worker_id}",
            transaction_timeout_ms=int(self._settings.session_timeout_s * 1000),
            batch_size=BATCH_BYTES,
            reconnect_backoff_max_ms=RECONNECT_MS,
            metrics_enabled=False,
        )
        try:
            with speaking_to(self._addresses):
                client.init_transactions()
        except BaseException:
            client.close(timeout=0)
            raise
        return client

    def publish(
        self,
        membership: Membership,
        events: Sequence[Event],
        outputs: Sequence[Output],
        replays: Mapping[str, str],
    ) -> None:
        """Write `outputs` and commit `events` as consumed, both or neither; blocks until the broker has it.

        `replays` gives for TOPIC:PARTITION the number of the replay in which it is read, to be kept with its offset.

        Raises RefusedError when the group has moved on since the events were fetched, ConfigError when a right is missing,
        TransientError when Kafka is away or has given up the transaction, or when the topics take the times of writers and
        this machine's clock is too far ahead.
        """
        began_s = time.monotonic()
        try:
            with speaking_to(self._addresses):
                self._producer.begin_transaction()
                try:
                    self._write(membership, events, outputs, replays)
                except CommitFailedError as error:
                    self._abort()
                    raise RefusedError(str(error)) from error
        except InvalidTimestampError as error:
            message = (
                "Kafka refuses records with the time of this machine's clock: set the clock right, or have the topics take "
                "the broker's time (`khabar topics check` says how)"
            )
            raise TransientError(message) from error
        except KafkaError as error:
            # What kafka-python raises then depends on what it was about to do: of some errors only the words tell.
            is_too_late = time.monotonic() - began_s >= self._settings.session_timeout_s
            if is_too_late or isinstance(error, _FENCED):
                message = (
                    f"Kafka has given up a transaction of this worker, which stood still for longer than "
                    f"KHABAR_SESSION_TIMEOUT_S, or has a successor: {error}"
                )
                raise TransientError(message) from error
            raise

    def _abort(self) -> None:
        self._producer.abort_transaction()
        # kafka-python 3.0.12 keeps offsets that were refused and commits them with the next transaction, over
        # those of the partitions' new owner. A new client knows nothing of them.
        self._producer.close()
        self._producer = self._connected()

    def _write(
        self,
        membership: Membership,
        events: Sequence[Event],
        outputs: Sequence[Output],
        replays: Mapping[str, str],
    ) -> None:
        kafka = self._producer
        deliveries = [
            kafka.send(self._topics[output.role].name, output.value, output.key, list(output.headers))
            for output in outputs
        ]
        kafka.send_offsets_to_transaction(
            consumed_offsets(events, replays), ConsumerGroupMetadata(self._group, *membership, None)
        )
        # kafka-python 3.0.12 commits what is left when a delivery has failed, or says that it has; and its `flush` fails
        # where a batch had to be split.
        for delivery in deliveries:
            delivery.get(self._settings.session_timeout_s)
        kafka.commit_transaction()


def consumed_offsets(
    events: Sequence[Event], replays: Mapping[str, str]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """For each partition the offset after its last event, and the number of its replay, as Kafka commits them."""
    last: dict[TopicPartition, OffsetAndMetadata] = {}
    for event in events:  # of a partition in order
        here = event.position
        replay = replays.get(here.reader, "")
        last[TopicPartition(here.topic, here.partition)] = OffsetAndMetadata(here.offset + 1, replay, -1)
    return last
