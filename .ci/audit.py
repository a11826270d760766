"""Whether a pinned version has a known vulnerability, by a file of advisories in the repository: no network is needed.

`python .ci/audit.py CONSTRAINTS ADVISORIES` reads pins (NAME==VERSION) and advisories in OSV's format, one JSON object a
line, and ends with 1 where a pin is affected. `--renew ARCHIVE` first takes the advisories of all pinned packages from
OSV's export of the PyPI ecosystem, a zip archive of JSON files.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ECOSYSTEM = "PyPI"
MOST_BYTES = 1 << 20
"""An advisory takes some kilobytes; what an archive claims to be more is none."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    pinned = sorted(set(pins(options.constraints.read_text(encoding="utf-8"))), key=str)
    if options.renew:
        kept = renewed(options.renew, {name for name, _ in pinned})
        options.advisories.write_text(
            "".join(json.dumps(each, sort_keys=True, ensure_ascii=False) + "\n" for each in kept),
            encoding="utf-8",
        )
    lines = options.advisories.read_text(encoding="utf-8").splitlines()
    advisories = [json.loads(line) for line in lines]
    found = [line for pin in pinned for line in problems(*pin, advisories)]
    newest = max((each["modified"][:10] for each in advisories), default="none")
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(pinned)} pins, {len(advisories)} advisories, the newest of {newest}: {len(found)} affected")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python .ci/audit.py", description=__doc__)
    parser.add_argument("constraints", type=Path)
    parser.add_argument("advisories", type=Path)
    parser.add_argument("--renew", type=Path, metavar="ARCHIVE")
    return parser


def pins(text: str) -> Iterator[tuple[str, Version]]:
    """Name and version of each pin, those for other versions of Python and other systems included."""
    for line in text.splitlines():
        if pin := line.partition("#")[0].strip():
            requirement = Requirement(pin)
            [specifier] = requirement.specifier
            yield canonicalize_name(requirement.name), Version(specifier.version)


def problems(name: str, version: Version, advisories: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A line for each advisory that the version falls under."""
    for advisory in advisories:
        for affected in advisory.get("affected", ()):
            if not advisory.get("withdrawn") and _name(affected) == name and is_affected(version, affected):
                fixed = ", ".join(_fixes(affected)) or "no version"
                ids = ", ".join([advisory["id"], *advisory.get("aliases", ())])
                yield f"{name} {version}: {ids}, fixed in {fixed}: {advisory.get('summary', '')}".rstrip(": ")


def is_affected(version: Version, affected: dict[str, Any]) -> bool:
    """By OSV's algorithm: versions that are named, and those in one of the ranges of the ecosystem's versions."""
    if str(version) in affected.get("versions", ()):
        return True
    return any(_is_within(version, each["events"]) for each in _ranges(affected))


def _is_within(version: Version, events: Iterable[dict[str, str]]) -> bool:
    is_in = False
    for kind, bound in sorted(_bounds(events), key=lambda each: each[1]):
        if kind == "introduced" and version >= bound:
            is_in = True
        elif (kind == "fixed" and version >= bound) or (kind == "last_affected" and version > bound):
            is_in = False
    return is_in


def _bounds(events: Iterable[dict[str, str]]) -> Iterator[tuple[str, Version]]:
    for event in events:
        for kind, text in event.items():
            try:
                yield kind, Version(text)
            except InvalidVersion:  # of before PEP 440: older than any that is pinned
                yield kind, Version("0")


def _ranges(affected: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (each for each in affected.get("ranges", ()) if each.get("type") == "ECOSYSTEM")


def _fixes(affected: dict[str, Any]) -> Iterator[str]:
    return (event["fixed"] for each in _ranges(affected) for event in each["events"] if "fixed" in event)


def _name(affected: dict[str, Any]) -> str | None:
    package = affected.get("package", {})
    return canonicalize_name(package.get("name", "")) if package.get("ecosystem") == ECOSYSTEM else None


def renewed(archive: Path, names: set[str]) -> list[dict[str, Any]]:
    """The advisories of these packages, without the fields that nobody here reads."""
    kept = []
    with zipfile.ZipFile(archive) as files:
        for info in sorted(files.infolist(), key=lambda each: each.filename):
            if info.filename.endswith(".json") and info.file_size <= MOST_BYTES:
                advisory = json.loads(files.read(info))
                if any(_name(each) in names for each in advisory.get("affected", ())):
                    kept.append(_shortened(advisory))
    return kept


def _shortened(advisory: dict[str, Any]) -> dict[str, Any]:
    kept = {
        name: advisory[name]
        for name in ("id", "aliases", "modified", "withdrawn", "summary")
        if name in advisory
    }
    kept["affected"] = [
        {"package": each["package"], "ranges": list(_ranges(each)), "versions": each.get("versions", [])}
        for each in advisory["affected"]
    ]
    return kept


if __name__ == "__main__":
    sys.exit(main())
