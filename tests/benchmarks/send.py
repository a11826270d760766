"""What sending in bulk costs: `python -m tests.benchmarks.send`, from the repository's root.

Makes a WARC file of invented pages, gzipped record by record, and starts a Kafka of its own in a temporary folder. In each
round `khabar send` sends the file, and a bare loop on kafka-python sends the same pages, which it has read before its clock
starts, with the same settings of the producer: idempotent, acks=all, the same batches, at most 1,000 in flight. The two are
processes of their own and take turns. Khabar's clock runs from the start of the command to its end; what it takes until
its first event is told beside it.
"""

import argparse
import itertools
import multiprocessing
import os
import re
import resource
import statistics
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.benchmarks import command, machine
from tests.support import warcs
from tests.support.harness import addresses_of, create_topics
from workers.config import Settings
from workers.embedded.stack import Stack
from workers.errors import ConfigError
from workers.feeds.bulk.chunks import BEGINNING, How, Record, chunks
from workers.feeds.bulk.job import BATCH_BYTES, LINGER_MS
from workers.feeds.sources.inputs import Plan
from workers.runtime.clients import admin, producer
from workers.topics import Role, table

HELD_PAGES = 10_000
"""The bare loop sends these again and again: holding all of 100,000 would take a gigabyte."""
IN_FLIGHT = 1000
GOAL_RATIO = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Events a second over the whole run, and CPU microseconds an event of the sender's processes, user and system.

    `own_events_per_s` is what the command says itself: without the start of Python.
    """

    system: str
    events_per_s: float
    own_events_per_s: float
    cpu_us: float


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    command.run(_benchmark, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.send",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--events", type=command.positive, default=100_000, help="pages in the file (%(default)s)"
    )
    parser.add_argument("--size", type=command.positive, default=10_000, help="bytes of a page (%(default)s)")
    parser.add_argument("--rounds", type=command.positive, default=3, help="(%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run to FILE, too")
    return parser


def _benchmark(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    facts = machine.facts()
    command.show(*machine.lines(facts))
    crawl = warcs.write(directory / "crawl.warc.gz", warcs.crawl(options.events, options.size))
    command.show(
        f"WARC file {crawl.stat().st_size / 1e6:,.0f} MB, {options.events:,} pages of {options.size:,} bytes"
    )
    runs: list[Run] = []
    with Stack(directory / "stack", settings=Settings(), on_progress=command.say) as stack:
        settings = replace(Settings(), kafka=(stack.addresses.kafka,), redis=stack.addresses.redis)
        for number in range(1, options.rounds + 1):
            for system in (_khabar, _bare):
                with _fresh_topics(settings) as fresh:
                    run = system(fresh, crawl, options.events)
                command.say(
                    f"round {number}: {run.system}: {run.events_per_s:,.0f} events/s "
                    f"({run.own_events_per_s:,.0f}), {run.cpu_us:.0f} µs of CPU an event, load {machine.load()}"
                )
                runs.append(run)
    ratio = _ratio(runs, "events_per_s")
    command.show("", *_lines(runs), "")
    verdict = "met" if ratio >= GOAL_RATIO else "NOT met"
    command.show(
        f"khabar send, of the bare loop: {ratio:.2f} (without the start of Python {_ratio(runs, 'own_events_per_s'):.2f}). "
        f"Goal: {GOAL_RATIO:.2f}: {verdict}",
        f"load at the end: {machine.load()}",
    )
    return {"facts": dict(facts), "runs": [asdict(run) for run in runs], "ratio": ratio}


class _fresh_topics:  # noqa: N801  (used as a function)
    """Settings with topics of their own, which are deleted afterwards: a run leaves a gigabyte."""

    def __init__(self, settings: Settings) -> None:
        self._settings = replace(settings, topic_prefix=f"bench-{uuid.uuid4().hex[:8]}")

    def __enter__(self) -> Settings:
        create_topics(self._settings)
        return self._settings

    def __exit__(self, *_: object) -> None:
        names = [topic.name for topic in table(self._settings.topic_prefix).values()]
        with admin(self._settings, addresses_of(self._settings)) as client:
            client.delete_topics(names)


def _khabar(settings: Settings, crawl: Path, events: int) -> Run:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")} | {
        "KHABAR_KAFKA": ",".join(settings.kafka or ()),
        "KHABAR_TOPIC_PREFIX": settings.topic_prefix,
    }
    words = [sys.executable, "-c", "from workers.cli.main import main; main()", "send", str(crawl)]
    before, began = _children_cpu_s(), time.perf_counter()
    done = subprocess.run(words, env=variables, cwd=machine.ROOT, capture_output=True, text=True, check=True)
    seconds, cpu_s = time.perf_counter() - began, _children_cpu_s() - before
    found = re.search(r"sent ([0-9,]+) events? .* in ([0-9.,]+) s", done.stdout)
    if not found or int(found[1].replace(",", "")) != events:
        raise ConfigError(f"khabar send said: {done.stdout}{done.stderr}")
    return Run(
        system="khabar send",
        events_per_s=events / seconds,
        own_events_per_s=events / float(found[2].replace(",", "")),
        cpu_us=cpu_s / events * 1e6,
    )


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _bare(settings: Settings, crawl: Path, events: int) -> Run:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send_bare, args=(there, settings, crawl, events))
    process.start()
    there.close()
    seconds, cpu_s = here.recv()
    process.join()
    rate = events / seconds
    return Run(
        system="bare kafka-python", events_per_s=rate, own_events_per_s=rate, cpu_us=cpu_s / events * 1e6
    )


def _send_bare(pipe: Any, settings: Settings, crawl: Path, events: int) -> None:
    pages = list(_pages(crawl))
    topic = table(settings.topic_prefix)[Role.RAW].name
    options = {"batch_size": BATCH_BYTES, "linger_ms": LINGER_MS, "metrics_enabled": False}
    with producer(settings, addresses_of(settings), **options) as client:
        client.partitions_for(topic)
        cpu, began = time.process_time(), time.perf_counter()
        in_flight: deque[Any] = deque()
        for key, value, headers in itertools.islice(itertools.cycle(pages), events):
            in_flight.append(client.send(topic, value, key=key, headers=headers))
            while in_flight[0].is_done or len(in_flight) > IN_FLIGHT:
                in_flight.popleft().get(60)
                if not in_flight:
                    break
        for future in in_flight:
            future.get(60)
        pipe.send((time.perf_counter() - began, time.process_time() - cpu))


def _pages(crawl: Path) -> Iterator[Record]:
    plan = Plan(paths=(crawl,), max_bytes=1 << 24)
    for chunk in chunks(plan, BEGINNING, How(limit=HELD_PAGES)):
        yield from chunk.records


def _of(runs: Sequence[Run], system: str) -> list[Run]:
    return [run for run in runs if run.system == system]


def _ratio(runs: Sequence[Run], field: str) -> float:
    pairs = zip(_of(runs, "khabar send"), _of(runs, "bare kafka-python"), strict=True)
    return statistics.median(getattr(run, field) / getattr(bare, field) for run, bare in pairs)


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    yield f"{'system':<20} {'events/s':>9} {'(range)':>15} {'CPU µs/event':>13}"
    for system in dict.fromkeys(run.system for run in runs):
        found = _of(runs, system)
        rates = [run.events_per_s for run in found]
        spread = f"{min(rates):,.0f}-{max(rates):,.0f}"
        cpu = statistics.median(run.cpu_us for run in found)
        yield f"{system:<20} {statistics.median(rates):>9,.0f} {spread:>15} {cpu:>13.0f}"


if __name__ == "__main__":
    main()
