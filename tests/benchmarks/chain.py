"""What a core does: `python -m tests.benchmarks.chain`, from the repository's root.

Runs the stages one after the other in this process, without Kafka and Redis, over the demo's pages and over made-up
plain-text pages of 600 bytes, and prints articles a second for each stage and for all of them. The demo's pages are
repeated, so the index finds exact duplicates, and small caches in the libraries are warm.
"""

import argparse
import hashlib
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from schemas.raw_event import read_raw_event
from schemas.wire import encode
from tests.benchmarks import machine
from tests.support.texts import page
from workers.boilerplate import stage as boilerplate
from workers.config import Settings
from workers.dedup import stage as dedup
from workers.dedup.index import Candidate
from workers.demo import demo_events
from workers.entities import stage as entities
from workers.outcomes import Kept
from workers.runtime.chain import Value
from workers.stores.memory_index import MemoryIndex

STAGES = ("decode", "boilerplate", "entities", "dedup: fingerprint", "dedup: verdict", "encode")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Events, each readable and with an article in it."""

    name: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        sizes = [len(value) for value, _ in self.values]
        digest = hashlib.blake2b(b"".join(value for value, _ in self.values), digest_size=6).hexdigest()
        return (
            f"{self.name}: {len(sizes)} events, {min(sizes)} to {max(sizes)} bytes, median "
            f"{statistics.median(sizes):.0f}, digest {digest}"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    _print(machine.lines(machine.facts()))
    for corpus in (demo_corpus(), pages_corpus(options.pages)):
        _print(["", str(corpus)])
        measured(corpus, repeats=1)  # loads the tables of the stages
        rounds = [measured(corpus, repeats=options.repeats) for _ in range(options.rounds)]
        _print(_table(rounds, len(corpus.values) * options.repeats))
    _print(["", f"load at the end: {machine.load()}"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.chain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, help="medians are over these (%(default)s)")
    parser.add_argument(
        "--repeats", type=int, default=5, help="passes over the corpus in a round (%(default)s)"
    )
    parser.add_argument("--pages", type=int, default=200, help="how many made-up pages (%(default)s)")
    return parser


def demo_corpus() -> Corpus:
    """The demo's events that become articles: the same amount of work for every stage."""
    values = [
        (event.value, event.headers)
        for event in demo_events()
        if event.expected.outcome in {"published", "duplicates"}
    ]
    return Corpus("demo pages", tuple(values))


def pages_corpus(count: int) -> Corpus:
    return Corpus("made-up pages", tuple((page(number), ()) for number in range(count)))


def measured(corpus: Corpus, *, repeats: int) -> dict[str, float]:
    """CPU seconds of this process by stage, for `repeats` passes over the corpus in batches as a worker has them."""
    settings = Settings()
    clock = Clock()
    index = MemoryIndex(window=settings.dedup_window)
    events = enumerate(value for _ in range(repeats) for value in corpus.values)
    while batch := list(islice(events, settings.batch_events)):
        _process(batch, index, clock)
    return clock.spent_s


@dataclass(slots=True)
class Clock:
    """CPU seconds of this process by stage."""

    spent_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    def timed(self, stage: str, work: Callable[[], Any]) -> Any:
        started_s = time.process_time()
        result = work()
        self.spent_s[stage] += time.process_time() - started_s
        return result


def _process(batch: Sequence[tuple[int, Value]], index: MemoryIndex, clock: Clock) -> None:
    raw = clock.timed("decode", lambda: [read_raw_event(*value) for _, value in batch])
    cleaned = _kept(clock.timed("boilerplate", lambda: boilerplate.clean(raw)))
    tagged = _kept(clock.timed("entities", lambda: entities.tag(cleaned)))
    prints = clock.timed("dedup: fingerprint", lambda: dedup.fingerprint(tagged))
    candidates = [Candidate(f"raw:0:{number}", each) for (number, _), each in zip(batch, prints, strict=True)]
    verdicts = clock.timed("dedup: verdict", lambda: index.decide(candidates))
    pairs = list(zip(tagged, verdicts, strict=True))
    clock.timed("encode", lambda: [encode(dedup.settle(*pair)) for pair in pairs])


def _kept(outcomes: Sequence[object]) -> list[Any]:
    kept = [outcome.record for outcome in outcomes if isinstance(outcome, Kept)]
    if len(kept) != len(outcomes):
        raise RuntimeError("The corpus holds events without an article: the stages have not the same work")
    return kept


def _table(rounds: Sequence[dict[str, float]], articles: int) -> Iterable[str]:
    yield f"{'articles/s':>11} {'µs/article':>11} {'share':>6}  stage"
    whole_s = statistics.median(sum(spent_s.values()) for spent_s in rounds)
    for stage in STAGES:
        spent_s = statistics.median(each[stage] for each in rounds)
        rate = articles / spent_s if spent_s else float("inf")
        yield f"{rate:>11,.0f} {spent_s / articles * 1e6:>11,.0f} {spent_s / whole_s:>6.1%}  {stage}"
    yield f"{articles / whole_s:>11,.0f} {whole_s / articles * 1e6:>11,.0f} {'':>6}  the whole chain on one core"


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
