"""What the harness is compared with: bare loops that read a topic and write each value to another one.

Each runs in a process of its own. All read committed records in batches of Khabar's size, write to all replicas,
commit after each batch, and differ in nothing else than library and guarantee.
"""

import asyncio
import hashlib
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

KEY_BYTES: Final = 8
PRODUCER_BATCH_BYTES: Final = 1 << 20
"""As Khabar's own producer has it; the default of aiokafka, 16 kB, holds one event of 12 kB."""
START_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """From where to where. `brokers` as HOST:PORT, several separated by commas."""

    brokers: str
    source: str
    sink: str
    group: str
    batch_events: int


Loop = Callable[[Job, Any, Any], None]
"""(job, counter, stop): adds to the shared counter what it has committed, until the event is set."""


def key_of(value: bytes) -> bytes:
    """The key under which a value is published: its beginning, which costs nothing and spreads over partitions."""
    return value[:KEY_BYTES]


def aiokafka_loop(job: Job, counter: Any, stop: Any) -> None:
    """Bare aiokafka: at least once."""
    asyncio.run(_aiokafka(job, counter, stop))


async def _aiokafka(job: Job, counter: Any, stop: Any) -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    consumer = AIOKafkaConsumer(
        job.source,
        bootstrap_servers=job.brokers,
        group_id=job.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=job.brokers,
        acks="all",
        max_batch_size=PRODUCER_BATCH_BYTES,
        max_request_size=2 * PRODUCER_BATCH_BYTES,
    )
    async with consumer, producer:
        while not stop.is_set():
            fetched = await consumer.getmany(timeout_ms=int(POLL_S * 1000), max_records=job.batch_events)
            values = [record.value for records in fetched.values() for record in records]
            if values:
                deliveries = [await producer.send(job.sink, value, key=key_of(value)) for value in values]
                await asyncio.gather(*deliveries)
                await consumer.commit()
                counter.value += len(values)


def librdkafka_loop(job: Job, counter: Any, stop: Any) -> None:
    """librdkafka: at least once."""
    consumer, producer, failures = _librdkafka_clients(job)
    while not stop.is_set():
        if values := _consumed(consumer, job.batch_events):
            _produce(producer, job.sink, values, failures)
            producer.flush()
            _check(failures)
            consumer.commit(asynchronous=False)
            counter.value += len(values)
    consumer.close()


def librdkafka_transactions_loop(job: Job, counter: Any, stop: Any) -> None:
    """librdkafka with outputs and offsets in one transaction a batch: exactly once."""
    consumer, producer, failures = _librdkafka_clients(job, {"transactional.id": job.group})
    producer.init_transactions()
    while not stop.is_set():
        if values := _consumed(consumer, job.batch_events):
            producer.begin_transaction()
            _produce(producer, job.sink, values, failures)
            producer.send_offsets_to_transaction(
                consumer.position(consumer.assignment()), consumer.consumer_group_metadata()
            )
            producer.commit_transaction()
            _check(failures)
            counter.value += len(values)
    consumer.close()


def _librdkafka_clients(job: Job, more: dict[str, object] | None = None) -> tuple[Any, Any, list[object]]:
    from confluent_kafka import Consumer, Producer

    failures: list[object] = []
    consumer = Consumer(
        {
            "bootstrap.servers": job.brokers,
            "group.id": job.group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": job.brokers,
            "acks": "all",
            "batch.size": PRODUCER_BATCH_BYTES,
            "message.max.bytes": 2 * PRODUCER_BATCH_BYTES,
            "delivery.report.only.error": True,
            "on_delivery": lambda error, _: failures.append(error),
        }
        | (more or {})
    )
    consumer.subscribe([job.source])
    return consumer, producer, failures


def _consumed(consumer: Any, most: int) -> list[bytes]:
    messages = consumer.consume(most, timeout=POLL_S)
    _check([message.error() for message in messages if message.error()])
    return [message.value() for message in messages]


def _produce(producer: Any, topic: str, values: list[bytes], failures: list[object]) -> None:
    for value in values:
        while True:
            try:
                producer.produce(topic, value, key_of(value))
                break
            except BufferError:
                producer.poll(POLL_S)
                _check(failures)


def _check(failures: list[object]) -> None:
    if failures:
        raise RuntimeError(f"Kafka refuses: {failures[0]}")


PEERS: Final[dict[str, Loop]] = {
    "aiokafka": aiokafka_loop,
    "librdkafka": librdkafka_loop,
    "librdkafka, transactions": librdkafka_transactions_loop,
}


@dataclass(frozen=True, slots=True)
class Running:
    """A process at work: its pid, and how many events it has committed."""

    pid: int
    committed: Callable[[], int]


@contextmanager
def peer(name: str, job: Job) -> Iterator[Running]:
    """The loop of PEERS under `name`, running."""
    context = multiprocessing.get_context("spawn")
    counter, stop = context.Value("Q", 0, lock=False), context.Event()
    process = context.Process(target=PEERS[name], args=(job, counter, stop), name=f"peer-{digest(name)}")
    process.start()

    def committed() -> int:
        if process.exitcode is not None:
            raise RuntimeError(f"The {name} loop has ended with exit status {process.exitcode}")
        return counter.value

    try:
        yield Running(process.pid, committed)
    finally:
        stop.set()
        process.join(START_TIMEOUT_S)
        if process.is_alive():
            process.kill()
            process.join()


def digest(name: str) -> str:
    """A short name without spaces, for topics and groups."""
    return hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
