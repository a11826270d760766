"""How near a text comes to the gold text of its page, and means of that over many pages.

Source: the scorer that comes with the development data (`extraction/score.py`), whose figures these are to the last
digit. Words are runs of letters, digits and underscores; Chinese, Japanese, Thai and Burmese ones are cut into
characters. Texts are compared by the multisets of their runs of four words (shingles), as scrapinghub's article
extraction benchmark does.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"\w+")
_DENSE: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\u1000-\u109f]")
"""Kana and CJK ideographs, Thai, Burmese: written without spaces."""
_SPACES: Final = re.compile(r"\s+")
_SHINGLE_WORDS: Final = 4
_FAILED_F1: Final = 0.5
"""Below it a page counts as failed, in the scorer of the development data."""


@dataclass(frozen=True, slots=True)
class TextScore:
    """Of one page with gold text. `precision` is None where no text was found. Ratios, 0..1."""

    precision: float | None
    recall: float
    is_exact: bool
    """Whether the words are the same in the same order."""

    @property
    def f1(self) -> float:
        return harmonic(self.precision or 0.0, self.recall)


@dataclass(frozen=True, slots=True)
class SegmentScore:
    """Of one page with gold segments: how many of those that belong to the text, and of the others, are in it."""

    found: int
    missed: int
    taken: int
    """Segments in the text that do not belong to it."""
    left_out: int


@dataclass(frozen=True, slots=True)
class TextMeans:
    """Over pages. `f1` is that of the two means; `f1_by_page` is the mean of each page's."""

    pages: int
    f1: float
    precision: float
    """Over the pages for which a text was found."""
    recall: float
    f1_by_page: float
    exact_ratio: float
    failed_ratio: float


@dataclass(frozen=True, slots=True)
class SegmentMeans:
    """Over the segments of all pages."""

    pages: int
    f1: float
    precision: float
    recall: float


def harmonic(precision: float, recall: float) -> float:
    """F1; 0 where either is 0."""
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def words(text: str) -> list[str]:
    """The words of `text` as it stands, in order; see the module's description."""
    parts: list[str] = []
    for word in _WORD.findall(text):
        parts += word if _DENSE.search(word) else (word,)
    return parts


def score_text(text: str, gold: str) -> TextScore:
    """How near `text` comes to `gold`; the empty text has no precision and a recall of 0."""
    found, wanted = words(text), words(gold)
    if not found and not wanted:
        return TextScore(1.0, 1.0, is_exact=True)
    found_shingles, wanted_shingles = _shingles(found), _shingles(wanted)
    common = (found_shingles & wanted_shingles).total()
    return TextScore(
        precision=common / found_shingles.total() if found else None,
        recall=common / wanted_shingles.total() if wanted else 0.0,
        is_exact=found == wanted,
    )


def score_segments(text: str, wanted: Sequence[str], unwanted: Sequence[str]) -> SegmentScore:
    """Which segments occur in `text`, whatever the white space."""
    line = _line(text)
    found = sum(_line(segment) in line for segment in wanted)
    taken = sum(_line(segment) in line for segment in unwanted)
    return SegmentScore(found, len(wanted) - found, taken, len(unwanted) - taken)


def text_means(scores: Iterable[TextScore]) -> TextMeans | None:
    """None of no pages."""
    scores = list(scores)
    if not scores:
        return None
    precision = _mean([score.precision for score in scores if score.precision is not None])
    recall = _mean([score.recall for score in scores])
    return TextMeans(
        pages=len(scores),
        f1=harmonic(precision, recall),
        precision=precision,
        recall=recall,
        f1_by_page=_mean([score.f1 for score in scores]),
        exact_ratio=_mean([score.is_exact for score in scores]),
        failed_ratio=_mean([score.f1 < _FAILED_F1 for score in scores]),
    )


def segment_means(scores: Iterable[SegmentScore]) -> SegmentMeans | None:
    """None of no pages."""
    scores = list(scores)
    if not scores:
        return None
    found = sum(score.found for score in scores)
    precision = found / max(1, found + sum(score.taken for score in scores))
    recall = found / max(1, found + sum(score.missed for score in scores))
    return SegmentMeans(len(scores), harmonic(precision, recall), precision, recall)


def _shingles(words_: Sequence[str]) -> Counter[tuple[str, ...]]:
    """Of fewer than four words, the one run of them all."""
    last = max(1, len(words_) - _SHINGLE_WORDS + 1)
    return Counter(tuple(words_[start : start + _SHINGLE_WORDS]) for start in range(last) if words_)


def _line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
