"""Poison events in every position of a batch, and records at, above and far above what their topics take."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import MessageSizeTooLargeError

from schemas.dead_letter import DeadReason
from tests.faults.report import Finding, keep
from tests.support import chains
from tests.support.harness import (
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
from workers.origin import ORIGIN_HEADER, Origin, header
from workers.runtime.audit import audit
from workers.runtime.chain import ChainFunction, Processed, Value, build_chain
from workers.runtime.clients import MAX_REQUEST_BYTES, admin, producer
from workers.runtime.dead_letters import read_dead_letter
from workers.runtime.events import Output
from workers.runtime.stage_process import ChainFactory
from workers.topics import OUTCOMES, Role, table

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(600)]

BATCH = 4
MAX_EVENT_BYTES = 4096
KINDS: Final = {
    DeadReason.UNDECODABLE: b'{"body": ',
    DeadReason.TOO_LARGE: b"x" * (MAX_EVENT_BYTES + 1),
    DeadReason.TOO_SLOW: chains.HANG,
    DeadReason.CRASHED: chains.CRASH,
}
POSITIONS: Final = {"first": {0}, "middle": {BATCH // 2}, "last": {BATCH - 1}, "all": set(range(BATCH))}


def batches(reasons: Sequence[DeadReason]) -> list[bytes | DeadReason]:
    """A batch for each kind and position, one with a kind of each, and a good one behind them; poison by its reason."""
    events: list[bytes | DeadReason] = []
    for reason in reasons:
        for positions in POSITIONS.values():
            events += [reason if n in positions else page(len(events) + n) for n in range(BATCH)]
    events += reasons
    return events + [page(len(events) + n) for n in range(BATCH)]


@pytest.mark.parametrize(
    ("chain", "timeout_s", "reasons"),
    [
        (build_chain, 10.0, [DeadReason.UNDECODABLE, DeadReason.TOO_LARGE]),
        (chains.troubled, 0.5, [DeadReason.TOO_SLOW, DeadReason.CRASHED]),
    ],
    ids=["bad values", "bad for the stage process"],
)
def test_poison_in_every_position_of_a_batch_becomes_dead_letters_and_all_else_is_published(
    settings: Settings, chain: ChainFactory, timeout_s: float, reasons: list[DeadReason]
) -> None:
    """One partition and events that are there before the worker: batches are as they are laid out here."""
    settings = replace(
        settings, partitions=1, batch_events=BATCH, event_timeout_s=timeout_s, max_event_bytes=MAX_EVENT_BYTES
    )
    create_topics(settings)
    events = batches(reasons)
    send(settings, [KINDS[event] if isinstance(event, DeadReason) else event for event in events])
    with supervised(settings, chain) as supervisor, reading(settings, *OUTCOMES) as outcomes:
        records = outcomes.read_until(len(events), timeout_s=300)
        assert wait_for(lambda: committed_offsets(settings) == {0: len(events)})
        assert supervisor.status().restarts == 0
    dead = table(settings.topic_prefix)[Role.DEAD].name
    found = {
        Origin.parse(header(record.headers, ORIGIN_HEADER).decode()).offset: (
            read_dead_letter(record.headers).reason if record.topic == dead else None
        )
        for record in records
    }
    assert found == {n: event if isinstance(event, DeadReason) else None for n, event in enumerate(events)}
    names = " and ".join(f"`{reason}`" for reason in reasons)
    kept(
        settings,
        f"poison first, in the middle, last, and as all of a batch: {' and '.join(reasons)}",
        f"dead letters {names}; the others are published",
    )


def kept(settings: Settings, fault: str, about: str) -> None:
    balance = audit(settings, addresses_of(settings), lambda *_: None)
    ledger = {"lost": balance.lost, "duplicated": balance.duplicated, "in flight": balance.in_flight}
    assert ledger == {"lost": 0, "duplicated": 0, "in flight": 0}
    ended = {role: count for role, count in balance.ended.items() if count}
    keep(
        Finding(
            fault=fault,
            seen={"dead_letter": 1},
            moved_s=0,
            caught_up_s=0,
            events=balance.events,
            ledger=ledger | ended,
            about=about,
        )
    )


LIMIT_BYTES = 50_000
"""Of every topic in this test; the largest dead letter has more room, as in workers.topics."""
DEAD_LIMIT_BYTES = LIMIT_BYTES + 20_000
NEAR_BYTES = 400
"""Within so many bytes of the limit, every size is tried: the broker counts headers and the batch around a record."""


@dataclass(frozen=True, slots=True)
class Sized:
    """A chain that makes of b"ROLE SIZE" a record of so many bytes for the topic of that role."""

    def __call__(self) -> ChainFunction:
        return self.run

    def run(self, values: Sequence[Value]) -> list[Processed]:
        return [Processed(self.outputs(value)) for value, _ in values]

    def outputs(self, value: bytes) -> tuple[Output, ...]:
        """An event that is written between the stages is published too, so that it has an outcome."""
        role, _, size = value.decode().partition(" ")
        sized = Output(Role(role), b"key", b"x" * int(size))
        return (sized,) if sized.role in OUTCOMES else (sized, Output(Role.PUBLISHED, b"key", b"also"))


@pytest.fixture
def small_topics(settings: Settings) -> Settings:
    """Settings with topics that take records of LIMIT_BYTES."""
    create_topics(settings)
    limits = {
        topic.name: DEAD_LIMIT_BYTES if role is Role.DEAD else LIMIT_BYTES
        for role, topic in table(settings.topic_prefix).items()
    }
    with admin(settings, addresses_of(settings)) as client:
        client.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": str(limit)})
                for name, limit in limits.items()
            ]
        )
    return settings


WRITTEN = (Role.CLEANED, Role.TAGGED, Role.PUBLISHED, Role.DUPLICATES, Role.REJECTED)


def test_records_around_what_their_topic_takes_pass_or_are_dead_letters_and_no_batch_fails(
    small_topics: Settings,
) -> None:
    """The largest that pass are within NEAR_BYTES of the limit; nothing is given to Kafka that it would refuse."""
    settings = small_topics
    sizes = [*range(LIMIT_BYTES - NEAR_BYTES, LIMIT_BYTES + 2), 3 * LIMIT_BYTES, 20 * LIMIT_BYTES]
    events = [f"{role} {size}".encode() for role in WRITTEN for size in sizes]
    send(settings, events)
    with supervised(settings, Sized()) as supervisor, reading(settings, *WRITTEN, Role.DEAD) as written:
        assert wait_for(lambda: sum(committed_offsets(settings).values()) == len(events), 200)
        records = written.read_until(len(events))
        assert supervisor.status().restarts == 0
    names = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    largest = dict.fromkeys(WRITTEN, 0)
    dead = Counter()
    for record in records:
        if (role := names[record.topic]) is Role.DEAD:
            assert read_dead_letter(record.headers).reason is DeadReason.RECORD_TOO_LARGE
            dead[record.value.split()[0].decode()] += 1
        else:
            largest[role] = max(largest[role], len(record.value))
    for role in WRITTEN:
        assert LIMIT_BYTES - NEAR_BYTES < largest[role] <= LIMIT_BYTES
        assert dead[role] >= 3  # a byte above, and far above
    kept(
        settings,
        "records up to, one byte above and far above what a topic takes",
        "dead letter `record_too_large`",
    )


def is_taken(settings: Settings, topic: str, size: int, partition: int = 0) -> bool:
    """Sends an event of so many bytes. Each has a producer of its own: one that was refused fails what follows."""
    with closing(producer(settings, addresses_of(settings))) as client:
        try:
            client.send(topic, b"x" * size, partition=partition).get(60)
        except MessageSizeTooLargeError:
            return False
        return True


def test_the_largest_event_that_kafka_takes_ends_as_a_dead_letter_with_all_its_bytes(
    settings: Settings,
) -> None:
    """One byte more is refused to its producer, as is far more; KHABAR_MAX_EVENT_BYTES is exact."""
    create_topics(settings)
    raw, limit = table(settings.topic_prefix)[Role.RAW], settings.max_event_bytes
    largest, refused = raw.max_message_bytes - NEAR_BYTES, raw.max_message_bytes
    taken = 0
    while refused - largest > 1:
        middle = (largest + refused) // 2
        if is_taken(settings, raw.name, middle):
            largest, taken = middle, taken + 1
        else:
            refused = middle
    assert not is_taken(settings, raw.name, 2 * MAX_REQUEST_BYTES)
    assert all(is_taken(settings, raw.name, size, partition=1) for size in (limit, limit + 1))
    with supervised(settings, chains.echo), reading(settings, Role.PUBLISHED, Role.DEAD) as outcomes:
        outcomes.read_until(taken + 2, timeout_s=150)
    ended = Counter((record.topic.rpartition(".")[2], len(record.value)) for record in outcomes.records)
    assert ended["published", limit] == 1
    assert ended["dead", limit + 1] == 1
    assert ended["dead", largest] == 1
    assert sum(ended.values()) == taken + 2
    kept(
        settings,
        "an event as large as Kafka takes",
        "dead letter `too_large`; one byte more is refused to its producer",
    )
