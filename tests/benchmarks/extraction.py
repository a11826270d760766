"""What a page costs: `python -m tests.benchmarks.extraction [FOLDER]`, from the repository's root.

Runs the boilerplate stage (charset, main text, metadata, language, verdict) and trafilatura (main text alone) in turn
over the pages of FOLDER, the development data of extraction, in this one process and thread, batch by batch, and as many
text dumps of about 5 kB beside them; then made-up pages of 3 MB and 100,000 nodes; then, in a process of its own, the memory that the
stage takes while it reads all pages. Without FOLDER it reads our own few pages. Only ratios mean anything on another
machine.
"""

import argparse
import hashlib
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import cycle
from pathlib import Path

from schemas.raw_event import RawEvent
from tests.benchmarks import machine, memory
from tests.benchmarks.sampling import Samples, sampled
from tests.support import pages
from workers.boilerplate import stage

SEED = 20251
BATCH = 16
"""So many events wait for a worker under load, and more; 1 is what one costs that comes alone."""
DUMP_BYTES = (4_000, 6_000)
GOAL_SPEED = 10.0
GOAL_DUMPS = 15.0
GOAL_BIG_S = 1.0
GOAL_MEMORY_MB = 60.0
PACKAGES = ("trafilatura", "lxml", "turbohtml", "numpy", "orjson")


@dataclass(frozen=True, slots=True)
class Corpus:
    """`pages` and `dumps` in the order they are read; the shorter one is begun anew when it ends."""

    pages: tuple[str, ...]
    dumps: tuple[str, ...]

    def __str__(self) -> str:
        sizes = [len(page.encode()) for page in self.pages]
        digest = hashlib.blake2b(digest_size=6)
        for text in sorted((*self.pages, *self.dumps)):
            digest.update(text.encode())
        return (
            f"{len(sizes)} pages of {min(sizes)} to {max(sizes)} bytes, median {statistics.median(sizes):.0f}, "
            f"{sum(sizes) / 1e6:.1f} MB; {len(self.dumps)} dumps; digest {digest.hexdigest()}"
        )


@dataclass(slots=True)
class Spent:
    """CPU seconds of one round, batch by batch; `theirs` is empty without trafilatura. `pages` counts all of them."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    dumps: list[float] = field(default_factory=list)
    pages: int = 0


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    corpus = read_corpus(options.folder, options.pages)
    if not corpus.pages:
        sys.exit(f"{options.folder} holds no html.*.jsonl.gz")
    _print([*machine.lines({**machine.facts(), "versions": _versions()}), str(corpus), ""])
    stage.warm_up()
    their_text = _trafilatura()
    if their_text is None:
        _print(
            ["trafilatura is not installed (pip install -e '.[peers]'): there is nothing to compare with", ""]
        )
    rounds = [measured(corpus, their_text, options.batch) for _ in range(options.rounds)]
    big = {shape: big_page_s(shape, options.big_nodes) for shape in pages.SHAPES}
    peak = None if options.no_memory else peak_memory(corpus)
    _print([*speed_lines(rounds), "", *big_lines(big, options.big_nodes)])
    _print(["", *memory_lines(peak)] if peak else [])
    if options.profile:
        _print(["", *_profile(corpus).lines()])
    _print(["", f"load at the end: {machine.load()}"])
    if options.json:
        result = {"rounds": [asdict(each) for each in rounds], "big_s": big, "memory_mb": peak}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.extraction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3, help="%(default)s")
    parser.add_argument("--pages", type=int, help="only so many pages, drawn with a fixed seed")
    parser.add_argument(
        "--big-nodes", type=int, default=100_000, help="nodes of the made-up pages (%(default)s)"
    )
    parser.add_argument(
        "--batch", type=int, default=BATCH, help="pages that the stage is handed at once (%(default)s)"
    )
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--profile", action="store_true", help="and where the stage's CPU time goes")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the seconds of every page to FILE, too"
    )
    return parser


def read_corpus(folder: Path | None, count: int | None) -> Corpus:
    """`count` pages (None: all) and as many dumps of DUMP_BYTES, or of any size where there are none such."""
    dumps = list(pages.dumps(folder))
    fitting = [dump for dump in dumps if DUMP_BYTES[0] <= len(dump.encode()) <= DUMP_BYTES[1]]
    return Corpus(
        tuple(pages.shuffled(list(pages.pages(folder)), SEED)[:count]),
        tuple(pages.shuffled(fitting or dumps, SEED)[:count]),
    )


def _trafilatura() -> Callable[[str], object] | None:
    """Its main text as a page's reader wants it; None when it is not installed."""
    if importlib.util.find_spec("trafilatura") is None:
        return None
    from trafilatura import extract

    def read(page: str) -> object:
        return extract(page, include_comments=False)

    read(pages.big_page("paragraphs", nodes=100, chars=3000))  # loads what it imports late
    return read


def measured(corpus: Corpus, their_text: Callable[[str], object] | None, batch: int) -> Spent:
    """One round: each batch by each in turn, the one that begins changing from batch to batch, and dumps beside it.

    The stage is given bytes and has to find their charset; trafilatura is given text, page by page.
    """
    spent = Spent(pages=len(corpus.pages))
    dumps = cycle(corpus.dumps)
    for number, begin in enumerate(range(0, len(corpus.pages), batch)):
        pages = corpus.pages[begin : begin + batch]
        events = [RawEvent(body=page.encode(), content_type="text/html") for page in pages]
        dump_events = [RawEvent(body=next(dumps).encode(), content_type="text/plain") for _ in pages]
        if their_text and number % 2:
            spent.theirs.append(_cpu_s(lambda pages: [their_text(page) for page in pages], pages))
        spent.ours.append(_cpu_s(stage.clean, events))
        if their_text and not number % 2:
            spent.theirs.append(_cpu_s(lambda pages: [their_text(page) for page in pages], pages))
        spent.dumps.append(_cpu_s(stage.clean, dump_events))
    return spent


def _cpu_s(work: Callable[..., object], argument: object) -> float:
    began_s = time.process_time()
    work(argument)
    return time.process_time() - began_s


def big_page_s(shape: str, nodes: int) -> float:
    """CPU seconds for one made-up page of `nodes` nodes, 30 bytes a node."""
    event = RawEvent(
        body=pages.big_page(shape, nodes=nodes, chars=30 * nodes).encode(), content_type="text/html"
    )
    return _cpu_s(stage.clean, [event])


def peak_memory(corpus: Corpus) -> dict[str, float]:
    """As tests/benchmarks/memory.py prints it."""
    with tempfile.TemporaryDirectory(prefix="khabar-bench-") as directory:
        path = Path(directory) / "pages"
        memory.write(path, corpus.pages)
        command = [sys.executable, "-m", "tests.benchmarks.memory", str(path)]
        done = subprocess.run(command, cwd=machine.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def speed_lines(rounds: Sequence[Spent]) -> Iterator[str]:
    """Ratios are of the rounds' sums: their median, and from the lowest to the highest."""
    ours = [sum(each.ours) / each.pages for each in rounds]
    yield f"stage:        {_ms(ours)} ms a page, {1 / statistics.median(ours):,.0f} pages/s"
    if len(rounds[0].ours) == rounds[0].pages:
        yield f"              slowest pages: {_slowest(rounds)}"
    dumps = [sum(each.dumps) / each.pages for each in rounds]
    yield f"stage:        {_ms(dumps)} ms a dump, {1 / statistics.median(dumps):,.0f} dumps/s"
    if not rounds[0].theirs:
        return
    theirs = [sum(each.theirs) / each.pages for each in rounds]
    yield f"trafilatura:  {_ms(theirs)} ms a page, {1 / statistics.median(theirs):,.0f} pages/s"
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    by_batch = [
        statistics.median(column)
        for column in zip(
            *([t / o for t, o in zip(r.theirs, r.ours, strict=True)] for r in rounds), strict=True
        )
    ]
    yield f"pages: {_ratio(ratios, GOAL_SPEED)}; median over the batches {statistics.median(by_batch):.1f}"
    yield f"dumps: {_ratio([their / own for their, own in zip(theirs, dumps, strict=True)], GOAL_DUMPS)}"


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.2f}"


def _ratio(ratios: Sequence[float], goal: float) -> str:
    middle = statistics.median(ratios)
    verdict = "met" if middle >= goal else "NOT met"
    return (
        f"{middle:.1f} times the rate at which trafilatura reads pages ({min(ratios):.1f}-{max(ratios):.1f}). "
        f"Goal: {goal:g}: {verdict}"
    )


def _slowest(rounds: Sequence[Spent]) -> str:
    times = sorted(statistics.median(column) for column in zip(*(each.ours for each in rounds), strict=True))
    ranked = (times[min(len(times) - 1, len(times) * part // 1000)] for part in (500, 900, 990, 999))
    return ", ".join(
        f"p{name} {seconds * 1000:.1f} ms"
        for name, seconds in zip(("50", "90", "99", "99.9"), ranked, strict=True)
    )


def big_lines(seconds: dict[str, float], nodes: int) -> Iterator[str]:
    """For each shape, and whether the slowest meets the goal."""
    for shape, taken_s in seconds.items():
        yield f"a page of {nodes:,} nodes, {shape}: {taken_s:.2f} s"
    verdict = "met" if max(seconds.values()) <= GOAL_BIG_S else "NOT met"
    yield f"Goal: at most {GOAL_BIG_S:g} s each: {verdict}"


def memory_lines(found: dict[str, float]) -> Iterator[str]:
    """Above the corpus, in megabytes of 10^6 bytes."""
    above = found["peak_mb"] - found["corpus_mb"]
    verdict = "met" if above < GOAL_MEMORY_MB else "NOT met"
    yield (
        f"memory: {found['corpus_mb']:.0f} MB with {found['pages']:.0f} pages loaded, "
        f"{found['warm_mb'] - found['corpus_mb']:.1f} MB above that when warm, {above:.1f} MB at the peak. "
        f"Goal: below {GOAL_MEMORY_MB:g} MB above the corpus: {verdict}"
    )


def _profile(corpus: Corpus) -> Samples:
    with sampled("workers/boilerplate") as samples:
        for page in corpus.pages:
            stage.clean([RawEvent(body=page.encode(), content_type="text/html")])
    return samples


def _versions() -> str:
    found = [name for name in PACKAGES if importlib.util.find_spec(name) is not None]
    return ", ".join(f"{name} {version(name)}" for name in found)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
