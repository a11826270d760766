"""Pages to learn from: their blocks, what is known of them, and in which fold they are."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import orjson
import turbohtml
from numpy.typing import NDArray

from workers.boilerplate.blocks import PARTS, WORDS, Blocks, Elements, blocks_of
from workers.boilerplate.features import Hints
from workers.boilerplate.html import hints_of
from workers.boilerplate.metadata import read_metadata
from workers.boilerplate.training.folds import SETS, host_of
from workers.boilerplate.training.labels import from_segments, from_text

_NEWS = ("fundus", "n4k")
_SHORTENED_SHARE = 0.35
"""Of the pages that are no news but blogs and manuals for the most part; all of them cost .008 F1 on wcxb."""
_BARE_SHARE = 0.25
_SPARSE_SHARE = 0.25
_FOLLOWED_SHARE = 0.4
_COPY_IMPORTANCE = 0.6
_LEVELS = 5
_SECOND_WORDS = ("", "", "", "article", "related", "card", "related card")
"""What the element around a second article is named after, as bits of blocks.WORDS."""


@dataclass(frozen=True, slots=True)
class Example:
    """A page. `labels` (N,) is the share of each block that is main text, -1 where that is not known; `importance`
    is what the page counts for; `partial` pages have only some labels.
    """

    host: str
    source: str
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


def varied(examples: Sequence[Example], seed: int = 5) -> list[Example]:
    """Copies of pages as the news has them and the data has not, or rarely: short articles among much else, pages with
    little beside the article, a second article below the first, and classes whose names are generated.
    """
    random = Random(seed)
    whole = [example for example in examples if not example.partial and (example.labels > 0.5).sum() >= 6]
    copies = [_bare(example) for example in examples if random.random() < _BARE_SHARE]
    for example in whole:
        if example.source in _NEWS or random.random() < _SHORTENED_SHARE:
            copies.append(_shortened(example, random))
        if random.random() < _SPARSE_SHARE:
            copies.append(_sparse(example, random))
        if random.random() < _FOLLOWED_SHARE:
            copies.append(_followed(example, random.choice(whole), random))
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
    return Example(host_of(row), row["source"], blocks, hints_of(metadata), labels, importance, partial)


def _shortened(example: Example, random: Random) -> Example:
    """With its first paragraphs only."""
    text = np.flatnonzero(example.labels > 0.5)
    gone = set(text[random.randint(2, max(3, int(len(text) * 0.6))) :].tolist())
    return _only(example, [number for number in range(len(example.labels)) if number not in gone])


def _sparse(example: Example, random: Random) -> Example:
    """With its first paragraphs, and only some of what is around them."""
    text = np.flatnonzero(example.labels > 0.5).tolist()
    kept = set(text[: random.randint(1, len(text))])
    share = random.random() * 0.6
    others = [
        number for number, label in enumerate(example.labels) if label <= 0.5 and random.random() < share
    ]
    return _only(example, sorted(kept.union(others)))


def _only(example: Example, kept: list[int]) -> Example:
    """With these blocks only."""
    columns = [[column[number] for number in kept] for column in example.blocks[:-1]]
    return replace(
        example,
        blocks=Blocks._make([*columns, example.blocks.elements]),
        labels=example.labels[kept],
        importance=example.importance * _COPY_IMPORTANCE,
    )


def _followed(example: Example, other: Example, random: Random) -> Example:
    """With the main text of `other` below its own, as pages have it that go on with the next story."""
    text = np.flatnonzero(example.labels > 0.5)
    place = min(len(example.labels), int(text[-1]) + 1 + random.randint(0, 3))
    elements = list(zip(*example.blocks.elements, strict=True))
    parent = example.blocks.row[place - 1]
    for _ in range(random.randint(1, _LEVELS)):
        parent = elements[parent][1]
    words = sum(1 << list(WORDS).index(word) for word in random.choice(_SECOND_WORDS).split())
    container = _added(elements, parent, random.choice(("div", "article", "section")), words)
    title = (other.hints.title or "...", 0, random.randint(0, 1), 0, False)
    blocks = [(title, _added(elements, container, random.choice(("h2", "h3", "h1", "div")), 0))]
    source = np.flatnonzero(other.labels > 0.5)[: random.randint(2, 15)].tolist()
    for number in source:
        values = tuple(column[number] for column in other.blocks[:4])
        name = other.blocks.elements.name[other.blocks.row[number]]
        blocks.append(((*values, False), _added(elements, container, name, 0)))
    new = [(*values[:4], row, values[4]) for values, row in blocks]
    old = list(zip(*example.blocks[:-1], strict=True))
    columns = zip(*old[:place], *new, *old[place:], strict=True)
    return replace(
        example,
        blocks=Blocks._make([*columns, Elements._make(zip(*elements, strict=True))]),
        labels=np.concatenate(
            [example.labels[:place], np.zeros(len(new), np.float32), example.labels[place:]]
        ),
        importance=example.importance * _COPY_IMPORTANCE,
    )


def _added(elements: list[tuple[Any, ...]], parent: int, name: str, words: int) -> int:
    """The row of a new element inside the one of row `parent`."""
    _, _, parts, own, around, depth, hidden, _ = elements[parent]
    part = 1 << PARTS.index(name) if name in PARTS else 0
    elements.append((name, parent, parts | part, words, around | own, depth + 1, hidden, f"{name}.{words}"))
    return len(elements) - 1


def _bare(example: Example) -> Example:
    """Without classes and ids that say anything."""
    elements = example.blocks.elements
    nothing = [0] * len(elements.name)
    blocks = example.blocks._replace(elements=elements._replace(words=nothing, around=nothing))
    return replace(example, blocks=blocks, importance=example.importance * _COPY_IMPORTANCE)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") as file:
        for line in file:
            yield orjson.loads(line)
