"""Pages and dumps with gold text, as the development data has them."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from schemas.raw_event import RawEvent

DUMPS: Final = "text."
"""What the names of sets of text dumps begin with; those of pages go without their "html."."""
_SUFFIX: Final = ".jsonl.gz"
_ARTICLES_ONLY: Final = frozenset({"wcxb"})
"""Sets that also hold list pages, products and threads, which are no articles and are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page or dump, and what belongs to its main text.

    `gold` is the whole main text, None where there are only segments: `wanted` occur in the main text, `unwanted`
    elsewhere on the page. `event.meta` tells readers `id` and, for those that must be told it, `lang` (BCP 47).
    """

    id: str
    corpus: str
    lang: str
    source: str
    event: RawEvent
    gold: str | None
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @property
    def is_dump(self) -> bool:
        return self.corpus.startswith(DUMPS)


def names(folder: Path) -> list[str]:
    """The sets in `folder`: "fundus" for html.fundus.jsonl.gz, "text.mixed" for text.mixed.jsonl.gz; pages first."""
    stems = [path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}")]
    pages = sorted(stem.removeprefix("html.") for stem in stems if stem.startswith("html."))
    return pages + sorted(stem for stem in stems if stem.startswith(DUMPS))


def read(folder: Path, name: str) -> Iterator[Case]:
    """The cases of the set `name`, in the order of the file.

    Raises OSError, KeyError or orjson.JSONDecodeError when there is no such set or it is not as described.
    """
    stem = name if name.startswith(DUMPS) else f"html.{name}"
    with gzip.open(folder / f"{stem}{_SUFFIX}") as lines:
        for line in lines:
            row = orjson.loads(line)
            if name not in _ARTICLES_ONLY or row.get("kind") == "article":
                yield _case(row, name)


def read_all(folder: Path, sets: Sequence[str]) -> Iterator[Case]:
    """The cases of the `sets`, in their order. Raises as `read`."""
    for name in sets:
        yield from read(folder, name)


def _case(row: dict[str, Any], corpus: str) -> Case:
    is_dump = corpus.startswith(DUMPS)
    lang = row.get("lang") or "und"
    return Case(
        id=row["id"],
        corpus=corpus,
        lang=lang,
        source=row.get("source") or "?",
        event=RawEvent(
            body=row["text" if is_dump else "html"],
            url=row.get("url"),
            content_type="text/plain" if is_dump else "text/html",
            meta={"id": row["id"], "lang": lang},
        ),
        gold=row.get("gold") or None,
        wanted=tuple(row.get("with") or ()),
        unwanted=tuple(row.get("without") or ()),
    )
