"""Pages and dumps to read: the development data of extraction where it is on this machine, and our own.

Imports nothing of Khabar, so that a process can hold them before it loads that.
"""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
OWN = (ROOT / "tests" / "golden" / "boilerplate", ROOT / "workers" / "demo" / "pages")
_SENTENCE = "The harbour council met on Monday, and it agreed to repair both cranes before winter. "


def pages(folder: Path | None) -> Iterator[str]:
    """The HTML of the pages in `folder` (html.*.jsonl.gz), in a fixed order; of our own pages without a folder."""
    return _rows(folder, "html") if folder else _own("*.html")


def dumps(folder: Path | None) -> Iterator[str]:
    """The text dumps, as `pages`."""
    return _rows(folder, "text") if folder else _own("*.txt")


def big_page(shape: str, *, nodes: int = 100_000, chars: int = 3_000_000) -> str:
    """A made-up page of about so many nodes and characters, an article before the rest; `shape` is one of SHAPES."""
    unit, unit_nodes = SHAPES[shape]
    units = max(1, nodes // unit_nodes)
    fill = _text(max(0, chars // units - len(unit.format(number=units, text=""))))
    article = "".join(f"<p>{_SENTENCE * 3}</p>" for _ in range(12))
    body = "".join(unit.format(number=number, text=fill) for number in range(units))
    head = '<!doctype html><html lang="en"><head><title>Cranes to be repaired</title></head>'
    return f"{head}<body><article><h1>Cranes to be repaired</h1>{article}</article><div>{body}</div></body></html>"


SHAPES = {
    "paragraphs": ('<p>Paragraph {number}, <a href="/t/{number}">{text}</a>, said the council.</p>', 5),
    "teasers": (
        '<li class="teaser"><a href="/s/{number}"><h3>Story {number}</h3></a>\n<i>{number}</i> {text}</li>',
        8,
    ),
    "nested": ('<div class="c"><div>\n<div><b>{number}</b> {text}</div>\n</div></div>', 8),
    "one chain": ("<div>{number}", 2),
}
"""What the pages repeat, and of how many nodes it consists: elements and texts. The last nests ever deeper."""


def _text(chars: int) -> str:
    return (_SENTENCE * (chars // len(_SENTENCE) + 1))[:chars]


def _rows(folder: Path, field: str) -> Iterator[str]:
    for path in sorted(folder.glob(f"{field}.*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)[field]


def _own(pattern: str) -> Iterator[str]:
    for folder in OWN:
        for path in sorted(folder.rglob(pattern)):
            text = path.read_text("utf-8", "replace")
            if text.strip():
                yield text


def shuffled(items: list, seed: int) -> list:
    """The items in an order that depends on `seed` alone."""
    return random.Random(seed).sample(items, len(items))
