"""A pinned load through `khabar run`, faults amid it, and the books at the end of it.

A fault begins when a part of the load has come out and the rest is in work. It is over when every partition of
articles.raw moves again: has an outcome, as committed readers see it, of what was read after the fault's end.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.faults.report import Finding, keep
from tests.support.harness import (
    Reader,
    addresses_of,
    committed_offsets,
    create_topics,
    reading,
    send,
    wait_for,
)
from tests.support.khabar_run import KhabarRun, crashes, said
from tests.support.texts import page
from workers.config import Settings
from workers.origin import ORIGIN_HEADER, Origin, header
from workers.runtime.audit import audit
from workers.topics import OUTCOMES, Role, table

SESSION_TIMEOUT_S = 6.0
"""The least that a broker accepts by default."""
BURST, REST = 1500, 300
"""Events sent before each fault, of which it meets those in work and those not yet read, and after it."""
BURSTS = 5
SEEN_BEFORE = 200
"""Outcomes of a burst that are waited for before the fault."""
DEADLINE_S = 150.0
"""For anything that takes seconds on a machine with nothing else to do."""


@dataclass(slots=True)
class Fault:
    """A fault that was made, and when what was seen after it, in seconds from its end."""

    name: str
    lines_before: tuple[int, ...]
    ended_at: float = 0.0
    moved_s: float = 0.0
    caught_up_s: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    about: str = ""


class Trial:
    """Two or more `khabar run`, or what else `runs` are, under load."""

    def __init__(self, settings: Settings, runs: Sequence[KhabarRun], outcomes: Reader) -> None:
        self.settings = settings
        self.runs = list(runs)
        self.sent = 0
        self._outcomes = outcomes
        self._faults: list[Fault] = []
        self._lines_before: tuple[int, ...] = ()

    @property
    def ended(self) -> int:
        """Events that have an outcome."""
        return len(self._outcomes.records)

    def send(self, count: int) -> None:
        """So many pages, none of which was sent before."""
        send(self.settings, (page(self.sent + number) for number in range(count)))
        self.sent += count

    def poll(self) -> None:
        """Take in what has come out."""
        self._outcomes.poll()

    def until(self, count: int, timeout_s: float = DEADLINE_S) -> None:
        """Wait for so many outcomes."""
        deadline = time.monotonic() + timeout_s
        while self.ended < count:
            if time.monotonic() > deadline:
                tails = "\n".join(f"{run.name}\n{run.tail()}" for run in self.runs)
                raise AssertionError(f"only {self.ended} of {count} outcomes within {timeout_s:g} s\n{tails}")
            self._outcomes.poll()

    def until_all(self, timeout_s: float = DEADLINE_S) -> None:
        self.until(self.sent, timeout_s)

    def until_said(self, event: str) -> None:
        """Wait until one of the runs has logged the event since the beginning of the latest fault."""
        assert wait_for(lambda: event in said(self.runs, self._lines_before), DEADLINE_S), self.runs[0].tail()

    @contextmanager
    def fault(self, name: str, *, burst: int = BURST, rest: int = REST) -> Iterator[Fault]:
        """The body makes the fault and ends it; it begins amid a burst. Returns when all has recovered from it."""
        for run in self.runs:
            if run.is_running:
                run.wait_at_work()
        made = Fault(name, tuple(len(run.events()) for run in self.runs))
        self._lines_before = made.lines_before
        self._begin(burst)
        yield made
        made.ended_at = time.monotonic()
        waiting = self._outcomes_after(rest)
        made.moved_s = self._until_moved(waiting) - made.ended_at
        self.until_all()
        made.caught_up_s = time.monotonic() - made.ended_at
        made.seen = said(self.runs, made.lines_before)
        self._faults.append(made)

    def _begin(self, burst: int) -> None:
        """Send a burst and wait for the first of it, with the rest in work; on a quick machine, another burst."""
        for _ in range(BURSTS):
            already = self.ended
            self.send(burst)
            self.until(already + SEEN_BEFORE)
            if self.ended < self.sent:
                return
        raise AssertionError("the load has run out before the fault each time")

    def _outcomes_after(self, rest: int) -> int:
        """Take in what came out until now, and send the rest; the number of outcomes from which on new ones count."""
        while self._outcomes.poll(50):
            pass
        number = self.ended
        self.send(rest)
        return number

    def _until_moved(self, begin: int) -> float:
        """Wait until each partition has an outcome among those from number `begin` on; the moment of the last."""
        missing = set(range(self.settings.partitions))
        deadline = time.monotonic() + DEADLINE_S
        while missing:
            assert time.monotonic() < deadline, (
                f"partitions {sorted(missing)} stand still\n{self.runs[0].tail()}"
            )
            self._outcomes.poll(50)
            missing -= {_partition(record) for record in self._outcomes.records[begin:]}
            begin = self.ended
        return time.monotonic()

    def note(self, name: str, about: str) -> None:
        """Keep what was seen of all the faults until now under one name; nothing was timed."""
        lines = (0,) * len(self.runs)
        self._faults.append(Fault(name, lines, seen=said(self.runs, lines), about=about))

    def finish(self, groups: dict[str, Role] | None = None, dead: int = 0) -> None:
        """Drain the runs, balance the books, and keep what was found. `groups`: each with the topic that it reads.

        A worker may have lost a service or its partitions, and ended by that; by an error that nobody foresaw, none.
        """
        self.until_all()
        self._outcomes.read_until(self.sent, settle_s=2)  # one too many would show
        for group, role in (groups or {self.settings.group: Role.RAW}).items():
            assert wait_for(lambda: self._committed(group, role) >= self.sent, DEADLINE_S)  # noqa: B023
        for run in self.runs:
            if run.is_running:
                run.drain()
        crashed = crashes(self.runs, (0,) * len(self.runs))
        assert not crashed, crashed
        ledger = self._ledger(dead)
        for made in self._faults:
            keep(
                Finding(
                    fault=made.name,
                    seen=dict(made.seen),
                    moved_s=round(made.moved_s, 1),
                    caught_up_s=round(made.caught_up_s, 1),
                    events=self.sent,
                    ledger=ledger,
                    about=made.about,
                )
            )

    def end(self) -> None:
        """By force, all that still runs."""
        for run in self.runs:
            run.end()

    def _committed(self, group: str, role: Role) -> int:
        return sum(committed_offsets(self.settings, group, role).values())

    def _ledger(self, dead: int) -> dict[str, int]:
        """0 lost, 0 duplicated, and no event a duplicate of itself: all texts are unique, so none ends as a copy."""
        names = {topic.name: role for role, topic in table(self.settings.topic_prefix).items()}
        balance = audit(self.settings, addresses_of(self.settings), lambda *_: None)
        ledger = {"lost": balance.lost, "duplicated": balance.duplicated, "in flight": balance.in_flight}
        assert ledger == {"lost": 0, "duplicated": 0, "in flight": 0}
        assert (balance.events, balance.unattributed) == (self.sent, 0)
        origins = Counter(header(record.headers, ORIGIN_HEADER) for record in self._outcomes.records)
        assert {origin: count for origin, count in origins.items() if count > 1} == {}
        ended = Counter(names[record.topic] for record in self._outcomes.records)
        assert ended == Counter({Role.PUBLISHED: self.sent - dead}) + Counter({Role.DEAD: dead})
        return ledger | {str(role): ended[role] for role in OUTCOMES if ended[role]}


def _partition(record) -> int:
    return Origin.parse(header(record.headers, ORIGIN_HEADER).decode()).partition


@contextmanager
def under_load(settings: Settings, runs: Sequence[KhabarRun]) -> Iterator[Trial]:
    """The runs, started; what of them still runs at the end is ended by force."""
    create_topics(settings)
    with ExitStack() as stack:
        outcomes = stack.enter_context(reading(settings, *OUTCOMES))
        trial = Trial(settings, runs, outcomes)
        stack.callback(trial.end)
        for run in runs:
            run.start()
        for run in runs:
            run.wait_at_work()
        yield trial
