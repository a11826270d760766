"""How the supervisor judges progress. What it does about it: test_harness."""

from workers.runtime.lag import GroupLag
from workers.runtime.supervisor import Stalls

OWNER = {0: "a"}


def lag(committed: int | None, behind: int, *, seen: bool) -> GroupLag:
    return GroupLag({0: committed}, {0: behind}, frozenset({0} if seen else ()))


def test_a_partition_with_events_and_a_still_offset_is_stalled_after_the_timeout() -> None:
    stalls = Stalls(10)
    assert stalls.update(lag(5, 3, seen=True), 100, OWNER) == set()
    assert stalls.update(lag(5, 3, seen=True), 110, OWNER) == set()
    assert stalls.update(lag(5, 4, seen=True), 111, OWNER) == {0}


def test_a_partition_whose_offset_moves_is_not_stalled_however_far_it_is_behind() -> None:
    stalls = Stalls(10)
    stalls.update(lag(None, 300, seen=True), 100, OWNER)
    assert stalls.update(lag(5, 300, seen=True), 120, OWNER) == set()
    assert stalls.update(lag(6, 300, seen=True), 140, OWNER) == set()


def test_ends_of_transactions_are_nothing_to_wait_for() -> None:
    stalls = Stalls(10)
    for now_s in (100, 120, 140):
        assert stalls.update(lag(5, 1, seen=False), now_s, OWNER) == set()


def test_the_time_runs_from_when_there_was_something_to_do() -> None:
    stalls = Stalls(10)
    stalls.update(lag(5, 0, seen=False), 100, OWNER)
    assert stalls.update(lag(5, 1, seen=True), 200, OWNER) == set()
    assert stalls.update(lag(5, 1, seen=True), 211, OWNER) == {0}


def test_the_time_runs_from_when_a_worker_got_the_partition() -> None:
    stalls = Stalls(10)
    still = lag(5, 3, seen=True)
    stalls.update(still, 100, {})
    assert stalls.update(still, 112, {0: ("a", 0)}) == set()  # it takes over what waited
    assert stalls.update(still, 121, {0: ("a", 0)}) == set()
    assert stalls.update(still, 124, {0: ("a", 1)}) == set()  # its successor has as long
    assert stalls.update(still, 135, {0: ("a", 1)}) == {0}
