"""The linear-chain model of a language: the label of every token, all texts of a micro-batch at once.

A conditional random field (Lafferty et al., ICML 2001) that workers.entities.training learns with CRFsuite. Its
weights are whole numbers, so that the sums, and with them the labels, are the same on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from workers.entities.features import NO_ROW, Known, Rows, Words, listed_rows, moved, pair_rows, word_rows
from workers.entities.outside import best_names
from workers.entities.tokens import Tokens

OUTSIDE: Final = "O"
UNIT: Final = 24
"""Of the weights in a model's file: so many make 1. They lie within int8, that is, within 5.3."""
_FORBIDDEN: Final = -10_000
"""What it costs to go on with a name that has not begun."""


@dataclass(frozen=True, slots=True)
class Model:
    """`weights` (2**18 + 1, L) int16 and `transitions` (L, L) int32, both in UNIT; `labels` are O, B-PER, I-PER, ..."""

    labels: tuple[str, ...]
    weights: NDArray[np.int16]
    transitions: NDArray[np.int32]

    def label(
        self, tokens: Tokens, words: Words, known: Known, categories: NDArray[np.uint8], *, arabic: bool
    ) -> NDArray[np.int8]:
        """The number of the label (T,) of each token in `labels`."""
        if not len(tokens):
            return np.zeros(0, np.int8)
        scores = np.zeros((len(tokens), len(self.labels)), np.int32)
        nothing = np.intp(len(words.hash))
        for place, rows in word_rows(tokens, words, known, arabic=arabic).items():
            said = np.zeros((len(words.hash) + 1, len(self.labels)), np.int32)
            self._sum(rows, said[:-1])
            scores += said.take(moved(tokens, words.of, place, nothing) if place else words.of, axis=0)
        self._sum(np.stack([*pair_rows(tokens, words, known), *listed_rows(tokens, categories)]), scores)
        begins = np.flatnonzero(np.diff(tokens.sentence, prepend=-1))
        inside = np.flatnonzero([label.startswith("I-") for label in self.labels])
        scores[np.ix_(begins, inside)] += _FORBIDDEN
        return best_names(scores, self.transitions, tokens.sentence, self.labels)

    def _sum(self, rows: Rows, out: NDArray[np.int32]) -> None:
        """Add to `out` (N, L) the weights of rows (F, N), of which none is out of bounds, and so few that int16 holds their sums."""
        taken, sums = np.empty(out.shape, np.int16), np.zeros(out.shape, np.int16)
        for row in rows:
            sums += self.weights.take(row, axis=0, out=taken, mode="clip")
        out += sums

    @classmethod
    def load(cls, file: Path | Traversable) -> Self:
        """The model in the file that `save` wrote. Raises OSError or KeyError for a file that is none."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            labels = tuple(str(label) for label in held["labels"])
            weights = np.zeros((NO_ROW + 1, len(labels)), np.int16)
            weights[held["gaps"].astype(np.int64).cumsum()] = held["weights"]
            return cls(labels, weights, held["transitions"])

    def save(self, path: Path) -> None:
        """Write it; equal models give equal bytes."""
        rows = np.flatnonzero(self.weights.any(axis=1))
        gaps = np.diff(rows, prepend=0)
        np.savez_compressed(
            path,
            allow_pickle=False,
            labels=np.array(self.labels),
            gaps=gaps.astype(np.min_scalar_type(gaps.max(initial=0))),
            weights=self.weights[rows].astype(np.int8),
            transitions=self.transitions,
        )


def feature_rows(
    tokens: Tokens, words: Words, known: Known, categories: NDArray[np.uint8], *, arabic: bool
) -> Iterator[Rows]:
    """Every feature's row (T,), NO_ROW where a token has none: what a model learns from."""
    for place, rows in word_rows(tokens, words, known, arabic=arabic).items():
        of_token = rows[:, words.of]
        yield from moved(tokens, of_token, place, np.int32(NO_ROW)) if place else of_token
    yield from pair_rows(tokens, words, known)
    yield from listed_rows(tokens, categories)


def without_jumps(labels: tuple[str, ...], transitions: NDArray[np.int32]) -> NDArray[np.int32]:
    """`transitions` that never go on with a name that has not begun."""
    allowed = transitions.copy()
    for row, before in enumerate(labels):
        for column, label in enumerate(labels):
            if label.startswith("I-") and before[2:] != label[2:]:
                allowed[row, column] = _FORBIDDEN
    return allowed
