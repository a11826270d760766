"""The article of a plain-text dump of a page: a long paragraph begins it, a marker line ends it.

Marker lines cut the dump into stretches. The article is the first stretch that is worth it: one that ends at a
source line, keywords or "read also", as articles do, or one that is not dwarfed by a later stretch, as the teaser
at the head of a page is. A "read also" block may hold a complete second article, so the longest will not do.

Source of the numbers here: F1 on `extraction/dev/text.mixed` (1,502 dumps) and `text.synth-ar` (208).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.cleaned_article import Related
from workers.boilerplate.keywords import split_keywords
from workers.boilerplate.markers import Kind, Marker, find_marker
from workers.boilerplate.page import Page
from workers.boilerplate.paragraphs import distinct, is_prose, join, tidy, weight

_BLANK: Final = re.compile(r"\n[^\S\n]*\n")
_START_CHARS: Final = (120, 60)
"""Characters of the paragraph that begins an article; the second is tried where the first finds none."""
_SENTENCE_CHARS: Final = 25
_CUTS: Final = frozenset({Kind.SOURCE, Kind.KEYWORDS, Kind.RELATED, Kind.END, Kind.SUBSCRIBE})
_CLOSES_ARTICLE: Final = frozenset({Kind.SOURCE, Kind.KEYWORDS, Kind.READ_ALSO})
_CLOSED_CHARS: Final = 300
"""A stretch of so many characters before a source line, keywords or "read also" is the article."""
_DWARFED_RATIO: Final = 0.25
"""A stretch shorter than this share of the longest is a teaser. F1 .807 without the rule, .860 with it; .15 and
.35 are not better, and above .5 second articles win over short first ones."""
_GAP_LINES: Final = 40
"""So many lines in a row without a sentence end the article: a menu, a table of links."""
_RELATED_CHARS: Final = 200
_RELATED_MAX: Final = 50
_HEADLINE_CHARS: Final = 25
"""An unmarked line that is shorter is a date, a section or a name."""
_TITLE_CHARS: Final = (12, 200)
_HEADING_LINES: Final = 3
_NOTICE_LINES: Final = 30
"""An error message says so in the first lines of its page, which is short; on a long one they are its menu."""

# ARABIC QUESTION MARK, FULL STOP; DEVANAGARI DANDA; IDEOGRAPHIC FULL STOP; FULLWIDTH EXCLAMATION MARK, QUESTION MARK;
# HORIZONTAL ELLIPSIS. Closing quotation marks and brackets may follow.
_SENTENCE_END: Final = re.compile(
    "[.!?:\u061f\u06d4\u0964\u3002\uff01\uff1f\u2026][\"'\u00bb\u201d\u201c)\\]]*$"
)
# BULLET, BLACK CIRCLE, BLACK SMALL SQUARE, MIDDLE DOT, EN DASH
_BULLET: Final = re.compile("^\\s*(?:[\u2022\u25cf\u25aa\u00b7]\\s*|[*\u2013-]\\s+)(?=\\S)")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The lines `first` to before `end` of a dump, and the kind of marker that stands at `end`."""

    first: int
    end: int
    closed_by: Kind | None


@dataclass(slots=True)
class _Fields:
    """What the marker lines behind the article say."""

    source: str | None = None
    keywords: list[str] = field(default_factory=list)
    related: list[str] = field(default_factory=list)


def read_dump(text: str) -> Page:
    """The first article of a dump, and the fields that the lines around it state."""
    lines = _lines(text)
    markers = [find_marker(line) for line in lines]
    article = _article(lines, markers)
    if article is None:
        return Page(text="", blocks=len(lines))
    span = slice(article.first, article.end)
    kept = [line for line, marker in zip(lines[span], markers[span], strict=True) if marker is None]
    behind = _fields(lines[article.end :], markers[article.end :])
    return Page(
        text=join(kept),
        blocks=len(lines),
        title=_title(lines, markers, article.first),
        headings=tuple(lines[: min(article.first, _HEADING_LINES)]) if len(lines) <= _NOTICE_LINES else (),
        site_name=behind.source,
        keywords=distinct(behind.keywords),
        related=tuple(Related(title=headline) for headline in distinct(behind.related)[:_RELATED_MAX]),
    )


def _lines(text: str) -> list[str]:
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


def _article(lines: list[str], markers: list[Marker | None]) -> _Stretch | None:
    for start_chars in _START_CHARS:
        found = list(_stretches(lines, markers, start_chars))
        sizes = [_prose_chars(lines[item.first : item.end]) for item in found]
        for item, chars in zip(found, sizes, strict=True):
            is_closed = item.closed_by in _CLOSES_ARTICLE and chars >= _CLOSED_CHARS
            if is_closed or chars >= _DWARFED_RATIO * max(sizes):
                return item
    return None


def _stretches(lines: list[str], markers: list[Marker | None], start_chars: int) -> Iterator[_Stretch]:
    """The stretches between cuts that hold a paragraph of more than `start_chars` characters, from that on."""
    begin = 0
    cuts = [index for index, marker in enumerate(markers) if marker and _is_cut(marker)]
    for cut in [*cuts, len(lines)]:
        prose = (
            index
            for index in range(begin, cut)
            if markers[index] is None and is_prose(lines[index], start_chars)
        )
        first = next(prose, None)
        closing = markers[cut] if cut < len(lines) else None
        kind = closing.kind if closing else None
        if first is not None:
            yield _Stretch(
                first, cut if kind in _CLOSES_ARTICLE else _last_sentence(lines, first, cut) + 1, kind
            )
        begin = cut + 1


def _is_cut(marker: Marker) -> bool:
    return marker.kind in _CUTS or (marker.kind is Kind.READ_ALSO and not marker.value)


def _last_sentence(lines: list[str], first: int, end: int) -> int:
    """The last line that ends a sentence before a long gap without any; menus and names of sections trail off."""
    last = first
    for index in range(first + 1, end):
        if _SENTENCE_END.search(lines[index]) and weight(lines[index]) >= _SENTENCE_CHARS:
            last = index
        elif index - last > _GAP_LINES:
            break
    return last


def _prose_chars(lines: Sequence[str]) -> int:
    return sum(weight(line) for line in lines if is_prose(line, 0))


def _title(lines: list[str], markers: list[Marker | None], first: int) -> str | None:
    """The line before the article, when it looks like a headline and nothing but a line or two precedes it."""
    if not 1 <= first <= 3 or markers[first - 1] is not None:
        return None
    line = lines[first - 1]
    is_plain = not _BULLET.match(line) and not line.endswith((".", ":", "|", "\u060c"))  # ARABIC COMMA
    return line if is_plain and _TITLE_CHARS[0] <= weight(line) and len(line) <= _TITLE_CHARS[1] else None


def _fields(lines: list[str], markers: list[Marker | None]) -> _Fields:
    found = _Fields()
    section: Kind | None = None
    for line, marker in zip(lines, markers, strict=True):
        if marker:
            section = marker.kind
            if section is Kind.SOURCE and marker.value:
                found.source = found.source or marker.value.rstrip(" .") or None
            elif section is Kind.KEYWORDS and not found.keywords:
                found.keywords = split_keywords(marker.value)
        elif section is Kind.KEYWORDS and not found.keywords:
            found.keywords = split_keywords(line)
        elif section is Kind.RELATED and len(line) <= _RELATED_CHARS:
            found.related.append(line)
        else:
            section = None
    found.related = _headlines(found.related)
    return found


def _headlines(lines: list[str]) -> list[str]:
    """The headlines of a "related" list: its bulleted lines, or where it has no bullets what is long enough."""
    bulleted = [_BULLET.sub("", line) for line in lines if _BULLET.match(line)]
    headlines = bulleted or [line for line in lines if weight(line) >= _HEADLINE_CHARS]
    return [line for line in headlines if "://" not in line]
