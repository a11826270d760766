"""One run: a system at work on a backlog that becomes visible all at once.

The backlog is written in one transaction while the system is up, warm and idle: readers of committed records see
nothing of it until it is committed. So the CPU time from then until the last event is committed is all of what the
events cost, fetching them included, and none of what starting costs.
"""

import os
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from confluent_kafka import Producer
from kafka.admin import ConfigResource, ConfigResourceType

from tests.benchmarks import chains
from tests.benchmarks.machine import cpu_s
from tests.benchmarks.peers import Job, Running, peer
from tests.support.harness import addresses_of, create_topics, supervised
from workers.config import Settings
from workers.runtime.chain import StageName
from workers.runtime.clients import admin
from workers.runtime.supervisor import Supervisor
from workers.topics import Role, table

KHABAR: Final = "khabar"
DISTINCT_VALUES: Final = 200
WARM_UP_EVENTS: Final = 1000
POLL_S: Final = 0.02
SETTLED_CPU_RATIO: Final = 0.1
"""An idle worker beats, polls and renews its session with 2 to 4 % of a core."""
SETTLE_TIMEOUT_S: Final = 10.0
STALLED_S: Final = 180.0
"""A worker that starts on a machine with a load of 38 has been seen to take more than a minute to its first commit."""
STEADY: Final = (0.1, 0.9)
"""The part of the backlog over which the speed is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run has shown. `cpu_us` is microseconds of CPU an event, user and system: of the whole system, and
    of the process that talks to Kafka alone (for Khabar the rest is the stage process).
    """

    system: str
    size_bytes: int
    events: int
    events_per_s: float
    cpu_us: float
    main_cpu_us: float


Watch = Callable[[int], AbstractContextManager[object]]
"""Given the pid of a system: is entered before the backlog is released and left after its end."""


def random_values(size_bytes: int) -> list[bytes]:
    """Values that no compression makes smaller."""
    return [os.urandom(size_bytes) for _ in range(DISTINCT_VALUES)]


def measure(
    system: str,
    settings: Settings,
    logs: Path,
    *,
    size_bytes: int,
    events: int,
    watch: Watch = lambda _: nullcontext(),
) -> Run:
    """The cost of `events` events of `size_bytes` in `system`, KHABAR or one of PEERS, on topics of its own."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    settings = replace(settings, group=name, topic_prefix=name)
    values = random_values(size_bytes)
    create_topics(settings)
    try:
        with _running(system, settings, logs) as running:
            with bulk_producer(settings) as producer:
                _send(producer, settings, values, WARM_UP_EVENTS)
            await_committed(running, WARM_UP_EVENTS)
            with bulk_producer(settings, {"transactional.id": f"{name}-backlog"}) as producer:
                producer.init_transactions()
                producer.begin_transaction()
                _send(producer, settings, values, events)
                _settle(running.pid)
                with watch(running.pid):
                    return _measured(system, size_bytes, events, running, producer.commit_transaction)
    finally:
        delete_topics(settings)


def _measured(
    system: str, size_bytes: int, events: int, running: Running, release: Callable[[], object]
) -> Run:
    before = cpu_s(running.pid)
    started = time.monotonic()
    release()
    points = await_committed(running, WARM_UP_EVENTS + events)
    spent = {pid: spent_s - before.get(pid, 0.0) for pid, spent_s in cpu_s(running.pid).items()}
    return Run(
        system=system,
        size_bytes=size_bytes,
        events=events,
        events_per_s=speed([(at_s - started, done - WARM_UP_EVENTS) for at_s, done in points], events),
        cpu_us=sum(spent.values()) / events * 1e6,
        main_cpu_us=spent[running.pid] / events * 1e6,
    )


def speed(points: Sequence[tuple[float, int]], events: int) -> float:
    """Events a second in the steady part, by least squares: Khabar tells its count twice a second."""
    low, high = (events * share for share in STEADY)
    steady = [(at_s, done) for at_s, done in points if low <= done <= high]
    if len(steady) < 3:
        return points[-1][1] / points[-1][0]
    return statistics.linear_regression(*zip(*steady, strict=True)).slope


def await_committed(running: Running, count: int) -> list[tuple[float, int]]:
    """When (monotonic clock) which count of committed events was first seen, up to `count`."""
    points: list[tuple[float, int]] = []
    changed_at = time.monotonic()
    done = 0
    while done < count:
        time.sleep(POLL_S)
        now = time.monotonic()
        if (seen := running.committed()) != done:
            done, changed_at = seen, now
            points.append((now, done))
        elif now - changed_at > STALLED_S:
            message = f"Nothing was committed for {STALLED_S:.0f} s, at {done} of {count} events"
            raise RuntimeError(message)
    return points


def _settle(pid: int) -> None:
    """Wait until the system is idle."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    spent_s, at_s = sum(cpu_s(pid).values()), time.monotonic()
    while time.monotonic() < deadline:
        time.sleep(0.5)
        before_s, before_at_s = spent_s, at_s
        spent_s, at_s = sum(cpu_s(pid).values()), time.monotonic()
        if spent_s - before_s < SETTLED_CPU_RATIO * (at_s - before_at_s):
            return


@contextmanager
def _running(system: str, settings: Settings, logs: Path) -> Iterator[Running]:
    if system == KHABAR:
        log_file = logs / f"{settings.group}.log"
        stages = [StageName.BOILERPLATE]
        with supervised(settings, chains.forward, stages=stages, log_file=str(log_file)) as supervisor:
            await_worker(supervisor, log_file)
            yield Running(supervisor.pids[0], lambda: committed(supervisor, log_file))
        return
    names = table(settings.topic_prefix)
    job = Job(
        brokers=",".join(addresses_of(settings).kafka),
        source=names[Role.RAW].name,
        sink=names[Role.PUBLISHED].name,
        group=settings.group,
        batch_events=settings.batch_events,
    )
    with peer(system, job) as running:
        yield running


def await_worker(supervisor: Supervisor, log_file: Path) -> None:
    deadline = time.monotonic() + STALLED_S
    while not supervisor.pids:
        committed(supervisor, log_file)
        if time.monotonic() > deadline:
            raise RuntimeError("No worker has started")
        time.sleep(POLL_S)


def committed(supervisor: Supervisor, log_file: Path) -> int:
    status = supervisor.status()
    if status.restarts:
        lines = log_file.read_text().splitlines()
        last = [line for line in lines if '"level": "info"' not in line][-10:] or lines[-10:]
        raise RuntimeError("\n".join(["The worker has ended; the end of its log:", *last]))
    return status.committed


@contextmanager
def bulk_producer(settings: Settings, more: dict[str, object] | None = None) -> Iterator[Producer]:
    producer = Producer(
        {
            "bootstrap.servers": ",".join(addresses_of(settings).kafka),
            "batch.size": 1 << 20,
            "transaction.timeout.ms": 600_000,
        }
        | (more or {})
    )
    try:
        yield producer
        producer.flush(STALLED_S)
    finally:
        producer.purge()  # or it looks for its broker when that is gone
        producer.close()


def _send(producer: Producer, settings: Settings, values: Sequence[bytes], count: int) -> None:
    """`count` events, spread evenly over the partitions; returns when the broker has them."""
    topic = table(settings.topic_prefix)[Role.RAW].name
    for number in range(count):
        while True:
            try:
                producer.produce(topic, values[number % len(values)], partition=number % settings.partitions)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()


def delete_topics(settings: Settings) -> None:
    """The topics of the run, their files at once: the broker's default keeps them for a minute."""
    names = [topic.name for topic in table(settings.topic_prefix).values()]
    with admin(settings, addresses_of(settings)) as client:
        client.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, name, {"file.delete.delay.ms": "100"})
                for name in names
            ]
        )
        client.delete_topics(names)
