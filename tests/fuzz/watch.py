"""Cases in processes of their own, so that one that hangs or crashes the interpreter costs only itself."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import psutil

from tests.fuzz import bases
from tests.fuzz.cases import case_of
from tests.fuzz.checks import Problem, Verdict, check
from workers.boilerplate import stage

HANG_S = 10.0
"""CPU time after which a case counts as hanging: five times what is allowed, and with its mutation and checks."""
STUCK_S = 120.0
"""Time on the clock after which it does, when it waits and takes no CPU."""
POLL_S = 0.25
TWICE_EACH = 20
"""Of so many cases one is read twice."""


Checker = Callable[..., Verdict]
"""As `check`; importable, since it is called in other processes."""


@dataclass(frozen=True, slots=True)
class Task:
    """The cases `first`, `first + step`, ... below `end` of a seed, from the bases in `folder`."""

    folder: Path | None
    seed: int
    first: int
    end: int
    step: int = 1
    checker: Checker = check


@dataclass(slots=True)
class Tally:
    """Verdicts of many cases; `bad` has the numbers of those with problems."""

    cases: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    slowest_s: float = 0.0
    slowest: int = -1
    bad: list[tuple[int, tuple[Problem, ...]]] = field(default_factory=list)

    def add(self, number: int, verdict: Verdict) -> None:
        self.cases += 1
        self.endings[verdict.ending] += 1
        self.cpu_s += verdict.cpu_s
        if verdict.cpu_s > self.slowest_s:
            self.slowest_s, self.slowest = verdict.cpu_s, number
        if verdict.problems:
            self.bad.append((number, verdict.problems))


def run(
    task: Task, processes: int, *, hang_s: float = HANG_S, stuck_s: float = STUCK_S
) -> Iterator[list[tuple[int, Verdict]]]:
    """The verdicts of all cases of the task (whose step is 1), in parts, in no particular order."""
    lanes = [
        _Lane(replace(task, first=task.first + n, step=processes), hang_s, stuck_s) for n in range(processes)
    ]
    try:
        while alive := [lane for lane in lanes if lane.process]:
            wait([lane.receiver for lane in alive], timeout=POLL_S)
            for lane in alive:
                if found := lane.poll():
                    yield found
    finally:
        for lane in lanes:
            lane.stop()


class _Lane:
    """A process that works on a task, and is replaced where it ends too early."""

    def __init__(self, task: Task, hang_s: float, stuck_s: float) -> None:
        self.task = task
        self.hang_s, self.stuck_s = hang_s, stuck_s
        self.process: Any = None
        self._start(task.first)

    def _start(self, first: int) -> None:
        if first >= self.task.end:
            self.process = None
            return
        context = multiprocessing.get_context("spawn")
        self.receiver, sender = context.Pipe(duplex=False)
        self.current: Synchronized[int] = context.Value("q", -1)
        task = replace(self.task, first=first)
        self.process = context.Process(target=_work, args=(task, self.current, sender), daemon=True)
        self.process.start()
        sender.close()
        self.seen, self.since_s, self.since_cpu_s = -1, time.monotonic(), 0.0

    def poll(self) -> list[tuple[int, Verdict]]:
        """What came since; the verdict of a case that hangs or that ended the process is made here."""
        found: list[tuple[int, Verdict]] = []
        try:
            while self.receiver.poll():
                found.append(self.receiver.recv())
        except EOFError:
            return found + self._ended()
        if why := self._hangs():
            self.stop()
            found += self._given_up(Problem("hang", why))
        return found

    def _hangs(self) -> str | None:
        number = self.current.value
        try:
            cpu_s = sum(psutil.Process(self.process.pid).cpu_times()[:2])
        except psutil.NoSuchProcess:
            return None
        if number != self.seen:
            self.seen, self.since_s, self.since_cpu_s = number, time.monotonic(), cpu_s
        elif number >= 0 and cpu_s - self.since_cpu_s > self.hang_s:
            return f"{cpu_s - self.since_cpu_s:.0f} s of CPU and no end"
        elif number >= 0 and time.monotonic() - self.since_s > self.stuck_s:
            return f"{self.stuck_s:.0f} s and no end"
        return None

    def _ended(self) -> list[tuple[int, Verdict]]:
        self.process.join()
        code = self.process.exitcode
        if code == 0:
            self.process = None
            return []
        if self.current.value < 0:
            message = f"a process of the fuzzer ended with {code} between two cases"
            raise RuntimeError(message)
        return self._given_up(Problem("crash", f"the process ended with {code}"))

    def _given_up(self, problem: Problem) -> list[tuple[int, Verdict]]:
        number = self.current.value
        self._start(number + self.task.step)
        return [(number, Verdict(problem.kind, 0.0, (problem,)))]

    def stop(self) -> None:
        if self.process and self.process.is_alive():
            self.process.kill()
            self.process.join()


def _work(task: Task, current: "Synchronized[int]", sender: Connection) -> None:
    os.nice(5)
    stage.warm_up()
    texts = bases.load(task.folder)
    for number in range(task.first, task.end, task.step):
        case = case_of(texts, task.seed, number)
        current.value = number
        verdict = task.checker(case.event, twice=number % TWICE_EACH == 0)
        current.value = -1
        sender.send((number, verdict))
    sender.close()
