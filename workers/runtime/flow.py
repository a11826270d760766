"""What flows through Khabar at this moment, seen from Kafka and Redis: it says the same wherever the workers run.

Two threads look. One reads the outcome topics as a reader of committed records does, so what it counts is exact; the
other asks each second how far the consumer groups and the topics are, and now and then what Redis holds.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.protocol.consumer import OffsetSpec

from workers.config import Settings
from workers.errors import KhabarError
from workers.runtime.backoff import delays
from workers.runtime.chain import ALL_STAGES, INPUT_ROLES, StageName
from workers.runtime.clients import Addresses, admin, speaking_to
from workers.runtime.following import Follower, Partition, Start
from workers.runtime.groups import chains, members
from workers.runtime.lag import LagReader
from workers.runtime.occupancy_reader import ASK_S, Watch
from workers.runtime.rate import Rate
from workers.runtime.reading import Received
from workers.stores.occupancy import Occupancy
from workers.topics import OUTCOMES, Role, table

LOOK_S: Final = 1.0
LOOKS_FOR_RATES: Final = 4
"""One finds the groups, the next their offsets; the lag is read in a rhythm of its own, so one more; two make a rate."""
STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class TopicFlow:
    """Records since the reader began, and a second. Of topics that are no outcome both count offsets, so the marks that
    end transactions are among them.
    """

    count: int
    per_s: float


@dataclass(frozen=True, slots=True)
class GroupFlow:
    """A chain of stages: its consumer group, members, events to be read (None: not known), and read a second."""

    name: str
    stages: tuple[StageName, ...]
    members: int
    lag: int | None
    per_s: float


@dataclass(frozen=True, slots=True)
class Flow:
    """The state at one moment. `problems` says in words what could not be asked; then `groups` is empty or `index` None."""

    at: datetime
    topics: Mapping[Role, TopicFlow]
    groups: tuple[GroupFlow, ...] = ()
    index: Occupancy | None = None
    problems: tuple[str, ...] = ()


class FlowReader:
    """Looks from `start` to `stop`; `latest` is what it knew a second ago."""

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        *,
        on_record: Callable[[Received], None] | None = None,
        since: Start = "latest",
    ) -> None:
        """Outcomes are counted, and handed to `on_record` in the thread that reads them, from `since` on."""
        self._stop = threading.Event()
        self._records = _Records(settings, on_record or (lambda _: None), since, self._stop)
        self._groups = _Groups(settings, addresses)
        self._index = Watch(settings, addresses.redis) if addresses.redis else None
        self._index_due = 0.0
        self._rates = {role: Rate() for role in OUTCOMES}
        self.began_at = datetime.now(UTC)
        """From here on outcomes are counted, unless `since` says otherwise."""
        self._latest = Flow(self.began_at, {})
        self._looks = 0
        self._has_looked = threading.Condition()
        self._threads = [
            threading.Thread(target=self._records.run, name="khabar-flow-records", daemon=True),
            threading.Thread(target=self._look, name="khabar-flow", daemon=True),
        ]

    def start(self) -> None:
        """Begin to look. Kafka and Redis may be away."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads; waits for what they have in hand."""
        self._stop.set()
        for thread in self._threads:
            thread.join(STOP_S)

    @property
    def latest(self) -> Flow:
        return self._latest

    def wait_for_rates(self, timeout_s: float) -> None:
        """Until `latest` has rates, or says what is away, or the time is over."""
        with self._has_looked:
            self._has_looked.wait_for(lambda: self._looks >= LOOKS_FOR_RATES, timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether both threads run; they do while a service is away."""
        return all(thread.is_alive() for thread in self._threads)

    def _look(self) -> None:
        try:
            while not self._stop.is_set():
                self._groups.look()
                self._look_at_index()
                with self._has_looked:
                    self._latest = self._flow()
                    self._looks += 1
                    self._has_looked.notify_all()
                self._stop.wait(LOOK_S)
        finally:
            self._groups.close()
            if self._index is not None:
                self._index.close()

    def _look_at_index(self) -> None:
        """Ask, if there is a Redis and it is time."""
        if self._index is not None and time.monotonic() >= self._index_due:
            self._index_due = time.monotonic() + ASK_S
            self._index.renew()

    def _flow(self) -> Flow:
        counts, now_s = self._records.counts.copy(), time.monotonic()
        outcomes = {
            role: TopicFlow(counts[role], self._rates[role].update(counts[role], now_s)) for role in OUTCOMES
        }
        index = self._index
        problems = (self._records.problem, self._groups.problem, index.problem if index else None)
        said = tuple(dict.fromkeys(problem for problem in problems if problem))
        return Flow(
            datetime.now(UTC),
            self._groups.topics | outcomes,
            self._groups.groups,
            index.latest if index else None,
            said,
        )


class _Records:
    """Reads the outcome topics, for ever."""

    def __init__(
        self, settings: Settings, on_record: Callable[[Received], None], since: Start, stop: threading.Event
    ) -> None:
        self._settings = settings
        self._on_record = on_record
        self._since = since
        self._stop = stop
        self._next: dict[Partition, int] = {}
        self.counts: Counter[Role] = Counter(dict.fromkeys(OUTCOMES, 0))
        self.problem: str | None = None

    def run(self) -> None:
        waits = delays()
        while not self._stop.is_set():
            try:
                for received in self._records():
                    waits = delays()
                    self.counts[received.role] += 1
                    self._on_record(received)
                    self._next[Partition(received.topic, received.partition)] = received.offset + 1
            except (KafkaError, KhabarError) as error:
                self.problem = str(error)
                self._stop.wait(next(waits))

    def _records(self) -> Iterator[Received]:
        follower = Follower(
            self._settings, OUTCOMES, group=None, start=self._since, load=lambda _: self._next
        )
        self.problem = None
        with closing(follower):
            yield from follower.records(self._stop.is_set)


@dataclass(slots=True)
class _Chain:
    """A consumer group that is followed."""

    stages: tuple[StageName, ...]
    lag: LagReader
    rate: Rate = field(default_factory=Rate)


class _Groups:
    """Asks the brokers for the consumer groups of the chains, and for the ends of the topics that they read."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self._settings = settings
        self._addresses = addresses
        self._names = {role: table(settings.topic_prefix)[role].name for role in INPUT_ROLES.values()}
        self._client: KafkaAdminClient | None = None
        self._waits = delays()
        self._due = 0.0
        self._chains: dict[str, _Chain] = {}
        self._first: dict[TopicPartition, int] = {}
        self._rates = {role: Rate() for role in self._names}
        self.groups: tuple[GroupFlow, ...] = ()
        self.topics: dict[Role, TopicFlow] = {}
        self.problem: str | None = None

    def look(self) -> None:
        """Ask, unless Kafka is away and it is too early to try again."""
        if time.monotonic() < self._due:
            return
        try:
            client = self._client = self._client or admin(self._settings, self._addresses)
            with speaking_to(self._addresses):
                self.topics = self._ends(client)
                self.groups = self._members(client)
        except (KafkaError, KhabarError) as error:
            self.problem = str(error)
            self._forget()
            self._due = time.monotonic() + next(self._waits)
        else:
            self.problem = None
            self._waits = delays()

    def close(self) -> None:
        self._forget()
        for chain in self._chains.values():
            chain.lag.stop()

    def _forget(self) -> None:
        self.groups = ()
        if self._client is not None:
            self._client.close()
        self._client = None

    def _members(self, client: KafkaAdminClient) -> tuple[GroupFlow, ...]:
        found = chains(client, self._settings.group)
        counts = members(client, list(found))
        now_s = time.monotonic()
        return tuple(
            self._group(name, stages, counts.get(name, 0), now_s)
            for name, stages in sorted(found.items(), key=lambda each: ALL_STAGES.index(each[1][0]))
        )

    def _group(self, name: str, stages: tuple[StageName, ...], count: int, now_s: float) -> GroupFlow:
        chain = self._chains.get(name)
        if chain is None:
            topic = self._names[INPUT_ROLES[stages[0]]]
            chain = self._chains[name] = _Chain(
                stages, LagReader(self._settings, self._addresses, name, topic)
            )
            chain.lag.start(LOOK_S)
        lag = chain.lag.latest
        if lag is None:
            return GroupFlow(name, stages, count, None, 0.0)
        read = sum(offset or 0 for offset in lag.committed.values())
        return GroupFlow(name, stages, count, lag.total, chain.rate.update(read, now_s))

    def _ends(self, client: KafkaAdminClient) -> dict[Role, TopicFlow]:
        described = client.describe_topics(list(self._names.values()))
        roles = {name: role for role, name in self._names.items()}
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in described
            for partition in topic["partitions"]
        ]
        found = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        ends = {each: found[each].offset for each in partitions}
        for each, offset in ends.items():
            self._first.setdefault(each, offset)
        grown: Counter[Role] = Counter(dict.fromkeys(self._names, 0))
        for each, offset in ends.items():
            grown[roles[each.topic]] += offset - self._first[each]
        now_s = time.monotonic()
        return {
            role: TopicFlow(grown[role], self._rates[role].update(grown[role], now_s)) for role in self._names
        }
