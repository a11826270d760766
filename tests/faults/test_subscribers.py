"""Subscribers that are slow, killed, joined by others, or left alone by Kafka: nothing is lost."""

import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from kafka.errors import KafkaError

from schemas.rejected_event import RejectedEvent
from tests.support.harness import addresses_of, committed_offsets, create_topics, wait_for
from tests.support.rejected import rejected
from workers.config import Settings
from workers.embedded.stack import Stack
from workers.runtime import following, groups
from workers.runtime.clients import admin, producer
from workers.subscribe import Partition, subscribe
from workers.topics import Role, table

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(180)]

GROUP = "readers"


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Kafka forgets a silent member after 6 s, the least that a broker allows (group.min.session.timeout.ms)."""
    create_topics(settings)
    return replace(settings, session_timeout_s=6.0)


@pytest.fixture
def group(settings: Settings) -> str:
    return f"{settings.group}-{GROUP}"


def put(settings: Settings, count: int) -> set[str]:
    """So many records, spread over the partitions; their ids."""
    ids = [str(number) for number in range(count)]
    topic = table(settings.topic_prefix)[Role.REJECTED].name
    with producer(settings, addresses_of(settings)) as client:
        for number, each in enumerate(ids):
            client.send(topic, rejected(each), partition=number % settings.partitions)
        client.flush()
    return set(ids)


def committed(settings: Settings, group: str) -> int:
    """How many records are committed; -1 while Kafka cannot say."""
    try:
        return sum(committed_offsets(settings, group, Role.REJECTED).values())
    except KafkaError:
        return -1


def collect(settings: Settings, group: str, stop: threading.Event, seen: list[str]) -> None:
    """Adds the ids of records to `seen` until it is told to stop."""
    for record in subscribe("rejected", group=group, stop=stop.is_set, settings=settings):
        seen.append(record.id)  # noqa: PERF401  (looked at meanwhile)


def in_threads(*functions: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    return threads


def test_a_body_slower_than_the_poll_interval_is_said_and_a_lone_consumer_gets_on(
    quick: Settings, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    put(quick, 3)
    seen = []
    away = threading.Event()
    with caplog.at_level(logging.WARNING, "workers"):
        for record in subscribe(
            "rejected", group=group, max_poll_interval_s=1, until_now=True, settings=quick
        ):
            seen.append(record.id)
            if len(seen) == 1:
                # Until the client has left the group by itself, which it looks at with every heartbeat.
                assert wait_for(lambda: members(quick, group) == 0)
                away.set()
    assert away.is_set()
    assert sorted(seen) == ["0", "1", "2"]
    assert committed(quick, group) == 3
    said = [record.getMessage() for record in caplog.records if "max_poll_interval_s" in record.getMessage()]
    assert len(said) == 1
    assert "more than max_poll_interval_s=1" in said[0]


def members(settings: Settings, group: str) -> int:
    with admin(settings, addresses_of(settings)) as cluster:
        return groups.members(cluster, [group]).get(group, 0)


def test_a_partition_that_was_lost_to_another_is_not_committed_over_its_work(
    quick: Settings, group: str
) -> None:
    """The slow one comes back when another has done its record and those behind it."""
    create_topics(quick)
    ids = put(quick, 12)
    stop, seen_by = threading.Event(), {"slow": [], "other": []}

    def slow() -> None:
        for record in subscribe(
            "rejected", group=group, max_poll_interval_s=1, stop=stop.is_set, settings=quick
        ):
            seen_by["slow"].append(record.id)
            if len(seen_by["slow"]) == 1:
                other.start()
                assert wait_for(lambda: committed(quick, group) == 12, 60)

    def read_rest() -> None:
        for record in subscribe("rejected", group=group, stop=stop.is_set, settings=quick):
            seen_by["other"].append(record.id)

    other = threading.Thread(target=read_rest)
    [thread] = in_threads(slow)
    try:
        assert wait_for(lambda: committed(quick, group) == 12, 90)
        assert set(seen_by["other"]) == ids  # the slow one's record too
    finally:
        stop.set()
        thread.join(60)
        other.join(60)
    assert committed(quick, group) == 12
    assert len(seen_by["slow"]) == 1


def test_members_that_join_and_leave_repeat_nothing(
    quick: Settings, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "COMMIT_S", 3600)  # so that all is committed as partitions are given away
    monkeypatch.setattr(following, "TEND_S", 0.2)  # so that this happens while records wait to be handed out
    ids = put(quick, 2000)
    stops = [threading.Event() for _ in range(3)]
    seen: list[str] = []

    def reader(stop: threading.Event) -> Callable[[], None]:
        def read() -> None:
            for record in subscribe("rejected", group=group, stop=stop.is_set, settings=quick):
                seen.append(record.id)
                time.sleep(0.002)  # the work

        return read

    threads = in_threads(reader(stops[0]))
    try:
        for number in (1, 2):
            assert wait_for(lambda: len(seen) > 300 * number, 60)  # noqa: B023  (called at once)
            threads += in_threads(reader(stops[number]))
        assert wait_for(lambda: len(seen) > 1000, 60)
        stops[0].set()
        assert wait_for(lambda: set(seen) == ids, 90)
    finally:
        for stop in stops:
            stop.set()
        for thread in threads:
            thread.join(60)
    assert {each: count for each, count in Counter(seen).items() if count > 1} == {}
    assert committed(quick, group) == 2000


PROGRAM = """
import sys
from workers.config import Settings
from workers.subscribe import subscribe

settings = Settings(kafka=(sys.argv[1],), topic_prefix=sys.argv[2], session_timeout_s=6.0)
with open(sys.argv[4], "a") as results:
    for record in subscribe("rejected", group=sys.argv[3], settings=settings):
        results.write(record.id + "\\n")
        results.flush()
"""


def test_a_consumer_that_is_killed_again_and_again_loses_nothing(
    quick: Settings, group: str, tmp_path: Path
) -> None:
    ids = put(quick, 4000)
    assert quick.kafka is not None
    results = tmp_path / "results"
    results.touch()
    command = [sys.executable, "-c", PROGRAM, quick.kafka[0], quick.topic_prefix, group, str(results)]
    for kill in range(3):
        with subprocess.Popen(command) as process:
            wanted = 600 * (kill + 1)
            assert wait_for(lambda: len(set(results.read_text().split())) >= wanted, 90)  # noqa: B023
            process.kill()
    with subprocess.Popen(command) as process:
        assert wait_for(lambda: committed(quick, group) == 4000, 90)
        process.terminate()
        assert process.wait(30) == 0
    assert set(results.read_text().split()) == ids


@pytest.fixture
def restarted(stack: Stack) -> Iterator[Stack]:
    yield stack
    if not stack.kafka.is_running:
        stack.kafka.start()


def test_a_broker_that_goes_away_is_waited_for(quick: Settings, group: str, restarted: Stack) -> None:
    put(quick, 40)
    stop = threading.Event()
    seen: list[str] = []
    [thread] = in_threads(partial(collect, quick, group, stop, seen))
    try:
        assert wait_for(lambda: committed(quick, group) == 40, 60)
        restarted.kafka.kill()
        restarted.kafka.start()
        put(quick, 80)
        assert wait_for(lambda: committed(quick, group) == 120, 90)
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()
    assert set(seen) == {str(number) for number in range(80)}


def test_a_subscription_ends_though_the_broker_is_away(quick: Settings, group: str, restarted: Stack) -> None:
    put(quick, 4)
    stop = threading.Event()
    seen: list[str] = []
    [thread] = in_threads(partial(collect, quick, group, stop, seen))
    assert wait_for(lambda: len(seen) == 4, 60)
    restarted.kafka.kill()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_offsets_stored_with_the_results_keep_a_late_writer_out(quick: Settings, group: str) -> None:
    """The fence of docs/subscribing.md: the slow one's record was done by the other, so it writes nothing."""
    ids = put(quick, 12)
    stop, lock = threading.Event(), threading.Lock()
    stored: dict[Partition, int] = {}
    results: list[str] = []
    refused: list[str] = []

    def load(partitions: object) -> dict[Partition, int]:
        return dict(stored)

    def write(at: object, record: RejectedEvent) -> None:
        place = Partition(at.topic, at.partition)
        with lock:
            if stored.get(place, 0) <= at.offset:
                stored[place] = at.next
                results.append(record.id)
            else:
                refused.append(record.id)

    def read(is_slow: bool) -> None:
        records = subscribe(
            "rejected",
            group=group,
            start="earliest",
            offsets=load,
            max_poll_interval_s=1 if is_slow else 300,
            stop=stop.is_set,
            settings=quick,
        )
        is_first = True
        for record in records:
            at = records.position
            if is_slow and is_first:
                is_first = False
                other.start()
                assert wait_for(lambda: len(results) == 12, 60)
            write(at, record)

    other = threading.Thread(target=read, args=(False,))
    [thread] = in_threads(lambda: read(True))
    try:
        assert wait_for(lambda: len(refused) == 1, 90)
    finally:
        stop.set()
        thread.join(60)
        other.join(60)
    assert sorted(results) == sorted(ids)
    assert committed(quick, group) == 0
