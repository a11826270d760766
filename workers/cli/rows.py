"""Records as rows of a table, for `khabar tail --format csv`."""

import csv
import io
from typing import Final

from schemas.published_article import PublishedArticle
from workers.cli.card import clean
from workers.origin import ORIGIN_HEADER, header
from workers.runtime.reading import Received, Record

COLUMNS: Final = (
    "position", "origin", "id", "relation", "of", "cluster", "lang", "title", "source", "domain", "url",
    "published_at", "authors", "entities", "reason",
)  # fmt: skip

_FORMULAS: Final = ("=", "+", "-", "@")
"""What a spreadsheet takes a cell for that begins so. Source: OWASP, CSV Injection."""


def csv_line(cells: tuple[str, ...]) -> str:
    """The cells as RFC 4180 has them, with the end of the line."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def row(received: Received, record: Record) -> tuple[str, ...]:
    """A cell for each of COLUMNS; empty where the record has no such field. Lists are separated by "; ".

    Each cell is one line without control characters. One that a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    source = getattr(record, "source", None)
    published_at = getattr(record, "published_at", None)
    duplicate = record.duplicate if isinstance(record, PublishedArticle) else None
    cells = {
        "position": f"{received.topic}:{received.partition}:{received.offset}",
        "origin": (header(received.headers, ORIGIN_HEADER) or b"").decode("utf-8", "replace"),
        "relation": duplicate and duplicate.relation,
        "of": duplicate and duplicate.of,
        "cluster": duplicate and duplicate.cluster,
        "source": getattr(source, "name", None),
        "domain": getattr(source, "domain", None),
        "published_at": published_at and published_at.isoformat(),
        "authors": "; ".join(getattr(record, "authors", ())),
        "entities": "; ".join(entity.id for entity in getattr(record, "entities", ())),
    }
    return tuple(_cell(cells.get(name, getattr(record, name, None))) for name in COLUMNS)


def _cell(value: object) -> str:
    text = "" if value is None else clean(str(value))
    return f"'{text}" if text.startswith(_FORMULAS) else text
