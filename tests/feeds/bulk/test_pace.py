"""Rates, on a clock of the test's own."""

from threading import Event

import pytest

from workers.feeds.bulk.pace import Pace, parse_rate


class Clock(Event):
    """A clock that is also what is waited for: waiting moves it."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def __call__(self):
        return self.now

    def wait(self, timeout=None):
        if not self.is_set():
            self.now += timeout
        return self.is_set()


def times(rate, count, busy_s=lambda _: 0.0):
    """When each event goes, of which each takes `busy_s` of its number."""
    clock, found = Clock(), []
    pace = Pace(rate, clock, clock)
    for number in range(count):
        pace.wait()
        found.append(clock.now)
        clock.now += busy_s(number)
    return found


@pytest.mark.parametrize(
    ("text", "per_s"), [("200", 200), ("200/s", 200), ("0.5", 0.5), ("10/m", 1 / 6), ("36/h", 0.01)]
)
def test_a_rate_is_so_many_a_second_minute_or_hour(text, per_s):
    assert parse_rate(text) == pytest.approx(per_s)


@pytest.mark.parametrize("text", ["", "0", "-1", "1/d", "fast", "1 /s", "\u0661"])  # ARABIC-INDIC DIGIT ONE
def test_what_is_no_rate_is_refused_and_what_is_one_is_said(text):
    with pytest.raises(ValueError, match="200/s"):
        parse_rate(text)


def test_events_go_evenly():
    assert times(4, 5) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_what_an_event_takes_is_no_time_that_is_waited():
    assert times(4, 5, lambda _: 0.2) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_after_a_long_pause_no_more_than_a_second_is_made_up_for():
    found = times(10, 40, lambda number: 60.0 if number == 0 else 0.0)
    assert sum(time < 60.05 for time in found[1:]) == 11
    assert found[-1] == pytest.approx(60.0 + 28 * 0.1)


def test_without_a_rate_nothing_waits():
    assert times(None, 3) == [0, 0, 0]


def test_a_stop_ends_the_wait():
    clock = Clock()
    pace = Pace(0.001, clock, clock)
    pace.wait()
    clock.set()
    pace.wait()
    assert clock.now == 0
