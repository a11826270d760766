"""Which tokens stand outside every name beyond doubt: most of a text, and what is left falls into short pieces."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.entities.tokens import Flags, Ints
from workers.entities.viterbi import Scores, best_labels

_APART: Final = 1 << 40
"""More than all scores of a micro-batch: what keeps the running sums of one sentence out of the next."""


def best_names(
    scores: Scores, transitions: Scores, sentence: Ints, labels: Sequence[str]
) -> NDArray[np.int8]:
    """The labels (T,) that `best_labels` gives, of which the first of `labels` is that of no name; the same ones, but sooner.

    Tokens that no name can cover are left out, and the rest goes through as sentences of its own. `transitions` forbid to go on with
    a name that has not begun.
    """
    found = np.zeros(len(scores), np.int8)
    is_open = may_be_named(scores, transitions, sentence, labels)
    at = np.flatnonzero(is_open)
    starts, ends = np.ones(len(scores) + 1, np.bool_), np.ones(len(scores) + 1, np.bool_)
    starts[1:-1] = ends[1:-1] = sentence[1:] != sentence[:-1]
    after, before = np.zeros_like(is_open), np.zeros_like(is_open)
    after[1:], before[:-1] = ~is_open[:-1], ~is_open[1:]
    pieces: Ints = np.cumsum(starts[:-1] | after, dtype=np.int64)[at]
    edges = scores[at]
    edges += (after & ~starts[:-1])[at, None] * transitions[0]
    edges += (before & ~ends[1:])[at, None] * transitions[:, 0]
    found[at] = best_labels(edges, transitions, pieces)
    return found


def may_be_named(scores: Scores, transitions: Scores, sentence: Ints, labels: Sequence[str]) -> Flags:
    """Which tokens (T,) are not certain to have the first label: none of the others has a name in its best sequence.

    Whatever surrounds a name, the best name of each kind over a token is worth at most the bound that is worked out here, measured by
    what its tokens are worth outside. Where that is less than nothing, to leave the name out makes every sequence better.
    """
    found = np.zeros(len(scores), np.bool_)
    if not len(scores):
        return found
    apart = (sentence - sentence[0]) * _APART
    worth = scores - scores[:, :1]
    for kind in dict.fromkeys(label[2:] for label in labels[1:]):
        begin, inside = (labels.index(f"{place}-{kind}") for place in "BI")
        others = [number for number in range(len(labels)) if number != inside]
        entry = max(0, (transitions[:, begin] - transitions[:, 0]).max())
        leaving = max(0, (transitions[np.ix_([begin, inside], others)] - transitions[0, others]).max())
        onward = transitions[[begin, inside], inside].max() - transitions[0, 0]
        sums = np.cumsum(worth[:, inside] + onward, dtype=np.int64)
        so_far = np.maximum.accumulate(worth[:, begin] - sums + apart) - apart + sums
        to_come = np.maximum.accumulate((sums - apart)[::-1])[::-1] + apart - sums
        found |= so_far + to_come + int(entry + leaving) >= 0
    return found
