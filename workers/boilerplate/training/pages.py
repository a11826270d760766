"""Pages to learn from: their blocks, what is known of them, and in which fold they are."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from workers.boilerplate.blocks import Blocks
from workers.boilerplate.elements import PARTS, WORDS, Elements
from workers.boilerplate.features import Hints
from workers.boilerplate.html import Html, hints_of, tokens_and_metadata
from workers.boilerplate.tokens import CODE, NAMES, Ints
from workers.boilerplate.training.folds import SETS, host_of
from workers.boilerplate.training.labels import from_segments, from_text

_BlockRow = tuple[str, float, int, float, int, bool]
_ElementRow = tuple[int, int, int, int, int, int, bool, int]
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
    _, blocks, (metadata,) = tokens_and_metadata([Html(row["html"], row.get("url") or None)])
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
    rows = list(_block_rows(example.blocks))
    return replace(
        example,
        blocks=_blocks([rows[number] for number in kept], _element_rows(example.blocks.elements)),
        labels=example.labels[kept],
        importance=example.importance * _COPY_IMPORTANCE,
    )


def _followed(example: Example, other: Example, random: Random) -> Example:
    """With the main text of `other` below its own, as pages have it that go on with the next story."""
    elements = _element_rows(example.blocks.elements)
    place, container = _below(example, elements, random.choice(_SECOND_WORDS), random)
    title = (other.hints.title or "...", 0.0, random.randint(0, 1), 0.0)
    new = [(*title, _added(elements, container, random.choice(("h2", "h3", "h1", "div")), 0), False)]
    rows = _block_rows(other.blocks)
    for number in np.flatnonzero(other.labels > 0.5)[: random.randint(2, 15)].tolist():
        *values, row, _ = rows[number]
        name = NAMES[other.blocks.elements.tag[row]]
        new.append((*values, _added(elements, container, name, 0), False))
    return _with(example, elements, place, new)


def _below(example: Example, elements: list[_ElementRow], names: str, random: Random) -> tuple[int, int]:
    """Where in the order of blocks something may stand below the main text, and the row of a new element for it."""
    text = np.flatnonzero(example.labels > 0.5)
    place = min(len(example.labels), int(text[-1]) + 1 + random.randint(0, 3))
    parent = int(example.blocks.row[place - 1])
    for _ in range(random.randint(1, _LEVELS)):
        parent = elements[parent][1]
    words = sum(1 << list(WORDS).index(word) for word in names.split())
    return place, _added(elements, parent, random.choice(("div", "article", "section")), words)


def _with(example: Example, elements: list[_ElementRow], place: int, new: Sequence[_BlockRow]) -> Example:
    """With new blocks, which are no main text, at `place`."""
    old = _block_rows(example.blocks)
    nothing = np.zeros(len(new), np.float32)
    return replace(
        example,
        blocks=_blocks([*old[:place], *new, *old[place:]], elements),
        labels=np.concatenate([example.labels[:place], nothing, example.labels[place:]]),
        importance=example.importance * _COPY_IMPORTANCE,
    )


def _added(elements: list[_ElementRow], parent: int, name: str, words: int) -> int:
    """The row of a new element inside the one of row `parent`."""
    _, _, parts, own, around, depth, hidden, _ = elements[parent]
    part = 1 << PARTS.index(name) if name in PARTS else 0
    kind = -1 - CODE[name] - (words << 8)  # of its own: no element of the page has one below 0
    elements.append((CODE[name], parent, parts | part, words, around | own, depth + 1, hidden, kind))
    return len(elements) - 1


def _bare(example: Example) -> Example:
    """Without classes and ids that say anything."""
    nothing = np.zeros_like(example.blocks.elements.words)
    elements = replace(example.blocks.elements, words=nothing, around=nothing)
    return replace(
        example,
        blocks=replace(example.blocks, elements=elements),
        importance=example.importance * _COPY_IMPORTANCE,
    )


def _block_rows(blocks: Blocks) -> list[_BlockRow]:
    columns = (blocks.linked, blocks.links, blocks.strong, blocks.row, blocks.after_break)
    return list(zip(blocks.text, *(column.tolist() for column in columns), strict=True))


def _element_rows(elements: Elements) -> list[_ElementRow]:
    columns = (
        elements.tag, elements.parent, elements.parts, elements.words, elements.around, elements.depth, elements.hidden,
        elements.kind,
    )  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _blocks(rows: Sequence[_BlockRow], elements: Sequence[_ElementRow]) -> Blocks:
    """The blocks of one page, of rows as _block_rows and _element_rows give them."""
    text, linked, links, strong, row, after_break = zip(*rows, strict=True)
    tag, parent, parts, words, around, depth, hidden, kind = zip(*elements, strict=True)
    first, last = _held(row, parent)
    return Blocks(
        text=list(text),
        linked=np.array(linked, np.float32),
        links=np.array(links),
        strong=np.array(strong, np.float32),
        row=np.array(row),
        after_break=np.array(after_break, bool),
        token=np.arange(len(text)),
        pages=np.array([0, len(text)]),
        elements=Elements(
            tag=np.array(tag, np.uint8),
            parent=np.array(parent),
            parts=np.array(parts),
            words=np.array(words),
            around=np.array(around),
            depth=np.array(depth),
            hidden=np.array(hidden, bool),
            kind=np.unique(kind, return_inverse=True)[1],
            first=first,
            last=last,
        ),
    )


def _held(row: Sequence[int], parent: Sequence[int]) -> tuple[Ints, Ints]:
    """The first and the last block (R,) that each element holds, in itself or in those inside it."""
    first, last = [len(row)] * len(parent), [-1] * len(parent)
    for number, own in enumerate(row):
        first[own], last[own] = min(first[own], number), number
    for own in range(len(parent) - 1, 0, -1):
        around = parent[own]
        first[around], last[around] = min(first[around], first[own]), max(last[around], last[own])
    return np.minimum(first, np.array(last) + 1), np.array(last)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") as file:
        for line in file:
            yield orjson.loads(line)
