"""A forest of oblivious decision trees, evaluated with numpy.

In an oblivious tree all nodes of one depth ask the same question, so a tree of depth D is D comparisons and one look-up
in a table of 2**D values, and a whole forest is a few array operations for all rows at once: no compiler and no
library of models is needed to use what CatBoost has learnt. Leaves are whole numbers, so a sum is the same on every
machine and whatever rows stand beside.
Source: Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", 2018, section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

LEAF_UNIT: Final = 1 << 13
"""Leaves are log-odds in these parts: 16 bits hold 4 of them, where trees that learn slowly give a half at most."""
CERTAIN: Final = 1 << 14
"""Probabilities are in these parts where they are whole numbers."""
UNSURE_MARGIN: Final = 3.0
"""Log-odds below which a probability (here .05 to .95) is worth a second opinion; a fifth of the rows are so."""
_ROWS_AT_ONCE: Final = 256
"""Rows evaluated together: what is compared for so many fits in the processor's cache."""
_MARGIN_MAX: Final = 12
"""Log-odds beyond which a probability is as good as 0 or 1: there its parts no longer change."""
_STEP_BITS: Final = 4
"""Log-odds that differ by less than 2**4 leaf units have one probability."""


@dataclass(frozen=True, slots=True)
class Forest:
    """T trees of depth D over named features.

    `feature` (T, D) is the column that a question looks at, `border` (T, D) what its value is compared with, `leaf`
    (T, 2**D) what a tree says, in LEAF_UNIT; bit d of a leaf's index is the answer to question d. `bias` is added to
    the sum.
    """

    names: tuple[str, ...]
    feature: NDArray[np.int32]
    border: NDArray[np.float32]
    leaf: NDArray[np.int16]
    bias: int
    _asked: "_Questions" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_asked", _Questions.of(self.feature, self.border, self.leaf))

    def margins(self, rows: NDArray[np.float32]) -> NDArray[np.int32]:
        """The log-odds (N,), in LEAF_UNIT, of rows (N, F), whose columns are in the order of `names`."""
        return self.margins_by_column(np.ascontiguousarray(rows.T))

    def margins_by_column(self, columns: NDArray[np.float32]) -> NDArray[np.int32]:
        """The log-odds (N,), in LEAF_UNIT, of columns (F, N) in the order of `names`: what is faster when they are at
        hand.
        """
        parts = [
            self._asked.sums(columns[:, at : at + _ROWS_AT_ONCE])
            for at in range(0, columns.shape[1], _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) + np.int32(self.bias) if parts else np.zeros(0, np.int32)

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability (N,) in 0..1 of each row (N, F)."""
        return (chances(self.margins(rows)) / CERTAIN).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Questions:
    """The Q different questions of a forest, asked once each: `place` (D, T) is where those of the trees are among
    them. `leaf` has the leaves of all trees in a row, those of each tree from its `offset` (T, 1) on.
    """

    feature: NDArray[np.intp]
    border: NDArray[np.float32]
    place: NDArray[np.intp]
    leaf: NDArray[np.int32]
    offset: NDArray[np.intp]

    @classmethod
    def of(cls, feature: NDArray[np.int32], border: NDArray[np.float32], leaf: NDArray[np.int16]) -> Self:
        trees, depth = feature.shape
        asked = np.stack([feature.ravel().astype(np.float64), border.ravel()], axis=1)
        questions, place = np.unique(asked, axis=0, return_inverse=True)
        return cls(
            feature=questions[:, 0].astype(np.intp),
            border=questions[:, 1:].astype(np.float32),
            place=np.ascontiguousarray(place.reshape(trees, depth).T),
            leaf=leaf.astype(np.int32).ravel(),
            offset=(np.arange(trees, dtype=np.intp) << depth)[:, None],
        )

    def sums(self, columns: NDArray[np.float32]) -> NDArray[np.int32]:
        """What the trees say of columns (F, N), summed: (N,)."""
        answers = (columns.take(self.feature, axis=0) > self.border).view(np.uint8)
        index = answers.take(self.place[-1], axis=0)
        for place in self.place[-2::-1]:
            index += index  # faster than a shift
            index |= answers.take(place, axis=0)
        cells = index.astype(np.intp)
        cells += self.offset
        summed: NDArray[np.int32] = self.leaf.take(cells).sum(axis=0, dtype=np.int32)
        return summed


@dataclass(frozen=True, slots=True)
class ForestPair:
    """The forest that sees a row and what stands around it, and the one that also sees what the first said of those.

    `others` are like the second, learnt from other draws of the same rows; they have a say where it is unsure.
    """

    first: Forest
    second: Forest
    others: tuple[Forest, ...] = ()

    def second_margins(self, columns: NDArray[np.float32]) -> NDArray[np.int32]:
        """The log-odds (N,), in LEAF_UNIT, of columns (F, N): the mean of all forests where the second is unsure."""
        margins = self.second.margins_by_column(columns)
        unsure = np.flatnonzero(np.abs(margins) < UNSURE_MARGIN * LEAF_UNIT)
        if self.others and len(unsure):
            asked = np.ascontiguousarray(columns[:, unsure])
            said = [margins[unsure], *(forest.margins_by_column(asked) for forest in self.others)]
            margins[unsure] = np.sum(said, axis=0) // len(said)
        return margins

    @classmethod
    def load(cls, file: Path | Traversable) -> Self:
        """The pair in the file that `save` wrote. Raises OSError or KeyError for a file that is none."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            others = [name for name in _OTHERS if f"{name}_names" in held]
            first, second, *rest = (_loaded(held, name) for name in (*_NAMES, *others))
        return cls(first, second, tuple(rest))

    def save(self, path: Path) -> None:
        """Write all; equal pairs give equal bytes. Raises ValueError for more than eight others."""
        forests = (self.first, self.second, *self.others)
        named = zip((*_NAMES, *_OTHERS[: len(self.others)]), forests, strict=True)
        written = {key: value for name, forest in named for key, value in _written(name, forest).items()}
        np.savez_compressed(path, allow_pickle=False, **written)


@cache
def shipped(name: str) -> ForestPair:
    """The pair that comes with Khabar for "page" or "dump"; `workers.boilerplate.training` made it."""
    return ForestPair.load(files("workers.boilerplate") / "data" / f"{name}.npz")


def chances(margins: NDArray[np.int32]) -> NDArray[np.int64]:
    """The probabilities (N,), in CERTAIN, of log-odds in LEAF_UNIT: the logistic function, by a table."""
    table = _logistic()
    found: NDArray[np.int64] = table.take((margins >> _STEP_BITS) + len(table) // 2, mode="clip")
    return found


@cache
def _logistic() -> NDArray[np.int64]:
    steps = _MARGIN_MAX * LEAF_UNIT >> _STEP_BITS
    margins = (np.arange(-steps, steps) + 0.5) / steps * _MARGIN_MAX
    return (CERTAIN / (1 + np.exp(-margins))).round().astype(np.int64)


_NAMES: Final = ("first", "second")
_OTHERS: Final = tuple(f"other{number}" for number in range(8))


def _written(name: str, forest: Forest) -> dict[str, NDArray[Any]]:
    return {
        f"{name}_names": np.array(forest.names),
        f"{name}_feature": forest.feature.astype(np.int16),
        f"{name}_border": forest.border,
        f"{name}_leaf": forest.leaf,
        f"{name}_bias": np.array(forest.bias),
    }


def _loaded(held: Mapping[str, NDArray[Any]], name: str) -> Forest:
    return Forest(
        names=tuple(str(column) for column in held[f"{name}_names"]),
        feature=held[f"{name}_feature"].astype(np.int32),
        border=held[f"{name}_border"],
        leaf=held[f"{name}_leaf"],
        bias=int(held[f"{name}_bias"]),
    )
