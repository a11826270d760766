"""Runs a chain in a process of its own, so that an event that hangs or kills the parser costs that event only."""

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from types import TracebackType
from typing import Final, Self

from pebble import ProcessExpired, ProcessPool

from schemas.dead_letter import DeadReason
from workers.errors import PoisonEventError
from workers.runtime import stopwatch
from workers.runtime.chain import ChainFunction, Death, Processed, Value

ChainFactory = Callable[[], ChainFunction]
"""Makes the chain in the stage process. It is pickled: a function of a module, or a partial of one."""

STARTUP_TIMEOUT_S: Final = 120.0
"""Importing the stages and loading their data on a loaded machine; far above the second or two that it takes."""
EXPECTED_EVENT_S: Final = 0.02
"""What an event is expected to take before any has been measured."""
WORTHWHILE_BATCH_S: Final = 1.0
"""So much work makes a transaction's round trips cheap; more would only delay its outcomes, and a drain."""
WAIT_FACTOR: Final = 3.0
"""Where the machine is busy with other things, an event has so many times its seconds of CPU until it is given up. Twice
that, for the batch and for the event alone, is half of KHABAR_STALL_TIMEOUT_S as the defaults are.
"""
ORPHAN_MARGIN_S: Final = 2.0

_chain: ChainFunction | None = None


def _start(factory: ChainFactory) -> None:
    global _chain  # noqa: PLW0603 - the stage process exists for this one value
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole terminal; the worker decides when to end
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _chain = factory()


def _process(values: Sequence[Value], allowed_s: float) -> tuple[list[Processed], float, dict[str, float]]:
    """The results, and the seconds that they took, in all and by stage.

    The kernel ends this process after `allowed_s` of CPU: nothing in it can be relied on to notice. The worker does
    when it has waited for too long, and should the worker be gone by then, the kernel again: a process that hangs
    must not stay for ever.
    """
    assert _chain is not None
    started = time.perf_counter()
    signal.setitimer(signal.ITIMER_PROF, allowed_s)
    signal.setitimer(signal.ITIMER_REAL, allowed_s * WAIT_FACTOR + ORPHAN_MARGIN_S)
    results = _chain(values)
    for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
        signal.setitimer(timer, 0)
    return results, time.perf_counter() - started, stopwatch.take()


class Isolation:
    """A chain in a process of its own, restarted whenever an event hangs or ends it.

    A batch has `event_timeout_s` and four times what its events take on average; if it is not done then, or its
    process ends, the events are tried one by one, each with `event_timeout_s`. These are seconds of CPU, so that no
    event is called slow because the machine is; there are WAIT_FACTOR times as many seconds on the clock.
    """

    def __init__(self, factory: ChainFactory, event_timeout_s: float) -> None:
        self._event_timeout_s = event_timeout_s
        self._average_s = EXPECTED_EVENT_S
        self._by_stage_s: dict[str, float] = {}
        self._factory = factory
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["workers.runtime.chain"])
        return ProcessPool(max_workers=1, context=context, initializer=_start, initargs=(self._factory,))

    def warm_up(self) -> None:
        """Start the process and wait until it has loaded its stages."""
        self._pool.schedule(_process, args=[[], STARTUP_TIMEOUT_S], timeout=STARTUP_TIMEOUT_S).result()

    @property
    def worthwhile_events(self) -> int:
        """How many events make a batch of WORTHWHILE_BATCH_S, judged by those that were done."""
        return max(1, int(WORTHWHILE_BATCH_S / self._average_s))

    def take_stage_seconds(self) -> dict[str, float]:
        """Seconds by stage of what was done since this was asked last; not while `run` is at work."""
        taken, self._by_stage_s = self._by_stage_s, {}
        return taken

    def run(self, values: Sequence[Value]) -> list[Processed]:
        """One result an event, in order; blocks. Events that hang or end the process are deaths."""
        try:
            return self._together(values)
        except (FutureTimeoutError, ProcessExpired):
            return [self._alone(value) for value in values]

    def _alone(self, value: Value) -> Processed:
        """The result of an event of a batch that was not done; its death, should the process end once more. So an event
        that is a batch of its own does not die because somebody else has ended the process.
        """
        try:
            [result] = self._together([value])
        except (FutureTimeoutError, ProcessExpired) as error:
            return Processed(death=Death(self._poison(error), "process"))
        return result

    def _together(self, values: Sequence[Value]) -> list[Processed]:
        """Raises FutureTimeoutError or ProcessExpired."""
        allowed_s = self._event_timeout_s + 4 * self._average_s * len(values)
        if not self._pool.active:
            # pebble 5.1: a process that is killed at a bad moment takes the pool's threads along.
            self.close()
            self._pool = self._new_pool()
        future = self._pool.schedule(_process, args=[values, allowed_s], timeout=allowed_s * WAIT_FACTOR)
        results: list[Processed]
        results, took_s, by_stage_s = future.result()
        for stage, seconds in by_stage_s.items():
            self._by_stage_s[stage] = self._by_stage_s.get(stage, 0.0) + seconds
        if values:
            # Of the last few batches; never nothing, or a batch would be endless.
            self._average_s = max(self._average_s * 0.7 + took_s / len(values) * 0.3, 1e-6)
        return results

    def close(self) -> None:
        """End the process at once."""
        self._pool.stop()
        with contextlib.suppress(FutureTimeoutError):
            self._pool.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _poison(self, error: Exception) -> PoisonEventError:
        if isinstance(error, ProcessExpired) and error.exitcode != -signal.SIGPROF:
            return PoisonEventError(
                f"The event ended the process that worked on it ({_exit_status(error.exitcode)})",
                DeadReason.CRASHED,
                error=type(error).__name__,
            )
        return PoisonEventError(
            f"The event took longer than {self._event_timeout_s:g} s (KHABAR_EVENT_TIMEOUT_S)",
            DeadReason.TOO_SLOW,
            error=TimeoutError.__name__,
        )


def _exit_status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
