"""Turns at hosts through the real Redis: one polite visitor, however many poll."""

import asyncio
import time
import uuid

import pytest

from tests.support.harness import wait_for
from workers.stores.feed_turns import RedisTurns

pytestmark = pytest.mark.integration


@pytest.fixture
def make_turns(redis_client):
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    return lambda lease_s=10.0: RedisTurns(redis_client, prefix, lease_s=lease_s)


async def visit(turns, log, *, delay_s=0.0, concurrency=1, host="n.example"):
    async with turns.turn(host, delay_s=delay_s, concurrency=concurrency):
        log.append(("in", time.monotonic()))
        await asyncio.sleep(0.01)
        log.append(("out", time.monotonic()))


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_so_many_are_at_a_host_and_no_more_whichever_poller_they_are_of(make_turns, concurrency):
    log = []
    pollers = [make_turns(), make_turns()]
    await asyncio.gather(*(visit(pollers[n % 2], log, concurrency=concurrency) for n in range(12)))
    inside = most = 0
    for what, _ in sorted(log, key=lambda entry: entry[1]):
        inside += 1 if what == "in" else -1
        most = max(most, inside)
    assert len(log) == 24
    assert most == concurrency


async def test_requests_begin_so_far_apart(make_turns):
    log = []
    pollers = [make_turns(), make_turns()]
    await asyncio.gather(*(visit(pollers[n % 2], log, delay_s=0.1, concurrency=9) for n in range(4)))
    begun = sorted(at for what, at in log if what == "in")
    # Redis counts; what the answers take on the way here is not steady.
    assert begun[-1] - begun[0] > 0.2


async def test_hosts_do_not_wait_for_each_other(make_turns):
    turns = make_turns()
    async with (
        turns.turn("a.example", delay_s=100, concurrency=1),
        turns.turn("b.example", delay_s=100, concurrency=1),
    ):
        pass


async def test_a_host_that_is_held_lets_nobody_in_and_the_longest_hold_counts(make_turns):
    turns, other = make_turns(), make_turns()
    assert await turns.held_s("n.example") == 0
    await turns.hold("n.example", 30)
    await other.hold("n.example", 1)
    assert 25 < await other.held_s("n.example") <= 30
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), other.turn("n.example", delay_s=0, concurrency=1):
            pass


async def test_a_turn_of_a_poller_that_is_gone_is_free_again_and_one_in_use_is_not(make_turns, redis_client):
    lasting, other = make_turns(lease_s=0.2), make_turns(lease_s=0.2)
    async with lasting.turn("n.example", delay_s=0, concurrency=1):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6), other.turn("n.example", delay_s=0, concurrency=1):
                pass
    # As a killed poller leaves it: taken, and never ended.
    await asyncio.to_thread(lasting._script, "turn", "n.example", "gone", 0, 1, 200)
    async with asyncio.timeout(20), other.turn("n.example", delay_s=0, concurrency=1):
        pass
    assert wait_for(lambda: redis_client.keys() == [])
