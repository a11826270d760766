"""What `khabar up` shows: a live panel with the records as cards above it, or plain lines where there is no screen.

Counts come from the topics themselves, so that a second run goes on counting from the first.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any, Final, Protocol, Self

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from schemas.wire import InvalidError, UndecodableError
from workers.cli.card import card, clean, style_of
from workers.cli.context import counted
from workers.config import Settings
from workers.errors import KhabarError
from workers.runtime.backoff import delays
from workers.runtime.clients import Addresses, consumer
from workers.runtime.reading import Received, as_received, partitions_of
from workers.runtime.supervisor import Status
from workers.topics import OUTCOMES, Role, table

POLL_MS: Final = 200
ENDS_S: Final = 0.5
CARDS_A_REFRESH: Final = 50
"""Of more new records between two refreshes the number is said; nobody reads faster."""
PLAIN_STATUS_S: Final = 1.0

log = structlog.get_logger()


class Watcher:
    """Reads the outcome topics in a thread of its own, as a reader of committed records does, from the beginning.

    `counts` are of all records. Those that were written since the start are handed out by `new`.
    """

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self._settings = settings
        self._addresses = addresses
        self._roles = {table(settings.topic_prefix)[role].name: role for role in OUTCOMES}
        self._stop = Event()
        self._thread = Thread(target=self._run, name="khabar-watch", daemon=True)
        self._lock = Lock()
        self._new: list[Received] = []
        self._more = 0
        self._positions: dict[TopicPartition, int] = {}
        self._first_new: dict[TopicPartition, int] = {}
        self.counts: Counter[Role] = Counter()
        self.caught_up_at = float("-inf")
        """When (monotonic clock) all was read that was there then."""

    def start(self) -> None:
        """Begin to read; what is in the topics now does not count as new."""
        with closing(consumer(self._settings, self._addresses)) as client:
            partitions = partitions_of(client, list(self._roles))
            self._positions = client.beginning_offsets(partitions)
            self._first_new = client.end_offsets(partitions)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def new(self) -> tuple[list[Received], int]:
        """The records that are new since the last call, oldest first, and how many more there were."""
        with self._lock:
            found, more = self._new, self._more
            self._new, self._more = [], 0
        # Partitions and topics come one after the other; records of one moment with the published ones first.
        return sorted(found, key=lambda record: (record.timestamp_ms, OUTCOMES.index(record.role))), more

    def _run(self) -> None:
        waits = delays()
        while not self._stop.is_set():
            try:
                with closing(consumer(self._settings, self._addresses, max_poll_records=2000)) as client:
                    waits = delays()
                    self._follow(client)
            except (KafkaError, KhabarError) as error:
                log.warning("panel_cannot_read", error=str(error))
                self._stop.wait(next(waits))

    def _follow(self, client: KafkaConsumer) -> None:
        partitions = list(self._positions)
        client.assign(partitions)
        for partition, offset in self._positions.items():
            client.seek(partition, offset)
        due = 0.0
        while not self._stop.is_set():
            fetched = client.poll(timeout_ms=POLL_MS)
            for partition, records in fetched.items():
                for record in records:
                    self._take(partition, record)
            for partition in partitions:
                self._positions[partition] = client.position(partition)
            if not fetched and (asked_at := time.monotonic()) >= due:
                due = asked_at + ENDS_S
                ends = client.end_offsets(partitions)
                if all(self._positions[partition] >= ends[partition] for partition in partitions):
                    self.caught_up_at = asked_at

    def _take(self, partition: TopicPartition, record: Any) -> None:  # noqa: ANN401  (kafka-python has no types)
        role = self._roles[partition.topic]
        self.counts[role] += 1
        if record.offset < self._first_new[partition]:
            return
        with self._lock:
            if len(self._new) < CARDS_A_REFRESH:
                self._new.append(as_received(role, record))
            else:
                self._more += 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What stays as it is while the panel stands: where things are, and what to type."""

    kafka: str
    redis: str
    log: str
    program: str = "khabar"
    page: str = ""
    """The web page's address, if there is one."""


@dataclass(frozen=True, slots=True)
class View:
    """What the panel shows at one moment. `rate` is in events a second, `note` what is going on at the moment, `feeds`
    what is polled, if anything is.
    """

    counts: Mapping[Role, int]
    rate: float
    status: Status
    note: str = ""
    feeds: str = ""

    @property
    def read(self) -> int:
        """Events that have ended: each in exactly one of the topics."""
        return sum(self.counts.values())

    def workers(self) -> str:
        """How the workers are, in words."""
        text = f"{self.status.alive} of {self.status.workers} alive"
        if self.status.restarts:
            text += f", {self.status.restarts} restarted"
        if self.note:
            text += f"; {self.note}"
        if self.status.waiting_for:
            text += f"; waiting: {clean(self.status.waiting_for)}"
        return text

    def lag(self) -> str:
        return "?" if self.status.lag is None else f"{self.status.lag:,}"


class Screen(Protocol):
    """Where records and the state are shown."""

    def __enter__(self) -> object: ...
    def __exit__(self, *error: object) -> None: ...
    def show(self, records: Sequence[Received], more: int, view: View) -> None:
        """Show new records, say that there are `more`, and the state."""


class LiveScreen:
    """A panel that stays at the bottom of a terminal, and cards that scroll above it."""

    def __init__(self, console: Console, facts: Facts) -> None:
        self._console = console
        self._facts = facts
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()  # gives the cursor back

    def show(self, records: Sequence[Received], more: int, view: View) -> None:
        self._live.update(panel(self._facts, view))
        for received in records:
            self._console.print(readable(received, self._console.width), end="\n\n", soft_wrap=True)
        if more:
            self._console.print(_more(more, self._facts.program), end="\n\n")
        self._live.refresh()


class PlainScreen:
    """Lines for a log: a card for each record, and a line of state when it has changed."""

    def __init__(self, console: Console, facts: Facts) -> None:
        self._console = console
        self._facts = facts
        self._said = ""
        self._due = 0.0

    def __enter__(self) -> Self:
        facts = self._facts
        page = f", web page {facts.page}" if facts.page else ""
        self._line(f"Kafka {facts.kafka}, Redis {facts.redis}, log {facts.log}{page}")
        return self

    def __exit__(self, *error: object) -> None:
        return

    def show(self, records: Sequence[Received], more: int, view: View) -> None:
        for received in records:
            self._line(f"{readable(received, None)}\n")
        if more:
            self._line(f"{_more(more, self._facts.program)}\n")
        line = f"{totals(view.counts)}, lag {view.lag()}, workers {view.workers()}"
        if view.feeds:
            line += f"; feeds: {view.feeds}"
        is_due = records or view.note not in self._said or time.monotonic() >= self._due
        if line != self._said and is_due:
            self._line(line)
            self._said, self._due = line, time.monotonic() + PLAIN_STATUS_S

    def _line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False, highlight=False)
        self._console.file.flush()


def readable(received: Received, width: int | None) -> Text:
    """The record as a card, or what is wrong with it."""
    try:
        return card(received.topic, received.record, width=width)
    except (UndecodableError, InvalidError) as error:
        where = f"{received.topic}:{received.partition}:{received.offset}"
        return Text(clean(f"{where}: not one of Khabar's: {error}"))


def totals(counts: Mapping[Role, int]) -> str:
    """The counts in one line."""
    ended = [f"{role} {counts.get(role, 0):,}" for role in OUTCOMES]
    return ", ".join([f"read {sum(counts.values()):,}", *ended])


def panel(facts: Facts, view: View) -> RenderableType:
    """The panel: three lines of state, two of what to do next."""
    counts = Table.grid(padding=(0, 3))
    shown = [("read", f"{view.read:,}", "bold")]
    shown += [(str(role), f"{view.counts.get(role, 0):,}", style_of(role)) for role in OUTCOMES]
    shown += [("events/s", f"{view.rate:,.0f}", "bold"), ("lag", view.lag(), "bold")]
    counts.add_row(*(Text.assemble((f"{label} ", "dim"), (value, style)) for label, value, style in shown))
    below = Table.grid(padding=(0, 2))
    rows = (
        ("workers", view.workers()),
        *([("feeds", clean(view.feeds))] if view.feeds else []),
        ("services", f"Kafka {facts.kafka}   Redis {facts.redis}"),
        *([("web page", facts.page)] if facts.page else []),
        ("log", facts.log),
        ("try", f"{facts.program} send page.html    {facts.program} tail    {facts.program} audit"),
        ("", "Ctrl-C drains and stops all that was started"),
    )
    for label, value in rows:
        below.add_row(Text(label, "dim"), Text(value, overflow="fold"))
    return Group(Rule("Khabar", align="left", style="cyan"), counts, below)


def _more(count: int, program: str) -> str:
    records = counted(count, "more record")
    return f"... and {records}; `{program} tail --topic all` shows every one"
