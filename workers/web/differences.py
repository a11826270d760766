"""Two articles side by side: which words of each do not stand in a passage that the other has too."""

from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.published_article import PublishedArticle
from workers.dedup.explain import Comparison, Word, compare, passages, words
from workers.web.markup import Span, paragraphs

_TAGS: Final = ("<mark>", "</mark>")


@dataclass(frozen=True, slots=True)
class Differences:
    """What `khabar dup` computes, and both texts as HTML, paragraph by paragraph, with the words marked that only this
    one has. `only_here` and `only_there` count those words.
    """

    comparison: Comparison
    here: list[str]
    there: list[str]
    only_here: int
    only_there: int


def differences(article: PublishedArticle, other: PublishedArticle, most_chars: int) -> Differences:
    """The article beside the one that its verdict names; of each text `most_chars` at most are made HTML.

    Words count as de-duplication sees them (case, accents and punctuation do not), and in runs of three or more: a run
    that is shorter counts as different wherever it stands. Words after the part of a text that fingerprints see
    are neither compared nor marked.
    """
    ours, theirs = words(article.text), words(other.text)
    here, there = _covered(ours, theirs), _covered(theirs, ours)
    return Differences(
        comparison=compare(article, other, article.duplicate),
        here=paragraphs(article.text[:most_chars], list(_spans(ours, here))),
        there=paragraphs(other.text[:most_chars], list(_spans(theirs, there))),
        only_here=len(ours) - len(here),
        only_there=len(theirs) - len(there),
    )


def _covered(these: Sequence[Word], those: Sequence[Word]) -> set[int]:
    """The numbers of the words of `these` that stand in a passage of both.

    Each text is looked through from its own side: a passage of one may stand in several places of the other.
    """
    if [word.folded for word in these] == [word.folded for word in those]:
        return set(range(len(these)))
    starts = [word.start for word in these]
    found: set[int] = set()
    for passage in passages(these, those):
        first = bisect_right(starts, passage.start) - 1
        found.update(range(first, first + passage.words))
    return found


def _spans(text: Sequence[Word], same: Container[int]) -> Iterator[Span]:
    """Neighbouring words that differ are marked together."""
    start: int | None = None
    end = 0
    for number, word in enumerate(text):
        if number in same:
            if start is not None:
                yield Span(start, end, *_TAGS)
            start = None
            continue
        start = word.start if start is None else start
        end = word.end
    if start is not None:
        yield Span(start, end, *_TAGS)
