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
    going = np.searchsorted(-length, -np.arange(length[0]), side="left")
    arriving = np.ascontiguousarray(transitions.T)
    back: list[NDArray[np.intp]] = []
    best = scores[first]
    final = np.empty((len(first), scores.shape[1]), np.int32)
    for step in range(1, int(length[0])):
        more = int(going[step])
        final[more : len(best)] = best[more:]
        ways = best[:more, None, :] + arriving
        came = ways.argmax(axis=2)
        back.append(came)
        best = np.take_along_axis(ways, came[:, :, None], axis=2)[:, :, 0] + scores[first[:more] + step]
    final[: len(best)] = best
    chosen = final.argmax(axis=1)
    for step in range(int(length[0]) - 1, -1, -1):
        more = int(going[step]) if step else len(first)
        labels[first[:more] + step] = chosen[:more]
        if step:
            chosen[:more] = back[step - 1][np.arange(more), chosen[:more]]
    return labels
