"""A forest of oblivious decision trees, evaluated with numpy.

In an oblivious tree all nodes of one depth ask the same question, so a tree of depth D is D comparisons and one look-up
in a table of 2**D values, and a whole forest is a few array operations for all rows at once: no compiler and no
library of models is needed to use what CatBoost has learnt.
Source: Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", 2018, section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_ONCE = 2_048
"""Rows evaluated together: the comparisons of so many fit in a few megabytes, whatever the page is."""


@dataclass(frozen=True, slots=True)
class Forest:
    """T trees of depth D over named features.

    `feature` (T, D) is the column that a question looks at, `border` (T, D) what its value is compared with, `leaf`
    (T, 2**D) what a tree says; bit d of a leaf's index is the answer to question d. `bias` is added to the sum.
    """

    names: tuple[str, ...]
    feature: NDArray[np.int32]
    border: NDArray[np.float32]
    leaf: NDArray[np.float32]
    bias: float

    def margins(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The log-odds (N,) of rows (N, F), whose columns are in the order of `names`."""
        return self.margins_by_column(np.ascontiguousarray(rows.T))

    def margins_by_column(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """The log-odds (N,) of columns (F, N) in the order of `names`: what is faster when they are at hand."""
        parts = [
            self._margins(columns[:, at : at + _ROWS_AT_ONCE])
            for at in range(0, columns.shape[1], _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability (N,) in 0..1 of each row (N, F)."""
        return probability(self.margins(rows))

    def _margins(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        trees, depth = self.feature.shape
        index = np.zeros((trees, columns.shape[1]), np.int32)
        for d in range(depth):
            answers = columns[self.feature[:, d]] > self.border[:, d, None]
            index |= answers.astype(np.int32) << d
        index += (np.arange(trees, dtype=np.int32) << depth)[:, None]
        summed: NDArray[np.float32] = self.leaf.ravel()[index].sum(axis=0, dtype=np.float32)
        return summed + np.float32(self.bias)


@dataclass(frozen=True, slots=True)
class ForestPair:
    """The forest that sees a row and what stands around it, and the one that also sees what the first said of those."""

    first: Forest
    second: Forest

    @classmethod
    def load(cls, file: Path | Traversable) -> Self:
        """The pair in the file that `save` wrote. Raises OSError or KeyError for a file that is none."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            return cls(*(_loaded(held, name) for name in _NAMES))

    def save(self, path: Path) -> None:
        """Write both; equal pairs give equal bytes."""
        np.savez_compressed(
            path, allow_pickle=False, **_written(_NAMES[0], self.first), **_written(_NAMES[1], self.second)
        )


@cache
def shipped(name: str) -> ForestPair:
    """The pair that comes with Khabar for "page" or "dump"; `workers.boilerplate.training` made it."""
    return ForestPair.load(files("workers.boilerplate") / "data" / f"{name}.npz")


def probability(margins: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logistic function of log-odds."""
    result: NDArray[np.float32] = (1 / (1 + np.exp(-np.clip(margins, -30, 30)))).astype(np.float32)
    return result


_NAMES: Final = ("first", "second")


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
        leaf=held[f"{name}_leaf"].astype(np.float32),
        bias=float(held[f"{name}_bias"]),
    )
