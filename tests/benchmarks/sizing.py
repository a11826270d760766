"""What a worker needs: `python -m tests.benchmarks.sizing`, from the repository's root.

Starts a Kafka and a Redis of its own in a temporary folder. In each round one worker runs the whole chain, then two, then
one worker after the other runs the stages apart, through the topics between; each works off a backlog. Prints articles
a second and a core (of the workers' own CPU time, user and system), the ratio of two workers to one, the memory of each
kind of worker, and the bytes that an article takes in Kafka and in Redis. Broker, Redis, workers and this program share
the machine, so two workers on two cores have less than a core each.
"""

import argparse
import functools
import statistics
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil

from tests.benchmarks import command, machine
from tests.benchmarks.load import CORPORA
from tests.benchmarks.machine import cpu_s
from tests.benchmarks.offered import Offering
from tests.benchmarks.peers import Running
from tests.benchmarks.throughput import (
    STEADY,
    await_committed,
    await_worker,
    bulk_producer,
    committed,
    delete_topics,
)
from tests.support.harness import addresses_of, create_topics, supervised
from workers import log
from workers.config import Settings
from workers.embedded.stack import Stack
from workers.runtime.chain import ALL_STAGES, StageName, build_chain
from workers.runtime.clients import admin
from workers.runtime.supervisor import Supervisor
from workers.stores.connection import connect
from workers.topics import Role, table

CHAIN: Final = "chain"
SMALLEST_WINDOW: Final = 256
"""The least that KHABAR_DEDUP_WINDOW takes."""
SYSTEMS: Final = {CHAIN: ALL_STAGES} | {str(stage): (stage,) for stage in ALL_STAGES}


@dataclass(frozen=True, slots=True)
class Sample:
    """How much was done when, and what it had taken until then."""

    at_s: float
    done: int
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, over the steady part of its backlog. Memory is in MB (10^6 bytes), by the kind of process."""

    system: str
    workers: int
    events_per_s: float
    cpu_us: float
    redis_bytes: float
    rss_mb: dict[str, float]
    pss_mb: dict[str, float]
    topic_bytes: dict[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    log.configure("warning", "console")
    command.run(_benchmark, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.sizing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=command.positive, default=10_000, help="in a run (%(default)s)")
    parser.add_argument("--rounds", type=command.positive, default=3, help="medians of these (%(default)s)")
    parser.add_argument("--corpus", choices=CORPORA, default="demo", help="what is sent (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run to FILE, too")
    return parser


def _benchmark(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    facts, corpus = machine.facts(), CORPORA[options.corpus]()
    command.show(*machine.lines(facts), f"corpus    {corpus}, {options.events:,} events a run", "")
    runs: list[Run] = []
    with Stack(directory / "stack", settings=Settings(), on_progress=command.say) as stack:
        settings = replace(Settings(), kafka=(stack.addresses.kafka,), redis=stack.addresses.redis)
        sizer = _Sizer(settings, directory, options.events)
        for number in range(1, options.rounds + 1):
            plan = [((CHAIN,), 1), ((CHAIN,), 2), (tuple(map(str, ALL_STAGES)), 1)]
            for systems, workers in plan:
                for run in sizer.runs(corpus, systems, workers):
                    command.say(
                        f"round {number}: {run.system}, {run.workers} worker(s): {run.events_per_s:,.0f} events/s, "
                        f"{run.cpu_us:,.0f} µs of CPU an event, load {machine.load()}"
                    )
                    runs.append(run)
    command.show(*_lines(runs), f"load at the end: {machine.load()}")
    return {"facts": dict(facts), "corpus": str(corpus), "runs": [asdict(run) for run in runs]}


class _Sizer:
    """Runs systems on topics of their own and an empty index."""

    def __init__(self, settings: Settings, logs: Path, events: int) -> None:
        self._settings = settings
        self._logs = logs
        self._events = events
        self._redis = connect(settings, settings.redis or "")

    def runs(self, corpus: Any, systems: Sequence[str], workers: int) -> Iterator[Run]:
        """The systems one after the other, each reading what the one before has written."""
        name = f"sizing-{uuid.uuid4().hex[:8]}"
        # An index that is full when all is read: what it has room for is part of what an article takes.
        window = max(SMALLEST_WINDOW, self._events)
        settings = replace(self._settings, group=name, topic_prefix=name, dedup_window=window)
        self._redis.flushdb()
        create_topics(settings)
        try:
            with bulk_producer(settings) as producer:
                Offering(settings, corpus, producer).at_once(self._events)
            for system in systems:
                yield self._run(settings, system, workers)
        finally:
            delete_topics(settings)

    def _run(self, settings: Settings, system: str, workers: int) -> Run:
        samples: list[Sample] = []
        before = self._redis_bytes()
        with self._working(settings, SYSTEMS[system], workers, samples) as (supervisor, running):
            await_committed(running, self._events)
            memory = _memory(supervisor.pids)
        first, last = _steady(samples, self._events)
        done = last.done - first.done
        return Run(
            system=system,
            workers=workers,
            events_per_s=done / (last.at_s - first.at_s),
            cpu_us=(last.cpu_s - first.cpu_s) / done * 1e6,
            redis_bytes=(self._redis_bytes() - before) / self._events,
            rss_mb={kind: rss for kind, (rss, _) in memory.items()},
            pss_mb={kind: pss for kind, (_, pss) in memory.items()},
            topic_bytes={role: size / self._events for role, size in topic_bytes(settings).items()},
        )

    @contextmanager
    def _working(
        self, settings: Settings, stages: Sequence[StageName], workers: int, samples: list[Sample]
    ) -> Iterator[tuple[Supervisor, Running]]:
        log_file = self._logs / f"{settings.group}-{'-'.join(stages)}.log"
        chain = functools.partial(build_chain, tuple(stages))
        options = {"stages": stages, "workers": workers, "log_file": str(log_file)}
        with supervised(settings, chain, **options) as supervisor:
            await_worker(supervisor, log_file)

            def done() -> int:
                count = committed(supervisor, log_file)
                if not samples or count != samples[-1].done:
                    spent = sum(sum(cpu_s(pid).values()) for pid in supervisor.pids)
                    samples.append(Sample(time.monotonic(), count, spent))
                return count

            yield supervisor, Running(supervisor.pids[0], done)

    def _redis_bytes(self) -> int:
        memory = self._redis.info("memory")
        # Buffers come and go with the clients.
        return memory["used_memory"] - memory.get("mem_clients_normal", 0) - memory.get("mem_aof_buffer", 0)


def _steady(samples: Sequence[Sample], events: int) -> tuple[Sample, Sample]:
    """The first and last sample of the steady part; all of them where it has not two."""
    low, high = (events * share for share in STEADY)
    found = [sample for sample in samples if low <= sample.done <= high]
    if len(found) < 2:
        found = list(samples)
    return found[0], found[-1]


def _memory(pids: Sequence[int]) -> dict[str, tuple[float, float]]:
    """RSS and PSS in MB of the workers, and of all processes below each: the medians."""
    mains = [psutil.Process(pid) for pid in pids]
    kinds = {
        "worker": [[each] for each in mains],
        "stage process": [each.children(recursive=True) for each in mains],
    }
    found = {}
    for kind, groups in kinds.items():
        used = [[each.memory_full_info() for each in group] for group in groups]
        rss, pss = (
            statistics.median(sum(getattr(each, name) for each in group) for group in used)
            for name in ("rss", "pss")
        )
        found[kind] = (rss / 1e6, pss / 1e6)
    return found


def topic_bytes(settings: Settings) -> dict[str, int]:
    """Bytes on the broker's disk by role, as the broker tells them."""
    names = {topic.name: str(role) for role, topic in table(settings.topic_prefix).items()}
    sizes = dict.fromkeys(names.values(), 0)
    with admin(settings, addresses_of(settings)) as client:
        for broker in client.describe_log_dirs(list(names)):
            for folder in broker["log_dirs"]:
                for topic in folder["topics"]:
                    sizes[names[topic["name"]]] += sum(each["partition_size"] for each in topic["partitions"])
    return sizes


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    yield f"{'system':<13} {'workers':>7} {'articles/s a core':>18} {'CPU µs/article':>15} {'articles/s':>11}"
    kinds = dict.fromkeys((run.system, run.workers) for run in runs)
    for system, workers in kinds:
        found = [run for run in runs if (run.system, run.workers) == (system, workers)]
        cpu_us = statistics.median(run.cpu_us for run in found)
        rate = statistics.median(run.events_per_s for run in found)
        yield f"{system:<13} {workers:>7} {1e6 / cpu_us:>18,.0f} {cpu_us:>15,.0f} {rate:>11,.0f}"
    yield ""
    yield _linearity_line(runs)
    yield ""
    yield f"{'memory, MB':<13} {'worker RSS':>11} {'PSS':>5} {'stage process RSS':>18} {'PSS':>5}"
    for system in dict.fromkeys(run.system for run in runs):
        [*found] = [run for run in runs if run.system == system and run.workers == 1]
        values = [
            statistics.median(getattr(run, field)[kind] for run in found)
            for kind in ("worker", "stage process")
            for field in ("rss_mb", "pss_mb")
        ]
        yield "{:<13} {:>11.0f} {:>5.0f} {:>18.0f} {:>5.0f}".format(system, *values)
    yield ""
    yield from _store_lines(runs)


def _linearity_line(runs: Sequence[Run]) -> str:
    one, two = ([run for run in runs if (run.system, run.workers) == (CHAIN, count)] for count in (1, 2))
    ratios = [second.events_per_s / first.events_per_s for first, second in zip(one, two, strict=True)]
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"two workers to one, articles/s, round by round: {shown}; median {statistics.median(ratios):.2f}"


def _store_lines(runs: Sequence[Run]) -> Iterator[str]:
    apart = [run for run in runs if run.system == StageName.DEDUP]
    yield "bytes an article on the broker's disk, sent articles counted (the stages apart write all topics):"
    for role in Role:
        size = statistics.median(run.topic_bytes[role] for run in apart)
        yield f"  {role:<11} {size:>8,.0f}"
    redis = statistics.median(run.redis_bytes for run in runs if run.system == CHAIN and run.workers == 1)
    yield f"bytes an article in Redis, in an index that is full: {redis:,.0f}"


if __name__ == "__main__":
    main(sys.argv[1:])
