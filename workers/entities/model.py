"""The linear-chain model of a language: the label of every token, all texts of a micro-batch at once.

A conditional random field (Lafferty et al., ICML 2001) that workers.entities.training learns with CRFsuite. Its
weights are whole numbers, so that the sums, and with them the labels, are the same on every machine.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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
_NAMED: Final = 8
"""Labels but OUTSIDE, at most: two for each kind. With int16 a row of theirs has 16 bytes, which numpy takes from a table as one item."""


@dataclass(frozen=True, slots=True)
class Model:
    """`weights` (2**18 + 1, L) int16 and `transitions` (L, L) int32, both in UNIT; `labels` are O, B-PER, I-PER, ..."""

    labels: tuple[str, ...]
    weights: NDArray[np.int16]
    transitions: NDArray[np.int32]
    _worth: NDArray[np.int16] = field(init=False, repr=False, compare=False)
    """(2**18 + 1, _NAMED): how much more each label but the first weighs than that one. Sequences differ by that alone."""

    def __post_init__(self) -> None:
        """Work out what is only another form of the weights."""
        worth = np.zeros((len(self.weights), _NAMED), np.int16)
        worth[:, : len(self.labels) - 1] = self.weights[:, 1:] - self.weights[:, :1]
        object.__setattr__(self, "_worth", worth)

    def label(
        self, tokens: Tokens, words: Words, known: Known, categories: NDArray[np.uint8]
    ) -> NDArray[np.int8]:
        """The number of the label (T,) of each token in `labels`."""
        if not len(tokens):
            return np.zeros(0, np.int8)
        sums = np.zeros((len(tokens), _NAMED), np.int16)
        nothing = np.intp(len(words.hash))
        for place, rows in word_rows(tokens, words, known).items():
            said = np.zeros((len(words.hash) + 1, _NAMED), np.int16)
            self._sum(rows, said[:-1])
            at = moved(tokens, words.of, place, nothing) if place else words.of
            sums += _items(said).take(at)[:, None].view(np.int16)
        self._sum((*pair_rows(tokens, words, known), *listed_rows(tokens, categories)), sums)
        scores = np.zeros((len(tokens), len(self.labels)), np.int32)
        scores[:, 1:] = sums[:, : len(self.labels) - 1]
        begins = np.flatnonzero(np.diff(tokens.sentence, prepend=-1))
        inside = np.flatnonzero([label.startswith("I-") for label in self.labels])
        scores[np.ix_(begins, inside)] += _FORBIDDEN
        return best_names(scores, self.transitions, tokens.sentence, self.labels)

    def _sum(self, rows: Iterable[Rows], sums: NDArray[np.int16]) -> None:
        """Add to `sums` (N, _NAMED) what rows (N,) are worth: none is out of bounds, and so few that int16 holds all sums of a token."""
        table, taken = _items(self._worth), np.empty_like(sums)
        for row in rows:
            table.take(row, out=_items(taken), mode="clip")
            sums += taken

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


def _items(rows: NDArray[np.int16]) -> NDArray[np.complex128]:
    """Rows (N, _NAMED) as N items, which are moved and no more: numpy has no other number of 16 bytes."""
    return rows.view(np.complex128)[:, 0]


def feature_rows(tokens: Tokens, words: Words, known: Known, categories: NDArray[np.uint8]) -> Iterator[Rows]:
    """Every feature's row (T,), NO_ROW where a token has none: what a model learns from."""
    for place, rows in word_rows(tokens, words, known).items():
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
