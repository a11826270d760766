"""Names in by-lines."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from workers.boilerplate.markers import find_marker
from workers.boilerplate.metadata.texts import key_of, shown
from workers.boilerplate.paragraphs import distinct

_NAME_CHARS: Final = 60
_NAME_WORDS: Final = 6
_BYLINE_CHARS: Final = 300
_NAMES_MAX: Final = 30
_ADDRESS: Final = re.compile(r"\S*(?:@|https?:|www\.)\S*", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\([^()]{0,80}\)|\[[^\[\]]{0,80}\]")
# SEMICOLON, BAR; ARABIC COMMA and SEMICOLON, IDEOGRAPHIC COMMA, FULLWIDTH COMMA, BULLET, MIDDLE DOT, EM DASH.
_BETWEEN: Final = re.compile("\\s*[,;|\n\u060c\u061b\u3001\uff0c\u2022\u00b7\u2014&]\\s*|\\s+[-\u2013/]\\s+")
_EDGES: Final = " \t.,:;|/*\"'\u00ab\u00bb\u201c\u201d\u2013\u2014-"  # quotation marks and dashes
_LETTER: Final = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Words:
    by: re.Pattern[str]
    by_heads: frozenset[str]
    """The first two letters of words for "by", which most lines do not begin with."""
    by_inside: re.Pattern[str]
    by_alone: frozenset[str]
    between: re.Pattern[str]
    roles: frozenset[str]
    not_names: frozenset[str]


def names(byline: str) -> tuple[str, ...]:
    """The names in a by-line ("By A and B, Editor" gives A and B), as they are written, each once.

    Persons' and organisations' alike; without roles, addresses and what stands in brackets. Empty when the line holds
    no name. Linear in its length; a line of more than 300 characters is none.
    """
    text = shown(byline[: 4 * _BYLINE_CHARS]) if byline else ""
    return _names(text) if text and len(text) <= _BYLINE_CHARS else ()


@lru_cache(maxsize=2_000)
def _names(text: str) -> tuple[str, ...]:
    """Remembered: a page states its authors in several places, and its site has the same ones again."""
    if "(" in text or "[" in text:
        text = _BRACKETS.sub(" ", text)
    if "@" in text or ":" in text or "." in text:
        text = _ADDRESS.sub(" ", text)
    pieces = (part for piece in _BETWEEN.split(text) for part in _persons(_without_by(piece)))
    return distinct(name for piece in pieces if _is_name(name := _without_by(piece)))[:_NAMES_MAX]


def starts_with_by(line: str) -> bool:
    """Whether `line` begins with a word such as "By" or "Autor:"."""
    return _may_be_by(line) and bool(_words().by.match(line))


def _may_be_by(line: str) -> bool:
    heads = _words().by_heads
    return line[:2].casefold() in heads or line[:1].casefold() in heads


def by_inside(line: str) -> re.Match[str] | None:
    """Where a word such as "by" stands within `line`, behind a date or a word for publication; None when none does."""
    return _words().by_inside.search(line)


def is_marked_name(piece: str) -> bool:
    """Whether `piece` may be a person's name: not a role or a label, in scripts with case with capitals throughout."""
    has_case = piece.upper() != piece.lower()
    is_capital = all(word[0].isupper() for word in re.split(r"[ -]", piece) if word)
    key = piece.casefold()
    is_label = key in _words().roles or key in _words().not_names or find_marker(piece) is not None
    return not is_label and (not has_case or (is_capital and not piece.isupper()))


def _persons(piece: str) -> Iterator[str]:
    """The parts that "and" divides, or a slash between full names; "ab/cd" are initials that belong together."""
    for part in _words().between.split(piece) if " " in piece else (piece,):
        sides = part.split("/")
        yield from sides if all(" " in side.strip() for side in sides) else [part]


def _without_by(piece: str) -> str:
    text = piece.strip(_EDGES)
    match = _words().by.match(text) if _may_be_by(text) else None
    rest = text[match.end() :].strip(_EDGES) if match else ""
    return rest or text


def _is_name(piece: str) -> bool:
    if not _LETTER.search(piece) or len(piece) > _NAME_CHARS or len(piece.split()) > _NAME_WORDS:
        return False
    key = piece.casefold()
    if ":" in piece or key in _words().by_alone:
        return False
    return key not in _words().roles and key not in _words().not_names and not any(map(str.isdigit, piece))


def same_name(one: str, other: str) -> bool:
    return key_of(one) == key_of(other)


@cache
def _words() -> _Words:
    data = json.loads(files("workers.boilerplate").joinpath("data/bylines.json").read_text("utf-8"))
    by = sorted({word for words in data["by"].values() for word in words}, key=len, reverse=True)
    joined = "|".join(map(re.escape, by))
    between = "|".join(map(re.escape, sorted(data["and"], key=len, reverse=True)))
    return _Words(
        by=re.compile(rf"(?:{joined})(?:\s*[:\uff1a/]\s*|\s+)", re.IGNORECASE),  # FULLWIDTH COLON
        by_heads=frozenset(word.casefold()[:2] for word in by),
        by_inside=re.compile(
            rf"(?<=[\s,.|])(?:{'|'.join(map(re.escape, data['inside']))})\s+", re.IGNORECASE
        ),
        by_alone=frozenset(word.casefold() for word in by),
        between=re.compile(rf"\s+(?:{between})\s+", re.IGNORECASE),
        roles=frozenset(word.casefold() for word in data["roles"]),
        not_names=frozenset(word.casefold() for word in data["not_names"]),
    )
