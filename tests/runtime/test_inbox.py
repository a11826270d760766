"""The inbox: what passes to the pipeline, and what must not."""

import asyncio

import pytest

from workers.runtime.events import Event, Membership, Position
from workers.runtime.inbox import HoleError, Inbox

FIRST, SECOND = Membership(1, "a"), Membership(2, "a")


def run_of(start: int, count: int, partition: int = 0, size_bytes: int = 1) -> list[Event]:
    return [Event(Position("t.raw", partition, start + n), None, b"x" * size_bytes) for n in range(count)]


def offsets(events: tuple[Event, ...]) -> list[int]:
    return [event.position.offset for event in events]


def inbox(capacity_bytes: int = 1000) -> Inbox:
    return Inbox(capacity_bytes)


async def test_gives_what_waits_up_to_the_number_of_events() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 5))
    assert offsets((await box.take(3, 1000)).events) == [0, 1, 2]
    assert offsets((await box.take(3, 1000)).events) == [3, 4]


async def test_gives_at_least_one_event_however_large() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 3, size_bytes=50))
    assert offsets((await box.take(10, 10)).events) == [0]
    assert offsets((await box.take(10, 100)).events) == [1, 2]


async def test_an_offset_passes_once_in_a_generation() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 5))
    await box.take(3, 1000)
    await box.put(FIRST, None, run_of(0, 7))  # fetched again after a seek to the committed offset
    assert offsets((await box.take(10, 1000)).events) == [3, 4, 5, 6]


async def test_a_new_generation_forgets_what_waits_of_the_old_one_and_may_read_it_again() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 5))
    await box.put(SECOND, None, run_of(2, 2))
    batch = await box.take(10, 1000)
    assert (batch.membership, offsets(batch.events)) == (SECOND, [2, 3])


async def test_a_late_run_of_an_older_generation_is_forgotten() -> None:
    box = inbox()
    await box.put(SECOND, None, run_of(0, 1))
    await box.put(FIRST, None, run_of(5, 5))
    assert offsets((await box.take(10, 1000)).events) == [0]


async def test_after_forgetting_nothing_more_of_the_generation_passes_lest_a_hole_be_committed() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 5))
    await box.retire()
    await box.put(FIRST, None, run_of(5, 5))
    assert len(box) == 0
    await box.put(SECOND, None, run_of(0, 2))
    assert len(box) == 2


async def test_a_refusal_of_an_older_generation_leaves_the_newer_one_alone() -> None:
    box = inbox()
    await box.put(SECOND, None, run_of(0, 2))
    await box.retire(FIRST.generation)
    assert len(box) == 2


@pytest.mark.parametrize(
    "membership", [Membership(-1, ""), Membership(3, "")], ids=["no generation", "no member"]
)
async def test_runs_fetched_outside_the_group_are_forgotten_because_the_broker_would_not_fence_them(
    membership: Membership,
) -> None:
    box = inbox()
    await box.put(membership, None, run_of(0, 5))
    assert len(box) == 0


async def test_a_full_inbox_makes_the_reader_wait_until_a_batch_is_taken() -> None:
    box = inbox(capacity_bytes=10)
    await box.put(FIRST, None, run_of(0, 10))
    putting = asyncio.create_task(box.put(FIRST, None, run_of(10, 1)))
    await asyncio.sleep(0)
    assert not putting.done()
    await box.take(10, 1000)
    await asyncio.wait_for(putting, 1)
    assert len(box) == 1


async def test_a_reader_that_waits_is_let_go_when_the_generation_is_retired() -> None:
    box = inbox(capacity_bytes=10)
    await box.put(FIRST, None, run_of(0, 10))
    putting = asyncio.create_task(box.put(FIRST, None, run_of(10, 1)))
    await asyncio.sleep(0)
    await box.retire()
    await asyncio.wait_for(putting, 1)
    assert len(box) == 0


async def test_a_reader_waits_while_two_batches_do() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 1))
    await box.take(5, 1000)
    await box.put(FIRST, None, run_of(1, 9))
    await box.put(FIRST, None, run_of(10, 9))  # however long the run that goes over
    putting = asyncio.create_task(box.put(FIRST, None, run_of(19, 1)))
    await box.take(5, 1000)  # 13 wait
    await asyncio.sleep(0.05)
    assert not putting.done()
    await box.take(5, 1000)
    await asyncio.wait_for(putting, 1)
    assert len(box) == 9


async def test_knows_when_the_group_has_moved_on() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 1))
    assert not box.has_moved_on(FIRST)
    await box.put(SECOND, None, run_of(0, 1))
    assert box.has_moved_on(FIRST)


async def test_a_run_that_follows_one_that_never_arrived_is_refused() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 5))
    with pytest.raises(HoleError, match=r"t\.raw:0: the events before offset 20 never arrived"):
        await box.put(FIRST, 9, run_of(20, 5))


async def test_the_first_run_of_a_generation_must_not_be_missing_either() -> None:
    box = inbox()
    with pytest.raises(HoleError):
        await box.put(FIRST, 4, run_of(5, 5))


async def test_offsets_that_transactions_have_taken_are_no_hole() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 5))
    await box.put(FIRST, 4, run_of(7, 5))  # 5 and 6 are control records
    assert len(box) == 10


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.runtime.inbox.GATHER_S", 1000.0)


@pytest.mark.usefixtures("endless")
async def test_while_somebody_waits_for_events_nothing_is_gathered() -> None:
    box = inbox()
    taking = asyncio.create_task(box.take(10, 1000))
    await asyncio.sleep(0)
    await box.gather()
    await box.put(FIRST, None, run_of(0, 1))
    assert offsets((await taking).events) == [0]


@pytest.mark.usefixtures("endless")
async def test_events_are_gathered_until_somebody_waits_for_some() -> None:
    box = inbox()
    await box.put(FIRST, None, run_of(0, 2))
    gathering = asyncio.create_task(box.gather())
    await box.take(2, 1000)
    await asyncio.sleep(0.01)
    assert not gathering.done()
    taking = asyncio.create_task(box.take(1, 1000))
    await gathering
    await box.put(FIRST, None, run_of(2, 1))
    assert offsets((await taking).events) == [2]


async def test_events_are_gathered_for_a_moment_only() -> None:
    await inbox().gather()
