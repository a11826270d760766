"""What the whole chain bears: `python -m tests.benchmarks.load`, from the repository's root.

Starts a Kafka and a Redis of its own in a temporary folder, and workers in default configuration. Looks for the largest
steady rate: one under which the lag does not grow. At half of it, measures how long events take from their time in Kafka
until their records can be read. Then lets a backlog grow while no worker runs, and measures how long new workers take to
work it off. At the end the ledger of all of it has to balance. Broker, Redis, workers and this program share the
machine.
"""

import argparse
import functools
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import chain, command, machine, report
from tests.benchmarks.arrivals import watching
from tests.benchmarks.offered import Offering, Trial, search
from tests.benchmarks.peers import Running
from tests.benchmarks.throughput import (
    await_committed,
    await_worker,
    bulk_producer,
    committed,
    speed,
)
from tests.support.harness import addresses_of, create_topics, supervised
from workers import log
from workers.config import Settings
from workers.embedded.stack import Stack
from workers.errors import ConfigError
from workers.runtime.audit import audit
from workers.runtime.chain import build_chain
from workers.runtime.ledger import Balance

WARM_UP_EVENTS: Final = 500
DISTINCT_PAGES: Final = 20_000
CORPORA: Final[dict[str, Callable[[], chain.Corpus]]] = {
    "demo": chain.demo_corpus,
    "made-up": functools.partial(chain.pages_corpus, DISTINCT_PAGES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How a backlog was worked off: seconds from the start of the workers, their own start included."""

    backlog: int
    seconds: float
    events_per_s: float


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    log.configure("warning", "console")
    command.run(_benchmark, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--workers", type=command.positive, default=cores, help="worker processes; default: one a core"
    )
    parser.add_argument("--corpus", choices=CORPORA, default="demo", help="what is sent (%(default)s)")
    parser.add_argument(
        "--ceiling-events",
        type=command.positive,
        default=5000,
        help="backlog that is timed first (%(default)s)",
    )
    parser.add_argument("--seconds", type=command.positive, default=30, help="of one trial (%(default)s)")
    parser.add_argument(
        "--trials", type=command.positive, default=8, help="rates tried at most (%(default)s)"
    )
    parser.add_argument(
        "--backlog", type=command.positive, default=100_000, help="events to recover from (%(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE, too")
    return parser


def _benchmark(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    facts, corpus = machine.facts(), CORPORA[options.corpus]()
    command.show(*machine.lines(facts), f"corpus    {corpus}", f"workers   {options.workers}", "")
    with Stack(directory / "stack", settings=Settings(), on_progress=command.say) as stack:
        name = f"load-{uuid.uuid4().hex[:8]}"
        addresses = {"kafka": (stack.addresses.kafka,), "redis": stack.addresses.redis}
        settings = replace(Settings(), **addresses, group=name, topic_prefix=name)
        create_topics(settings)
        with bulk_producer(settings) as producer:
            offering = Offering(settings, corpus, producer)
            with _working(settings, options.workers, directory / "rates.log") as running:
                result = _rates(options, settings, offering, running)
            result["recovery"] = asdict(_recovery(options, settings, offering, directory))
        balance = audit(settings, addresses_of(settings), lambda *_: None)
    command.show("", _ledger_line(balance), f"load at the end: {machine.load()}")
    if not balance.is_balanced or balance.in_flight or balance.events != offering.sent:
        raise ConfigError(f"The ledger does not balance: {balance}")
    return {"facts": dict(facts), "corpus": str(corpus), "events": balance.events, **result}


@contextmanager
def _working(settings: Settings, workers: int, log_file: Path) -> Iterator[Running]:
    """Workers on the whole chain."""
    chain_ = functools.partial(build_chain)
    with supervised(settings, chain_, workers=workers, log_file=str(log_file)) as supervisor:
        await_worker(supervisor, log_file)
        yield Running(supervisor.pids[0], lambda: committed(supervisor, log_file))


def _rates(
    options: argparse.Namespace, settings: Settings, offering: Offering, running: Running
) -> dict[str, Any]:
    def trial(rate: float) -> Trial:
        found = offering.at_rate(rate, options.seconds, running.committed)
        await_committed(running, offering.sent)
        command.say(
            f"{rate:,.1f} events/s for {options.seconds} s: the lag grew by {found.growth:,.1f} events/s, to {found.lag:,}"
            f"{'' if found.is_steady else ': too much'}"
        )
        return found

    offering.at_once(WARM_UP_EVENTS)
    await_committed(running, offering.sent)
    done, began = offering.sent, time.monotonic()
    offering.at_once(options.ceiling_events)
    ceiling = _worked_off(running, began, options.ceiling_events, done).events_per_s
    command.show(f"a backlog of {options.ceiling_events:,} events: {ceiling:,.0f} events/s")
    trials = list(search(trial, ceiling, options.trials))
    steady = [each.rate for each in trials if each.is_steady]
    if not steady:
        raise ConfigError(f"None of {options.trials} rates was steady; try more --trials or more --seconds")
    command.show(
        f"largest steady rate: {max(steady):,.0f} events/s (lag does not grow over {options.seconds} s)"
    )
    before = offering.sent
    with watching(settings) as arrivals:
        trial(max(steady) / 2)
        latencies = arrivals.latencies_s(offering.sent - before)
    command.show(_latency_line(latencies, max(steady) / 2))
    return {
        "ceiling_per_s": ceiling,
        "steady_per_s": max(steady),
        "trials": [asdict(each) for each in trials],
        "latency_s": {share: report.percentile(latencies, share) for share in (50, 95, 99)},
    }


def _worked_off(running: Running, began: float, backlog: int, done: int = 0) -> Recovery:
    """How the workers work off `backlog` events, after `done` others; `began` is when they could first see them."""
    points = await_committed(running, done + backlog)
    rate = speed([(at_s - began, now - done) for at_s, now in points], backlog)
    return Recovery(backlog=backlog, seconds=points[-1][0] - began, events_per_s=rate)


def _recovery(
    options: argparse.Namespace, settings: Settings, offering: Offering, directory: Path
) -> Recovery:
    offering.at_once(options.backlog)
    began = time.monotonic()
    with _working(settings, options.workers, directory / "recovery.log") as running:
        found = _worked_off(running, began, options.backlog)
    command.show(
        f"recovery from a backlog of {found.backlog:,} events: {found.seconds:,.1f} s with the start of the workers, "
        f"{found.events_per_s:,.0f} events/s"
    )
    return found


def _latency_line(ranked: Sequence[float], rate: float) -> str:
    shown = ", ".join(f"p{share} {report.percentile(ranked, share) * 1000:,.0f} ms" for share in (50, 95, 99))
    return (
        f"latency at {rate:,.0f} events/s, from Kafka's time of the event to its record read, {len(ranked):,} events: "
        f"{shown}, max {ranked[-1] * 1000:,.0f} ms"
    )


def _ledger_line(balance: Balance) -> str:
    ended = ", ".join(f"{name} {count:,}" for name, count in balance.ended.items())
    return (
        f"ledger: {balance.events:,} events, {ended}; in flight {balance.in_flight:,}, lost {balance.lost:,}, "
        f"ended twice {balance.duplicated:,}"
    )


if __name__ == "__main__":
    main()
