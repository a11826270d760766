"""How much of the article a page shows."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from ahocorasick_rs import AhoCorasick

from schemas.cleaned_article import Extent
from workers.boilerplate.notices import forms
from workers.boilerplate.paragraphs import letters, weight

_SHORT_CHARS: Final = 1_500
"""A page that says that its article is not free, and shows more of it, shows all: of the fundus pages that say so,
those that break off have 240 to 1,400 characters."""
_WALL_CHARS: Final = 300
"""What a page says of its subscriptions is no longer; a long line with such words is of an article."""
_MORE_CHARS: Final = 100
_MORE_LINES: Final = 3
"""The link to the rest of the article stands so near below a part of it; further down are those of teasers."""
_LAST_LINES: Final = 2
"""Kept lines in which a wall may be announced: the model took the notice for the last of the text."""
_ELLIPSIS: Final = re.compile(
    r"(?:\.\.\.|\u2026|\[\u2026\])[\])\"\u00bb\u201d]*$"
)  # HORIZONTAL ELLIPSIS; closing quotes


def extent_of(lines: Sequence[str], is_kept: Sequence[bool], *, is_paywalled: bool) -> Extent:
    """How much of the article those of `lines` are that are kept; the page's blocks or lines in reading order.

    `is_paywalled`: the page says in its metadata that the article is not free.
    """
    kept = [number for number, each in enumerate(is_kept) if each]
    if not kept or is_long(lines[number] for number in kept):
        return Extent.FULL
    left_out = [number for number in range(kept[0], len(lines)) if not is_kept[number]]
    if is_paywalled or _announce_wall(lines[number] for number in (*kept[-_LAST_LINES:], *left_out)):
        return Extent.PAYWALL
    near = [number for number in left_out if any(is_kept[max(0, number - _MORE_LINES) : number])]
    if _ELLIPSIS.search(lines[kept[-1]]) or any(leads_to_more(lines[number]) for number in near):
        return Extent.STUB
    return Extent.FULL


def is_long(text: Iterable[str]) -> bool:
    """Whether the lines are more than a page shows of an article that it does not show all of."""
    left = _SHORT_CHARS
    for line in text:
        left -= weight(line)
        if left <= 0:
            return True
    return False


def leads_to_more(line: str) -> bool:
    """Whether `line` is the label of a link to the rest of an article: "Read the full story at The Herald"."""
    return len(line) <= _MORE_CHARS and bool(_links_to_more().match(letters(line)))


def announces_wall(line: str) -> bool:
    """Whether `line` is a notice that the rest of the article is for subscribers."""
    return _announce_wall([line])


def _announce_wall(lines: Iterable[str]) -> bool:
    short = "\n".join(letters(line) for line in lines if len(line) <= _WALL_CHARS)
    return bool(_walls().find_matches_as_indexes(short))


@cache
def _walls() -> AhoCorasick:
    return AhoCorasick(sorted(forms("wall")))


@cache
def _links_to_more() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(forms("more")))))
