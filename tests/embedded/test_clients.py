"""The clients that Khabar is built on, against the embedded broker."""

from collections.abc import Callable

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaTimeoutError

from workers.config import Settings

pytestmark = pytest.mark.integration


def _read(settings: Settings, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=list(settings.kafka or ()),
        group_id=settings.group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        enable_auto_commit=False,
        consumer_timeout_ms=10_000,
        max_partition_fetch_bytes=40 << 20,
    )
    values = []
    try:
        for message in consumer:
            values.append(message.value)
            if len(values) == count:
                break
        consumer.commit()
    finally:
        consumer.close()
    return values


def test_a_group_reads_what_a_transaction_commits_and_nothing_of_one_that_aborts(
    settings: Settings, topic: Callable[..., str]
) -> None:
    name = topic()
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka or ()), transactional_id=settings.group)
    try:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(name, "\u062e\u0628\u0631".encode())  # the letters of "khabar"
        producer.abort_transaction()
        producer.begin_transaction()
        producer.send(name, b"kept")
        producer.commit_transaction()
    finally:
        producer.close()
    assert _read(settings, name, 1) == [b"kept"]


def test_the_broker_itself_lets_the_largest_dead_letter_pass(
    settings: Settings, topic: Callable[..., str]
) -> None:
    name = topic()
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka or ()), max_request_size=34 << 20)
    try:
        producer.send(name, b"x" * (32 << 20)).get(timeout=30)
    finally:
        producer.close()
    assert [len(value) for value in _read(settings, name, 1)] == [32 << 20]


def test_topics_are_not_created_by_accident(settings: Settings) -> None:
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka or ()), max_block_ms=500)
    try:
        with pytest.raises(KafkaTimeoutError):
            producer.send(f"{settings.topic_prefix}.raw", b"x")
    finally:
        producer.close()
