"""Mutated pages against the boilerplate stage: `python -m tests.fuzz.pages --pages 100000`, from the repository's root.

Takes pages and dumps of FOLDER, the development data of extraction (else our own few), spoils each case in up to eight
ways that its number alone decides, and has the stage read it, in processes of their own. A case fails when the stage
raises, crashes the interpreter, takes more than 2 s of CPU, answers with something that is no outcome or with a record
that does not survive the wire, or when a paragraph does not stand on the page, or not in that order. Failing cases
are written to a folder; `--replay FILE` reads one again.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz import bases
from tests.fuzz.cases import as_json, case_of, from_json
from tests.fuzz.checks import check
from tests.fuzz.watch import Tally, Task, run

TELL_EACH_S = 30.0
WRITTEN_MAX = 200
"""A defect that every tenth page has need not fill the disk."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    if options.replay:
        sys.exit(replay(options.replay))
    texts = bases.load(options.folder)
    if not texts.pages or not texts.dumps:
        sys.exit(f"{options.folder} holds no html.*.jsonl.gz or no text.*.jsonl.gz")
    tally = fuzz(
        Task(options.folder, options.seed, options.first, options.first + options.pages), options.processes
    )
    written = write(tally, texts, options.seed, options.failures)
    for line in report(tally, options.seed):
        print(line)
    if tally.bad:
        sys.exit(f"{len(tally.bad)} of {tally.cases} cases failed; {written} are in {options.failures}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pages", type=int, default=1000, help="how many cases (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="%(default)s")
    parser.add_argument("--processes", type=int, default=2, help="%(default)s")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="folder (%(default)s)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="read the case of FILE, and nothing else")
    return parser


def fuzz(task: Task, processes: int) -> Tally:
    """All verdicts of the task; says now and then on standard error how far it is."""
    tally = Tally()
    began_s = told_s = time.monotonic()
    for part in run(task, processes):
        for number, verdict in part:
            tally.add(number, verdict)
        if time.monotonic() - told_s > TELL_EACH_S:
            told_s = time.monotonic()
            rate = tally.cases / (told_s - began_s)
            print(f"{tally.cases} cases, {rate:.0f}/s, {len(tally.bad)} failed", file=sys.stderr, flush=True)
    return tally


def report(tally: Tally, seed: int) -> list[str]:
    endings = ", ".join(f"{ending} {count}" for ending, count in tally.endings.most_common())
    kinds = Counter(problem.kind for _, problems in tally.bad for problem in problems)
    return [
        f"{tally.cases} cases of seed {seed}: {endings}",
        (
            f"{tally.cpu_s / max(1, tally.cases) * 1000:.1f} ms of CPU each for the stage; the slowest {tally.slowest_s:.2f} s "
            f"(number {tally.slowest})"
        ),
        f"{len(tally.bad)} failed" + "".join(f"\n  {count} {kind}" for kind, count in kinds.most_common()),
    ]


def write(tally: Tally, texts: bases.Bases, seed: int, folder: Path) -> int:
    """Writes failing cases, a file each, and says how many."""
    chosen = sorted(tally.bad)[:WRITTEN_MAX]
    for number, problems in chosen:
        folder.mkdir(parents=True, exist_ok=True)
        case = case_of(texts, seed, number)
        row = {"problems": [f"{each.kind}: {each.detail}" for each in problems], **as_json(case)}
        kind = problems[0].kind.replace(" ", "-")
        (folder / f"{kind}-{seed}-{number}.json").write_text(json.dumps(row, indent=1), "utf-8")
    return len(chosen)


def replay(path: Path) -> int:
    """Reads the case of a file, prints what does not hold, and answers with 1 when something does not."""
    case = from_json(path.read_text("utf-8"))
    verdict = check(case.event, twice=True)
    print(
        f"case {case.number} of seed {case.seed} ({', '.join(case.mutations)}): {verdict.ending}, {verdict.cpu_s:.2f} s"
    )
    for problem in verdict.problems:
        print(f"{problem.kind}: {problem.detail}")
    return int(bool(verdict.problems))


if __name__ == "__main__":
    main()
