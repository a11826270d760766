"""Between the reader and the window: what cannot be taken in as fast as it is read waits, and the oldest of it is let go.

At the start a day's articles are read, many more than the window holds; decoding and folding all of them would take a core
for minutes.
"""

from collections import deque
from threading import Condition, Thread
from typing import Final

from workers.runtime.reading import Received
from workers.topics import Role
from workers.web.window import Window

STOP_S: Final = 10.0


class Intake:
    """A thread that puts articles into the window. No more wait than the window holds, in number and in bytes."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._waiting: deque[Received] = deque()
        self._bytes = 0
        self._is_stopping = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="khabar-web-intake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what waits is let go."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join(STOP_S)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def put(self, received: Received) -> None:
        """Take a record of an outcome topic, without waiting. Dead letters are few, and never let go here."""
        if received.role not in {Role.PUBLISHED, Role.DUPLICATES}:
            self._window.add(received)
            return
        with self._changed:
            self._waiting.append(received)
            self._bytes += len(received.value)
            while len(self._waiting) > self._window.most_articles or self._bytes > self._window.most_bytes:
                self._bytes -= len(self._waiting.popleft().value)
            self._changed.notify()

    def _run(self) -> None:
        while (received := self._next()) is not None:
            self._window.add(received)

    def _next(self) -> Received | None:
        """The record that has waited longest; None when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or self._waiting)
            if self._is_stopping:
                return None
            received = self._waiting.popleft()
            self._bytes -= len(received.value)
            return received
