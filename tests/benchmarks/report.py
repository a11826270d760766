"""The figures of the harness benchmark as text."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.throughput import Run

BASELINE: Final = "aiokafka"
GOAL_CPU_US: Final = 150.0
GOAL_SIZE_BYTES: Final = 12_000
GOAL_LATENCY_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Medians over the rounds. The ratios are medians of each round's ratio to the baseline."""

    system: str
    size_bytes: int
    events_per_s: float
    megabytes_per_s: float
    cpu_us: float
    main_cpu_us: float
    cpu_us_lowest: float
    cpu_us_highest: float
    speed_ratio: float
    cpu_ratio: float | None
    """None where the baseline took less than the kernel's clock can tell, 10 ms."""


def summary(runs: Sequence[Run]) -> list[Line]:
    """One line for each size and system, in the order of the runs; the n-th runs of two systems are one round."""
    pairs = dict.fromkeys((run.size_bytes, run.system) for run in runs)
    return [_line(_of(runs, size, system), _of(runs, size, BASELINE)) for size, system in pairs]


def _of(runs: Sequence[Run], size_bytes: int, system: str) -> list[Run]:
    return [run for run in runs if (run.size_bytes, run.system) == (size_bytes, system)]


def _line(runs: Sequence[Run], baseline: Sequence[Run]) -> Line:
    speed = statistics.median(run.events_per_s for run in runs)
    cpu = [run.cpu_us for run in runs]
    rounds = list(zip(runs, baseline, strict=True))
    cpu_ratios = [run.cpu_us / base.cpu_us for run, base in rounds if base.cpu_us]
    return Line(
        system=runs[0].system,
        size_bytes=runs[0].size_bytes,
        events_per_s=speed,
        megabytes_per_s=speed * runs[0].size_bytes / 1e6,
        cpu_us=statistics.median(cpu),
        main_cpu_us=statistics.median(run.main_cpu_us for run in runs),
        cpu_us_lowest=min(cpu),
        cpu_us_highest=max(cpu),
        speed_ratio=statistics.median(run.events_per_s / base.events_per_s for run, base in rounds),
        cpu_ratio=statistics.median(cpu_ratios) if cpu_ratios else None,
    )


def throughput_lines(found: Iterable[Line]) -> Iterable[str]:
    """A table."""
    yield (
        f"{'bytes':>6}  {'system':<24} {'events/s':>9} {'MB/s':>6}  {'CPU µs/event':>12} {'(range)':>11}  "
        f"{'speed':>6} {'CPU':>6}  of {BASELINE}"
    )
    size_bytes = None
    for line in found:
        if size_bytes not in {None, line.size_bytes}:
            yield ""
        size_bytes = line.size_bytes
        spread = f"{line.cpu_us_lowest:.0f}-{line.cpu_us_highest:.0f}"
        stage = line.cpu_us - line.main_cpu_us
        ratio = "-" if line.cpu_ratio is None else f"{line.cpu_ratio:.2f}"
        inside = f"  worker {line.main_cpu_us:.0f} + stage process {stage:.0f}" if stage > 0 else ""
        yield (
            f"{line.size_bytes:>6}  {line.system:<24} {line.events_per_s:>9,.0f} {line.megabytes_per_s:>6.1f}  "
            f"{line.cpu_us:>12.0f} {spread:>11}  {line.speed_ratio:>6.2f} {ratio:>6}{inside}"
        )


def goal_line(found: Iterable[Line], system: str) -> str | None:
    """Whether the goal for the worker's CPU is met; None where its size was not measured."""
    for line in found:
        if (line.size_bytes, line.system) == (GOAL_SIZE_BYTES, system):
            verdict = "met" if line.cpu_us < GOAL_CPU_US else "NOT met"
            return (
                f"Goal: below {GOAL_CPU_US:.0f} µs of worker CPU an event at {GOAL_SIZE_BYTES} bytes: {verdict} "
                f"({line.cpu_us:.0f} µs)"
            )
    return None


def latency_line(seconds: Sequence[float]) -> str:
    """Percentiles by nearest rank, and whether the median meets its goal."""
    ranked = sorted(seconds)
    median_s = statistics.median(ranked)
    p90_s = percentile(ranked, 90)
    verdict = "met" if median_s < GOAL_LATENCY_S else "NOT met"
    return (
        f"Latency, send to read, whole chain, idle stack, {len(ranked)} events: p50 {median_s * 1000:.0f} ms, "
        f"p90 {p90_s * 1000:.0f} ms, max {ranked[-1] * 1000:.0f} ms. Goal: median below {GOAL_LATENCY_S:g} s: {verdict}"
    )


def percentile(ranked: Sequence[float], share: int) -> float:
    """By nearest rank, of values in ascending order; `share` in per cent, above 0."""
    return ranked[-(-len(ranked) * share // 100) - 1]
