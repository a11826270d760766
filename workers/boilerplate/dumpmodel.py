"""The two forests that judge the lines of a dump."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from workers.boilerplate.dumpcontext import context
from workers.boilerplate.dumpfeatures import Column, features
from workers.boilerplate.dumplines import Lines
from workers.boilerplate.forest import Forest
from workers.boilerplate.markers import Marker

_FORESTS: Final = ("first", "second")
_PARTS: Final = ("names", "feature", "border", "leaf", "bias")


@dataclass(frozen=True, slots=True)
class DumpModel:
    """`first` judges a line by itself and its neighbours, `second` also by what the first said of those."""

    first: Forest
    second: Forest

    def probabilities(self, lines: Lines, markers: list[Marker | None]) -> Column:
        """For each line (N,) the probability in 0..1 that it is main text."""
        if not lines.texts:
            return np.zeros(0, np.float32)
        rows = features(lines, markers)
        _, values = context(rows, self.first.probabilities(rows.values))
        return self.second.probabilities(values)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The model in the file that `save` wrote. Raises OSError or KeyError for a file that is none."""
        with np.load(path, allow_pickle=False) as held:
            return cls(*(_forest(held, name) for name in _FORESTS))

    def save(self, path: Path) -> None:
        """Write both forests into one file; equal models give equal bytes."""
        held: dict[str, Any] = {}
        for name, forest in zip(_FORESTS, (self.first, self.second), strict=True):
            held |= {f"{name}_{part}": getattr(forest, part) for part in _PARTS}
            held[f"{name}_names"] = np.array(forest.names)
            held[f"{name}_feature"] = forest.feature.astype(np.int16)
            held[f"{name}_leaf"] = forest.leaf.astype(np.float16)
        np.savez_compressed(path, **held)


def _forest(held: Any, name: str) -> Forest:  # noqa: ANN401 - numpy's open file of arrays
    return Forest(
        names=tuple(str(feature) for feature in held[f"{name}_names"]),
        feature=held[f"{name}_feature"].astype(np.int32),
        border=held[f"{name}_border"].astype(np.float32),
        leaf=held[f"{name}_leaf"].astype(np.float32),
        bias=float(held[f"{name}_bias"]),
    )


@cache
def shipped_model() -> DumpModel:
    """The model that comes with Khabar: `python -m workers.boilerplate.training.dump` made it."""
    with as_file(files("workers.boilerplate").joinpath("data/dump.npz")) as path:
        return DumpModel.load(path)
