"""The article of a plain-text dump of a page: the first long paragraph begins it, the first marker line ends it."""

import re
from dataclasses import dataclass, field
from typing import Final

from schemas.cleaned_article import Related
from workers.boilerplate.keywords import split_keywords
from workers.boilerplate.markers import Kind, Marker, find_marker
from workers.boilerplate.page import Page
from workers.boilerplate.paragraphs import distinct, join, tidy

_BLANK: Final = re.compile(r"\n[^\S\n]*\n")
_STARTS: Final = (120, 60)
"""Characters of the paragraph that begins the article; the second is tried where the first finds none. 120: the
simple rule of the measurements (F1 .792 / .923 on the mixed and the Arabic dumps)."""
# Full stops, question marks and commas of the scripts: ARABIC COMMA, SEMICOLON, QUESTION MARK, FULL STOP; DEVANAGARI
# DANDA; IDEOGRAPHIC COMMA, FULL STOP; FULLWIDTH EXCLAMATION MARK, COMMA, QUESTION MARK.
_STOP: Final = re.compile("[.!?;,\u060c\u061b\u061f\u06d4\u0964\u3001\u3002\uff01\uff0c\uff1f]")
_SENTENCE_END: Final = re.compile(
    "[.!?:\u061f\u06d4\u0964\u3002\uff01\uff1f\u2026][\"'\u00bb\u201d\u201c)\\]]*$"
)
_DENSE: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_BULLET: Final = re.compile(
    r"^\s*[\u2022\u25cf\u25aa\u00b7*\u2013-]\s+"
)  # BULLET, BLACK CIRCLE, SQUARE, MIDDLE DOT, DASH
_CUTS: Final = frozenset({Kind.SOURCE, Kind.KEYWORDS, Kind.RELATED, Kind.END})
_TITLE_CHARS: Final = (12, 200)
_RELATED_CHARS: Final = 200
_RELATED_MAX: Final = 50


@dataclass(slots=True)
class _Fields:
    """What the marker lines behind the article say."""

    source: str | None = None
    keywords: list[str] = field(default_factory=list)
    related: list[str] = field(default_factory=list)


def read_dump(text: str) -> Page:
    """The first article of a dump, and the fields that the lines around it state."""
    lines = _paragraphs(text)
    markers = [find_marker(line) for line in lines]
    start = _start(lines, markers)
    if start is None:
        return Page(text="", blocks=len(lines))
    end = _end(lines, markers, start)
    kept = [line for line, marker in zip(lines[start:end], markers[start:end], strict=True) if marker is None]
    behind = _fields(lines[end:], markers[end:])
    title = _title(lines, markers, start)
    return Page(
        text=join(kept),
        blocks=len(lines),
        title=title,
        site_name=behind.source,
        keywords=distinct(behind.keywords),
        related=tuple(Related(title=headline) for headline in distinct(behind.related)[:_RELATED_MAX]),
    )


def _paragraphs(text: str) -> list[str]:
    """The lines of the dump that hold something, tidied; a hard-wrapped paragraph is one line."""
    lines: list[str] = []
    for block in _BLANK.split(text):
        rows = [row for row in block.split("\n") if row.strip()]
        lines += [" ".join(rows)] if _is_wrapped(rows) else rows
    return [tidy(line) for line in lines]


def _is_wrapped(rows: list[str]) -> bool:
    """Whether a block is one paragraph broken at a fixed width: its rows are about equally long, but the last."""
    if len(rows) < 3 or any(_BULLET.match(row) for row in rows):
        return False
    widths = [len(row.rstrip()) for row in rows[:-1]]
    longest = max(widths)
    return 40 <= longest <= 100 and min(widths) >= 0.7 * longest and len(rows[-1]) <= longest


def _weight(line: str) -> int:
    """Length in characters; an ideograph or kana says as much as three letters."""
    return len(line) + 2 * len(_DENSE.findall(line))


def _start(lines: list[str], markers: list[Marker | None]) -> int | None:
    for chars in _STARTS:
        for index, line in enumerate(lines):
            if markers[index] is None and _weight(line) > chars and _STOP.search(line):
                return index
    return None


def _end(lines: list[str], markers: list[Marker | None], start: int) -> int:
    """The index behind the last line of the article."""
    end = len(lines)
    for index in range(start + 1, len(lines)):
        marker = markers[index]
        if marker and (marker.kind in _CUTS or (marker.kind is Kind.READ_ALSO and not marker.value)):
            end = index
            break
    return end


def _title(lines: list[str], markers: list[Marker | None], start: int) -> str | None:
    """The line before the article, when it looks like a headline."""
    if start == 0 or markers[start - 1] is not None:
        return None
    line = lines[start - 1]
    shortest, longest = _TITLE_CHARS
    looks_like_one = shortest <= _weight(line) and len(line) <= longest and not line.endswith((".", ":", "|"))
    return line if looks_like_one and start <= 2 and not _BULLET.match(line) else None


def _fields(lines: list[str], markers: list[Marker | None]) -> _Fields:
    found = _Fields()
    section: Kind | None = None
    for line, marker in zip(lines, markers, strict=True):
        if marker:
            section = marker.kind
            if section is Kind.SOURCE and found.source is None and marker.value:
                found.source = marker.value.rstrip(" .") or None
            elif section is Kind.KEYWORDS and not found.keywords:
                found.keywords = split_keywords(marker.value)
        elif section is Kind.RELATED and len(line) <= _RELATED_CHARS:
            found.related.append(_BULLET.sub("", line))
        elif section is Kind.KEYWORDS and not found.keywords:
            found.keywords = split_keywords(line)
        elif not _BULLET.match(line):
            section = None
    return found
