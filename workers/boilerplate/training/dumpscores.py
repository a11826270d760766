"""How much of a known main text was found: the F1 over 4-word shingles that extractors are compared by."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from workers.boilerplate.training.dumplabels import tokens

_SHINGLE: Final = 4


def scored(gold: str, found: str) -> tuple[float, float]:
    """Precision and recall of the shingles of `found`; a precision of nothing found is -1."""
    known, seen = _shingles(gold), _shingles(found)
    both = sum((known & seen).values())
    precision = both / sum(seen.values()) if seen else -1.0
    return precision, both / max(sum(known.values()), 1)


def f1(scores: Sequence[tuple[float, float]]) -> float:
    """The harmonic mean of mean precision, over texts in which something was found, and mean recall."""
    precisions = [precision for precision, _ in scores if precision >= 0]
    precision = sum(precisions) / max(len(precisions), 1)
    recall = sum(recall for _, recall in scores) / max(len(scores), 1)
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    found = tokens(text)
    return Counter(
        tuple(found[at : at + _SHINGLE]) for at in range(max(1, len(found) - _SHINGLE + 1)) if found
    )
