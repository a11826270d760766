"""The lines of a plain-text dump, with the white space around them, and hard-wrapped paragraphs put together."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

# BULLET, TRIANGULAR BULLET, WHITE BULLET, BLACK CIRCLE, WHITE CIRCLE, BLACK SQUARE, BLACK SMALL SQUARE, BLACK RIGHT-
# POINTING SMALL TRIANGLE, BLACK DIAMOND, MIDDLE DOT, SINGLE RIGHT-POINTING ANGLE QUOTATION MARK; EN DASH, EM DASH
BULLET: Final = re.compile(
    "\\s*(?:[\u2022\u2023\u25e6\u25cf\u25cb\u25a0\u25aa\u25b8\u25c6\u00b7\u203a]\\s*|[*+\u2013\u2014-]\\s+)(?=\\S)"
)
_OTHER_SPACES: Final = tuple(
    char for char in map(chr, range(0x10000)) if char.isspace() and char not in " \n"
)
"""What `str.split` parts words at, and `str.splitlines` rows."""
_ASCII_SPACES: Final = tuple(filter(str.isascii, _OTHER_SPACES))
_WRAP_CHARS: Final = (40, 120)
"""Between these widths programs break lines: mail at 72, consoles at 80, editors at 100."""
_WRAPPED_ROWS: Final = 3
_JOINED_ROWS: Final = 50_000
"""More rows are no page; those beyond are left as they are."""
_SLACK_CHARS: Final = 3
_EVEN_RATIO: Final = 0.7
"""Rows of one paragraph are at least so wide, as a share of its widest, where words were broken off by count."""
_FULL_RATIO: Final = 0.3
"""Share of a page's rows that fill its width, when all its text is broken at that width."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The N lines of a dump that hold something, in order.

    `texts` are tidied (NFC, one line, single spaces). `blanks[i]` counts the empty rows before line i, `bulleted[i]`
    is whether it began with a bullet.
    """

    texts: list[str]
    blanks: list[int]
    bulleted: list[bool]


def split_lines(text: str) -> Lines:
    """The lines of `text`. Rows that a program broke at a fixed width are one line."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    rows: list[str] = []
    blanks: list[int] = []
    empty = 0
    for row in _rows(text):
        if row:
            rows.append(row)
            blanks.append(empty)
            empty = 0
        else:
            empty += 1
    first = rows[:_JOINED_ROWS]
    beyond = [False] * (len(rows) - len(first))
    bulleted = [not row[0].isalnum() and BULLET.match(row) is not None for row in first]
    joints = _joints(first, blanks, bulleted) + beyond
    bulleted += beyond
    return _joined(rows, blanks, bulleted, joints) if True in joints else Lines(rows, blanks, bulleted)


def behind_each_other(dumps: Sequence[Lines]) -> Lines:
    """The lines of all dumps."""
    if len(dumps) == 1:
        return dumps[0]
    return Lines(
        [*chain.from_iterable(lines.texts for lines in dumps)],
        [*chain.from_iterable(lines.blanks for lines in dumps)],
        [*chain.from_iterable(lines.bulleted for lines in dumps)],
    )


def _rows(text: str) -> list[str]:
    """The rows of `text` with single spaces and none around them, as most dumps are written."""
    if not _is_plain(text):
        return [" ".join(row.split()) for row in text.splitlines()]
    if "  " in text or "\n " in text or " \n" in text:
        return [" ".join(row.split()) if "  " in row else row.strip(" ") for row in text.split("\n")]
    return text.strip(" ").split("\n")


def _is_plain(text: str) -> bool:
    """Whether all white space is spaces and line feeds."""
    for space in _ASCII_SPACES if text.isascii() else _OTHER_SPACES:  # noqa: SIM110 - in half the time of `any`
        if space in text:
            return False
    return True


def _joined(rows: list[str], blanks: list[int], bulleted: list[bool], joints: list[bool]) -> Lines:
    heads = [index for index in range(len(rows)) if not (index and joints[index - 1])]
    ends = [*heads[1:], len(rows)]
    return Lines(
        [" ".join(rows[head:end]) for head, end in zip(heads, ends, strict=True)],
        [blanks[head] for head in heads],
        [bulleted[head] for head in heads],
    )


def _joints(rows: list[str], blanks: list[int], bulleted: list[bool]) -> list[bool]:
    """For each row whether the next one goes on with its paragraph."""
    joints = [False] * len(rows)
    widths = list(map(len, rows))
    page_width = _page_width(widths)
    first = 0
    for index, (blank, is_bulleted) in enumerate(zip(blanks, bulleted, strict=False)):
        if blank or is_bulleted:
            if index - first > 1:
                _join_block(rows, widths, first, index, page_width, joints)
            first = index
    _join_block(rows, widths, first, len(rows), page_width, joints)
    return joints


def _page_width(widths: Sequence[int]) -> int:
    """The width at which all of a dump's text is broken, 0 when it is not."""
    widest = max(widths, default=0)
    if not _WRAP_CHARS[0] <= widest <= _WRAP_CHARS[1]:
        return 0
    full = sum(width >= 0.8 * widest for width in widths)
    return widest if full >= max(5, _FULL_RATIO * len(widths)) else 0


def _join_block(
    rows: list[str], widths: list[int], first: int, end: int, page_width: int, joints: list[bool]
) -> None:
    """Mark the joints among rows `first` to before `end`, which no empty row and no bullet parts.

    A row was broken when the first word of the next would not have fitted on it.
    """
    if end - first < 2:
        return
    rows_widths = widths[first:end]
    width = page_width or max(rows_widths)
    if not _WRAP_CHARS[0] <= width <= _WRAP_CHARS[1]:
        return
    broken = [
        widths[i] + 1 + len(rows[i + 1].split(" ", 1)[0]) > width - _SLACK_CHARS
        for i in range(first, end - 1)
    ]
    is_even = rows_widths[-1] <= width and min(rows_widths[:-1]) >= _EVEN_RATIO * width
    if end - first >= _WRAPPED_ROWS and (all(broken) or is_even):
        joints[first : end - 1] = [True] * (end - 1 - first)
    elif page_width:
        joints[first : end - 1] = broken
