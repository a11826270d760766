"""No more than so many events a second."""

import re
import time
from collections.abc import Callable
from threading import Event
from typing import Final

CATCH_UP_S: Final = 1.0
"""What was waited too long is made up for, but no more than this of it: bursts are no longer."""

_RATE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:/(s|m|h))?")
_UNIT_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_rate(text: str) -> float:
    """Events a second, of "200", "200/s", "10/m" or "5/h". Raises ValueError."""
    match = _RATE.fullmatch(text.strip())
    rate = float(match[1]) / _UNIT_S[match[2] or "s"] if match else 0.0
    if rate <= 0:
        raise ValueError(f"{text!r} is no rate: say 200 (a second), 200/s, 10/m or 5/h")
    return rate


class Pace:
    """Holds the caller back to `per_s` events a second, evenly; not at all where that is None."""

    def __init__(self, per_s: float | None, stop: Event, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval_s = 1 / per_s if per_s else 0.0
        self._stop = stop
        self._clock = clock
        self._due_s: float | None = None

    def wait(self) -> None:
        """Returns when the next event may go; at once when a stop is asked for."""
        if not self.interval_s:
            return
        now = self._clock()
        due = max(now - CATCH_UP_S, self._due_s if self._due_s is not None else now)
        if due > now:
            self._stop.wait(due - now)
        self._due_s = due + self.interval_s
