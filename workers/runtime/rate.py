"""How many a second, over the last seconds."""

from collections import deque
from typing import Final

WINDOW_S: Final = 5.0
"""Long enough for a batch or two, short enough to see a change at once."""


class Rate:
    """Follows a count that grows, and says how fast it did in the last WINDOW_S."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def update(self, total: int, now_s: float) -> float:
        """The rate a second, now that the count is `total` at `now_s` of the monotonic clock."""
        self._seen.append((now_s, total))
        while len(self._seen) > 2 and self._seen[1][0] <= now_s - WINDOW_S:
            self._seen.popleft()
        then_s, before = self._seen[0]
        return (total - before) / (now_s - then_s) if now_s > then_s else 0.0
