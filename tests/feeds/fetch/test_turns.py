"""Turns within one process, by a clock that the test sets."""

import asyncio
import contextlib

import pytest

from workers.feeds.fetch import LocalTurns


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Sleeping moves the clock on at once."""
    clock, sleep = Clock(), asyncio.sleep

    async def skip(seconds):
        clock.now += seconds
        await sleep(0)

    monkeypatch.setattr("workers.feeds.fetch.turns.asyncio.sleep", skip)
    return clock


async def begins(turns, clock, host, count, **limits):
    found = []
    for _ in range(count):
        async with turns.turn(host, **limits):
            found.append(clock.now)
    return found


async def test_turns_begin_a_delay_apart(clock):
    turns = LocalTurns(clock)
    assert await begins(turns, clock, "a", 3, delay_s=10, concurrency=1) == [0, 10, 20]
    assert await begins(turns, clock, "b", 1, delay_s=10, concurrency=1) == [20]


async def test_no_more_than_so_many_have_a_turn_at_a_time(clock):
    turns, inside, most = LocalTurns(clock), 0, 0

    async def visit():
        nonlocal inside, most
        async with turns.turn("a", delay_s=0, concurrency=2):
            inside += 1
            most = max(most, inside)
            for _ in range(5):
                await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(visit() for _ in range(6)))
    assert (inside, most) == (0, 2)


async def test_a_turn_that_fails_or_is_given_up_makes_room(clock):
    turns = LocalTurns(clock)
    with contextlib.suppress(KeyError):
        async with turns.turn("a", delay_s=0, concurrency=1):
            waiting = asyncio.create_task(begins(turns, clock, "a", 1, delay_s=0, concurrency=1))
            await asyncio.sleep(0)
            waiting.cancel()
            raise KeyError
    assert len(await begins(turns, clock, "a", 1, delay_s=0, concurrency=1)) == 1


async def test_a_host_is_held_for_the_longest_time_that_was_asked_for(clock):
    turns = LocalTurns(clock)
    await turns.hold("a", 60)
    await turns.hold("a", 30)
    assert (await turns.held_s("a"), await turns.held_s("b")) == (60, 0)
    assert await begins(turns, clock, "a", 1, delay_s=1, concurrency=1) == [60]
    assert await turns.held_s("a") == 0


async def test_hosts_that_were_asked_long_ago_are_forgotten(clock):
    turns = LocalTurns(clock)
    await turns.hold("held", 10**6)
    for number in range(5_000):
        await begins(turns, clock, str(number), 1, delay_s=0, concurrency=1)
    assert len(turns._hosts) <= 4_097
    assert await turns.held_s("held") > 0
