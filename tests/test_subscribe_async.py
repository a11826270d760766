"""Reading the topics from asyncio."""

import asyncio
import gc
import os
import signal
import subprocess
import sys

import pytest

from tests.support.harness import committed_offsets, wait_for
from tests.support.rejected import putting
from workers.errors import ConfigError
from workers.subscribe import Partition, UnreadableError
from workers.subscribe_async import subscribe_async
from workers.topics import Role

pytestmark = pytest.mark.integration


@pytest.fixture
def put(settings):
    with putting(settings) as put_records:
        yield put_records


@pytest.fixture
def group(settings):
    return f"{settings.group}-reader"


@pytest.fixture
def rejected(settings, group):
    """rejected() subscribes with the test's group."""

    def subscription(**more):
        return subscribe_async("rejected", settings=settings, **{"group": group} | more)

    return subscription


def committed(settings, group):
    return committed_offsets(settings, group, Role.REJECTED).get(0)


async def test_records_are_typed_and_committed_once_their_body_was_awaited(settings, put, group, rejected):
    put("a", "b")
    seen = []
    async with rejected() as records:
        async for record in records:
            assert records.position.offset == len(seen)
            await asyncio.sleep(0)
            seen.append(record.id)
            if record.id == "b":
                break
    assert seen == ["a", "b"]
    assert committed(settings, group) == 1


async def test_a_body_that_fails_leaves_its_record_to_the_next_time(put, rejected):
    put("a", "b")

    async def read():
        async with rejected() as records:
            async for record in records:
                assert record.id != "b"

    with pytest.raises(AssertionError):
        await read()
    assert [record.id async for record in rejected(until_now=True)] == ["b"]


async def test_a_record_that_is_said_to_be_done_is_committed(settings, put, group, rejected):
    put("a")
    async with rejected() as records:
        async for _ in records:
            await records.done()
            break
    assert committed(settings, group) == 1


async def test_the_loop_is_not_held_up_while_nothing_comes(put, rejected):
    turns = 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with rejected() as records:
        turning = asyncio.create_task(turn())
        waiting = asyncio.create_task(anext(records))
        await asyncio.sleep(0.5)
        before, turns = turns, 0
        put("a")  # this does hold it up
        assert (await waiting).id == "a"
        turning.cancel()
    assert before > 100


async def test_a_request_that_is_cancelled_loses_nothing(settings, put, group, rejected):
    async with rejected() as records:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(records), 0.3)
        put("a", "b")
        # Let the record arrive while nobody waits for it.
        assert await asyncio.to_thread(wait_for, records._coming.done)
        assert (await anext(records)).id == "a"
        assert (await anext(records)).id == "b"
    assert committed(settings, group) == 1


async def test_two_tasks_cannot_ask_at_once(put, rejected):
    async with rejected() as records:
        first = asyncio.create_task(anext(records))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one request at a time"):
            await anext(records)
        put("a")
        assert (await first).id == "a"


async def test_a_task_that_is_cancelled_in_its_body_commits_what_it_had_finished(
    settings, put, group, rejected
):
    put("a", "b")
    reached = asyncio.Event()

    async def read():
        async with rejected() as records:
            async for record in records:
                if record.id == "b":
                    reached.set()
                    await asyncio.sleep(3600)

    task = asyncio.create_task(read())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert committed(settings, group) == 1


async def test_a_signal_ends_the_loop_after_the_record_in_hand(settings, put, group, rejected):
    before = signal.getsignal(signal.SIGTERM)
    put("a", "b")
    seen = []
    async for record in rejected():
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        seen.append(record.id)
    assert seen == ["a"]
    assert committed(settings, group) == 1
    assert signal.getsignal(signal.SIGTERM) is before


async def test_it_ends_when_it_is_told_to(put, rejected):
    put("a", "b")
    seen = []
    async for record in rejected(stop=lambda: bool(seen)):
        seen.append(record.id)  # noqa: PERF401  (`stop` looks at the list meanwhile)
    assert seen == ["a"]


async def test_offsets_may_be_the_caller_s(settings, put, group, rejected):
    put("a", "b", "c")
    topic = f"{settings.topic_prefix}.rejected"
    found = [
        record.id async for record in rejected(offsets=lambda _: {Partition(topic, 0): 2}, until_now=True)
    ]
    assert found == ["c"]
    assert committed(settings, group) is None


async def test_errors_are_raised_where_they_are_awaited(put, rejected):
    before = signal.getsignal(signal.SIGTERM)
    put("x", value=b"nonsense")
    with pytest.raises(UnreadableError):
        await anext(rejected())
    with pytest.raises(ConfigError):
        await anext(rejected(lang="arabic"))
    with pytest.raises(ConfigError):
        await rejected(lang="arabic").__aenter__()
    assert signal.getsignal(signal.SIGTERM) is before


async def test_what_is_closed_stays_closed(put, rejected):
    put("a")
    records = rejected()
    assert (await anext(records)).id == "a"
    await records.close()
    await records.close()
    with pytest.raises(StopAsyncIteration):
        await anext(records)
    with pytest.raises(LookupError):
        await records.done()


async def test_a_loop_that_is_left_lets_the_group_go(settings, put, group, rejected):
    put("a", "b", "c")
    async for record in rejected():
        if record.id == "b":
            break
    gc.collect()
    assert await asyncio.to_thread(wait_for, lambda: committed(settings, group) == 1)
    assert [record.id async for record in rejected(until_now=True)] == ["b", "c"]


PROGRAM = """
import asyncio, sys
from workers.config import Settings
from workers.subscribe_async import subscribe_async

kept = []

async def main():
    settings = Settings(kafka=(sys.argv[1],), topic_prefix=sys.argv[2])
    records = subscribe_async("rejected", group=sys.argv[3], settings=settings)
    kept.append(records)
    async for record in records:
        if record.id == "b":
            break

asyncio.run(main())
"""


def test_a_program_ends_though_nobody_closed_its_subscription(settings, put, group):
    put("a", "b")
    command = [sys.executable, "-c", PROGRAM, settings.kafka[0], settings.topic_prefix, group]
    subprocess.run(command, check=True, timeout=60)
    assert committed(settings, group) == 1
