"""`python -m workers.boilerplate.evaluate_metadata FOLDER`: how well the metadata of pages are read.

FOLDER holds html.fundus.jsonl.gz and metadata.fundus.jsonl. Pages are divided by host into halves a and b with a fixed
seed. All 129 pages were seen while the rules for titles were written; only those for authors were tuned mainly on half a.
"""

import argparse
import gzip
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import turbohtml

from workers.boilerplate.blocks import blocks_of
from workers.boilerplate.metadata import Metadata, PageView, read_metadata, structured_data
from workers.boilerplate.tokens import tokens_of

_JSON_LD: Final = re.compile(r"<script[^>]*ld\+json[^>]*>.*?</script>", re.IGNORECASE | re.DOTALL)
# Quotation marks and dashes of all kinds to ASCII; SOFT HYPHEN, ZERO WIDTH SPACE and WORD JOINER to nothing.
_MARKS: Final = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u300c\u300d", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u00b4`", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00ad\u200b\u2060", ""),
    }
)
FIELDS: Final = ("title", "minute", "day", "authors", "lang")


class Answer(Protocol):
    """What is scored."""

    @property
    def title(self) -> str | None: ...
    @property
    def authors(self) -> tuple[str, ...]: ...
    @property
    def published_at(self) -> datetime | None: ...
    @property
    def lang(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class GoldPage:
    """A page and what hand-written parsers read of it; `published_at` as written, without a zone taken as UTC."""

    id: str
    url: str
    html: str
    lang: str
    title: str | None
    authors: tuple[str, ...]
    published_at: datetime | None


def read_gold(folder: Path) -> list[GoldPage]:
    """The pages of fundus in `folder` that have metadata."""
    stated = [json.loads(line) for line in (folder / "metadata.fundus.jsonl").read_text("utf-8").splitlines()]
    with gzip.open(folder / "html.fundus.jsonl.gz", "rt", encoding="utf-8") as lines:
        pages = {page["id"]: page for page in map(json.loads, lines)}
    return [_gold(row, pages[row["id"]]) for row in stated]


def half(page: GoldPage) -> str:
    """The half that the page is in, by its host: "a" or "b"."""
    host = (urlsplit(page.url).hostname or page.id).removeprefix("www.")
    return "ab"[blake2b(f"khabar {host}".encode()).digest()[0] & 1]


def score(gold: Iterable[GoldPage], answers: Mapping[str, Answer | None]) -> dict[str, float]:
    """Share of right answers by field, 0..1, over the pages whose gold states the field.

    `title`: equal after NFC, case folding and one form of spaces, quotation marks and dashes. `minute`, `day`: of
    publication, in UTC. `authors`: equal sets of names, normalised like titles. A page without an answer is wrong.
    """
    right: dict[str, list[bool]] = {field: [] for field in FIELDS}
    for page in gold:
        for field, is_right in verdicts(page, answers.get(page.id)).items():
            right[field].append(is_right)
    return {field: sum(marks) / len(marks) if marks else 0.0 for field, marks in right.items()}


def verdicts(page: GoldPage, answer: Answer | None) -> dict[str, bool]:
    """Whether the answer is right, by field that the gold states."""
    found: dict[str, bool] = {"lang": answer is not None and answer.lang == page.lang}
    if page.title:
        found["title"] = answer is not None and plain(answer.title) == plain(page.title)
    if page.authors:
        wanted = {plain(name) for name in page.authors}
        found["authors"] = answer is not None and {plain(name) for name in answer.authors} == wanted
    if page.published_at:
        at = answer.published_at if answer else None
        found["day"] = at is not None and at.date() == page.published_at.date()
        found["minute"] = at is not None and _minute(at) == _minute(page.published_at)
    return found


def plain(text: str | None) -> str:
    """`text` as titles and names are compared."""
    return " ".join(unicodedata.normalize("NFC", text or "").translate(_MARKS).casefold().split())


def without_json_ld(html: str) -> str:
    return _JSON_LD.sub("", html)


def answers(gold: Iterable[GoldPage], *, json_ld: bool = True) -> dict[str, Answer | None]:
    """What `read_metadata` says of each page, by id."""
    return {page.id: _read(page.html if json_ld else without_json_ld(page.html), page.url) for page in gold}


def _read(html: str, url: str) -> Metadata:
    document = turbohtml.parse(html)
    scripts = structured_data(document)
    tokens = tokens_of([document])
    return read_metadata(PageView(tokens, blocks_of(tokens), 0, scripts), url=url, fetched_at=None)


def _gold(row: dict[str, Any], page: dict[str, Any]) -> GoldPage:
    written = row["published_at"]
    at = datetime.fromisoformat(written) if written else None
    return GoldPage(
        id=row["id"],
        url=page["url"],
        html=page["html"],
        lang=page["lang"],
        title=row["title"],
        authors=tuple(row["authors"] or ()),
        published_at=at and (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)),
    )


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--without-json-ld", action="store_true", help="take the JSON-LD out of the pages first"
    )
    parser.add_argument("--half", choices=("a", "b"), help="only the pages of this half of the hosts")
    parser.add_argument("--errors", choices=FIELDS, help="print the pages that were read wrong")
    options = parser.parse_args()
    gold = [page for page in read_gold(options.folder) if options.half in (None, half(page))]
    found = answers(gold, json_ld=not options.without_json_ld)
    rates = score(gold, found)
    print(json.dumps({"pages": len(gold), **{field: round(rate, 4) for field, rate in rates.items()}}))
    for page in gold:
        answer = found[page.id]
        if options.errors and answer and not verdicts(page, answer).get(options.errors, True):
            print(page.id, page.url)
            print("  gold: ", page.title, page.authors, page.published_at, page.lang)
            print("  found:", answer.title, answer.authors, answer.published_at, answer.lang)


if __name__ == "__main__":
    main()
