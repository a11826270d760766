"""What the fault suite found, kept as it is found, and made into the table of docs/faults.md.

    KHABAR_FAULTS_REPORT=found.jsonl make faults
    python -m tests.faults.report found.jsonl

The first adds a line of JSON for each fault to the file; the second prints the table of the last finding of each
fault, in the order in which they were first made. With --write it puts the table into docs/faults.md.
"""

import argparse
import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

REPORT = "KHABAR_FAULTS_REPORT"
PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- table: faults -->\n", "<!-- /table: faults -->"
HEAD = (
    "| fault | what was seen in the log | every partition moves again | lag 0 | events | ledger |",
    "|---|---|---|---|---|---|",
)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that was made. `seen`: log events and how often; times in seconds from the fault's end, 0 where
    there was none; `about`: what else there is to say.
    """

    fault: str
    seen: dict[str, int]
    moved_s: float
    caught_up_s: float
    events: int
    ledger: dict[str, int]
    about: str = ""


def keep(finding: Finding) -> None:
    """Add it to the file that the environment names; where it names none, nothing is kept."""
    if path := os.environ.get(REPORT):
        with Path(path).open("ab") as file:
            file.write(msgspec.json.encode(finding) + b"\n")


def read(path: Path) -> list[Finding]:
    """The last finding of each fault, in the order of the first."""
    found: dict[str, Finding] = {}
    for line in path.read_bytes().splitlines():
        finding = msgspec.json.decode(line, type=Finding)
        found[finding.fault] = finding
    return list(found.values())


def table(findings: Iterable[Finding]) -> str:
    rows = [
        " | ".join(
            (
                f"| {finding.fault}",
                _seen(finding),
                _seconds(finding.moved_s),
                _seconds(finding.caught_up_s),
                f"{finding.events:,}",
                ", ".join(f"{count:,} {name}" for name, count in finding.ledger.items()) + " |",
            )
        )
        for finding in findings
    ]
    return "\n".join([*HEAD, *rows]) + "\n"


def _seen(finding: Finding) -> str:
    events = ", ".join(f"`{event}`" for event in sorted(finding.seen)) or "nothing"
    return f"{events}; {finding.about}" if finding.about else events


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value else "–"


def replaced(page: str, made: str) -> str:
    """The page with the table between its marks."""
    return re.sub(f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", lambda _: made, page, flags=re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description="The table of docs/faults.md from what a run has found.")
    parser.add_argument("found", type=Path, help="the file that KHABAR_FAULTS_REPORT named")
    parser.add_argument("--write", action="store_true", help="put it into docs/faults.md")
    arguments = parser.parse_args()
    made = table(read(arguments.found))
    if arguments.write:
        PAGE.write_text(replaced(PAGE.read_text(), made))
    else:
        print(made, end="")


if __name__ == "__main__":
    main()
