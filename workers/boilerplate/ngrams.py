"""How likely a text is in each of the languages of its script, by the byte sequences that it is made of.

A naive Bayes classifier over sequences of 2 to 6 UTF-8 bytes, of which the longest known one that ends at a byte counts
for that byte: the model of py3langid (BSD-3-Clause), cut to the languages of one script, rounded, and looked up with
numpy. `workers.boilerplate.training.language` makes the file.
Source: Lui and Baldwin, "Cross-domain feature selection for language identification", IJCNLP 2011.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

SEQUENCE_BYTES: Final = (2, 3, 4, 5, 6)
_MASKS: Final = np.array([(1 << 8 * size) - 1 for size in sorted(SEQUENCE_BYTES, reverse=True)], np.uint64)
"""Of the longest sequence first."""
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
"""2**64 divided by the golden ratio: multiplicative hashing, Knuth, TAOCP 3, section 6.4."""
_FILE: Final = "language.npz"


@dataclass(frozen=True, slots=True)
class Ngrams:
    """F sequences and L columns; a language may have several columns (dialects, other spellings).

    `sequences` (F,) are the bytes, read as a big-endian number. `weights` (F, L) are log-likelihoods in units of
    `step`, less the least of their row. `priors` (L,) are log-probabilities before anything was read. `slots` maps the
    hash of a sequence to its row; the file holds no two sequences of the same hash.
    """

    languages: tuple[str, ...]
    columns: NDArray[np.intp]
    sequences: NDArray[np.uint64]
    weights: NDArray[np.uint8]
    offsets: NDArray[np.float32]
    priors: NDArray[np.float32]
    step: float
    slots: NDArray[np.uint16]
    shift: np.uint64

    def log_odds(self, data: bytes) -> NDArray[np.float32]:
        """For each of `languages` the logarithm of its share of the probability, up to a common constant.

        The evidence is divided by the root of the length: neighbouring sequences overlap, so they are not as
        independent as the classifier takes them to be. Without evidence it is that of the priors.
        """
        rows, counts = _counted(self._rows(data))
        evidence = np.log1p(counts) @ self.weights.take(rows, axis=0).astype(np.float32)
        scores = (evidence * np.float32(self.step) + self.offsets) / np.float32(len(data) or 1) ** 0.5
        scores += self.priors
        highest = scores.max()
        sums = np.bincount(self.columns, np.exp(scores - highest), len(self.languages))
        result: NDArray[np.float32] = np.log(sums + 1e-30).astype(np.float32)
        return result

    def _rows(self, data: bytes) -> NDArray[np.uint16]:
        """The rows of the sequences in `data`, one at most for each byte that they end at, in ascending order."""
        windows = np.ndarray((len(data), 1), ">u8", bytes(7) + data, strides=(1, 8)).astype(np.uint64)
        codes = (windows & _MASKS).ravel()
        rows = self.slots.take(hashes(codes, self.shift).view(np.int64))
        found = self.sequences.take(rows) == codes
        sizes = len(_MASKS)
        longest = found.reshape(-1, sizes).argmax(axis=1)  # of none that is known the first
        longest += np.arange(0, len(codes), sizes)
        result: NDArray[np.uint16] = rows.take(longest)[found.take(longest)]
        result.sort()
        return result


def _counted(rows: NDArray[np.uint16]) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """The distinct values of ascending `rows` and how often each stands there."""
    bounds = np.empty(len(rows) + 1, np.bool_)  # whether a value begins, or all end
    bounds[0] = bounds[-1] = True
    np.not_equal(rows[1:], rows[:-1], out=bounds[1:-1])
    at = bounds.nonzero()[0]
    starts = at[:-1]
    return rows.take(starts), (at[1:] - starts).astype(np.float32)


def hashes(codes: NDArray[np.uint64], shift: np.uint64) -> NDArray[np.uint64]:
    """The slot of each sequence in a table of 2**(64 - shift) slots."""
    return (codes * _FACTOR) >> shift


@cache
def models() -> Mapping[str, Ngrams]:
    """The models by script, loaded at first use; they are only read afterwards, so threads may share them."""
    with (
        files("workers.boilerplate").joinpath("data", _FILE).open("rb") as file,
        np.load(file, allow_pickle=False) as held,
    ):
        return {str(script): _model(held, str(script)) for script in held["scripts"]}


def _model(held: Mapping[str, NDArray[np.generic]], script: str) -> Ngrams:
    labels = [str(label) for label in held[f"{script}.labels"]]
    languages = tuple(dict.fromkeys(labels))
    sequences = held[f"{script}.sequences"].astype(np.uint64)
    shift = np.uint64(held[f"{script}.shift"])
    slots = np.zeros(1 << (64 - int(shift)), np.uint16)
    slots[hashes(sequences, shift)] = np.arange(len(sequences), dtype=np.uint16)
    return Ngrams(
        languages=languages,
        columns=np.array([languages.index(label) for label in labels], np.intp),
        sequences=sequences,
        weights=np.ascontiguousarray(held[f"{script}.weights"].astype(np.uint8)),
        offsets=held[f"{script}.offsets"].astype(np.float32),
        priors=held[f"{script}.priors"].astype(np.float32),
        step=float(held["step"]),
        slots=slots,
        shift=shift,
    )
