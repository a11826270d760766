"""Sending much exactly once, over any number of attempts.

1. A *job* is a topic, the paths that were named, and what was said of them. Its id is a digest of these; its consumer
   group and its transactional id are named by the id, so that every attempt at it is known as one.
2. Kafka is told the transactional id first (InitProducerId). From then on no earlier attempt can commit anything: what
   it left open is aborted, what it was committing is committed.
3. Then the job's *mark* is read: the metadata of an offset that the job's group has committed. It says how far the
   files are done, what became of what was in them, and a digest of the files as they were (names, sizes, times of
   change). Without a mark the job is new. If the files have changed since, an unfinished job cannot go on, and a
   finished one is begun anew.
4. The files are read on from the mark, in chunks, each with the mark that follows from it.
5. Chunks are sent in transactions. Each one commits the mark of its last chunk together with their events. So a reader
   with isolation.level=read_committed sees each event once, wherever an attempt was ended; it is read again only where
   no reader has seen it.
6. The last mark says that the job is done. Kafka forgets a mark after `offsets.retention.minutes`, 7 days by default.

The order of events is that of the files for each partition: a producer's batches stay in order, and transactions follow
one another.
"""

import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Event
from typing import Any, Final, Self

from kafka import ConsumerGroupMetadata, KafkaProducer, OffsetAndMetadata, TopicPartition, errors

from schemas.wire import UndecodableError, decode, encode
from workers.config import Settings
from workers.errors import ConfigError, KhabarError
from workers.feeds.bulk.chunks import (
    CHUNK_STEPS,
    WORTH_A_PROCESS_BYTES,
    Chunk,
    Cursor,
    How,
    ReadingFailedError,
    chunks,
    chunks_from_a_process,
)
from workers.feeds.bulk.pace import Pace
from workers.feeds.outgoing import Mistake
from workers.feeds.send import DELIVERY_TIMEOUT_S
from workers.feeds.sources.inputs import Census, Plan
from workers.feeds.sources.step import Place
from workers.runtime.clients import Addresses, consumer, producer, speaking_to
from workers.topics import Topic

MARK_VERSION: Final = 1
TRANSACTION_S: Final = 2.0
"""Readers of committed records see nothing newer in a partition while a transaction is open on it."""
TRANSACTION_BYTES: Final = 128 << 20
"""Of which the round trips of a commit, some 20 ms, take a few per cent at 100 MB/s; so much may be aborted."""
TRANSACTION_TIMEOUT_MS: Final = 60_000
"""How long a killed sender that nobody starts again holds up readers of committed records."""
IN_FLIGHT_BYTES: Final = 24 << 20
"""kafka-python has no limit of its own for what waits to be sent."""
BATCH_BYTES: Final = 1 << 20
LINGER_MS: Final = 20


@dataclass(slots=True)
class Tally:
    """What became of what was read."""

    sent: int = 0
    not_sent: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk) -> None:
        """Count a chunk whose events were sent."""
        self.sent += len(chunk.records)
        self.not_sent += len(chunk.mistakes)
        self.skipped += chunk.skipped


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a job is."""

    cursor: Cursor
    tally: Tally
    done_bytes: int
    is_done: bool
    files: str

    def encoded(self) -> str:
        """As the metadata of an offset; some hundred bytes, of which Kafka takes 4096."""
        tally = self.tally
        fields = {
            "version": MARK_VERSION,
            "at": [self.cursor.source, *self.cursor.place],
            "sent": tally.sent,
            "not_sent": tally.not_sent,
            "skipped": dict(tally.skipped),
            "bytes": self.done_bytes,
            "done": self.is_done,
            "files": self.files,
        }
        return encode(fields).decode()

    @classmethod
    def decoded(cls, text: str) -> "Mark":
        """Raises ConfigError where the mark is none, or of another version of Khabar."""
        try:
            fields: Mapping[str, Any] = decode(dict, text.encode())
            source, *place = fields["at"]
            tally = Tally(fields["sent"], fields["not_sent"], Counter(fields["skipped"]))
            is_known = fields["version"] == MARK_VERSION
            mark = cls(Cursor(source, Place(*place)), tally, fields["bytes"], fields["done"], fields["files"])
        except (UndecodableError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"The job's mark in Kafka cannot be read ({error}); --again begins anew"
            ) from error
        if not is_known:
            raise ConfigError("The job's mark in Kafka is of another version of Khabar; --again begins anew")
        return mark


def job_id(plan: Plan, topic: str) -> str:
    """The same for every attempt to send the same paths in the same way."""
    known = plan.known
    parts = (topic, [str(path.absolute()) for path in plan.paths], plan.format, repr(known))
    return blake2b(repr(parts).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the job is, and the mistakes since the last time this was said."""

    tally: Tally
    done_bytes: int
    mistakes: list[Mistake]


class BulkSender:
    """One attempt at a job. Raises as workers.runtime.clients.speaking_to does, and KhabarError when another attempt
    takes over.
    """

    def __init__(
        self, settings: Settings, addresses: Addresses, topic: Topic, plan: Plan, found: Census
    ) -> None:
        self._settings = settings
        self._addresses = addresses
        self.topic = topic
        self._plan = plan
        self._found = found
        self._group = f"{settings.group}-send-{job_id(plan, topic.name)}"
        self._place = TopicPartition(topic.name, 0)
        self._in_flight: deque[tuple[int, list[Any]]] = deque()
        self._in_flight_bytes = 0
        self.mark = Mark(Cursor(), Tally(), 0, is_done=False, files=found.digest)

    def __enter__(self) -> Self:
        self._producer: KafkaProducer = producer(
            self._settings,
            self._addresses,
            transactional_id=self._group,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            batch_size=min(BATCH_BYTES, self.topic.max_message_bytes),
            linger_ms=LINGER_MS,
            metrics_enabled=False,
        )
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        # What is left of a failed attempt is aborted by the next one; waiting for it would help nobody.
        self._producer.close(timeout=0 if kind else None)

    def take_over(self, *, again: bool) -> bool:
        """End earlier attempts, and go to where the job stands; whether there is anything left to send.

        Raises ConfigError where the files of an unfinished job have changed.
        """
        with speaking_to(self._addresses):
            self._producer.init_transactions()
            with closing(consumer(self._settings, self._addresses, group_id=self._group)) as reader:
                committed = reader.committed(self._place, metadata=True)
        if committed is None or not committed.metadata or again:
            return True
        mark = Mark.decoded(committed.metadata)
        if mark.files != self._found.digest:
            if mark.is_done:
                return True
            raise ConfigError(
                f"The files have changed since {mark.tally.sent:,} events of them were sent: their names, sizes or "
                "times of change are others. --again sends all of them from the beginning"
            )
        self.mark = mark
        return not mark.is_done

    def run(self, pace: Pace, stop: Event, limit: int | None = None) -> Generator[Progress, None, None]:
        """Send what is left, or `limit` events of it, or until a stop is asked for; all of it is committed then."""
        if self.mark.is_done:
            return
        paced_steps = max(1, int(1 / pace.interval_s)) if pace.interval_s else CHUNK_STEPS
        partitions = len(self._producer.partitions_for(self.topic.name))
        how = How(partitions=partitions, chunk_steps=min(CHUNK_STEPS, paced_steps), limit=limit)
        is_large = self._found.size_bytes - self.mark.done_bytes > WORTH_A_PROCESS_BYTES
        found = (chunks_from_a_process if is_large else chunks)(self._plan, self.mark.cursor, how)
        with closing(found), speaking_to(self._addresses), _fenced():
            try:
                yield from self._transactions(found, pace, stop)
            except (ReadingFailedError, GeneratorExit):
                # Left open, it would hold up readers of committed records until its time is up.
                with suppress(errors.IllegalStateError):  # there is none
                    self._producer.abort_transaction()
                raise

    def _transactions(
        self, found: Iterator[Chunk], pace: Pace, stop: Event
    ) -> Generator[Progress, None, None]:
        tally, last, began, size_bytes = self.mark.tally, None, 0.0, 0
        for chunk in found:
            if last is None:
                if chunk.records:
                    pace.wait()  # with no transaction open
                self._producer.begin_transaction()
                began, size_bytes = time.monotonic(), 0
            self._send(chunk, pace, is_waited_for=last is None)
            tally.add(chunk)
            last = chunk
            size_bytes += chunk.size_bytes
            is_long = time.monotonic() - began + pace.interval_s > TRANSACTION_S
            if is_long or size_bytes > TRANSACTION_BYTES or stop.is_set():
                self._commit(last)
                last = None
            yield Progress(tally, chunk.done_bytes, chunk.mistakes)
            if stop.is_set():
                break
        if last is not None:
            self._commit(last)

    def _send(self, chunk: Chunk, pace: Pace, *, is_waited_for: bool) -> None:
        send, topic = self._producer.send, self.topic.name
        futures: list[Any] = []
        for (key, value, headers), partition in zip(chunk.records, chunk.partitions, strict=True):
            if not is_waited_for:
                pace.wait()
            is_waited_for = False
            futures.append(send(topic, value, key=key, headers=headers, partition=partition))
        self._in_flight.append((chunk.size_bytes, futures))
        self._in_flight_bytes += chunk.size_bytes
        self._settle(IN_FLIGHT_BYTES)

    def _settle(self, most_bytes: int) -> None:
        """Wait until no more than so much is in flight. Raises what a delivery has failed with."""
        while self._in_flight and self._in_flight_bytes > most_bytes:
            size_bytes, futures = self._in_flight.popleft()
            self._in_flight_bytes -= size_bytes
            try:
                for future in futures:
                    if not (future.is_done and future.succeeded()):
                        future.get(timeout=DELIVERY_TIMEOUT_S)
            except errors.MessageSizeTooLargeError as error:
                raise ConfigError(
                    f"Kafka refuses an event of at most {self.topic.max_message_bytes:,} bytes for {self.topic.name}: "
                    "the topic's limit has just been changed, or a broker's is lower. See `khabar topics check`"
                ) from error

    def _commit(self, chunk: Chunk) -> None:
        self._settle(-1)  # a commit would wait without end for what cannot be delivered (kafka-python 3.0.12)
        self.mark = Mark(chunk.cursor, self.mark.tally, chunk.done_bytes, chunk.is_last, self._found.digest)
        member = ConsumerGroupMetadata(self._group, -1, "", None)
        # The audit takes a group's offsets in articles.raw for what was read of it, so the offset is 0.
        offset = {self._place: OffsetAndMetadata(0, self.mark.encoded(), -1)}
        self._producer.send_offsets_to_transaction(offset, member)
        self._producer.commit_transaction()


@contextmanager
def _fenced() -> Iterator[None]:
    try:
        yield
    except (
        errors.ProducerFencedError,
        errors.InvalidProducerEpochError,
        errors.InvalidTxnStateError,
    ) as error:
        raise KhabarError(
            "Another `khabar send` of the same files has taken over, so this one has stopped: nothing is sent "
            "twice. (Or Kafka was away for more than a minute; then the same command goes on)"
        ) from error
