"""The flow, as the web page and `khabar top` see it."""

from contextlib import contextmanager

import pytest

from tests.support import chains, harness
from workers.runtime.chain import ALL_STAGES, StageName
from workers.runtime.clients import Addresses
from workers.runtime.flow import FlowReader
from workers.topics import OUTCOMES, Role

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def topics(settings):
    harness.create_topics(settings)


@contextmanager
def looking(settings, addresses=None, **options):
    reader = FlowReader(settings, addresses or harness.addresses_of(settings), **options)
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()
        assert not reader.is_alive


def numbered(count):
    return [b"%d" % number for number in range(count)]


def test_what_ends_is_counted_and_handed_on_and_the_group_is_shown(settings):
    seen = []
    harness.send(settings, numbered(50))
    with looking(settings, on_record=seen.append, since="earliest") as reader:
        with harness.supervised(settings, chains.echo):
            assert harness.wait_for(lambda: len(seen) == 50, 60)
            assert harness.wait_for(lambda: [group.lag for group in reader.latest.groups] == [0])
            (group,) = reader.latest.groups
            assert (group.name, group.stages, group.members) == (settings.group, ALL_STAGES, 1)
        assert {record.role for record in seen} == {Role.PUBLISHED}
        assert harness.wait_for(lambda: reader.latest.topics[Role.PUBLISHED].count == 50)
        assert {role: reader.latest.topics[role].count for role in OUTCOMES[1:]} == dict.fromkeys(
            OUTCOMES[1:], 0
        )
        # A group without members stays, with what it has still to read.
        harness.send(settings, numbered(7))
        assert harness.wait_for(
            lambda: [(each.members, each.lag) for each in reader.latest.groups] == [(0, 7)]
        )
        assert reader.latest.topics[Role.RAW].count >= 7
        assert reader.latest.problems == ()


def test_records_before_the_start_are_not_counted(settings):
    harness.send(settings, numbered(3), role=Role.PUBLISHED)
    with looking(settings) as reader:
        assert harness.wait_for(lambda: Role.RAW in reader.latest.topics)
        harness.send(settings, [b"later"], role=Role.PUBLISHED)
        assert harness.wait_for(lambda: reader.latest.topics[Role.PUBLISHED].count == 1)


def test_stages_that_run_apart_are_a_group_each_and_those_of_others_are_left_out(settings):
    stages = (StageName.ENTITIES, StageName.DEDUP)
    harness.send(settings, numbered(4), role=Role.CLEANED)
    with harness.supervised(settings, chains.echo, stages=stages), looking(settings) as reader:
        name = f"{settings.group}-entities-dedup"
        assert harness.wait_for(lambda: [each.name for each in reader.latest.groups] == [name], 60)
        assert reader.latest.groups[0].stages == stages
        assert harness.wait_for(lambda: reader.latest.groups[0].lag == 0, 60)


def test_the_index_is_shown_with_the_memory_of_its_redis(settings):
    with looking(settings) as reader:
        assert harness.wait_for(lambda: reader.latest.index is not None)
        index = reader.latest.index
        assert (index.articles, index.window, index.filled_ratio) == (0, settings.dedup_window, 0.0)
        assert index.used_bytes > 100_000


@pytest.mark.faults  # a Kafka and a Redis that stop
def test_a_service_that_is_away_is_said_and_looked_for_again(settings, stack):
    with looking(settings) as reader:
        assert harness.wait_for(lambda: reader.latest.index is not None and Role.RAW in reader.latest.topics)
        stack.redis.kill()
        try:
            assert harness.wait_for(lambda: any("Redis" in line for line in reader.latest.problems))
            assert reader.latest.index is None
        finally:
            stack.redis.start()
        assert harness.wait_for(lambda: reader.latest.index is not None and not reader.latest.problems)
        assert reader.is_alive


def test_a_kafka_that_is_not_there_is_said_and_the_reader_lives(settings):
    with looking(settings, Addresses(("127.0.0.1:1",))) as reader:
        assert harness.wait_for(lambda: any("127.0.0.1:1" in line for line in reader.latest.problems))
        assert reader.is_alive
