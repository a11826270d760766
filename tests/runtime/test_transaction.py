"""One transaction a batch: outputs and offsets together or not at all, on the real broker."""

import time
from collections import Counter
from contextlib import closing
from dataclasses import replace

import pytest
from kafka import TopicPartition

from tests.support.harness import (
    addresses_of,
    committed_offsets,
    create_topics,
    reading,
    take_times_of_writers,
    wait_for,
)
from workers.config import Settings
from workers.errors import TransientError
from workers.runtime.clients import consumer
from workers.runtime.events import Event, Membership, Output, Position
from workers.runtime.transaction import RefusedError, TransactionalPublisher, consumed_offsets
from workers.topics import Role, table

pytestmark = pytest.mark.integration

OUTSIDE = Membership(-1, "")
"""Of a group without members: the broker lets anyone commit then."""
GONE = Membership(7, "a-member-that-was")


@pytest.fixture
def publisher(settings: Settings) -> TransactionalPublisher:
    create_topics(settings)
    topics = table(settings.topic_prefix)
    return TransactionalPublisher(settings, addresses_of(settings), topics, settings.group, "worker")


def events(settings: Settings, partition: int, *offsets: int) -> list[Event]:
    raw = table(settings.topic_prefix)[Role.RAW].name
    return [Event(Position(raw, partition, offset), None, b"") for offset in offsets]


def output(value: bytes) -> Output:
    return Output(Role.PUBLISHED, b"key", value)


def published(settings: Settings, count: int) -> Counter:
    with reading(settings, Role.PUBLISHED) as reader:
        reader.read_until(count)
    return reader.values()


def test_outputs_and_offsets_are_committed_together(
    settings: Settings, publisher: TransactionalPublisher
) -> None:
    publisher.publish(OUTSIDE, events(settings, 1, 4, 5), [output(b"a"), output(b"b")], {})
    assert published(settings, 2) == Counter([b"a", b"b"])
    assert committed_offsets(settings) == {1: 6}


def test_a_batch_of_a_member_that_was_is_refused_whole(
    settings: Settings, publisher: TransactionalPublisher
) -> None:
    with pytest.raises(RefusedError):
        publisher.publish(GONE, events(settings, 0, 9), [output(b"stale")], {})
    assert published(settings, 0) == Counter()
    assert committed_offsets(settings) == {}


def test_what_was_refused_is_not_committed_by_the_next_batch(
    settings: Settings, publisher: TransactionalPublisher
) -> None:
    """It would set back the offset that the partition's new owner has committed: its events would come twice."""
    publisher.publish(OUTSIDE, events(settings, 0, 99), [], {})
    with pytest.raises(RefusedError):
        publisher.publish(GONE, events(settings, 0, 9), [output(b"stale")], {})
    publisher.publish(OUTSIDE, events(settings, 1, 4), [output(b"fresh")], {})
    assert committed_offsets(settings) == {0: 100, 1: 5}
    assert published(settings, 1) == Counter([b"fresh"])


def test_a_successor_with_the_same_id_ends_what_its_predecessor_left_open(
    settings: Settings, publisher: TransactionalPublisher
) -> None:
    predecessor = publisher._producer
    predecessor.begin_transaction()
    predecessor.send(table(settings.topic_prefix)[Role.PUBLISHED].name, b"half done").get(10)
    successor = TransactionalPublisher(
        settings, addresses_of(settings), table(settings.topic_prefix), settings.group, "worker"
    )
    successor.publish(OUTSIDE, events(settings, 0, 0), [output(b"whole")], {})
    assert published(settings, 1) == Counter([b"whole"])


def test_a_worker_with_a_successor_writes_nothing_more_and_says_why(
    settings: Settings, publisher: TransactionalPublisher
) -> None:
    TransactionalPublisher(
        settings, addresses_of(settings), table(settings.topic_prefix), settings.group, "worker"
    )
    with pytest.raises(TransientError, match="has a successor"):
        publisher.publish(OUTSIDE, events(settings, 0, 0), [output(b"late")], {})
    assert published(settings, 0) == Counter()
    assert committed_offsets(settings) == {}


@pytest.mark.faults
@pytest.mark.parametrize("after", [1, 2], ids=["after one record", "after all records"])
def test_a_worker_that_stands_still_for_longer_than_its_transaction_lives_commits_no_part_of_it(
    settings: Settings, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker aborts it: what comes afterwards must not be committed without what was sent before."""
    create_topics(settings)
    topics, lives = table(settings.topic_prefix), replace(settings, session_timeout_s=1.0)
    publisher = TransactionalPublisher(lives, addresses_of(settings), topics, settings.group, "worker")
    sending, committing = publisher._producer.send, publisher._producer.send_offsets_to_transaction
    sent = []

    def stand_still() -> None:
        for record in sent:
            record.get(10)
        places = [TopicPartition(topics[Role.PUBLISHED].name, each) for each in range(settings.partitions)]
        with closing(consumer(settings, addresses_of(settings))) as reader:
            # Readers of committed records get past these, and the mark behind them, once the transaction is over.
            assert wait_for(lambda: sum(reader.end_offsets(places).values()) == after + 1)

    def send(*record):
        if len(sent) == after:
            stand_still()
        sent.append(sending(*record))
        if len(sent) > after:
            time.sleep(1)  # by now it has failed
        return sent[-1]

    def commit(*offsets):
        if len(sent) == after:
            stand_still()
        return committing(*offsets)

    monkeypatch.setattr(publisher._producer, "send", send)
    monkeypatch.setattr(publisher._producer, "send_offsets_to_transaction", commit)
    with pytest.raises(TransientError, match="stood still"):
        publisher.publish(OUTSIDE, events(settings, 0, 6), [output(b"a"), output(b"b")], {})
    assert published(settings, 0) == Counter()
    assert committed_offsets(settings) == {}


def test_the_committed_offset_is_the_one_after_the_last_event_of_each_partition(settings: Settings) -> None:
    batch = [*events(settings, 0, 3, 4), *events(settings, 2, 10)]
    assert {each.partition: value.offset for each, value in consumed_offsets(batch, {}).items()} == {
        0: 5,
        2: 11,
    }


@pytest.fixture
def ahead(publisher: TransactionalPublisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the publisher's machine is three hours ahead."""
    sending = publisher._producer.send

    def send(*record):
        return sending(*record, timestamp_ms=int((time.time() + 3 * 3600) * 1000))

    monkeypatch.setattr(publisher._producer, "send", send)


def test_the_clock_of_the_writer_does_not_matter(
    settings: Settings, publisher: TransactionalPublisher, ahead: None
) -> None:
    publisher.publish(OUTSIDE, events(settings, 0, 1), [output(b"a")], {})
    with reading(settings, Role.PUBLISHED) as reader:
        [record] = reader.read_until(1)
    assert abs(record.timestamp / 1000 - time.time()) < 3600


def test_topics_that_take_the_times_of_writers_refuse_a_clock_that_is_ahead_and_it_is_said(
    settings: Settings, publisher: TransactionalPublisher, ahead: None
) -> None:
    take_times_of_writers(settings)
    with pytest.raises(TransientError, match="set the clock right"):
        publisher.publish(OUTSIDE, events(settings, 0, 1), [output(b"a")], {})
