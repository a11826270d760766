"""Balancing the ledger from the topics alone, while workers may be at work.

The order of reading makes the answer right at every moment:

1. the range of articles.raw: later events are not asked about;
2. the committed offsets, downstream last: an event below one has left that stage, in a transaction that had written
   its records before;
3. the ends of the outcome topics, uncommitted records included: so these records are below the ends. They are read
   up to there as a committed reader sees them, which waits for transactions that are being finished;
4. of articles.raw only what has no outcome: those events are in flight, or lost;
5. the topics between the stages, only when events would be lost that may be waiting there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.protocol.consumer import OffsetSpec

from schemas.wire import InvalidError, UndecodableError
from workers.config import Settings
from workers.origin import Origin
from workers.runtime.clients import Addresses, admin, consumer, speaking_to
from workers.runtime.dead_letters import read_dead_letter
from workers.runtime.groups import chains, offsets_of, replay_in
from workers.runtime.ledger import Balance, Entry, Ledger, entry
from workers.runtime.reading import Ranges, Received, partitions_of, read_ranges
from workers.topics import OUTCOMES, Role, table

READERS: Final = (Role.RAW, Role.CLEANED, Role.TAGGED)
"""The topics that stages read, in the order of the flow."""
BETWEEN: Final = (Role.CLEANED, Role.TAGGED)

Committed: TypeAlias = Mapping[TopicPartition, int]
Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is read, how many records of it have been, and how many there are, at most."""


def audit(settings: Settings, addresses: Addresses, on_progress: Progress) -> Balance:
    """What became of every event that articles.raw holds now.

    Raises ConfigError and TransientError, as workers.runtime.clients.speaking_to does.
    """
    with (
        admin(settings, addresses) as cluster,
        consumer(settings, addresses, max_poll_records=5000) as client,
        speaking_to(addresses),
    ):
        return _Audit(settings, cluster, client, on_progress).run()


class _Audit:
    def __init__(
        self, settings: Settings, cluster: KafkaAdminClient, client: KafkaConsumer, on_progress: Progress
    ) -> None:
        self._cluster = cluster
        self._client = client
        self._on_progress = on_progress
        self._group = settings.group
        self._names = {role: topic.name for role, topic in table(settings.topic_prefix).items()}

    def run(self) -> Balance:
        raw = self._partitions(Role.RAW)
        begins, ends = self._client.beginning_offsets(raw), self._client.end_offsets(raw)
        spans = {each.partition: (begins[each], max(begins[each], ends[each])) for each in raw}
        committed = {
            role: committed_offsets(self._cluster, self._group, self._names[role]) for role in READERS
        }
        outcomes = {role: self._whole(role) for role in OUTCOMES}
        ledger = Ledger(
            self._names[Role.RAW], spans, replay_number(self._cluster, self._group, self._names[Role.RAW])
        )
        for role in OUTCOMES:
            for received in self._read(role, outcomes[role]):
                ledger.add(self._entry(received))
        for event in self._open_events(ledger):
            ledger.add_existing(event)
        settled = {each.partition: offset for each, offset in committed[Role.RAW].items()}
        balance = ledger.balance(settled)
        if balance.lost:
            self._look_between(ledger, committed)
            balance = ledger.balance(settled)
        return replace(balance, duplicated_examples=self._positions(set(ledger.duplicated()), outcomes))

    def _partitions(self, role: Role) -> list[TopicPartition]:
        return partitions_of(self._client, [self._names[role]])

    def _whole(self, role: Role) -> Ranges:
        return whole(self._client, self._cluster, self._names[role])

    def _read(self, role: Role, ranges: Ranges) -> Iterator[Received]:
        total = sum(end - begin for begin, end in ranges.values())
        for number, received in enumerate(read_ranges(self._client, ranges, role), start=1):
            yield received
            self._on_progress(self._names[role], number, total)

    def _entry(self, received: Received) -> Entry | None:
        died_between = False
        if received.role is Role.DEAD:
            try:
                died_between = read_dead_letter(received.headers).topic != self._names[Role.RAW]
            except (UndecodableError, InvalidError):
                return None
        return entry(received.role, received.headers, died_between=died_between)

    def _open_events(self, ledger: Ledger) -> Iterator[Origin]:
        """The raw events without an outcome."""
        topic = self._names[Role.RAW]
        for partition, ranges in ledger.open_ranges().items():
            for span in ranges:
                for received in self._read(Role.RAW, {TopicPartition(topic, partition): span}):
                    yield Origin(topic, received.partition, received.offset)

    def _look_between(self, ledger: Ledger, committed: Mapping[Role, Committed]) -> None:
        for role in BETWEEN:
            waiting = {
                each: (max(begin, committed[role].get(each, 0)), end)
                for each, (begin, end) in self._whole(role).items()
            }
            for received in self._read(role, waiting):
                if found := entry(role, received.headers):
                    ledger.add_pending(found)

    def _positions(self, events: set[Origin], outcomes: Mapping[Role, Ranges]) -> dict[str, tuple[str, ...]]:
        """Where the records of these events stand; the topics are read again, only when there are such events."""
        if not events:
            return {}
        positions: dict[str, tuple[str, ...]] = {str(event): () for event in sorted(events)}
        for role in OUTCOMES:
            for received in self._read(role, outcomes[role]):
                found = self._entry(received)
                if found is not None and found.read in events:
                    positions[str(found.read)] += (
                        f"{received.topic}:{received.partition}:{received.offset}",
                    )
        return positions


def whole(client: KafkaConsumer, cluster: KafkaAdminClient, topic: str) -> Ranges:
    """All that the topic holds now, records of transactions that are still open included."""
    partitions = partitions_of(client, [topic])
    begins = client.beginning_offsets(partitions)
    ends = cluster.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return {each: (begins[each], ends[each].offset) for each in partitions}


def replay_number(cluster: KafkaAdminClient, group: str, topic: str) -> int:
    """Which replay from the beginning the topic is read in by the chains of `group`: 0 where there was none."""
    committed = (
        each for name in chains(cluster, group) for each in offsets_of(cluster, name, topic).values()
    )
    return max(map(replay_in, committed), default=0)


def committed_offsets(cluster: KafkaAdminClient, group: str, topic: str) -> dict[TopicPartition, int]:
    """How far the chains of `group` have read the topic."""
    result: dict[TopicPartition, int] = {}
    for name in chains(cluster, group):
        for partition, committed in offsets_of(cluster, name, topic).items():
            result[partition] = max(committed.offset, result.get(partition, 0))
    return result
