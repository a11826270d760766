"""Runs a chain in a process of its own, so that an event that hangs or kills the parser costs that event only."""

import signal
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from schemas.dead_letter import DeadReason
from workers.errors import PoisonEventError
from workers.runtime.chain import Death, Processed, Value
from workers.runtime.stage_process import (
    ChainError,
    ChainFactory,
    EndedError,
    NoAnswerError,
    StageProcess,
    exit_status,
)

EXPECTED_EVENT_S: Final = 0.02
"""What an event is expected to take before any has been measured."""
WORTHWHILE_BATCH_S: Final = 1.0
"""So much work makes a transaction's round trips cheap; more would only delay its outcomes, and a drain."""


class Isolation:
    """A chain in a process of its own, restarted whenever an event hangs or ends it.

    A batch has `event_timeout_s` and four times what its events take on average; if it is not done then, or its
    process ends, or the chain raises, the events are tried one by one, each with `event_timeout_s`. These are seconds of
    CPU, so that no event is called slow because the machine is; there are WAIT_FACTOR times as many seconds on the clock.
    """

    def __init__(self, factory: ChainFactory, event_timeout_s: float) -> None:
        self._event_timeout_s = event_timeout_s
        self._average_s = EXPECTED_EVENT_S
        self._by_stage_s: dict[str, float] = {}
        self._process = StageProcess(factory)

    def warm_up(self) -> None:
        """Start the process and wait until it has loaded its stages. Raises StartError."""
        self._process.start()

    @property
    def worthwhile_events(self) -> int:
        """How many events make a batch of WORTHWHILE_BATCH_S, judged by those that were done."""
        return max(1, int(WORTHWHILE_BATCH_S / self._average_s))

    def take_stage_seconds(self) -> dict[str, float]:
        """Seconds by stage of what was done since this was asked last; not while `run` is at work."""
        taken, self._by_stage_s = self._by_stage_s, {}
        return taken

    def run(self, values: Sequence[Value]) -> list[Processed]:
        """One result an event, in order; blocks. Events that hang or end the process are deaths. Raises StartError."""
        try:
            return self._together(values)
        except NoAnswerError:
            return [self._alone(value) for value in values]

    def _alone(self, value: Value) -> Processed:
        """The result of an event of a batch that was not done; its death, should the process end once more. So an event
        that is a batch of its own does not die because somebody else has ended the process.
        """
        try:
            [result] = self._together([value])
        except NoAnswerError as error:
            return Processed(death=Death(self._poison(error), "process"))
        return result

    def _together(self, values: Sequence[Value]) -> list[Processed]:
        """Raises as StageProcess.run does."""
        answer = self._process.run(values, self._event_timeout_s + 4 * self._average_s * len(values))
        for stage, seconds in answer.by_stage_s.items():
            self._by_stage_s[stage] = self._by_stage_s.get(stage, 0.0) + seconds
        if values:
            # Of the last few batches; never nothing, or a batch would be endless.
            self._average_s = max(self._average_s * 0.7 + answer.took_s / len(values) * 0.3, 1e-6)
        return answer.results

    def close(self) -> None:
        """End the process at once."""
        self._process.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _poison(self, error: NoAnswerError) -> PoisonEventError:
        if isinstance(error, ChainError):
            return PoisonEventError(str(error), DeadReason.STAGE_ERROR, error=error.error)
        if isinstance(error, EndedError) and error.exitcode != -signal.SIGPROF:
            return PoisonEventError(
                f"The event ended the process that worked on it ({exit_status(error.exitcode)})",
                DeadReason.CRASHED,
                error=type(error).__name__,
            )
        return PoisonEventError(
            f"The event took longer than {self._event_timeout_s:g} s (KHABAR_EVENT_TIMEOUT_S)",
            DeadReason.TOO_SLOW,
            error=TimeoutError.__name__,
        )
