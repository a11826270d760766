"""The lag as the supervisor and the panel see it."""

import pytest
from kafka import ConsumerGroupMetadata, OffsetAndMetadata, TopicPartition

from tests.support import harness
from workers.runtime.clients import producer
from workers.runtime.lag import LagReader
from workers.topics import Role, table

pytestmark = pytest.mark.integration


@pytest.fixture
def topic(settings):
    harness.create_topics(settings)
    return table(settings.topic_prefix)[Role.RAW].name


@pytest.fixture
def lag(settings, topic):
    reader = LagReader(settings, harness.addresses_of(settings), settings.group, topic)
    reader.start(0.1)
    yield lambda: None if reader.latest is None else reader.latest.behind
    reader.stop()
    reader._thread.join(10)


def send(settings, topic, records, committed):
    """A transaction of `records` into partition 0, and offsets `committed` for the group."""
    addresses = harness.addresses_of(settings)
    with producer(settings, addresses, transactional_id=f"{settings.group}-test") as client:
        client.init_transactions()
        client.begin_transaction()
        for _ in range(records):
            client.send(topic, b"x", partition=0)
        client.send_offsets_to_transaction(
            {TopicPartition(topic, 0): OffsetAndMetadata(committed, "", -1)},
            ConsumerGroupMetadata(settings.group, -1, "", None),
        )
        client.commit_transaction()


def test_the_ends_of_transactions_are_no_lag(settings, topic, lag):
    send(settings, topic, 3, committed=3)
    assert harness.wait_for(lambda: lag() == {0: 0, 1: 0, 2: 0, 3: 0})


def test_events_behind_the_end_of_a_transaction_are_lag(settings, topic, lag):
    send(settings, topic, 3, committed=3)
    assert harness.wait_for(lambda: lag() == {0: 0, 1: 0, 2: 0, 3: 0})
    send(settings, topic, 2, committed=3)
    assert harness.wait_for(lambda: lag()[0] == 4)  # two events, the ends of two transactions


def test_events_that_were_seen_waiting_leave_no_lag_when_they_are_committed(settings, topic, lag):
    send(settings, topic, 3, committed=1)
    assert harness.wait_for(lambda: lag() == {0: 3, 1: 0, 2: 0, 3: 0})
    assert not harness.wait_for(lambda: lag()[0] != 3, timeout_s=1)
    send(settings, topic, 0, committed=3)
    assert harness.wait_for(lambda: lag() == {0: 0, 1: 0, 2: 0, 3: 0})


def test_an_event_that_stands_still_stays_lag(settings, topic, lag):
    harness.send(settings, [b"x"])
    assert harness.wait_for(lambda: lag() == {0: 1, 1: 0, 2: 0, 3: 0})
    assert not harness.wait_for(lambda: lag()[0] != 1, timeout_s=2)
