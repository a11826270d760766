"""The numbers on the arrows of the flow."""

from datetime import UTC, datetime

import pytest

from workers.runtime.chain import ALL_STAGES
from workers.runtime.flow import Flow, GroupFlow, TopicFlow
from workers.runtime.reading import Received
from workers.topics import Role
from workers.web.arrows import Arrivals, Arrow


def flow(*lags, raw=0):
    groups = tuple(GroupFlow(f"g{number}", ALL_STAGES, 1, lag, 0.0) for number, lag in enumerate(lags))
    return Flow(datetime.now(UTC), {Role.RAW: TopicFlow(raw, 0.0)}, groups)


@pytest.fixture
def arrivals():
    return Arrivals(since_ms=1000)


def end(arrivals, count, role=Role.PUBLISHED, timestamp_ms=1000):
    for _ in range(count):
        arrivals.add(
            Received(
                role=role,
                topic=f"t.{role}",
                partition=0,
                offset=0,
                timestamp_ms=timestamp_ms,
                key=None,
                headers=(),
                value=b"",
            )
        )


def passed(arrivals, *arrows):
    return tuple(arrivals.latest[arrow].count for arrow in arrows)


def test_what_is_published_passed_every_stage_and_what_is_rejected_the_first(arrivals):
    end(arrivals, 3)
    end(arrivals, 2, Role.REJECTED)
    end(arrivals, 9, timestamp_ms=999)  # before the reader began
    arrivals.update(flow())
    assert passed(arrivals, Arrow.READ, Arrow.CLEANED, Arrow.TAGGED, Arrow.PUBLISHED) == (5, 3, 3, 3)
    assert passed(arrivals, Arrow.REJECTED, Arrow.DUPLICATES, Arrow.DEAD) == (2, 0, 0)


def test_what_has_arrived_is_what_has_ended_since_and_what_waits(arrivals):
    arrivals.update(flow(10))  # waited before
    arrivals.update(flow(49))
    assert passed(arrivals, Arrow.ARRIVED) == (49,)
    end(arrivals, 49)
    arrivals.update(flow(0, raw=53))  # offsets count the ends of transactions too
    assert passed(arrivals, Arrow.ARRIVED, Arrow.READ) == (49, 49)


def test_the_ends_of_transactions_that_a_first_lag_counts_are_forgotten(arrivals):
    arrivals.update(flow(None))
    end(arrivals, 3)
    arrivals.update(flow(4))
    arrivals.update(flow(0))
    assert passed(arrivals, Arrow.ARRIVED, Arrow.READ) == (3, 3)


def test_what_waits_between_the_stages_has_arrived_too(arrivals):
    arrivals.update(flow(4, 2, 1))
    assert passed(arrivals, Arrow.ARRIVED) == (7,)


def test_what_waited_before_did_not_arrive_in_this_second(arrivals):
    arrivals.update(flow(None))
    arrivals.update(flow(100_000))
    arrivals.update(flow(100_000))
    assert arrivals.latest[Arrow.ARRIVED].per_s == 0


def test_offsets_count_until_a_chain_is_known(arrivals):
    arrivals.update(flow(raw=5))
    assert passed(arrivals, Arrow.ARRIVED) == (5,)
    end(arrivals, 5)
    arrivals.update(flow(2, raw=9))
    assert passed(arrivals, Arrow.ARRIVED) == (7,)


@pytest.mark.parametrize("away", [flow(None, raw=9), flow(raw=9)])
def test_while_a_lag_is_not_known_the_number_stands_and_what_ends_has_arrived(arrivals, away):
    arrivals.update(flow(3))
    arrivals.update(away)
    assert passed(arrivals, Arrow.ARRIVED) == (3,)
    end(arrivals, 4)
    arrivals.update(away)
    assert passed(arrivals, Arrow.ARRIVED) == (4,)
