"""What the consumer tells of the runs that it hands out."""

from workers.runtime.events import Membership
from workers.runtime.faust_app import Fetched

FIRST, SECOND = Membership(1, "a"), Membership(2, "a")


def test_a_run_names_the_last_offset_fetched_before_it_of_its_partition() -> None:
    fetched = Fetched()
    assert fetched.note(FIRST, 0, 0, 4) is None
    assert fetched.note(FIRST, 1, 0, 8) is None
    assert fetched.note(FIRST, 0, 5, 7) == 4
    assert fetched.note(FIRST, 0, 10, 11) == 7  # 8 and 9 are control records


def test_nothing_is_missing_at_the_start_of_a_membership() -> None:
    fetched = Fetched()
    fetched.note(FIRST, 0, 0, 4)
    assert fetched.note(SECOND, 0, 5, 7) is None


def test_nothing_is_missing_before_what_is_fetched_again_from_the_committed_offset() -> None:
    """What is fetched between joining and the assignment is dropped, and has the new generation already."""
    fetched = Fetched()
    fetched.note(FIRST, 0, 1025, 1124)
    assert fetched.note(FIRST, 0, 1025, 1150) is None
    assert fetched.note(FIRST, 0, 1151, 1160) == 1150
