"""The work of one worker between reading and committing: two steps that overlap, strictly in order.

While one batch is decided and published, the next one is in the stage process. A batch leaves the pipeline only
published with its offsets, or refused by the broker because its partitions have a new owner.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from schemas.dead_letter import DeadLetter, DeadReason
from workers.config import Settings
from workers.dedup.index import Index, PendingError, Read
from workers.errors import PoisonEventError, TransientError
from workers.runtime.backoff import delays
from workers.runtime.chain import Death, Processed
from workers.runtime.dead_letters import read_dead_letter
from workers.runtime.events import Event, Output
from workers.runtime.inbox import Batch, Inbox
from workers.runtime.isolation import Isolation
from workers.runtime.partitions import Partitions
from workers.runtime.tally import Measured, Phase, Tally
from workers.runtime.transaction import RefusedError, TransactionalPublisher
from workers.runtime.verdicts import Deciding, finished
from workers.topics import Role, Topic
from workers.tracing import OFF, Tracing

PUBLISH_MARGIN_S: Final = 3.0
"""Beyond the timeout of the transaction: for the records to be made and sent, and the broker's last word."""

PENDING_DELAY_S: Final = 0.01
PENDING_DELAY_MOST_S: Final = 0.04
"""Between tries while another worker's transaction is under way: some 50 ms with a broker beside it."""
PENDING_TRIES: Final = 25
"""After so many, Kafka is asked what has become of it."""

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """What a worker has done since it started, and what it waits for. Times are of the monotonic clock."""

    committed: int = 0
    in_work: int = 0
    waiting_for: str | None = None
    tally: Tally = field(default_factory=Tally)


class Pipeline:
    """Takes batches from the inbox, has them processed, decided and published."""

    def __init__(  # noqa: PLR0913 - the parts that it works with, half of them by keyword
        self,
        settings: Settings,
        topics: Mapping[Role, Topic],
        inbox: Inbox,
        isolation: Isolation,
        *,
        index: Index | None,
        publisher: TransactionalPublisher,
        partitions: Partitions,
        tracing: Tracing = OFF,
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._inbox = inbox
        self._isolation = isolation
        self._index = index
        self._publisher = publisher
        self._partitions = partitions
        self._tracing = tracing
        self._processed: asyncio.Queue[tuple[Batch, list[Processed]]] = asyncio.Queue(maxsize=1)
        self._refused_generation = -1
        self._idle = asyncio.Event()
        self._idle.set()
        self.progress = Progress()

    async def process(self) -> None:
        """First step, for ever: from the inbox through the stage process."""
        while True:
            most_events = min(self._settings.batch_events, self._isolation.worthwhile_events)
            with self.progress.tally.timed(Phase.FETCH):
                batch = await self._inbox.take(most_events, self._settings.batch_bytes)
            self.progress.in_work += len(batch.events)
            self._idle.clear()
            batch = replace(batch, events=tuple(self._tracing.received(batch.events)))
            with self._in_phase(batch, Phase.STAGES):
                processed = await asyncio.to_thread(self._process, batch.events)
            for stage, seconds in self._isolation.take_stage_seconds().items():
                self.progress.tally.observe(Measured.STAGE_SECONDS, (seconds,), stage)
            await self._processed.put((batch, processed))

    async def publish(self) -> None:
        """Second step, for ever: verdicts, then the transaction."""
        while True:
            batch, processed = await self._processed.get()
            if batch.membership.generation > self._refused_generation:
                await self._publish(batch, processed)
            else:
                self._tracing.dropped(batch.events)
            self.progress.in_work -= len(batch.events)
            if not self.progress.in_work:
                self._idle.set()

    async def _publish(self, batch: Batch, processed: Sequence[Processed]) -> None:
        tally = self.progress.tally
        try:
            with self._in_phase(batch, Phase.INDEX):
                outputs = self._tracing.sending(await self._decided(batch, processed))
            with self._in_phase(batch, Phase.TRANSACTION):
                await self._write(batch, outputs)
        except RefusedError as error:
            # Whoever owns the partitions now does these events; later ones of the same generation must not pass.
            self._refused_generation = batch.membership.generation
            await self._inbox.retire(batch.membership.generation)
            tally.count(Measured.BATCHES_REFUSED)
            self._tracing.dropped(batch.events)
            log.warning("batch_refused", events=len(batch.events), reason=str(error))
            return
        committed_at_ms = time.time() * 1000
        self._tracing.committed(batch.events)
        with tally.timed(Phase.CONFIRM):
            await self._confirm(batch)
        self.progress.committed += len(batch.events)
        _measure(tally, batch, outputs, committed_at_ms)
        for output in outputs:
            if output.role is Role.DEAD:
                letter = read_dead_letter(output.headers)
                tally.count(Measured.DEAD_LETTERS, letter.stage, letter.reason.value)
                _log_dead(letter)

    @contextmanager
    def _in_phase(self, batch: Batch, phase: Phase) -> Iterator[None]:
        with self._tracing.phase(batch.events, phase.value), self.progress.tally.timed(phase):
            yield

    async def _write(self, batch: Batch, outputs: Sequence[Output]) -> None:
        """Publish within the life of a transaction. Later the broker has aborted it: raises TransientError, for
        the process to end and a new one to read what was committed.
        """
        writing = asyncio.ensure_future(
            asyncio.to_thread(
                self._publisher.publish, batch.membership, batch.events, outputs, self._partitions.replays()
            )
        )
        if not (await asyncio.wait({writing}, timeout=PUBLISH_MARGIN_S))[0]:
            self.progress.waiting_for = "Kafka, which has not taken the batch yet"
            log.warning("waiting_for_kafka", events=len(batch.events))
            if not (await asyncio.wait({writing}, timeout=self._settings.session_timeout_s))[0]:
                message = "Kafka has not taken the batch within the life of a transaction"
                raise TransientError(message)
            self.progress.waiting_for = None
        await writing

    async def _decided(self, batch: Batch, processed: Sequence[Processed]) -> list[Output]:
        """The records of the batch; waits while the index is away.

        Raises RefusedError when the group has moved on meanwhile, as the broker would.
        """
        for delay_s in delays():
            try:
                outputs = await self._decided_once_committed(batch, processed)
            except TransientError as error:
                if self.progress.waiting_for is None:
                    log.warning("waiting_for_index", error=str(error))
                self.progress.waiting_for = str(error)
            else:
                if self.progress.waiting_for is not None:
                    log.info("index_is_back")
                self.progress.waiting_for = None
                return outputs
            self._check_membership(batch)
            await asyncio.sleep(delay_s)
        raise AssertionError  # delays() has no end

    async def _decided_once_committed(self, batch: Batch, processed: Sequence[Processed]) -> list[Output]:
        """As `_decided`, for an index that is there; waits while copies wait for an original of another worker.

        That one is committed within moments, and its worker says so. If it has been killed in between, Kafka knows
        what was committed; and if it has been killed before, the partition has a new owner soon.
        """
        for tries, delay_s in enumerate(delays(PENDING_DELAY_S, PENDING_DELAY_MOST_S)):
            try:
                return await asyncio.to_thread(
                    finished,
                    batch.events,
                    processed,
                    self._topics,
                    self._deciding(),
                    self._partitions.replays(),
                )
            except PendingError as error:
                if tries >= PENDING_TRIES:
                    if self.progress.waiting_for is None:
                        log.info(
                            "waiting_for_original",
                            reader=error.blocked_by.reader,
                            offset=error.blocked_by.offset,
                        )
                    self.progress.waiting_for = str(error)
                    await asyncio.to_thread(self._look_after, error.blocked_by)
            self._check_membership(batch)
            await asyncio.sleep(delay_s)
        raise AssertionError  # delays() has no end

    def _look_after(self, original: Read) -> None:
        """Find out whether an original that is waited for has been committed, or whether nobody will commit it."""
        assert self._index is not None
        if self._partitions.is_strange(original.reader):
            self._partitions.adopt(original.reader)
        else:
            self._index.committed({original.reader: self._partitions.committed(original.reader)})

    def _deciding(self) -> Deciding | None:
        if self._index is None:
            return None
        return Deciding(self._index, self._settings.published_relations, self._partitions.own())

    async def _confirm(self, batch: Batch) -> None:
        """Tell the index that its verdicts of this batch count. If it does not hear of it, Kafka will be asked."""
        offsets = {event.position.reader: event.position.offset + 1 for event in batch.events}
        self._partitions.note(offsets)
        if self._index is not None:
            try:
                await asyncio.to_thread(self._index.committed, offsets)
            except TransientError as error:
                log.info("index_not_told", error=str(error))

    def _check_membership(self, batch: Batch) -> None:
        if self._inbox.has_moved_on(batch.membership):
            self.progress.waiting_for = None
            message = "the group has moved on while the batch waited for its verdicts"
            raise RefusedError(message)

    def _process(self, events: Sequence[Event]) -> list[Processed]:
        limit = self._settings.max_event_bytes
        fitting = [event for event in events if len(event.value) <= limit]
        results = iter(self._isolation.run([(event.value, event.headers) for event in fitting]))
        return [next(results) if len(event.value) <= limit else _too_large(event, limit) for event in events]

    async def until_idle(self, timeout_s: float) -> bool:
        """True when nothing is in work any more, False if that has not come within `timeout_s`."""
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            return False
        return True


def _too_large(event: Event, limit: int) -> Processed:
    message = f"The event has {len(event.value):,} bytes; the limit is {limit:,} (KHABAR_MAX_EVENT_BYTES)"
    return Processed(death=Death(PoisonEventError(message, DeadReason.TOO_LARGE), "read"))


def _measure(tally: Tally, batch: Batch, outputs: Sequence[Output], committed_at_ms: float) -> None:
    """Count a batch that is committed. An event that another clock puts into the future took no time."""
    for (role, reason), count in Counter((output.role, output.reason) for output in outputs).items():
        tally.count(Measured.EVENTS, role.value, reason, by=count)
    tally.observe(Measured.BATCH_EVENTS, (len(batch.events),))
    tally.observe(Measured.BATCH_BYTES, (sum(len(event.value) for event in batch.events),))
    put_at_ms = [event.put_at_ms for event in batch.events if event.put_at_ms is not None]
    tally.observe(Measured.LATENCY_SECONDS, [max(0.0, committed_at_ms - at) / 1000 for at in put_at_ms])


def _log_dead(letter: DeadLetter) -> None:
    log.warning(
        "dead_letter",
        stage=letter.stage,
        reason=letter.reason,
        error=letter.error,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
    )
