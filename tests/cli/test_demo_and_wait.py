"""`khabar send --demo` and `khabar audit --wait`: what docker-compose.yml's smoke test is made of."""

import threading
import time
from contextlib import closing

import pytest
from click.testing import CliRunner

from workers.cli.main import main
from workers.demo import demo_events
from workers.runtime.clients import Addresses, consumer, producer
from workers.runtime.reading import partitions_of
from workers.topics import Role, table


@pytest.mark.integration
def test_the_demo_is_sent_byte_for_byte_and_in_order(khabar, settings, topics):
    result = khabar("send", "--demo")
    assert result.exit_code == 0, result.output
    events = demo_events()
    assert f"sent {len(events)} events to {settings.topic_prefix}.raw" in result.stdout
    name = table(settings.topic_prefix)[Role.RAW].name
    got = []
    with closing(consumer(settings, Addresses(settings.kafka))) as client:
        client.assign(partitions_of(client, [name]))
        deadline = time.monotonic() + 20
        while len(got) < len(events) and time.monotonic() < deadline:
            for records in client.poll(timeout_ms=500).values():
                got += [(record.key, record.value, tuple(record.headers)) for record in records]
    sent = [(event.key, event.value, event.headers) for event in events]
    assert sorted(got, key=repr) == sorted(sent, key=repr)
    for key in {event.key for event in events} - {None}:
        assert [each for each in got if each[0] == key] == [each for each in sent if each[0] == key]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--demo", "-"), ("--demo", "--lang", "ar")],
    ids=["neither", "both", "demo with a language"],
)
def test_files_and_the_demo_exclude_each_other_and_one_is_needed(arguments):
    result = CliRunner().invoke(main, ["send", *arguments])
    assert result.exit_code == 2
    assert "say --demo" in result.stderr


@pytest.mark.integration
def test_an_audit_that_waits_fails_when_something_stays_in_flight(khabar, settings, topics):
    put(settings, Role.RAW, b"{}")
    result = khabar("audit", "--wait", "0.1")
    assert result.exit_code == 1
    assert "after 0.1 s, 1 still in flight" in result.stderr
    assert khabar("audit").exit_code == 0


@pytest.mark.integration
def test_an_audit_waits_until_the_last_event_has_ended(khabar, settings, topics):
    offset = put(settings, Role.RAW, b"{}")
    origin = f"{table(settings.topic_prefix)[Role.RAW].name}:0:{offset}".encode()
    headers = [("khabar-origin", origin)]
    later = threading.Timer(1.5, put, (settings, Role.REJECTED, b"{}", headers))
    later.start()
    started = time.monotonic()
    result = khabar("audit", "--wait", "30")
    later.join()
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("\nbalanced\n")
    assert 1.5 < time.monotonic() - started < 25


def put(settings, role, value, headers=()):
    """One record on partition 0 of the topic of a role; its offset."""
    topic = table(settings.topic_prefix)[role].name
    with closing(producer(settings, Addresses(settings.kafka))) as client:
        return client.send(topic, value, headers=list(headers), partition=0).get(timeout=20).offset
