"""When a feed is polled next, and when a page that could not be had is tried again. Pure: chance comes as an argument.

`chance` is a number in 0..1 from the caller's generator. It only ever makes a wait longer, by a tenth at most: many
feeds that were added at once drift apart, and no wait that a server asked for is cut short.
"""

from dataclasses import dataclass
from typing import Final

from workers.feeds.fetch.headers import MAX_RETRY_AFTER_S
from workers.feeds.model import RETRIED, Fault, Feed

FIRST_S: Final = 600.0
"""The interval before anything is known of a feed. Adapting takes it to either end within ten polls."""
FASTER: Final = 0.5
SLOWER: Final = 1.5
"""Steps of the adaptive interval: a feed that has begun to publish is caught up with in few polls, and one that
pauses for a night is not forgotten until noon."""
JITTER: Final = 0.1

TRY_FIRST_S: Final = 60.0
TRY_MOST_S: Final = 8 * 3600.0
GIVE_UP_S: Final = 86_400.0
"""Pages: after 1, 2, 4 ... minutes, at most 8 hours, for a day. A site that is down over night is back by then."""
CONTENT_AFTER_TRIES: Final = 3
"""What the feed carries is sent in place of the page after so many tries, some three minutes: news does not wait."""


@dataclass(frozen=True, slots=True)
class Next:
    """The feed's interval from now on, and how long to wait this time. Seconds."""

    interval_s: float
    wait_s: float


def after_reading(
    feed: Feed,
    interval_s: float | None,
    *,
    found_new: bool,
    stays_s: tuple[float | None, ...],
    chance: float,
) -> Next:
    """After an answer: sooner where there was something new, later where not, within the feed's bounds.

    `interval_s` is None at the first time. `stays_s` are how long the server (Cache-Control, Expires) and the feed
    (ttl) say that it stays as it is: not polled before, but for what is over the feed's largest interval.
    """
    if interval_s is None:
        interval_s = FIRST_S
    else:
        interval_s *= FASTER if found_new else SLOWER
    interval_s = min(max(interval_s, feed.interval_min_s), feed.interval_max_s)
    asked_s = max((stay_s for stay_s in stays_s if stay_s is not None), default=0.0)
    wait_s = max(interval_s, min(asked_s, feed.interval_max_s))
    return Next(interval_s, _later(wait_s, chance))


def after_failure(
    feed: Feed, interval_s: float | None, *, failures: int, retry_after_s: float | None, chance: float
) -> Next:
    """After the `failures`-th failure in a row, 1 and up: twice as long each time, and as long as the server asks.

    The interval that the feed had stays for when it is back.
    """
    wait_s = min(feed.interval_min_s * 2.0 ** min(failures - 1, 30), feed.interval_max_s)
    wait_s = max(wait_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S))
    kept_s = FIRST_S if interval_s is None else interval_s
    return Next(min(max(kept_s, feed.interval_min_s), feed.interval_max_s), _later(wait_s, chance))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a page that could not be had is tried again. Seconds."""

    first_s: float = TRY_FIRST_S
    most_s: float = TRY_MOST_S
    give_up_s: float = GIVE_UP_S
    content_after: int = CONTENT_AFTER_TRIES

    def wait_s(
        self, fault: Fault, *, tries: int, since_s: float, retry_after_s: float | None, chance: float
    ) -> float | None:
        """After the `tries`-th try, 1 and up, the first of which was `since_s` ago; None: it is given up."""
        if fault not in RETRIED or since_s >= self.give_up_s:
            return None
        wait_s = min(self.first_s * 2.0 ** min(tries - 1, 30), self.most_s)
        return _later(max(wait_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S)), chance)

    def is_content_due(self, fault: Fault, *, tries: int) -> bool:
        """Whether what the feed carries is sent now, where it carries anything."""
        return fault not in RETRIED or tries >= self.content_after


def _later(wait_s: float, chance: float) -> float:
    return wait_s * (1 + JITTER * chance)
