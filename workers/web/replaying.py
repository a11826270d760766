"""Sending one dead letter's event again, as `khabar dead replay` does."""

from dataclasses import dataclass

from workers.config import Settings
from workers.feeds.send import Mistake
from workers.runtime import replays
from workers.runtime.clients import Addresses


@dataclass(frozen=True, slots=True)
class Replayed:
    """Where the event stands now, or why it was not sent; neither where it was replayed before."""

    position: str | None = None
    mistake: str | None = None


def replay(settings: Settings, addresses: Addresses, position: str, *, again: bool) -> Replayed:
    """Send the event of the dead letter at PARTITION:OFFSET once more; one that was replayed before only if `again`.

    Raises ConfigError where there is no such letter, and as workers.runtime.clients.speaking_to does.
    """
    _, dead = replays.find_dead_letter(settings, addresses, position)
    if not again and replays.replayed(settings, addresses, [dead], lambda _: None):
        return Replayed()
    ((topic, result),) = replays.send_again(settings, addresses, [dead])
    if isinstance(result, Mistake):
        return Replayed(mistake=str(result))
    return Replayed(position=f"{topic}:{result.partition}:{result.offset}")
