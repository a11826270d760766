"""The ledger on entries made by hand."""

import pytest

from workers.origin import Origin
from workers.runtime.ledger import Entry, Ledger, entry
from workers.topics import Role

RAW = "t.raw"


def event(offset, partition=0):
    return Origin(RAW, partition, offset)


def ended(role, offset, origin=None, **more):
    return Entry(role, event(offset), event(offset if origin is None else origin), **more)


def balance(entries, *, existing=(), committed=0, pending=(), span=(0, 10)):
    ledger = Ledger(RAW, {0: span})
    for found in entries:
        ledger.add(found)
    for offset in existing:
        ledger.add_existing(event(offset))
    for offset in pending:
        ledger.add_pending(Entry(Role.CLEANED, event(offset), event(offset)))
    return ledger.balance({0: committed})


@pytest.mark.parametrize("role", [Role.PUBLISHED, Role.DUPLICATES, Role.REJECTED, Role.DEAD])
def test_one_record_in_any_outcome_topic_ends_an_event(role):
    result = balance([ended(role, 3)], committed=10)
    assert (result.events, result.in_flight, result.lost, result.duplicated) == (1, 0, 0, 0)
    assert result.ended[role] == 1
    assert sum(result.ended.values()) == 1
    assert result.is_balanced


@pytest.mark.parametrize(
    ("committed", "in_flight", "lost"),
    [(5, 1, 0), (6, 0, 1), (0, 1, 0)],
    ids=["at the commit", "below the commit", "nothing committed"],
)
def test_an_event_without_a_record_is_in_flight_until_it_is_committed(committed, in_flight, lost):
    result = balance([], existing=[5], committed=committed)
    assert (result.events, result.in_flight, result.lost) == (1, in_flight, lost)
    assert result.is_balanced is (lost == 0)
    assert result.lost_examples == (("t.raw:0:5",) if lost else ())


def test_an_offset_that_is_no_event_is_neither_lost_nor_in_flight():
    assert balance([], existing=[], committed=10).events == 0


def test_an_event_that_waits_between_stages_is_in_flight():
    result = balance([], existing=[5, 6], committed=10, pending=[5])
    assert (result.in_flight, result.lost) == (1, 1)


@pytest.mark.parametrize(
    "second", [Role.PUBLISHED, Role.DUPLICATES, Role.DEAD], ids=["same topic", "another topic", "dead"]
)
def test_a_second_record_of_the_same_read_is_a_repetition(second):
    result = balance([ended(Role.PUBLISHED, 3), ended(second, 3)])
    assert (result.duplicated, result.is_balanced) == (1, False)


def test_more_records_than_a_byte_counts_are_still_one_repeated_event():
    assert balance([ended(Role.PUBLISHED, 3)] * 300).duplicated == 1


def test_a_replay_is_an_event_of_its_own_and_recovers_the_dead_one():
    result = balance([ended(Role.DEAD, 3), ended(Role.PUBLISHED, 7, origin=3)], committed=10)
    assert (result.events, result.duplicated, result.recovered) == (2, 0, 1)
    assert result.is_balanced


def test_a_replay_that_died_again_recovers_nothing():
    assert balance([ended(Role.DEAD, 3), ended(Role.DEAD, 7, origin=3)]).recovered == 0


def test_a_replay_of_an_event_that_had_not_died_recovers_nothing():
    assert balance([ended(Role.PUBLISHED, 3), ended(Role.PUBLISHED, 7, origin=3)]).recovered == 0


def test_a_death_between_stages_ends_an_event_and_its_replay_is_no_repetition():
    dead = ended(Role.DEAD, 3, died_between=True)
    alone = balance([dead], existing=[3], committed=10)
    assert (alone.events, alone.ended["dead"], alone.lost, alone.recovered) == (1, 1, 0, 0)
    both = balance([dead, ended(Role.PUBLISHED, 3)], committed=10)
    assert (both.events, both.duplicated, both.recovered) == (1, 0, 1)
    twice = balance([dead, ended(Role.PUBLISHED, 3), ended(Role.PUBLISHED, 3)], committed=10)
    assert twice.duplicated == 1


def test_records_of_events_before_the_span_are_expired_and_after_it_not_asked_about():
    result = balance([ended(Role.PUBLISHED, 4), ended(Role.PUBLISHED, 10)], span=(5, 10))
    assert (result.events, result.expired, result.unattributed) == (0, 1, 0)


@pytest.mark.parametrize(
    "found",
    [None, Entry(Role.DEAD, Origin("other.raw", 0, 1), event(1)), Entry(Role.DEAD, event(1, 9), event(1, 9))],
    ids=["no header", "another topic", "no such partition"],
)
def test_records_that_name_no_event_are_counted_apart(found):
    assert balance([found]).unattributed == 1


@pytest.mark.parametrize(
    ("headers", "read", "origin"),
    [
        ([("khabar-origin", b"t.raw:0:3")], 3, 3),
        ([("khabar-origin", b"t.raw:0:3"), ("khabar-read", b"t.raw:0:7")], 7, 3),
        ([("khabar-origin", b"t.raw:0:2"), ("khabar-origin", b"t.raw:0:3")], 3, 3),
    ],
    ids=["an event", "a replay", "the last header counts"],
)
def test_headers_name_what_was_read_and_what_it_is(headers, read, origin):
    assert entry(Role.DEAD, headers) == Entry(Role.DEAD, event(read), event(origin))


@pytest.mark.parametrize("value", [None, b"", b"t.raw", b"t.raw:0:x", b"\xff:0:1"])
def test_headers_that_name_nothing_give_no_entry(value):
    assert entry(Role.DEAD, [] if value is None else [("khabar-origin", value)]) is None


def test_open_ranges_hold_what_has_no_record_and_join_over_small_gaps():
    ledger = Ledger(RAW, {0: (100, 120), 1: (0, 0)})
    for offset in (100, 101, 105, 110, 111, 112, 113, 119):
        ledger.add(ended(Role.PUBLISHED, offset))
    assert ledger.open_ranges(nearby=3) == {0: [(102, 110), (114, 119)], 1: []}


def test_repeated_events_are_named():
    ledger = Ledger(RAW, {0: (0, 5), 1: (0, 5)})
    for found in (event(2), event(2), event(4, 1), event(4, 1), event(3)):
        ledger.add(Entry(Role.PUBLISHED, found, found))
    assert list(ledger.duplicated()) == [event(2), event(4, 1)]
