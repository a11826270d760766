"""Which partitions a worker reads, and how far they are committed: what tells verdicts that count from those that may not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock

from kafka import OffsetAndMetadata, TopicPartition

FetchStable = Callable[[Sequence[TopicPartition]], dict[TopicPartition, OffsetAndMetadata]]


class Partitions:
    """The partitions of `topic`; safe between threads. `assigned` gives the numbers of those that this worker reads
    now; `fetch_stable` asks Kafka for committed offsets, once no transaction on them is pending.
    """

    def __init__(self, topic: str, assigned: Callable[[], Iterable[int]], fetch_stable: FetchStable) -> None:
        self._topic = topic
        self._assigned = assigned
        self._fetch_stable = fetch_stable
        self._known: dict[str, int] = {}
        self._replays: dict[str, str] = {}
        self._adopted: set[str] = set()
        self._lock = Lock()

    def own(self) -> dict[str, int]:
        """The partitions that this worker reads or has adopted, by TOPIC:PARTITION, and their committed offsets."""
        names = {f"{self._topic}:{number}" for number in self._assigned()}
        with self._lock:
            return {name: self._known.get(name, 0) for name in names | self._adopted}

    def note(self, offsets: Mapping[str, int]) -> None:
        """These are committed. Of a partition that was elsewhere meanwhile, the larger offset is the true one."""
        with self._lock:
            for name, offset in offsets.items():
                self._known[name] = max(offset, self._known.get(name, 0))

    def is_strange(self, reader: str) -> bool:
        """Whether TOPIC:PARTITION is of another topic: nobody in this consumer group will ever read it."""
        return reader.rpartition(":")[0] != self._topic

    def adopt(self, reader: str) -> None:
        """What was left uncommitted in a strange partition, by workers of another set-up, gives way."""
        with self._lock:
            self._adopted.add(reader)

    def replays(self) -> dict[str, str]:
        """By TOPIC:PARTITION the number of the replay from the beginning in which it is read, where it is."""
        with self._lock:
            return dict(self._replays)

    def fetch(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        """What `fetch_stable` finds, noted. Raises as that does."""
        found = self._fetch_stable(partitions)
        names = {f"{each.topic}:{each.partition}": committed for each, committed in found.items()}
        self.note({name: committed.offset for name, committed in names.items()})
        with self._lock:
            self._replays |= {name: committed.metadata for name, committed in names.items()}
        return found

    def committed(self, reader: str) -> int:
        """The committed offset of TOPIC:PARTITION; 0 for none. Raises TransientError when Kafka does not answer."""
        topic, _, number = reader.rpartition(":")
        found = self._fetch_stable([TopicPartition(topic, int(number))])
        return sum(committed.offset for committed in found.values())
