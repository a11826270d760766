"""Ending on SIGINT and SIGTERM, after the work in hand."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread, current_thread, main_thread
from types import FrameType


@dataclass(slots=True)
class Stop:
    """Whether to stop, and the signal that said so."""

    event: Event
    signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None or self.event.is_set()

    @property
    def exit_code(self) -> int:
        """As shells report a program that a signal ended: 128 and its number; 0 when there was none."""
        return 0 if self.signal is None else 128 + self.signal


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """SIGINT and SIGTERM ask to stop after the record in hand; a second one interrupts at once.

    For the main thread: Python lets no other set what a signal does. What they did before they do again afterwards.
    """
    stop = Stop(Event())

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop():
            raise KeyboardInterrupt
        stop.signal = number
        # Not here: it takes a lock, which the interrupted thread may have, and would wait for itself.
        Thread(target=stop.event.set, name="khabar-stop", daemon=True).start()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            # One that was not set from Python cannot be set again; nor can any, where another thread has gone on.
            if handler is not None and current_thread() is main_thread():
                signal.signal(number, handler)
