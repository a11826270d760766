"""What the harness costs: `python -m tests.benchmarks.harness`, from the repository's root.

Starts a Kafka and a Redis of its own in a temporary folder. In each round, Khabar (one worker, default configuration,
stages that do nothing) and bare loops on aiokafka and librdkafka do the same work in turn; figures are medians over the
rounds, and only their ratios mean anything on another machine. Then the latency of single events through the whole
chain.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.benchmarks import command, machine, profile, report
from tests.benchmarks.latency import latencies_s
from tests.benchmarks.peers import PEERS
from tests.benchmarks.throughput import KHABAR, Run, measure
from workers import log
from workers.config import Settings
from workers.embedded.stack import Stack

SYSTEMS = (KHABAR, *PEERS)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    log.configure("warning", "console")
    command.run(_benchmark, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.harness",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--events", type=command.positive, default=20_000, help="events in a run (%(default)s)"
    )
    parser.add_argument(
        "--sizes", type=_sizes, default=(1000, 4000, 12000), help="bytes of an event (1000,4000,12000)"
    )
    parser.add_argument("--rounds", type=_count, default=3, help="0: no throughput (%(default)s)")
    parser.add_argument("--latency-events", type=_count, default=50, help="0: no latency (%(default)s)")
    parser.add_argument(
        "--profile",
        action="store_true",
        help="and where the worker's CPU goes, by py-spy, in a run of its own",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run to FILE, too")
    return parser


def _benchmark(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    facts = machine.facts()
    command.show(*machine.lines(facts))
    result: dict[str, Any] = {"facts": dict(facts), "arguments": _plain(options)}
    with Stack(directory / "stack", settings=Settings(), on_progress=command.say) as stack:
        settings = replace(Settings(), kafka=(stack.addresses.kafka,), redis=stack.addresses.redis)
        if options.rounds:
            runs = list(_runs(options, settings, directory))
            lines = report.summary(runs)
            command.show(
                "",
                f"{options.events} events a run of random bytes, {settings.partitions} partitions, batches of "
                f"{settings.batch_events} events; medians of {options.rounds} rounds",
                *report.throughput_lines(lines),
            )
            if goal := report.goal_line(lines, KHABAR):
                command.show("", goal)
            result |= {"runs": [asdict(run) for run in runs], "summary": [asdict(line) for line in lines]}
        if options.latency_events:
            seconds = latencies_s(settings, directory, options.latency_events)
            command.show("", report.latency_line(seconds))
            result["latency_s"] = seconds
        if options.profile:
            result["profile"] = _profile(options, settings, directory)
    command.show("", f"load at the end: {machine.load()}")
    return result


def _runs(options: argparse.Namespace, settings: Settings, logs: Path) -> Iterator[Run]:
    for number in range(1, options.rounds + 1):
        for size_bytes in options.sizes:
            for system in SYSTEMS:
                run = measure(system, settings, logs, size_bytes=size_bytes, events=options.events)
                command.say(
                    f"round {number}: {size_bytes} bytes, {system}: {run.events_per_s:,.0f} events/s, "
                    f"{run.cpu_us:.0f} µs of CPU an event"
                )
                yield run


def _profile(options: argparse.Namespace, settings: Settings, directory: Path) -> dict[str, Any]:
    size_bytes = max(options.sizes)
    found = profile.Profile()
    run = measure(
        KHABAR,
        settings,
        directory,
        size_bytes=size_bytes,
        events=options.events,
        watch=lambda pid: profile.recording(pid, directory / "samples", found),
    )
    command.show("", f"Profile at {size_bytes} bytes, {run.cpu_us:.0f} µs of CPU an event while profiled")
    command.show(*profile.lines(found, options.events))
    return {
        "run": asdict(run),
        "cpu_s_by_part": dict(found.by_part),
        "cpu_s_by_thread": dict(found.by_thread),
        "cpu_s_by_function": dict(found.by_function),
    }


def _sizes(value: str) -> tuple[int, ...]:
    return tuple(command.positive(part) for part in value.split(","))


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number")
    return int(value)


def _plain(options: argparse.Namespace) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}


if __name__ == "__main__":
    main()
