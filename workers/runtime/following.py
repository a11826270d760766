"""Following topics as they grow, at least once: what a subscription does with Kafka.

1. **Poll.** A few records at a time; while they are handed out one by one, Kafka is polled at least once a second, so
   that a rebalance is noticed between two records and not after all of them.
2. **Hand out.** A record is *finished* when the next one is asked for, and not before.
3. **Commit.** What is finished is committed once a second, before partitions are given away, and at the end. Of a
   partition that was lost (the member was away for too long) nothing is committed: it has a new owner. Should it come
   back, and nobody have got further, reading goes on after what was finished here.
4. **Place.** Partitions that were assigned are paused until it is known where to begin: at what the caller has stored,
   else at what is committed, else at `start`. Where a group begins is committed at once, so it begins there only once.

Rebalance callbacks run on the client's own thread while the caller's waits in `poll` or `close`; so nothing is locked.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from kafka import AsyncConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import MemberState

from workers.config import Settings
from workers.errors import ConfigError, TransientError
from workers.runtime.backoff import delays
from workers.runtime.clients import consumer, resolve, speaking_to
from workers.runtime.reading import POLL_MS, Received, as_received, offsets_at, partitions_of
from workers.topics import Role, table

COMMIT_S: Final = 1.0
"""What is finished is committed so often; a consumer that is killed does a second's records again, at most."""
TEND_S: Final = 1.0
"""Kafka is polled at least so often between two records, well below any session timeout."""
POLL_RECORDS: Final = 200
"""Polls of 50 and of 500 records were equally fast (7,600 and 6,600 records of 5 kB a second), polls of one a third."""
CLOSE_MS: Final = 5000
"""How long a commit, or leaving the group, may take; a broker that is away would hold up the end."""
MAX_POLL_INTERVAL_S: Final = 300.0
"""Kafka's own default of max.poll.interval.ms."""

_MOVED_ON: Final = (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

Start: TypeAlias = Literal["earliest", "latest"] | datetime | timedelta
"""Where to begin: at the oldest record, after the newest, at an aware time, or so long ago."""

log = logging.getLogger(__name__)


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


Load: TypeAlias = Callable[[Sequence[Partition]], Mapping[Partition, int]]
"""Of these partitions, the next offset to read where the caller has stored one."""


class Follower:
    """Reads topics with a consumer group, or all of their partitions without one."""

    def __init__(  # noqa: PLR0913  (what there is to say of a subscription)
        self,
        settings: Settings,
        roles: Sequence[Role],
        *,
        group: str | None,
        start: Start,
        load: Load | None = None,
        max_poll_interval_s: float = MAX_POLL_INTERVAL_S,
        until_now: bool = False,
    ) -> None:
        """Connected when this returns; without a group also in position.

        Raises ConfigError and TransientError, as workers.runtime.clients.speaking_to does.
        """
        self._roles = {table(settings.topic_prefix)[role].name: role for role in roles}
        self._start = start
        self._load = load
        self._has_group = group is not None
        self._commits = self._has_group and load is None
        self._max_poll_interval_s = max_poll_interval_s
        self._waiting: deque[Any] = deque()
        self._unplaced: set[TopicPartition] = set()
        self._owned: set[TopicPartition] = set()
        self._finished: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._poll_due = self._commit_due = self._quiet_until = 0.0
        self._waits = delays()
        self._is_closed = False
        self._addresses = resolve(settings)
        self._client = consumer(settings, self._addresses, **_options(settings, group, max_poll_interval_s))
        try:
            with speaking_to(self._addresses):
                partitions = partitions_of(self._client, list(self._roles))
                self._ends = self._client.end_offsets(partitions) if until_now else None
                if group is None:
                    self._client.assign(partitions)
                    self.joined(partitions)
                    self._place()
                else:
                    self._client.subscribe(list(self._roles), listener=_Listener(self, self._client))
        except BaseException:
            self._client.close()
            raise

    def records(self, stop: Callable[[], bool]) -> Iterator[Received]:
        """The records, for ever, or until `stop()`, or up to now; each is finished when the one after it is asked for."""
        while not stop():
            self._tend()
            if not self._waiting:
                if self._is_at_the_end():
                    return
                continue
            record = as_received(self._roles[self._waiting[0].topic], self._waiting.popleft())
            begun = time.monotonic()
            yield record
            self._judge(record, time.monotonic() - begun)
            self.finish(record)

    def finish(self, record: Received) -> None:
        """The record is dealt with, and those before it in its partition."""
        self._finished[TopicPartition(record.topic, record.partition)] = record.offset + 1

    def close(self) -> None:
        """Commit what is finished and leave the group; a broker that is away is not waited for."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            with speaking_to(self._addresses):
                self.commit(timeout_ms=CLOSE_MS)
        except TransientError as error:
            log.warning("What was finished last is not committed, and will be read again: %s", error)
        finally:
            self._client.close(timeout_ms=CLOSE_MS)

    def commit(self, timeout_ms: int | None = None) -> None:
        """Commit what is finished, of the partitions that are still this consumer's. Raises kafka-python's errors."""
        offsets = self.uncommitted()
        if not offsets:
            return
        try:
            self._client.commit(_with_metadata(offsets), timeout_ms=timeout_ms)
        except _MOVED_ON as error:
            log.info("Kafka refuses a commit, the group has moved on: %s", error)
        else:
            self.noted(offsets)

    def uncommitted(self) -> dict[TopicPartition, int]:
        """The offsets that are to be committed."""
        if not self._commits:
            return {}
        return {
            partition: offset
            for partition, offset in self._finished.items()
            if partition in self._owned and self._committed.get(partition) != offset
        }

    def noted(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets are committed."""
        self._committed |= offsets

    def joined(self, partitions: Sequence[TopicPartition]) -> None:
        """These partitions are this consumer's now."""
        self._client.pause(*partitions)
        self._owned |= set(partitions)
        self._unplaced |= set(partitions)

    def left(self, partitions: Sequence[TopicPartition]) -> None:
        """These partitions are no longer this consumer's."""
        gone = set(partitions)
        self._owned -= gone
        self._unplaced -= gone
        self._waiting = deque(
            record for record in self._waiting if TopicPartition(record.topic, record.partition) not in gone
        )
        for partition in gone:
            self._committed.pop(partition, None)

    def _tend(self) -> None:
        """Poll when nothing waits or it is time; commit when it is time; give new partitions their place."""
        now = time.monotonic()
        if self._waiting and now < self._poll_due:
            return
        if now < self._quiet_until:
            time.sleep(POLL_MS / 1000)
            return
        with self._patiently():
            if now >= self._commit_due:
                self.commit(timeout_ms=CLOSE_MS)
                self._commit_due = now + COMMIT_S
            # One at a time while others wait, so that they do not pile up.
            fetched = (
                self._client.poll(timeout_ms=0, max_records=1)
                if self._waiting
                else self._client.poll(timeout_ms=POLL_MS)
            )
            for records in fetched.values():
                self._waiting.extend(records)
            self._see_that_it_joins()
            if self._unplaced:
                self._place()
        self._poll_due = time.monotonic() + TEND_S

    def _see_that_it_joins(self) -> None:
        """A poll that ends while the group is joined is to be followed by one that goes on joining.

        kafka-python 3.0.12 forgets it, and never reads anything, when it joins for partitions that it has just heard of.
        """
        if not self._is_member():
            self._waiting.clear()  # what was fetched before; it will be placed anew
            self._client._coordinator.request_rejoin()  # noqa: SLF001 - nothing public says so

    def _is_member(self) -> bool:
        return not self._has_group or self._client.group_metadata().state is MemberState.STABLE

    def _is_at_the_end(self) -> bool:
        if self._ends is None or self._unplaced or not self._is_member():
            return False
        return all(self._client.position(each) >= self._ends[each] for each in self._owned)

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        """Waits with back-off where a service is away."""
        try:
            with speaking_to(self._addresses):
                yield
        except TransientError as error:
            delay_s = next(self._waits)
            self._quiet_until = time.monotonic() + delay_s
            log.warning("Waiting %.1f s: %s", delay_s, error)
        else:
            self._waits = delays()

    def _place(self) -> None:
        partitions = sorted(self._unplaced)
        stored = (
            self._load([Partition(each.topic, each.partition) for each in partitions]) if self._load else {}
        )
        unknown = []
        for each in partitions:
            offset = stored.get(Partition(each.topic, each.partition))
            if offset is None and self._commits:
                offset = self._resumed(each)
            if offset is None:
                unknown.append(each)
            else:
                self._client.seek(each, offset)
        for each, offset in self._starts(unknown).items():
            self._client.seek(each, offset)
            self._finished[each] = offset
        self._client.resume(*partitions)
        self._unplaced.clear()

    def _resumed(self, partition: TopicPartition) -> int | None:
        """Where this consumer, or its group, was. What was finished here counts if nobody has got further."""
        committed: int | None = self._client.committed(partition, timeout_ms=CLOSE_MS)
        finished = self._finished.pop(partition, None)
        if finished is not None and finished > (committed or 0):
            self._finished[partition] = finished
            return finished
        if committed is not None:
            self._committed[partition] = committed
        return committed

    def _starts(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        if not partitions:
            return {}
        start = self._start
        if start == "earliest":
            return dict(self._client.beginning_offsets(partitions))
        if start == "latest":
            return dict(self._client.end_offsets(partitions))
        moment = datetime.now().astimezone() - start if isinstance(start, timedelta) else start
        return offsets_at(self._client, partitions, moment)

    def _judge(self, record: Received, body_s: float) -> None:
        if self._has_group and body_s > self._max_poll_interval_s:
            log.warning(
                "The body took %.0f s for %s:%d:%d, more than max_poll_interval_s=%g: Kafka has given the partitions "
                "to others meanwhile, who may have done the same record. Set max_poll_interval_s higher",
                body_s,
                record.topic,
                record.partition,
                record.offset,
                self._max_poll_interval_s,
            )


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Tells a follower about rebalances."""

    def __init__(self, follower: Follower, client: Any) -> None:  # noqa: ANN401
        self._follower = follower
        self._client = client

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._follower.joined(sorted(assigned))

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if offsets := self._follower.uncommitted():
            try:
                await self._client.commit_async(_with_metadata(offsets))
            except KafkaError as error:
                log.warning("What was finished last is not committed, and will be read again: %s", error)
            else:
                self._follower.noted(offsets)
        self._follower.left(sorted(revoked))

    async def on_partitions_lost(self, lost: set[TopicPartition]) -> None:
        log.warning(
            "Kafka has given away partitions of this consumer: %s", ", ".join(map(_name, sorted(lost)))
        )
        self._follower.left(sorted(lost))


def check_start(start: Start) -> None:
    """Raises ConfigError for what is no place to begin."""
    if isinstance(start, datetime):
        if start.tzinfo is None:
            raise ConfigError(f"start={start}: a time without a zone. Use datetime(..., tzinfo=UTC)")
    elif isinstance(start, timedelta):
        if start < timedelta(0):
            raise ConfigError(f"start={start!r}: give how long ago as a positive timedelta")
    elif start not in ("earliest", "latest"):
        raise ConfigError(f"start={start!r}: takes earliest, latest, an aware datetime, or a timedelta")


def _options(settings: Settings, group: str | None, max_poll_interval_s: float) -> dict[str, object]:
    if group is None:
        return {"max_poll_records": POLL_RECORDS}
    session_ms = int(settings.session_timeout_s * 1000)
    return {
        "group_id": group,
        "max_poll_records": POLL_RECORDS,
        "session_timeout_ms": session_ms,
        "heartbeat_interval_ms": session_ms // 3,  # Kafka's advice for heartbeat.interval.ms
        "max_poll_interval_ms": int(max_poll_interval_s * 1000),
    }


def _with_metadata(offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
    return {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in offsets.items()}


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}:{partition.partition}"
