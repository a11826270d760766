"""Pages and dumps to mutate."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

from tests.support import pages

PIECE_CHARS = 30_000
"""Most bases are cut to it, so that 100,000 of them take minutes."""
WHOLE_SHARE = 0.03
PREPARED = 400
"""So many pages and dumps are kept, drawn with a fixed seed; a process has to hold them."""
_BULK = re.compile(r"<(script|style|svg)\b(?![^>]*ld\+json).*?</\1\s*>", re.DOTALL | re.IGNORECASE)
"""Half of a page, and nothing that the stage reads; structured data stay."""


@dataclass(frozen=True, slots=True)
class Bases:
    """Texts to mutate; neither is empty."""

    pages: tuple[str, ...]
    dumps: tuple[str, ...]


def load(folder: Path | None) -> Bases:
    """From the development data in `folder`, else from our own pages; the same in every process."""
    return Bases(
        tuple(map(_prepared, pages.shuffled(list(pages.pages(folder)), 1)[:PREPARED])),
        tuple(pages.shuffled(list(pages.dumps(folder)), 1)[:PREPARED]),
    )


def _prepared(page: str) -> str:
    return _BULK.sub("", page)


def piece(rng: random.Random, text: str) -> str:
    """All of the text, once in a while; else its beginning, or its beginning and a later part, PIECE_CHARS in all."""
    if len(text) <= PIECE_CHARS or rng.random() < WHOLE_SHARE:
        return text
    head = rng.choice((PIECE_CHARS, PIECE_CHARS // 2, PIECE_CHARS // 10))
    start = rng.randrange(head, len(text))
    return text[:head] + text[start : start + PIECE_CHARS - head]
