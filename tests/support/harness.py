"""Drives supervisors and reads what they have done, for tests of the harness."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from workers.config import Settings
from workers.embedded.stack import Stack
from workers.runtime import topics_admin
from workers.runtime.clients import Addresses, admin, consumer, producer
from workers.runtime.stage_process import ChainFactory
from workers.runtime.supervisor import Supervisor
from workers.runtime.topics_admin import actual
from workers.topics import Role, table


def settings_of(stack: Stack, **more: object) -> Settings:
    """Settings that point to the stack, with a consumer group and a topic prefix of their own."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    own = {"kafka": (stack.addresses.kafka,), "redis": stack.addresses.redis, "partitions": 4}
    return Settings(**own | {"group": name, "topic_prefix": name} | more)


def addresses_of(settings: Settings) -> Addresses:
    assert settings.kafka is not None
    return Addresses(settings.kafka, settings.redis)


def create_topics(settings: Settings) -> None:
    with admin(settings, addresses_of(settings)) as client:
        topics_admin.create(client, settings)


def take_times_of_writers(settings: Settings) -> None:
    """For records that a test dates back: the topics keep the times that they are sent with."""
    key, names = "message.timestamp.type", [topic.name for topic in table(settings.topic_prefix).values()]
    with admin(settings, addresses_of(settings)) as client:
        client.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, {key: "CreateTime"}) for name in names]
        )
        # The broker hears of it from the controller, a moment later.
        assert wait_for(
            lambda: {each.config[key] for each in actual(client, names).values()} == {"CreateTime"}
        )


def send(settings: Settings, values: Iterable[bytes], *, role: Role = Role.RAW) -> None:
    """Spread `values` over the partitions of a topic, and wait until the broker has them."""
    name = table(settings.topic_prefix)[role].name
    with producer(settings, addresses_of(settings), linger_ms=20) as client:
        deliveries = [
            client.send(name, value, partition=n % settings.partitions) for n, value in enumerate(values)
        ]
        client.flush()
        for delivery in deliveries:
            delivery.get(30)


@contextmanager
def supervised(
    settings: Settings, chain: ChainFactory, *, workers: int = 1, **options: object
) -> Iterator[Supervisor]:
    """A supervisor running in a thread; drained at the end."""
    supervisor = Supervisor(settings, addresses_of(settings), chain, workers=workers, **options)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            supervisor.run()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()
        thread.join(settings.drain_timeout_s + 20)
        assert not thread.is_alive()
    if failures:
        raise failures[0]


class Reader:
    """Reads topics as a `read_committed` consumer does, and remembers all of it."""

    def __init__(self, settings: Settings, roles: Sequence[Role]) -> None:
        names = table(settings.topic_prefix)
        self._client = consumer(settings, addresses_of(settings))
        self._client.assign(
            [TopicPartition(names[role].name, n) for role in roles for n in range(settings.partitions)]
        )
        self._client.seek_to_beginning()
        self.records: list = []

    def poll(self, timeout_ms: int = 300) -> int:
        fetched = self._client.poll(timeout_ms=timeout_ms, max_records=5000)
        count = len(self.records)
        for records in fetched.values():
            self.records += records
        return len(self.records) - count

    def read_until(self, count: int, timeout_s: float = 60.0, settle_s: float = 1.0) -> list:
        """Until there are `count` records, and `settle_s` longer so that one too many would show."""
        deadline = time.monotonic() + timeout_s
        while len(self.records) < count and time.monotonic() < deadline:
            self.poll()
        settled = time.monotonic() + settle_s
        while time.monotonic() < settled:
            if self.poll(100):
                settled = time.monotonic() + settle_s
        return self.records

    def values(self) -> Counter:
        return Counter(record.value for record in self.records)

    def close(self) -> None:
        self._client.close()


@contextmanager
def reading(settings: Settings, *roles: Role) -> Iterator[Reader]:
    reader = Reader(settings, roles)
    try:
        yield reader
    finally:
        reader.close()


def committed_offsets(settings: Settings, group: str | None = None, role: Role = Role.RAW) -> dict[int, int]:
    """What the group has committed, by partition."""
    name = table(settings.topic_prefix)[role].name
    with admin(settings, addresses_of(settings)) as client:
        offsets = client.list_group_offsets({group or settings.group: None})[group or settings.group]
    return {
        partition.partition: offset.offset for partition, offset in offsets.items() if partition.topic == name
    }


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    """Polls until the condition holds; False when it has not within the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
