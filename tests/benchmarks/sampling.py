"""Where a process's own CPU time goes: samples of its stack, one a millisecond of CPU."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

INTERVAL_S = 0.001
LINES = 20


@dataclass(slots=True)
class Samples:
    """Counts of samples by the innermost function of the chosen folder, with all that it calls outside of it."""

    by_function: Counter[str] = field(default_factory=Counter)
    by_module: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """Shares of all samples, the largest first. Compiled code counts where it was called."""
        total = max(1, self.by_module.total())
        yield f"{total} samples"
        for counts in (self.by_module, self.by_function):
            for name, count in counts.most_common(LINES):
                yield f"{count / total:>6.1%}  {name}"
            yield ""


@contextmanager
def sampled(folder: str) -> Iterator[Samples]:
    """Samples the main thread while the block runs; `folder` is a part of the paths that count as one's own."""
    samples = Samples()

    def take(_signal: int, frame: FrameType | None) -> None:
        while frame and folder not in frame.f_code.co_filename:
            frame = frame.f_back
        module = Path(frame.f_code.co_filename).stem if frame else "elsewhere"
        samples.by_module[module] += 1
        samples.by_function[f"{module}.{frame.f_code.co_name}" if frame else module] += 1

    before = signal.signal(signal.SIGPROF, take)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
