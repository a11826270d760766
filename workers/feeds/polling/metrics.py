"""What the poller counts, for Prometheus. Labels are of closed lists: never an address."""

from collections import Counter as Tally
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from workers.feeds.model import ITEM_OUTCOMES, POLL_OUTCOMES, Fault
from workers.stores.feed_state import FeedState

STATES: Final = ("ok", "failing", "not_polled")
WHAT: Final = ("feed", "page")
LABELS: Final[dict[str, Collection[str]]] = {
    "outcome": (*POLL_OUTCOMES, *ITEM_OUTCOMES),
    "fault": tuple(map(str, Fault)),
    "what": WHAT,
    "state": STATES,
}
"""By label the values that it can take."""
SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


def state_of(feed: FeedState) -> str:
    """One of STATES."""
    if int(feed.number("failures") or 0):
        return "failing"
    return "ok" if feed.text("read_at") else "not_polled"


class Metrics:
    """Counters of one poller, in a registry of its own; the gauges are of all that the state knows."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self.totals: Final[Tally[str]] = Tally()
        """What was done since the start, by the names of FeedState.counts."""
        self.feeds = self.failing = self.waiting = 0
        """What `show` was given last."""
        registry = self.registry
        self._polls = Counter(
            "khabar_feed_polls", "Polls of feeds by outcome.", ["outcome"], registry=registry
        )
        self._items = Counter(
            "khabar_feed_items", "Items by what became of them.", ["outcome"], registry=registry
        )
        self._faults = Counter(
            "khabar_feed_faults",
            "Feeds and pages that could not be had.",
            ["fault", "what"],
            registry=registry,
        )
        self._seconds = Histogram(
            "khabar_feed_fetch_seconds", "What requests took.", ["what"], buckets=SECONDS, registry=registry
        )
        self._feeds = Gauge("khabar_feeds", "Feeds of the list by state.", ["state"], registry=registry)
        self._pending = Gauge(
            "khabar_feed_items_pending", "Items whose events are still to be sent.", registry=registry
        )
        self._oldest = Gauge(
            "khabar_feed_oldest_success_seconds",
            "Age of the last success of the feed that waits longest.",
            registry=registry,
        )
        for outcome in POLL_OUTCOMES:
            self._polls.labels(outcome)
        for outcome in ITEM_OUTCOMES:
            self._items.labels(outcome)
        for what in WHAT:
            self._seconds.labels(what)

    def took(self, what: str, seconds: float) -> None:
        """A request for a feed or a page was answered after so long."""
        self._seconds.labels(what).observe(seconds)

    def count(self, counts: Mapping[str, int]) -> None:
        """Add what the state counts too (see FeedState.counts)."""
        self.totals.update(counts)
        for name, by in counts.items():
            what, _, fault = name.partition("_")
            if name in POLL_OUTCOMES:
                self._polls.labels(name).inc(by)
            elif name in ITEM_OUTCOMES:
                self._items.labels(name).inc(by)
            elif what in WHAT and fault in set(Fault):
                self._faults.labels(fault, what).inc(by)

    def show(self, feeds: Sequence[FeedState], waiting: int) -> None:
        """Set the gauges to what the state says now."""
        states = [state_of(feed) for feed in feeds]
        for state in STATES:
            self._feeds.labels(state).set(states.count(state))
        self.feeds, self.failing, self.waiting = len(states), states.count("failing"), waiting
        self._pending.set(waiting)
        ages = [age for feed in feeds if (age := feed.age_s("read_at")) is not None]
        self._oldest.set(max(ages, default=0.0))
