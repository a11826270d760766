"""Sets and tables of hashes of words, asked for those of a whole micro-batch at once."""

from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from workers.entities.tokens import Flags, Hashes, Ints

_Value = TypeVar("_Value", bound=np.generic)
_SPARE_BITS: Final = 4
"""Of the table of a set: so few of its places are taken that of other hashes nineteen in twenty are told apart at once."""


class HashSet:
    """Hashes in order, and a table of their first bits that tells most others apart without a search."""

    def __init__(self, hashes: Hashes) -> None:
        self._hashes = hashes
        bits = len(hashes).bit_length() + _SPARE_BITS
        self._shift = np.uint64(64 - bits)
        self._may_be = np.zeros(1 << bits, np.bool_)
        self._may_be[hashes >> self._shift] = True

    def places(self, hashes: Hashes) -> tuple[Ints, Ints]:
        """Which of `hashes` are in the set, and where in its order."""
        at = np.flatnonzero(self._may_be[hashes >> self._shift])
        if not len(self._hashes):
            return at[:0], at[:0]
        asked = hashes[at]
        place = np.minimum(np.searchsorted(self._hashes, asked), len(self._hashes) - 1)
        is_there = np.flatnonzero(self._hashes[place] == asked)
        return at[is_there], place[is_there]

    def has(self, hashes: Hashes) -> Flags:
        """Which of `hashes` are in the set."""
        found = np.zeros(len(hashes), np.bool_)
        found[self.places(hashes)[0]] = True
        return found


class HashTable(Generic[_Value]):
    """A value for each of some hashes in order."""

    def __init__(self, hashes: Hashes, values: NDArray[_Value]) -> None:
        self._hashes, self._values = HashSet(hashes), values

    def of(self, hashes: Hashes) -> NDArray[_Value]:
        """The value of each hash, 0 for unknown ones."""
        at, place = self._hashes.places(hashes)
        found = np.zeros(len(hashes), self._values.dtype)
        found[at] = self._values[place]
        return found


def among(known: Hashes, hashes: Hashes) -> Flags:
    """Which of `hashes` are among the sorted `known`."""
    if not len(known):
        return np.zeros(len(hashes), np.bool_)
    at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    found: Flags = known[at] == hashes
    return found
