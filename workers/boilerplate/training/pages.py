"""Pages to learn from: their blocks, what is known of them, and in which fold they are."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson
import turbohtml
from numpy.typing import NDArray

from workers.boilerplate.blocks import Blocks, blocks_of
from workers.boilerplate.features import Hints
from workers.boilerplate.html import hints_of
from workers.boilerplate.metadata import read_metadata
from workers.boilerplate.training.labels import from_segments, from_text

SETS = ("fundus", "mozilla", "n4k", "traf", "wcxb")
"""What may be learnt from, by licence; other sets of the folder are only evaluated."""
FOLDS = 5
_ALWAYS_SHORTENED = ("fundus", "n4k")
"""News. Of the other sets, blogs and manuals for the most part, a third of the pages is shortened as well; all of
them cost .008 F1 on wcxb."""
_SHORTENED_SHARE = 0.35
_BARE_SHARE = 0.25
_COPY_WEIGHT = 0.6


@dataclass(frozen=True, slots=True)
class Example:
    """A page. `labels` (N,) is the share of each block that is main text, -1 where that is not known; `importance`
    is what the page counts for; `partial` pages have only some labels.
    """

    host: str
    blocks: Blocks
    hints: Hints
    labels: NDArray[np.float32]
    importance: float = 1.0
    partial: bool = False


def read_examples(folder: Path) -> list[Example]:
    """The pages of SETS in `folder` that have text. Raises OSError, KeyError or orjson.JSONDecodeError."""
    return [
        example
        for name in SETS
        for row in _rows(folder / f"html.{name}.jsonl.gz")
        if (example := _example(row))
    ]


def fold_of(host: str, folds: int = FOLDS) -> int:
    """The fold of all pages of a host: a digest of its name, so that it depends on nothing else."""
    return int.from_bytes(hashlib.blake2b(host.encode(), digest_size=8).digest(), "big") % folds


def host_of(row: dict[str, Any]) -> str:
    """The registered part of the page's host, roughly: subdomains of one site stay together."""
    host = urlsplit(row.get("url") or "").hostname
    return ".".join(host.split(".")[-2:]) if host else str(row["id"])


def varied(examples: list[Example], seed: int = 5) -> list[Example]:
    """Copies of pages: with fewer paragraphs, since short articles among much else are rare in the data and common in
    the news; and without classes and ids, as sites have them whose names are generated.
    """
    random = Random(seed)
    copies: list[Example] = []
    for example in examples:
        short = _shortened(example, random)
        if short:
            copies.append(short)
        if random.random() < _BARE_SHARE:
            copies.append(_bare(example))
    return copies


def _example(row: dict[str, Any]) -> Example | None:
    document = turbohtml.parse(row["html"])
    metadata = read_metadata(document, url=row.get("url") or None, fetched_at=None)
    blocks = blocks_of(document)
    if not blocks.text:
        return None
    if row.get("gold"):
        labels, partial = from_text(blocks.text, row["gold"]), False
    else:
        labels, partial = from_segments(blocks.text, row.get("with", []), row.get("without", [])), True
    importance = 0.5 if row["source"] == "mozilla" else 1.0  # its gold text is another extractor's output
    return Example(host_of(row), blocks, hints_of(metadata), labels, importance, partial)


def _shortened(example: Example, random: Random) -> Example | None:
    text = np.flatnonzero(example.labels > 0.5)
    is_news = example.importance == 1.0 and "fundus" in _ALWAYS_SHORTENED
    if example.partial or len(text) < 6 or not (is_news or random.random() < _SHORTENED_SHARE):
        return None
    gone = set(text[random.randint(2, max(3, int(len(text) * 0.6))) :].tolist())
    kept = [number for number in range(len(example.labels)) if number not in gone]
    blocks = Blocks._make(
        [*([column[number] for number in kept] for column in example.blocks[:-1]), example.blocks.elements]
    )
    return replace(
        example, blocks=blocks, labels=example.labels[kept], importance=example.importance * _COPY_WEIGHT
    )


def _bare(example: Example) -> Example:
    elements = example.blocks.elements
    nothing = [0] * len(elements.name)
    return replace(
        example, blocks=example.blocks._replace(elements=elements._replace(words=nothing, around=nothing))
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") as file:
        for line in file:
            yield orjson.loads(line)
