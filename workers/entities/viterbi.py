"""The best sequence of labels of each sentence, for all sentences of a micro-batch at once."""

import numpy as np
from numpy.typing import NDArray

from workers.entities.tokens import Ints, running

Scores = NDArray[np.int32]


def best_labels(scores: Scores, transitions: Scores, sentence: Ints) -> NDArray[np.int8]:
    """The labels (T,) that make the sum of `scores` (T, L) and of `transitions` (L, L), from row to column, greatest.

    `sentence` (T,) ascends; no transition is scored between two sentences. Of equal sums the lower label wins.
    """
    count = len(scores)
    labels = np.zeros(count, np.int8)
    if not count:
        return labels
    first = np.flatnonzero(np.diff(sentence, prepend=sentence[0] - 1))
    length = np.diff(first, append=count)
    order = np.argsort(-length, kind="stable")
    first, length = first[order], length[order]
    going = np.searchsorted(-length, -np.arange(length[0]), side="left")
    begins = running(going).tolist()
    row = np.arange(count) - np.repeat(begins[:-1], going)
    step = np.repeat(np.arange(len(going)), going)
    token = (
        first[row] + step
    )  # (T,), by step: the first tokens of all sentences, then the second ones of those that have two
    sums = scores[token]
    onward = transitions[:, None, :]
    for at in range(1, len(going)):
        low, high = begins[at], begins[at + 1]
        before = sums[begins[at - 1] : begins[at - 1] + high - low]
        sums[low:high] += np.maximum.reduce(before.T[:, :, None] + onward)
    best = sums.argmax(
        axis=1
    )  # right for the last token of each sentence; the others go by the label behind them
    arriving = np.ascontiguousarray(transitions.T)
    for at in range(len(going) - 2, -1, -1):
        low, behind = begins[at], best[begins[at + 1] : begins[at + 2]]
        best[low : low + len(behind)] = (sums[low : low + len(behind)] + arriving[behind]).argmax(axis=1)
    labels[token] = best
    return labels
