"""The harness on the real broker and the real Redis: every event ends once, whatever the event and whatever happens."""

import os
import signal
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import orjson
import pytest
import redis
from kafka import ConsumerGroupMetadata, OffsetAndMetadata, TopicPartition

from schemas.dead_letter import DeadReason
from tests.support import chains
from tests.support.harness import (
    Reader,
    addresses_of,
    committed_offsets,
    create_topics,
    reading,
    send,
    supervised,
    wait_for,
)
from tests.support.texts import page
from workers.config import Settings
from workers.dedup.index import Candidate, Read
from workers.embedded.stack import Stack
from workers.origin import ORIGIN_HEADER, header
from workers.runtime.chain import build_chain
from workers.runtime.clients import producer
from workers.runtime.dead_letters import read_dead_letter
from workers.stores.redis_index import open_index
from workers.topics import OUTCOMES, Role, table

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def topics(settings: Settings) -> None:
    create_topics(settings)


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def reasons(reader: Reader) -> dict[bytes, DeadReason]:
    return {record.value: read_dead_letter(record.headers).reason for record in reader.records}


def test_every_event_is_published_once_with_its_origin_and_the_offsets_are_committed(
    settings: Settings,
) -> None:
    send(settings, numbered(1000))
    with supervised(settings, chains.echo), reading(settings, Role.PUBLISHED) as published:
        records = published.read_until(1000)
    assert published.values() == Counter(numbered(1000))
    raw = table(settings.topic_prefix)[Role.RAW].name
    origins = {header(record.headers, ORIGIN_HEADER) for record in records}
    assert origins == {f"{raw}:{p}:{o}".encode() for p in range(4) for o in range(250)}
    assert committed_offsets(settings) == dict.fromkeys(range(4), 250)


def test_a_second_run_goes_on_from_where_the_first_one_was(settings: Settings) -> None:
    send(settings, numbered(100))
    with supervised(settings, chains.echo), reading(settings, Role.PUBLISHED) as published:
        published.read_until(100)
    send(settings, [b"later"])
    with supervised(settings, chains.echo), reading(settings, Role.PUBLISHED) as published:
        published.read_until(101)
    assert published.values() == Counter([*numbered(100), b"later"])


@pytest.mark.parametrize(
    ("poison", "reason", "words"),
    [
        (chains.HANG, DeadReason.TOO_SLOW, "longer than 1 s"),
        (chains.CRASH, DeadReason.CRASHED, "exit status 3"),
        (b"x" * 5000, DeadReason.TOO_LARGE, "5,000 bytes; the limit is 4,096"),
    ],
    ids=["hangs", "ends its process", "too large"],
)
def test_a_poison_event_becomes_a_dead_letter_and_its_neighbours_go_on(
    settings: Settings, poison: bytes, reason: DeadReason, words: str
) -> None:
    settings = replace(settings, event_timeout_s=1.0, max_event_bytes=4096)
    events = numbered(40)
    events[20:20] = [poison]
    send(settings, events)
    with (
        supervised(settings, chains.troubled),
        reading(settings, Role.PUBLISHED) as published,
        reading(settings, Role.DEAD) as dead,
    ):
        published.read_until(40)
        dead.read_until(1)
        assert wait_for(lambda: sum(committed_offsets(settings).values()) == 41)
    assert published.values() == Counter(numbered(40))
    assert dead.values() == Counter([poison])
    assert reasons(dead) == {poison: reason}
    assert words in read_dead_letter(dead.records[0].headers).message


def test_a_record_over_what_the_topic_takes_is_a_dead_letter_and_not_a_failed_batch(
    settings: Settings,
) -> None:
    large = chains.LARGE
    send(settings, [b"before", large, b"after"])
    with (
        supervised(settings, chains.inflated),
        reading(settings, Role.PUBLISHED) as published,
        reading(settings, Role.DEAD) as dead,
    ):
        published.read_until(2)
        dead.read_until(1)
    assert published.values() == Counter([b"before", b"after"])
    assert reasons(dead) == {large: DeadReason.RECORD_TOO_LARGE}


def test_an_event_that_is_the_first_of_its_text_is_published_and_its_copy_is_not(settings: Settings) -> None:
    send(settings, [page(1), page(2), page(1)])
    with supervised(settings, chains.indexed), reading(settings, *OUTCOMES) as outcomes:
        outcomes.read_until(3)
    names = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    assert Counter(names[record.topic] for record in outcomes.records) == {
        Role.PUBLISHED: 2,
        Role.DUPLICATES: 1,
    }


def test_a_copy_does_not_wait_for_what_workers_of_another_set_up_have_left(
    settings: Settings, redis_client: redis.Redis
) -> None:
    """They read another topic, and were killed before they had committed; nobody will."""
    [left] = chains.indexed()([(page(1), ())])
    index = open_index(settings, redis_client)
    index.decide([Candidate("left.raw:0:5", left.fingerprint, Read("left.raw:0", 5))], own={"left.raw:0": 0})
    send(settings, [page(1), page(1)])
    with supervised(settings, chains.indexed), reading(settings, *OUTCOMES) as outcomes:
        outcomes.read_until(2)
    names = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    roles = Counter(names[record.topic] for record in outcomes.records)
    assert roles == {Role.PUBLISHED: 1, Role.DUPLICATES: 1}


def test_work_waits_for_redis_says_so_and_nothing_passes_unchecked(
    settings: Settings, redis_client: redis.Redis
) -> None:
    send(settings, [page(number) for number in range(20)])
    with supervised(settings, chains.indexed) as supervisor, reading(settings, *OUTCOMES) as outcomes:
        outcomes.read_until(20)
        redis_client.config_set("maxmemory", 1)  # every write is refused, as when the memory is full
        try:
            send(settings, [page(number) for number in range(20, 40)])
            assert wait_for(lambda: "memory limit" in (supervisor.status().waiting_for or ""))
            assert outcomes.poll(500) == 0
            assert sum(committed_offsets(settings).values()) == 20
        finally:
            redis_client.config_set("maxmemory", 0)
        outcomes.read_until(40)
        assert wait_for(lambda: supervisor.status().waiting_for is None)
        assert supervisor.status().restarts == 0
    names = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    assert Counter(names[record.topic] for record in outcomes.records) == {Role.PUBLISHED: 40}


@pytest.mark.faults
def test_a_killed_worker_is_replaced_and_what_it_held_is_done_by_its_successor(settings: Settings) -> None:
    send(settings, [chains.SLOW + b"%d" % number for number in range(10)])
    with supervised(settings, chains.troubled) as supervisor, reading(settings, Role.PUBLISHED) as published:
        assert wait_for(lambda: supervisor.status().in_work > 0)
        os.kill(supervisor.pids[0], signal.SIGKILL)
        published.read_until(10)
        assert supervisor.status().restarts == 1
    assert set(published.values().values()) == {1}
    assert len(published.values()) == 10


@pytest.mark.faults
def test_a_stopped_worker_is_replaced_when_it_has_been_silent_for_too_long(settings: Settings) -> None:
    settings = replace(settings, stall_timeout_s=8.0, session_timeout_s=6.0)
    with supervised(settings, chains.echo) as supervisor, reading(settings, Role.PUBLISHED) as published:
        send(settings, [b"first"])
        published.read_until(1)
        os.kill(supervisor.pids[0], signal.SIGSTOP)
        send(settings, [b"second"])
        published.read_until(2)
        assert supervisor.status().restarts == 1
    assert published.values() == Counter([b"first", b"second"])


def test_a_drain_finishes_the_batch_in_work_and_begins_no_other(settings: Settings) -> None:
    settings = replace(settings, batch_events=2, partitions=4)
    send(settings, [chains.SLOW + b"%d" % number for number in range(40)])
    with supervised(settings, chains.troubled) as supervisor:
        assert wait_for(lambda: supervisor.status().committed > 0)
    with reading(settings, Role.PUBLISHED) as published:
        published.read_until(0)
    done = len(published.records)
    assert 0 < done < 40
    assert sum(committed_offsets(settings).values()) == done


def test_a_drain_ends_at_its_deadline_however_long_an_event_takes_and_the_event_is_not_lost(
    settings: Settings,
) -> None:
    settings = replace(settings, drain_timeout_s=1.0, event_timeout_s=30.0)
    send(settings, [chains.HANG])
    with supervised(settings, chains.troubled) as supervisor:
        assert wait_for(lambda: supervisor.status().in_work == 1)
    assert committed_offsets(settings) == {}


def test_a_drain_whose_work_has_failed_does_not_wait_for_it(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, drain_timeout_s=45.0, event_timeout_s=1.0)
    send(settings, [chains.HANG])
    log_file = tmp_path / "log"
    chain = partial(chains.once, str(tmp_path / "loaded"))
    with supervised(settings, chain, log_file=str(log_file)) as supervisor:
        assert wait_for(lambda: supervisor.status().in_work == 1)
    assert "worker_crashed" in log_file.read_text()
    assert committed_offsets(settings) == {}


def test_offsets_of_a_pending_transaction_are_waited_for_and_not_read_past(settings: Settings) -> None:
    """A worker stopped between its offset commit and the end of its transaction may still commit: see faust_app."""
    send(settings, numbered(4))
    names = table(settings.topic_prefix)
    pending = producer(settings, addresses_of(settings), transactional_id=f"{settings.group}-pending")
    pending.init_transactions()
    pending.begin_transaction()
    pending.send(names[Role.PUBLISHED].name, b"0").get(10)
    offsets = {TopicPartition(names[Role.RAW].name, 0): OffsetAndMetadata(1, "", -1)}
    pending.send_offsets_to_transaction(offsets, ConsumerGroupMetadata(settings.group, -1, "", None))
    with supervised(settings, chains.echo), reading(settings, Role.PUBLISHED) as published:
        published.read_until(1, timeout_s=4)
        assert not published.records  # the partition's offset is not known yet
        pending.commit_transaction()
        published.read_until(4)
    pending.close()
    assert published.values() == Counter(numbered(4))


@pytest.mark.faults
def test_a_worker_that_joins_takes_partitions_and_nothing_is_lost_or_repeated(settings: Settings) -> None:
    settings = replace(settings, batch_events=20)
    with supervised(settings, chains.echo) as first, reading(settings, Role.PUBLISHED) as published:
        send(settings, numbered(2000))
        assert wait_for(lambda: first.status().committed > 0)
        with supervised(settings, chains.echo) as second:
            send(settings, [b"more %d" % number for number in range(2000)])
            published.read_until(4000)
            assert wait_for(lambda: second.status().committed > 0 or first.status().lag == 0)
        assert first.status().restarts == 0
    assert published.values() == Counter([*numbered(2000), *(b"more %d" % number for number in range(2000))])


def test_the_topics_between_the_stages_are_written_in_the_same_transaction_when_asked(
    settings: Settings, stack: Stack
) -> None:
    send(settings, [orjson.dumps({"body": page(1).decode(), "content_type": "text/plain", "meta": {"n": 1}})])
    with (
        supervised(settings, partial(build_chain, write_between=True)),
        reading(settings, Role.CLEANED, Role.TAGGED, Role.PUBLISHED) as reader,
    ):
        reader.read_until(3)
    ids = {orjson.loads(record.value)["id"] for record in reader.records}
    assert len(ids) == 1
    assert all(orjson.loads(record.value)["meta"] == {"n": 1} for record in reader.records)
