"""The process that a chain runs in. It and the worker talk over a pipe of which each has one end and nobody else has any:
whenever one of them ends, even amid a message, the other meets the end of the file.

Pools of processes keep both ends of their pipes in the parent. With pebble 5.2 a process that was killed while idle took
the next batch along, and one that was killed amid an answer left the reader of the answers waiting for the rest of it.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Event, Timer
from typing import Final

from workers.errors import KhabarError
from workers.runtime import stopwatch
from workers.runtime.chain import ChainFunction, Processed, Value

ChainFactory = Callable[[], ChainFunction]
"""Makes the chain in the stage process. It is pickled: a function of a module, or a partial of one."""

STARTUP_TIMEOUT_S: Final = 120.0
"""Importing the stages and loading their data on a loaded machine; far above the second or two that it takes."""
STARTUP_TRIES: Final = 3
"""Somebody may end a process that is just starting."""
WAIT_FACTOR: Final = 3.0
"""Where the machine is busy with other things, values have so many times their seconds of CPU until they are given up.
Twice that, for the batch and for the event alone, is half of KHABAR_STALL_TIMEOUT_S as the defaults are.
"""
ORPHAN_MARGIN_S: Final = 2.0
END_TIMEOUT_S: Final = 5.0
"""For a process that was killed to be gone."""


class NoAnswerError(KhabarError):
    """The chain has not made anything of the values that it was given together."""


class EndedError(NoAnswerError):
    """The process has ended amid the work."""

    def __init__(self, exitcode: int | None) -> None:
        self.exitcode = exitcode
        super().__init__(f"The process ended ({exit_status(exitcode)})")


class OverdueError(NoAnswerError):
    """The process has not answered in time, and was ended."""


class ChainError(NoAnswerError):
    """The chain has raised, which is a fault of it, and the process has ended; `error` is the name of the exception."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(error, message)
        self.error = error

    def __str__(self) -> str:
        return ": ".join(self.args)


class StartError(KhabarError):
    """The process does not start."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the chain has made of the values, the seconds that it took, and those by stage."""

    results: list[Processed] = field(default_factory=list)
    took_s: float = 0.0
    by_stage_s: dict[str, float] = field(default_factory=dict)


class StageProcess:
    """Started at first use, and again whenever it has ended. Not safe between threads."""

    def __init__(self, factory: ChainFactory) -> None:
        self._factory = factory
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> None:
        """Have it load the chain, unless it runs. Raises StartError when it does not come up."""
        if self._process is not None and self._process.is_alive():
            return
        why: NoAnswerError | None = None
        for _ in range(STARTUP_TRIES):
            self.end()
            try:
                self._launch()
            except ChainError as error:
                message = f"The stage process cannot load its stages: {error}"
                raise StartError(message) from error
            except (EndedError, OverdueError) as error:
                why = error
            else:
                return
        message = f"The stage process has failed to start {STARTUP_TRIES} times: {why}"
        raise StartError(message) from why

    def run(self, values: Sequence[Value], allowed_s: float) -> Answer:
        """The chain's answer to `values`, within `allowed_s` of CPU and WAIT_FACTOR times as much on the clock; blocks.

        Raises NoAnswerError: EndedError, with -SIGPROF as the exit code when the CPU was used up, OverdueError or
        ChainError; and StartError.
        """
        self.start()
        answer = self._exchange((values, allowed_s), allowed_s * WAIT_FACTOR)
        assert answer is not None
        return answer

    def end(self) -> None:
        """At once, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.join(END_TIMEOUT_S)
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _launch(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._pipe, theirs = context.Pipe()
        with theirs:
            self._process = context.Process(target=_serve, args=(theirs, self._factory), daemon=True)
            self._process.start()
        self._exchange(None, STARTUP_TIMEOUT_S)

    def _exchange(self, message: tuple[Sequence[Value], float] | None, within_s: float) -> Answer | None:
        """Send a message, if it is one, and receive the answer. The process is ended if that takes longer, and so does
        not hold anybody up: neither when it takes nothing in nor when it stops amid its answer.
        """
        assert self._process is not None
        assert self._pipe is not None
        is_overdue = Event()
        limit = Timer(within_s, _give_up, (self._process, is_overdue))
        limit.daemon = True
        limit.start()
        try:
            if message is not None:
                self._pipe.send(message)
            answer: Answer | ChainError | None = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(END_TIMEOUT_S)
            if is_overdue.is_set():
                about = f"The process has not answered within {within_s:g} s"
                raise OverdueError(about) from error
            raise EndedError(self._process.exitcode) from error
        finally:
            limit.cancel()
        if isinstance(answer, ChainError):
            self.end()  # as it does by itself, sooner or later
            raise answer
        return answer


def exit_status(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "exit status unknown"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _give_up(process: BaseProcess, is_overdue: Event) -> None:
    is_overdue.set()
    process.kill()


def _serve(pipe: Connection, factory: ChainFactory) -> None:
    """The stage process, until its worker is gone."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole terminal; the worker decides when to end
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    answer: Answer | None = None  # the first one says that the chain is there
    try:
        chain = factory()
        while (message := _next(pipe, answer)) is not None:
            answer = _answer(chain, *message)
    except Exception as error:
        with suppress(ConnectionError):
            pipe.send(ChainError(type(error).__name__, str(error)))
        raise


def _next(pipe: Connection, answer: Answer | None) -> tuple[Sequence[Value], float] | None:
    """Hand over the answer and wait for the next message; None when the worker is gone."""
    try:
        pipe.send(answer)
        message: tuple[Sequence[Value], float] = pipe.recv()
    except (EOFError, ConnectionError):
        return None
    return message


def _answer(chain: ChainFunction, values: Sequence[Value], allowed_s: float) -> Answer:
    """The kernel ends this process after `allowed_s` of CPU: nothing in it can be relied on to notice. The worker does
    when it has waited for too long, and should the worker be gone by then, the kernel again: a process that hangs
    must not stay for ever.
    """
    started = time.perf_counter()
    signal.setitimer(signal.ITIMER_PROF, allowed_s)
    signal.setitimer(signal.ITIMER_REAL, allowed_s * WAIT_FACTOR + ORPHAN_MARGIN_S)
    results = chain(values)
    for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
        signal.setitimer(timer, 0)
    return Answer(results, time.perf_counter() - started, stopwatch.take())
