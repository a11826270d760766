"""A chain and the stages one by one: never both at once, and the second begins where the first has ended."""

from collections.abc import Iterator

import pytest
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import CoordinatorNotAvailableError

from tests.support.harness import addresses_of, create_topics, wait_for
from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime.chain import ALL_STAGES, StageName, group_name
from workers.runtime.clients import Addresses, admin, consumer
from workers.runtime.groups import members
from workers.runtime.takeover import take_over
from workers.topics import Role, table

pytestmark = pytest.mark.integration

BOILERPLATE = (StageName.BOILERPLATE,)
FRONT = (StageName.BOILERPLATE, StageName.ENTITIES)
ENTITIES = (StageName.ENTITIES,)


@pytest.fixture(autouse=True)
def topics(settings: Settings) -> None:
    create_topics(settings)


def raw(settings: Settings, partition: int) -> TopicPartition:
    return TopicPartition(table(settings.topic_prefix)[Role.RAW].name, partition)


def commit(settings: Settings, stages: tuple[StageName, ...], offsets: dict[int, tuple[int, str]]) -> None:
    """What the chain of these stages has committed of articles.raw: partition to offset and number of the replay."""
    committed = {
        raw(settings, number): OffsetAndMetadata(offset, replay, -1)
        for number, (offset, replay) in offsets.items()
    }

    def set_offsets() -> bool:
        try:
            results = cluster.alter_group_offsets(group_name(settings.group, stages), committed)
        except CoordinatorNotAvailableError:  # nobody has asked this broker for a group yet
            return False
        return not any(error.errno for error in results.values())

    with admin(settings, addresses_of(settings)) as cluster:
        assert wait_for(set_offsets)


def committed(settings: Settings, stages: tuple[StageName, ...]) -> dict[int, tuple[int, str]]:
    group = group_name(settings.group, stages)
    with admin(settings, addresses_of(settings)) as cluster:
        found = cluster.list_group_offsets(group)[group]
    return {partition.partition: (each.offset, each.metadata) for partition, each in found.items()}


@pytest.fixture
def member(settings: Settings) -> Iterator[KafkaConsumer]:
    """A member of the group of all stages."""
    addresses = addresses_of(settings)
    with (
        admin(settings, addresses) as cluster,
        consumer(settings, addresses, group_id=settings.group) as client,
    ):
        client.subscribe([raw(settings, 0).topic])

        def is_member() -> bool:
            client.poll(timeout_ms=100)
            return members(cluster, [settings.group]) == {settings.group: 1}

        assert wait_for(is_member)
        yield client


def test_a_stage_begins_where_the_chain_has_ended(settings: Settings) -> None:
    commit(settings, ALL_STAGES, {0: (7, ""), 1: (9, "")})
    take_over(settings, addresses_of(settings), BOILERPLATE)
    assert committed(settings, BOILERPLATE) == {0: (7, ""), 1: (9, "")}


def test_the_furthest_in_each_partition_counts_and_nothing_goes_back(settings: Settings) -> None:
    commit(settings, ALL_STAGES, {0: (7, ""), 1: (9, "")})
    commit(settings, FRONT, {0: (8, ""), 1: (3, "")})
    commit(settings, BOILERPLATE, {1: (20, "")})
    take_over(settings, addresses_of(settings), BOILERPLATE)
    assert committed(settings, BOILERPLATE) == {0: (8, ""), 1: (20, "")}


def test_a_later_replay_from_the_beginning_counts_before_a_higher_offset(settings: Settings) -> None:
    commit(settings, ALL_STAGES, {0: (700, "1")})
    commit(settings, BOILERPLATE, {0: (5, "2")})
    take_over(settings, addresses_of(settings), ALL_STAGES)
    assert committed(settings, ALL_STAGES) == {0: (5, "2")}


def test_who_reads_another_topic_is_left_as_it_is(settings: Settings) -> None:
    commit(settings, ALL_STAGES, {0: (7, "")})
    take_over(settings, addresses_of(settings), ENTITIES)
    assert committed(settings, ENTITIES) == {}


@pytest.mark.parametrize("stages", [BOILERPLATE, ENTITIES, FRONT], ids="-".join)
def test_beside_a_chain_with_a_stage_in_common_nothing_starts(
    settings: Settings, member: KafkaConsumer, stages: tuple[StageName, ...]
) -> None:
    with pytest.raises(ConfigError, match=f"1 of the group {settings.group}. Stop them first"):
        take_over(settings, addresses_of(settings), stages)
    assert member.subscription()


def test_a_second_worker_of_the_same_chain_starts_and_moves_nothing(
    settings: Settings, member: KafkaConsumer
) -> None:
    commit(settings, BOILERPLATE, {0: (7, "")})
    take_over(settings, addresses_of(settings), ALL_STAGES)
    assert 0 not in committed(settings, ALL_STAGES)
    assert member.subscription()


def test_while_kafka_is_away_the_workers_are_let_wait_for_it(settings: Settings) -> None:
    take_over(settings, Addresses(("127.0.0.1:9",), None), BOILERPLATE)
