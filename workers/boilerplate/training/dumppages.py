"""Dumps to learn from: real ones, pages written out as text, and pages composed of known articles."""

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zlib import crc32

import numpy as np
import turbohtml
from numpy.typing import NDArray

from workers.boilerplate.dumplines import Lines, split_lines
from workers.boilerplate.markers import Marker, find_marker
from workers.boilerplate.training.dumplabels import label_by_segments, label_lines

SOURCES: Final = ("traf", "wcxb", "fundus", "n4k", "mozilla")
"""What a shipped model may learn from; other sources in the same files are for evaluation."""
FOLDS: Final = 3
_CHARS_MAX: Final = 120_000
_YEAR: Final = re.compile(r"_[12][09][0-9]{2}_.*")


@dataclass(frozen=True, slots=True)
class Dump:
    """The lines of a dump, each with what part of it is main text and how much the line counts in training.

    `group` names the site; dumps of one group are in one fold. `gold` is the main text, "" where only parts are known.
    """

    group: str
    lines: Lines
    markers: list[Marker | None]
    labels: NDArray[np.float32]
    known: NDArray[np.float32]
    gold: str = ""
    lang: str = ""
    source: str = ""


def fold_of(group: str) -> int:
    """The fold that dumps of a site are in."""
    return crc32(group.encode()) % FOLDS


def cases(path: Path) -> Iterator[dict[str, Any]]:
    """The pages of a `.jsonl.gz` file."""
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        yield from map(json.loads, rows)


def sites(folder: Path) -> dict[str, str]:
    """The site of each page and dump by its id. A dump of a page whose address is known has the page's."""
    found = {
        str(case["id"]): site_of(case)
        for source in SOURCES
        for case in cases(folder / f"html.{source}.jsonl.gz")
    }
    for case in cases(folder / "text.mixed.jsonl.gz"):
        name = str(case["id"])
        found[name] = found.get(name.removeprefix("text/")) or site_of(case)
    return found


def site_of(case: dict[str, Any]) -> str:
    """The host of a page, or for pages without one the publisher or page that its id names."""
    host = urlsplit(str(case.get("url") or "")).hostname
    return host.removeprefix("www.") if host else _YEAR.sub("", str(case["id"]).removeprefix("text/"))


def real_dumps(folder: Path) -> list[Dump]:
    """The dumps of `text.mixed` that may be learnt from, as they are."""
    site = sites(folder)
    found = []
    for case in cases(folder / "text.mixed.jsonl.gz"):
        if case["source"] not in SOURCES or len(case["text"]) > _CHARS_MAX:
            continue
        found.append(labelled(site[case["id"]], split_lines(case["text"]), case))
    return found


def written_dumps(folder: Path) -> list[Dump]:
    """The pages of the files of pages, written out as text by turbohtml."""
    found = []
    for source in SOURCES:
        for case in cases(folder / f"html.{source}.jsonl.gz"):
            root = turbohtml.parse(case["html"]).root
            text = root.to_text() if root is not None else ""
            if not text.strip() or len(text) > _CHARS_MAX:
                continue
            lines = split_lines(text)
            if case.get("gold"):
                found.append(labelled(site_of(case), lines, case))
            else:
                labels, known = label_by_segments(lines.texts, case["with"], case["without"])
                markers = [find_marker(line) for line in lines.texts]
                found.append(
                    Dump(site_of(case), lines, markers, labels, known, "", str(case["lang"]), source)
                )
    return found


def labelled(group: str, lines: Lines, case: dict[str, Any]) -> Dump:
    """A dump whose main text is known."""
    gold = str(case["gold"])
    labels = label_lines(lines.texts, gold)
    markers = [find_marker(line) for line in lines.texts]
    known = np.ones(len(labels), np.float32)
    return Dump(group, lines, markers, labels, known, gold, str(case["lang"]), str(case["source"]))


def restyled(dump: Dump, rng: random.Random) -> Dump:
    """The same dump as another program would have written it: other empty rows, bullets or none."""
    style = rng.choice(("compact", "single", "plain", "none", "double"))
    count = len(dump.lines.texts)
    blanks, bulleted = list(dump.lines.blanks), list(dump.lines.bulleted)
    if style == "compact":
        blanks = [0 if bulleted[i] and i and bulleted[i - 1] else max(blanks[i], 1) for i in range(count)]
    elif style == "single":
        blanks = [0] * count
    elif style == "double":
        blanks = [rng.choice((1, 1, 2, 3)) for _ in range(count)]
    if style in ("plain", "single") and rng.random() < 0.7:
        bulleted = [False] * count
    if style == "none":
        blanks, bulleted = [1] * count, [False] * count
    return replace(dump, lines=Lines(_without_bullets(dump.lines, bulleted), blanks, bulleted))


def _without_bullets(lines: Lines, bulleted: Sequence[bool]) -> list[str]:
    return [
        text[1:].lstrip() if was and not stays and len(text) > 2 else text
        for text, was, stays in zip(lines.texts, lines.bulleted, bulleted, strict=True)
    ]


def forgetful(dump: Dump, rng: random.Random) -> Dump:
    """The dump as it looks where the lists of markers do not know its language, or only some of its words."""
    lost = rng.choice((0.0, 0.0, 0.0, 0.3, 1.0))
    markers = [None if marker and rng.random() < lost else marker for marker in dump.markers]
    return replace(dump, markers=markers)
