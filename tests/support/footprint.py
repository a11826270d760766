"""What processes take of the machine over time, and whether it grows."""

import statistics
import time
from collections import defaultdict
from dataclasses import dataclass

import psutil

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    memory_mib: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one process, from the first third of its samples to the last."""

    name: str
    memory_mib: float
    grown_mib: float
    descriptors: float
    threads: float

    def __str__(self) -> str:
        return f"{self.name} {self.memory_mib:.0f} MiB ({self.grown_mib:+.1f})"


class Footprints:
    """Samples of processes, by name and pid."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, int], list[Sample]] = defaultdict(list)

    def take(self, processes: dict[str, int]) -> None:
        for name, pid in processes.items():
            try:
                process = psutil.Process(pid)
                memory = process.memory_full_info()
                sample = Sample(
                    time.monotonic(),
                    # What it has alone: shared pages of the interpreter and of its parent count elsewhere.
                    memory.uss / MIB,
                    process.num_fds(),
                    process.num_threads(),
                )
            except psutil.NoSuchProcess:
                continue
            self._samples[name, pid].append(sample)

    def growths(self, at_least_s: float) -> list[Growth]:
        """Of the processes that were seen for so long. What comes before the first third is the warm-up."""
        return [
            _growth(name, samples)
            for (name, _), samples in self._samples.items()
            if samples[-1].at_s - samples[0].at_s >= at_least_s
        ]


def _growth(name: str, samples: list[Sample]) -> Growth:
    warm = samples[len(samples) // 5 :]
    third = max(1, len(warm) // 3)
    first, last = warm[:third], warm[-third:]

    def grown(value) -> float:
        return statistics.median(map(value, last)) - statistics.median(map(value, first))

    return Growth(
        name,
        statistics.median(sample.memory_mib for sample in last),
        grown(lambda sample: sample.memory_mib),
        grown(lambda sample: sample.descriptors),
        grown(lambda sample: sample.threads),
    )
