"""The numbers on the arrows of the flow: events that have passed since the page's reader began, and a second."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.wire import InvalidError, UndecodableError
from workers.runtime.chain import StageName
from workers.runtime.dead_letters import read_dead_letter
from workers.runtime.flow import Flow
from workers.runtime.rate import Rate
from workers.runtime.reading import Received
from workers.topics import Role


class Arrow(StrEnum):
    """An arrow of the picture."""

    ARRIVED = "arrived"
    """Into raw: what has ended since, and what waits, from before too. Until a chain of stages is known, counted in
    offsets, and then transactions of `khabar send` and replays add their marks.
    """
    READ = "read"
    """From raw to boilerplate: every event that has ended."""
    CLEANED = "cleaned"
    """From boilerplate to entities."""
    TAGGED = "tagged"
    """From entities to dedup."""
    PUBLISHED = "published"
    DUPLICATES = "duplicates"
    REJECTED = "rejected"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Passed:
    """Events that have passed, and a second."""

    count: int = 0
    per_s: float = 0.0


_WAYS: Final = {
    Role.PUBLISHED: (Arrow.READ, Arrow.CLEANED, Arrow.TAGGED, Arrow.PUBLISHED),
    Role.DUPLICATES: (Arrow.READ, Arrow.CLEANED, Arrow.TAGGED, Arrow.DUPLICATES),
    Role.REJECTED: (Arrow.READ, Arrow.REJECTED),
    Role.DEAD: (Arrow.READ, Arrow.DEAD),
}
_DIED_AFTER: Final[Mapping[str, tuple[Arrow, ...]]] = {
    StageName.ENTITIES: (Arrow.CLEANED,),
    StageName.DEDUP: (Arrow.CLEANED, Arrow.TAGGED),
}


class Arrivals:
    """Counts where events passed, from the topics in which they end: so it holds whether stages run in one process or
    apart. `add` is for the reader's thread, `update` for one other.
    """

    def __init__(self, since_ms: float) -> None:
        """Records that were written before are not counted."""
        self._since_ms = since_ms
        self._counts = Counter(dict.fromkeys(Arrow, 0))
        self._rates = {arrow: Rate() for arrow in Arrow}
        self._arrived = 0
        self._is_lag_known = False
        self.latest: Mapping[Arrow, Passed] = dict.fromkeys(Arrow, Passed())

    def add(self, received: Received) -> None:
        """Count a record of an outcome topic."""
        if received.timestamp_ms >= self._since_ms:
            for arrow in _way(received):
                self._counts[arrow] += 1

    def update(self, flow: Flow) -> None:
        """Work out what a second is, now."""
        now_s = time.monotonic()
        counts = self._counts.copy()
        self._arrived = counts[Arrow.ARRIVED] = self._arrived_by(flow, counts[Arrow.READ])
        self.latest = {
            arrow: Passed(counts[arrow], max(0.0, self._rates[arrow].update(counts[arrow], now_s)))
            for arrow in Arrow
        }

    def _arrived_by(self, flow: Flow, ended: int) -> int:
        lags = [group.lag for group in flow.groups if group.lag is not None]
        if flow.groups and len(lags) == len(flow.groups):
            if not self._is_lag_known:  # what waits already did not arrive in this second
                self._is_lag_known, self._rates[Arrow.ARRIVED] = True, Rate()
            return ended + sum(lags)
        if not flow.groups and not self._is_lag_known and Role.RAW in flow.topics:
            return flow.topics[Role.RAW].count
        return max(self._arrived, ended)


def _way(received: Received) -> tuple[Arrow, ...]:
    if received.role is not Role.DEAD:
        return _WAYS[received.role]
    try:
        stage = read_dead_letter(received.headers).stage
    except (UndecodableError, InvalidError):
        stage = ""
    return _WAYS[Role.DEAD] + _DIED_AFTER.get(stage, ())
