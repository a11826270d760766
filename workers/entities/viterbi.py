"""The best sequence of labels of each sentence, for all sentences of a micro-batch at once."""

import numpy as np
from numpy.typing import NDArray

from workers.entities.tokens import Ints

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
    going = np.searchsorted(-length, -np.arange(length[0]), side="left").tolist()
    best = scores[first]
    sums = [best]
    onward = transitions[:, None, :]
    for step in range(1, int(length[0])):
        more = going[step]
        ways = best[:more].T[:, :, None] + onward
        best = ways.max(axis=0)
        best += scores[first[:more] + step]
        sums.append(best)
    chosen = np.zeros(0, np.intp)
    arriving = np.ascontiguousarray(transitions.T)
    for step in range(int(length[0]) - 1, -1, -1):
        ending = sums[step][len(chosen) :].argmax(axis=1)
        if len(chosen):
            chosen = (sums[step][: len(chosen)] + arriving[chosen]).argmax(axis=1)
        chosen = np.concatenate([chosen, ending])
        labels[first[: len(chosen)] + step] = chosen
    return labels
