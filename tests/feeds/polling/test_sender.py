"""Sending from an event loop, to the real Kafka."""

import asyncio
from dataclasses import replace

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.support import harness
from workers.errors import ConfigError, TransientError
from workers.feeds.model import Fault, FeedError
from workers.feeds.polling.patience import Patience
from workers.feeds.polling.sender import Sender
from workers.feeds.send import Outgoing
from workers.runtime.clients import producer
from workers.topics import Role, table

pytestmark = pytest.mark.integration


def event(value, key=b"k"):
    return Outgoing(where="https://n.example/a", key=key, value=value, headers=(("url", b"u"),))


@pytest.fixture
def target(topic, settings):
    """A topic of one partition that takes 100 kB, though its table says 32 MiB."""
    return replace(table()[Role.RAW], name=topic(max_message_bytes=100_000))


@pytest.fixture
async def make_sender(settings, target):
    made = []
    addresses = harness.addresses_of(settings)

    def make(stopping=None, connect=None):
        connect = connect or (lambda: producer(settings, addresses, max_block_ms=5000))
        patience = Patience("kafka", stopping or asyncio.Event())
        made.append(Sender(connect, target, addresses, patience))
        return made[-1]

    yield make
    for sender in made:
        await sender.close()


def sent(settings, topic):
    with KafkaConsumer(bootstrap_servers=list(settings.kafka), auto_offset_reset="earliest") as client:
        place = TopicPartition(topic, 0)
        client.assign([place])
        client.seek_to_beginning()
        end, found = client.end_offsets([place])[place], []
        while client.position(place) < end:
            found += [record.value for records in client.poll(500).values() for record in records]
        return found


async def test_an_event_is_on_the_topic_when_it_counts_as_sent(make_sender, settings, target):
    sender = make_sender()
    await asyncio.gather(*(sender.send(event(b"%d" % n)) for n in range(50)))
    assert sorted(sent(settings, target.name)) == sorted(b"%d" % n for n in range(50))


async def test_an_event_that_kafka_does_not_take_for_its_size_is_a_fault_and_the_others_go_on(make_sender):
    sender = make_sender()
    with pytest.raises(FeedError, match="takes") as caught:
        await sender.send(event(bytes(200_000)))
    assert caught.value.fault is Fault.TOO_LARGE
    with pytest.raises(FeedError):
        await sender.send(event(bytes(40 << 20)))
    await sender.send(event(b"small"))


async def test_events_that_were_on_their_way_with_one_that_is_refused_arrive(make_sender, settings, target):
    sender = make_sender()
    events = (
        [event(b"%d" % n) for n in range(20)]
        + [event(bytes(200_000))]
        + [event(b"%d" % n) for n in range(20, 40)]
    )
    results = await asyncio.gather(*map(sender.send, events), return_exceptions=True)
    assert [n for n, result in enumerate(results) if result is not None] == [20]
    assert set(sent(settings, target.name)) == {b"%d" % n for n in range(40)}


async def test_a_producer_that_is_of_no_use_any_more_is_replaced(make_sender, settings, target):
    sender = make_sender()
    await sender.send(event(b"1"))
    await asyncio.to_thread(sender._producer.close)
    await asyncio.gather(*(sender.send(event(b"%d" % n)) for n in (2, 3, 4)))
    assert sorted(sent(settings, target.name)) == [b"1", b"2", b"3", b"4"]


async def test_a_kafka_that_is_away_is_waited_for(make_sender, settings, target):
    tries = []

    def connect():
        tries.append(1)
        if len(tries) < 3:
            raise TransientError("No Kafka answers")
        return producer(settings, harness.addresses_of(settings))

    await make_sender(connect=connect).send(event(b"1"))
    assert (len(tries), sent(settings, target.name)) == (3, [b"1"])


async def test_nothing_is_waited_for_when_all_is_to_stop(make_sender):
    stopping = asyncio.Event()

    def connect():
        stopping.set()
        raise TransientError("No Kafka answers")

    with pytest.raises(TransientError):
        await asyncio.wait_for(make_sender(stopping, connect).send(event(b"1")), 20)


async def test_a_kafka_that_refuses_is_an_error(make_sender):
    def connect():
        raise ConfigError("Kafka refuses")

    with pytest.raises(ConfigError, match="refuses"):
        await make_sender(connect=connect).send(event(b"1"))
