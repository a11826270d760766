"""The reading side of a worker: a Faust app whose consumer fetches runs of records and never commits.

Why the consumer is not Faust's own (each point was reproduced on a real broker; ARCHITECTURE, "Commit order"):

1. Offsets are committed by the transaction that carries the outputs. Faust's commits and acks do nothing here.
2. The generation and member id of the consumer group are read in the consumer's thread right after a fetch and
   travel with the events. Read later, they would let a worker that slept through a rebalance pass the fence.
3. Committed offsets are fetched as stable ones (KIP-447: the broker waits for pending transactions). aiokafka asks
   with version 3 of the request, which gives the offset from before a transaction that may commit a moment later:
   a worker stopped between its offset commit and the end of its transaction would have its events done twice.
4. Only committed records are read (aiokafka would do so only under Faust's own exactly-once mode).
5. A Faust event is a whole fetched run of one partition, not one record: Faust's cost is paid once a run.
6. While nobody waits for events, fetches that bring few are made less often, so that the broker gathers some.
7. What the broker refuses for want of a right is kept: Faust waits for ever in silence when it may not join the group.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import faust
import structlog
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import OffsetAndMetadata
from aiokafka.structs import TopicPartition as AioTopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from kafka import OffsetAndMetadata as CommittedOffset
from kafka import TopicPartition
from kafka.errors import KafkaError

from workers.config import Settings
from workers.errors import TransientError
from workers.runtime.clients import Addresses, consumer
from workers.runtime.events import Event, Membership, Position
from workers.runtime.security import has_tls, tls_context

FETCH_RECORDS = 500
"""Most records in one fetched run; also bounds how long Faust's loop handles one call."""
HEARTBEAT_S = 1.0
"""A rebalance waits until every member has heard of it at its next heartbeat."""
MAX_POLL_INTERVAL_S = 86_400.0
"""Waiting for Redis, a worker reads nothing for as long as it takes; leaving the group would help nobody."""
BUFFERED_RUNS = 4
"""Runs that Faust may buffer; the inbox behind it holds the bulk, bounded in bytes."""
FEW_RECORDS = 20
"""In a fetch that brings more, its own cost no longer shows beside theirs."""


class Run(NamedTuple):
    """Records of one partition, fetched together under one membership.

    `previous` is the offset of the record that was fetched before them under the same membership: Faust drops runs
    in silence at times, and whoever takes them can see that one is missing. None at the start of a membership and
    after a seek back, which leads to the committed offset: there nothing can be missing.
    """

    membership: Membership
    previous: int | None
    events: tuple[Event, ...]


STABLE_TIMEOUT_MS = 5000
"""For one answer; a pending transaction takes longer at times, then the question is put again."""

log = structlog.get_logger("khabar.reading")  # the logger of this module is quiet: Faust writes to it

StableOffsets = Callable[[Sequence[TopicPartition]], dict[TopicPartition, CommittedOffset]]


def stable_offsets(settings: Settings, addresses: Addresses, group: str) -> StableOffsets:
    """A function that fetches the group's committed offsets once no transaction on them is pending (blocks).

    Partitions without a committed offset are left out of its answer. It raises TransientError when Kafka does not
    answer in time. Each call has a connection of its own: it is asked for after a rebalance and when a worker was
    killed, and a connection kept from before a broker's restart has been seen to wait for ever.
    """

    def fetch(partitions: Sequence[TopicPartition]) -> dict[TopicPartition, CommittedOffset]:
        found = {}
        try:
            with closing(consumer(settings, addresses, group_id=group, metrics_enabled=False)) as client:
                for partition in partitions:
                    committed = client.committed(partition, metadata=True, timeout_ms=STABLE_TIMEOUT_MS)
                    if committed is not None:
                        found[partition] = committed
        except KafkaError as error:
            message = f"Kafka does not say how far {group} has committed: {error}"
            raise TransientError(message) from error
        return found

    return fetch


class Fetched:
    """How far each partition has been fetched under a membership."""

    def __init__(self) -> None:
        self._membership: Membership | None = None
        self._last: dict[Hashable, int] = {}

    def note(self, membership: Membership, partition: Hashable, first: int, last: int) -> int | None:
        """A run from offset `first` to `last` was fetched; gives its `previous` (Run)."""
        if membership != self._membership:
            self._membership = membership
            self._last.clear()
        previous, self._last[partition] = self._last.get(partition), last
        return None if previous is None or previous >= first else previous


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that owns the aiokafka consumer."""

    fetch_stable: StableOffsets
    refused: Exception | None = None
    """What the coordinator of the group has last refused for good."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._fetched = Fetched()

    def _create_worker_consumer(self, transport: Any) -> Any:  # noqa: ANN401 - Faust's classes carry no types
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - there is no setting for it outside exactly_once
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        coordinator = self._consumer._coordinator  # noqa: SLF001 - points 3 and 7
        coordinator._do_fetch_commit_offsets = self._stable_offsets  # noqa: SLF001
        tell = coordinator._push_error_to_user  # noqa: SLF001

        async def keep(error: Exception) -> None:
            self.refused = error
            await tell(error)

        coordinator._push_error_to_user = keep  # noqa: SLF001

    async def _stable_offsets(
        self, partitions: Sequence[AioTopicPartition]
    ) -> dict[AioTopicPartition, OffsetAndMetadata]:
        asked = [TopicPartition(each.topic, each.partition) for each in partitions]
        try:
            found = await asyncio.to_thread(self.fetch_stable, asked)
        except TransientError as error:
            raise RequestTimedOutError(str(error)) from error  # aiokafka asks again
        offsets = {partition.partition: committed.offset for partition, committed in sorted(found.items())}
        log.info(
            "committed_offsets", partitions=sorted(each.partition for each in partitions), offsets=offsets
        )
        return {
            AioTopicPartition(*each): OffsetAndMetadata(committed.offset, committed.metadata)
            for each, committed in found.items()
        }

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        fetched = await super()._fetch_records(consumer, *args, **kwargs)
        coordinator = consumer._coordinator  # noqa: SLF001 - point 2
        membership = Membership(coordinator.generation, coordinator.member_id)
        return {
            partition: (
                membership,
                self._fetched.note(membership, partition, records[0].offset, records[-1].offset),
                records,
            )
            for partition, records in fetched.items()
        }


class Consumer(driver.Consumer):
    """Hands out runs and leaves acknowledging and committing to the transaction."""

    _fetched_few = False

    def _new_consumer_thread(self) -> ConsumerThread:
        thread = ConsumerThread(self, loop=self.loop, beacon=self.beacon)
        thread.fetch_stable = self.transport.fetch_stable
        return thread

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        if self._fetched_few:
            await self.transport.gather()
        fetched, _ = await self._wait_next_records(timeout)
        self._fetched_few = 0 < sum(len(records) for *_, records in (fetched or {}).values()) <= FEW_RECORDS
        if fetched is None or self.should_stop:
            return
        if not self.flow_active:
            # What was fetched is dropped: read it again. After a rebalance aiokafka does so by itself.
            with suppress(IllegalStateError):
                await self.perform_seek()
            return
        for partition, (membership, previous, records) in fetched.items():
            if not self.flow_active:
                return
            run = Run(membership, previous, tuple(_event(record) for record in records))
            yield TP(*partition), _message(run, records[-1], self.app.consumer_generation_id)

    async def commit(self, *_args: object, **_kwargs: object) -> bool:
        return False

    async def _commit(self, _offsets: object) -> bool:
        return False

    async def wait_empty(self) -> None:
        """The worker drains its pipeline itself, with a deadline; Faust's wait has none."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps matter to acks only."""

    async def verify_all_partitions_active(self) -> None:
        """Liveness is judged by the supervisor, from what is committed."""


class Transport(driver.Transport):
    """Faust's aiokafka transport with the consumer above."""

    Consumer = Consumer
    fetch_stable: StableOffsets
    gather: Callable[[], Awaitable[None]]


_NO_RIGHT: Final = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)


def refusal(app: faust.App) -> Exception | None:
    """The right that the app lacks, as Kafka has refused it; None if there was nothing of the kind."""
    consumer = app._consumer  # noqa: SLF001 - app.consumer would make one
    told = app.crash_reason if app.crashed else getattr(getattr(consumer, "_thread", None), "refused", None)
    return told if isinstance(told, _NO_RIGHT) else None


def _event(record: Any) -> Event:  # noqa: ANN401
    return Event(
        Position(record.topic, record.partition, record.offset),
        record.key,
        record.value or b"",  # a tombstone is an event without a body
        tuple((name, value or b"") for name, value in record.headers),
        record.timestamp if record.timestamp >= 0 else None,
    )


def _message(run: Run, last: Any, generation: int) -> ConsumerMessage:  # noqa: ANN401
    """The run as a Faust message at the place of its last record; Faust skips it if its generation is over."""
    return ConsumerMessage(
        last.topic, last.partition, last.offset, last.timestamp / 1000, last.timestamp_type, (), None, run, None,
        0, 0, TP(last.topic, last.partition), generation_id=generation,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What an app reads and whom it tells: `on_run` is awaited for each fetched run, `on_revoked` before partitions
    are given up, and `gather` before a fetch that follows one of few records.
    """

    brokers: tuple[str, ...]
    group: str
    topic: str
    fetch_stable: StableOffsets
    on_run: Callable[[Run], Awaitable[None]]
    on_revoked: Callable[[], Awaitable[None]]
    gather: Callable[[], Awaitable[None]]


def build_app(settings: Settings, reading: Reading) -> faust.App:
    """A Faust app that reads, to be started by `app.start()` in the loop that called this."""
    session_s = settings.session_timeout_s
    app = faust.App(
        reading.group,
        broker=[f"kafka://{address}" for address in reading.brokers],
        broker_credentials=credentials(settings),
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        datadir=Path(tempfile.gettempdir())
        / f"khabar-faust-{os.getuid()}",  # Faust makes it, nothing uses it
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=session_s,
        broker_heartbeat_interval=min(HEARTBEAT_S, session_s / 3),
        broker_max_poll_interval=MAX_POLL_INTERVAL_S,
        broker_request_timeout=max(session_s + 5, 30),
        broker_max_poll_records=FETCH_RECORDS,
        stream_buffer_maxsize=BUFFERED_RUNS,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    app.transport = Transport(app.conf.broker, app, app.loop)
    app.transport.fetch_stable = reading.fetch_stable
    app.transport.gather = reading.gather

    @app.on_partitions_revoked.connect
    async def revoked(_app: faust.App, _revoked: object, **_kwargs: object) -> None:
        await reading.on_revoked()

    async def read(stream: Any) -> None:  # noqa: ANN401
        async for run in stream.noack():
            await reading.on_run(run)

    app.agent(app.topic(reading.topic, key_serializer="raw", value_serializer="raw"), name="read")(read)
    return app


def credentials(settings: Settings) -> faust.auth.Credentials | None:
    """Faust's form of the SASL and TLS settings; None for a plain connection."""
    context = tls_context(settings) if has_tls(settings) else None
    if settings.kafka_security.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password,
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
