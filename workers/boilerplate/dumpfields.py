"""What the lines around the article of a dump state: title, authors, source, keywords, related headlines."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from workers.boilerplate.dumplines import BULLET, Lines
from workers.boilerplate.keywords import split_keywords
from workers.boilerplate.markers import Kind, Marker, author_words, find_marker
from workers.boilerplate.paragraphs import distinct, letters, weight

HEAD_LINES: Final = 12
"""So many lines before the article may hold its title, by-line and date."""
_RELATED_CHARS: Final = 200
_RELATED_MAX: Final = 50
_HEADLINE_WEIGHT: Final = 25
"""An unmarked line that is lighter is a date, a section or a name."""
_TITLE_CHARS: Final = (12, 200)
_SOURCE_CHARS: Final = 80
_NAME_CHARS: Final = 60
_NAME_WORDS: Final = 5
_PARTICLES: Final = frozenset(
    [
        "von",
        "van",
        "vom",
        "zu",
        "zur",
        "de",
        "der",
        "den",
        "da",
        "di",
        "do",
        "du",
        "dos",
        "das",
        "del",
        "della",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ben",
        "bint",
        "ter",
        "ten",
        "af",
        "av",
        "y",
        "e",
    ]
)
_STRAY_CHARS: Final = 2
_SAID_PARAGRAPHS: Final = 12
_SAID_CHARS: Final = 3_000
_DENSE_CHARS: Final = 300
"""So many characters tell whether a text is in a script without spaces."""
_TITLE_LINES: Final = 25
_TITLE_WORDS: Final = 5
_DISTANCE_SCORE: Final = 0.02
_REPEATED_SCORE: Final = 0.2
_DATE_DIGITS: Final = 4
_DATE_RATIO: Final = 0.15
_CREDIT: Final = re.compile("[\u00a9|@]|://")  # COPYRIGHT SIGN
_CREDIT_ENDS: Final = (")", "\uff09")  # FULLWIDTH RIGHT PARENTHESIS
_COLON: Final = re.compile("[:\uff1a]")  # FULLWIDTH COLON
_DIGIT: Final = re.compile(r"\d")
_BEHIND_NAMES: Final = re.compile("\\d|\u2022|\u00b7\\s|\\s[\u2013\u2014]\\s")  # BULLET, MIDDLE DOT, DASHES
_WORD: Final = re.compile(r"\w+")
_COMMON_PARAGRAPHS: Final = 3
_COMMON_RATIO: Final = 0.25
"""A word of a quarter of the paragraphs is one of the language's small words, not a keyword."""
# ARABIC COMMA, IDEOGRAPHIC COMMA, FULLWIDTH COMMA; ARABIC FULL STOP, DEVANAGARI DANDA, IDEOGRAPHIC FULL STOP
_NOT_TITLE_END: Final = (".", ":", "|", "\u060c", ",", "\u3001", "\uff0c", "\u06d4", "\u0964", "\u3002")
_CONJUNCTION: Final = re.compile(
    "\\s*[,\u060c;&\u3001]\\s*|\\s+(?:and|und|et|y|e|en|og|och|ve|i|\u0438|\u0438|\u0648)\\s+"
)
"""Between names: commas; CYRILLIC SMALL LETTER I; ARABIC LETTER WAW."""


@dataclass(slots=True)
class Behind:
    """What the marker lines behind an article say."""

    source: str | None = None
    keywords: list[str] = field(default_factory=list)
    related: list[str] = field(default_factory=list)


def title_of(
    lines: Lines, markers: Sequence[Marker | None], first: int, article: Sequence[str]
) -> str | None:
    """The headline before line `first`, where `article` begins; None when no line before it looks like one.

    Of the lines that may be it, the one that says most of what the article says, the nearest of equal ones; a line
    that the page repeats, as it does with its title, counts more, one of a word or two less.
    """
    nearest = range(first - 1, max(-1, first - 1 - _TITLE_LINES), -1)
    candidates = [
        (distance, index)
        for distance, index in enumerate(nearest)
        if markers[index] is None and not lines.bulleted[index] and _is_headline(lines.texts[index])
    ]
    if not candidates:
        return None
    said = _Said(" ".join(article[:_SAID_PARAGRAPHS])[:_SAID_CHARS])
    copies = Counter(lines.texts)
    scores: dict[int, float] = {}
    for distance, index in candidates:
        line = lines.texts[index]
        words = _words(line)
        score = sum(map(said.has, words)) / max(len(words), _TITLE_WORDS) - distance * _DISTANCE_SCORE
        scores[index] = score + _REPEATED_SCORE * (copies[line] > 1)
    best = max(scores, key=lambda index: (scores[index], index))
    return None if scores[best] <= 0 else lines.texts[best]


def _words(text: str) -> set[str]:
    """The words of a text but for the shortest; of scripts without spaces the pairs of characters."""
    folded = text.casefold()
    if _is_dense(folded[:_DENSE_CHARS]):
        return {folded[at : at + 2] for at in range(len(folded) - 1)}
    return {word for word in _WORD.findall(folded) if len(word) > _STRAY_CHARS}


class _Said:
    """Which words a text has, as `_words` would find them; only those that are asked for are looked for."""

    def __init__(self, text: str) -> None:
        self._folded = text.casefold()
        self._is_dense = _is_dense(self._folded[:_DENSE_CHARS])
        self._between_spaces = set(self._folded.split())

    def has(self, word: str) -> bool:
        """Whether `word`, one of `_words` of another text, is a word of this one."""
        if self._is_dense or len(word) <= _STRAY_CHARS:
            return self._is_dense and len(word) == 2 and word in self._folded
        return word in self._between_spaces or self._stands_alone(word)

    def _stands_alone(self, word: str) -> bool:
        at = self._folded.find(word)
        while at >= 0:
            end = at + len(word)
            around = self._folded[at - 1 : at] + self._folded[end : end + 1]
            if not any(char.isalnum() or char == "_" for char in around):
                return True
            at = self._folded.find(word, end)
        return False


def _is_dense(text: str) -> bool:
    """Whether more than half of the characters are ideographs or kana."""
    return weight(text) > 2 * len(text)


def _is_headline(line: str) -> bool:
    if len(line) > _TITLE_CHARS[1] or weight(line) < _TITLE_CHARS[0]:
        return False
    is_credited = line.endswith(_CREDIT_ENDS) or _CREDIT.search(line) is not None
    return not is_credited and not _is_date(line) and not line.endswith(_NOT_TITLE_END) and not _byline(line)


def source_of(lines: Sequence[str]) -> str | None:
    """The source that one of the lines at the head names, behind a date or alone."""
    for line in lines:
        words = line.split(" ") if len(line) <= _SOURCE_CHARS and _COLON.search(line) else []
        for at in range(len(words)):
            marker = find_marker(" ".join(words[at:]))
            if marker and marker.kind is Kind.SOURCE and marker.value:
                return marker.value.rstrip(" .")
    return None


def authors_of(lines: Sequence[str]) -> tuple[str, ...]:
    """The names on the first by-line among the lines at the head, or on a line of nothing but names beside a date."""
    for line in lines:
        if names := _byline(line):
            return distinct(names)
    for before, line, behind_it in zip(("", *lines), lines, (*lines[1:], ""), strict=False):
        if _is_date(behind_it) or before.rstrip(" :").casefold() in author_words():
            names = _names(line)
            if names and len(names[0].split()) <= _NAME_WORDS - 2:
                return distinct(names)
    return ()


def _byline(line: str) -> list[str]:
    """The names on a line such as "By Ann Lee and Bo Ek"; empty when the line is none."""
    plain = line if line[:1].isalnum() else BULLET.sub("", line, count=1)
    first, _, rest = plain.replace(":", " ", 1).partition(" ")
    return _names(rest) if first.casefold() in author_words() else []


def _names(text: str) -> list[str]:
    """The names that `text` begins with and consists of, but for roles, places and a date behind them."""
    if len(text) > 2 * _NAME_CHARS:
        return []
    without_date = _BEHIND_NAMES.split(text, maxsplit=1)[0]
    pieces = [piece.strip(" .|-/") for piece in _CONJUNCTION.split(without_date)]
    names = [piece for piece in pieces if _is_name(piece)]
    return names if pieces and _is_name(pieces[0]) else []


def _is_name(text: str) -> bool:
    """Two to five words of letters; in scripts with case the first and the last begin with a capital."""
    words = text.split()
    if not (1 < len(words) <= _NAME_WORDS and len(text) <= _NAME_CHARS):
        return False
    is_plain = all(
        word.replace(".", "").replace("-", "").replace("'", "").replace("\u2019", "").isalpha()
        for word in words
    )
    has_case = text.casefold() != text or text.upper() != text
    if not has_case:
        return is_plain
    is_capital = all(word[0].isupper() or word in _PARTICLES for word in words)
    return is_plain and is_capital and words[-1][0].isupper() and not text.isupper()


def _is_date(line: str) -> bool:
    """Whether a line is a date, a time or both, and little else."""
    digits = sum(map(str.isdigit, line)) if _DIGIT.search(line) else 0
    return digits >= _DATE_DIGITS and digits >= _DATE_RATIO * len(line)


def behind(lines: Lines, markers: Sequence[Marker | None], end: int, article: Sequence[str]) -> Behind:
    """What the lines from `end` on say of the article that ends there."""
    found = Behind()
    section: Kind | None = None
    for line, marker in zip(lines.texts[end:], markers[end:], strict=True):
        if marker is None and section is None:
            continue
        if marker:
            section = marker.kind
            if section is Kind.SOURCE and marker.value:
                found.source = found.source or marker.value.rstrip(" .") or None
            elif section is Kind.KEYWORDS and not found.keywords:
                found.keywords = _keywords(marker.value, article)
        elif section is Kind.KEYWORDS and not found.keywords:
            found.keywords = _keywords(line, article)
        elif section is Kind.RELATED and len(line) <= _RELATED_CHARS:
            found.related.append(line)
        else:
            section = None
    found.related = _headlines(found.related)[:_RELATED_MAX]
    return found


def _keywords(line: str, article: Sequence[str]) -> list[str]:
    """The keywords of a line. A run of words without separators holds also what stood between the phrases."""
    found = split_keywords(line)
    if any(" " in keyword for keyword in found):
        return found
    return [keyword for keyword in found if not _is_stray(keyword, article)]


def _is_stray(keyword: str, article: Sequence[str]) -> bool:
    size = len(letters(keyword))
    if size <= _STRAY_CHARS and keyword == keyword.casefold() and not _is_ideographic(keyword):
        return True
    marker = find_marker(keyword)
    is_link = marker is not None and marker.kind is Kind.LINK
    return is_link or (size <= 2 * _STRAY_CHARS and _is_common(keyword, article))


def _is_common(word: str, article: Sequence[str]) -> bool:
    holders = sum([word in paragraph and word in paragraph.split() for paragraph in article])
    return holders > max(_COMMON_PARAGRAPHS, _COMMON_RATIO * len(article))


def _is_ideographic(text: str) -> bool:
    return weight(text) > len(text)


def _headlines(lines: list[str]) -> list[str]:
    """The headlines of a "related" list: its bulleted lines, or where it has no bullets what is long enough."""
    bulleted = [BULLET.sub("", line) for line in lines if BULLET.match(line)]
    headlines = bulleted or [line for line in lines if weight(line) >= _HEADLINE_WEIGHT]
    return [line for line in headlines if "://" not in line]
