"""From texts to digests and sketches, many texts at once, in numpy.

All arithmetic is on unsigned 64-bit integers modulo 2**64, so a text has the same signature in every process and
on every platform. (Characters younger than a Python's Unicode tables are the one exception.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.dedup import characters

KEY_BYTES: Final = 12
"""Length of digests and keys. Among a million remembered keys, a billion arrivals meet a false one with
probability 1e-14."""
SHINGLE_WORDS: Final = 3
SKETCH_SIZE: Final = 64
NUMBERS_SIZE: Final = 16
MAX_CODE_POINTS: Final = 1 << 20
"""Of a text longer than this, what is behind counts for the digest only; it bounds the memory one text can take."""
_CHUNK_CODE_POINTS: Final = MAX_CODE_POINTS
"""Texts are put together up to this length; longer runs are no faster and take more memory."""

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Signature:
    """`digest` of the normalised words; `sketch`: the smallest SKETCH_SIZE hashes of distinct shingles, ascending,
    4 bytes each, big-endian; `shingles`: how many there are in all; `numbers`: likewise, 2 bytes each.
    """

    digest: bytes
    shingles: int
    sketch: bytes
    numbers: bytes


def sign(texts: Sequence[str]) -> list[Signature]:
    """One signature a text, in order; a text's signature does not depend on its neighbours. Accepts any `str`."""
    return [signature for chunk in _chunks(texts) for signature in _sign_chunk(chunk)]


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for text in texts:
        if chunk and size + len(text) > _CHUNK_CODE_POINTS:
            yield chunk
            chunk, size = [], 0
        chunk.append(text)
        size += len(text)
    if chunk:
        yield chunk


def _sign_chunk(texts: Sequence[str]) -> list[Signature]:
    prepared = [characters.prepare(text[: MAX_CODE_POINTS + 1]) for text in texts]
    words, is_number, bounds = _words([text[:MAX_CODE_POINTS] for text in prepared])
    shingles = _shingles(words)
    signatures = []
    spans = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    for text, form, (start, end) in zip(texts, prepared, spans, strict=True):
        own = words[start:end]
        distinct = _distinct(shingles[start : max(start, end - SHINGLE_WORDS + 1)])
        numbers = _distinct(own[is_number[start:end]] & np.uint64(0xFFFF))
        signatures.append(
            Signature(
                digest=_digest(own, text if len(form) > MAX_CODE_POINTS or start == end else ""),
                shingles=len(distinct),
                sketch=(distinct[:SKETCH_SIZE] >> np.uint64(32)).astype(">u4").tobytes(),
                numbers=numbers[:NUMBERS_SIZE].astype(">u2").tobytes(),
            )
        )
    return signatures


def _digest(words: Hashes, raw: str) -> bytes:
    """Of the words, and of the raw text where it is not all words (too long, or none)."""
    digest = blake2b(words.astype("<u8", copy=False).tobytes(), digest_size=KEY_BYTES)
    digest.update(raw.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _words(prepared: Sequence[str]) -> tuple[Hashes, NDArray[np.bool_], NDArray[np.int64]]:
    """The hash of each word of all texts, whether it holds a digit, and where each text's words begin and end."""
    folded = characters.fold(characters.code_points(" ".join(prepared)))
    kept = folded != characters.DROPPED
    text_ends = np.cumsum([len(text) + 1 for text in prepared]) - 1
    kept_before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept)))
    text_bounds = np.concatenate((np.zeros(1, np.int64), kept_before[text_ends]))
    folded = folded[kept]
    in_word = folded != characters.GAP
    alone = (folded & characters.ALONE) != 0
    begins = in_word.copy()
    begins[1:] &= ~in_word[:-1] | alone[1:] | alone[:-1]
    starts = np.flatnonzero(begins[in_word])
    letters = folded[in_word]
    bounds = np.searchsorted(np.flatnonzero(begins), text_bounds).astype(np.int64)
    if not len(starts):
        return np.zeros(0, np.uint64), np.zeros(0, np.bool_), bounds
    is_number = np.bitwise_or.reduceat(letters & characters.DIGIT, starts) != 0
    return _word_hashes(letters & characters.LETTER, starts), is_number, bounds


def _word_hashes(letters: NDArray[np.uint32], starts: NDArray[np.int64]) -> Hashes:
    """The sum of a hash of each (letter, position in the word), mixed once more."""
    lengths = np.diff(starts, append=len(letters))
    position = np.arange(len(letters)) - np.repeat(starts, lengths)
    each = _mix(letters.astype(np.uint64) | (position.astype(np.uint64) << np.uint64(21)))
    return _mix(np.add.reduceat(each, starts))


def _shingles(words: Hashes) -> Hashes:
    """The hash of each run of SHINGLE_WORDS words, by its first word; runs over the end of a text are unused."""
    count = max(0, len(words) - SHINGLE_WORDS + 1)
    hashes = np.zeros(count, np.uint64)
    for offset in range(SHINGLE_WORDS):
        hashes = _mix(hashes + words[offset : offset + count])
    return hashes


def _distinct(hashes: Hashes) -> Hashes:
    """Ascending, each once. (np.unique does the same in three times the time on arrays this small.)"""
    ordered = np.sort(hashes)
    return (
        ordered[np.concatenate((np.ones(1, np.bool_), ordered[1:] != ordered[:-1]))]
        if len(ordered)
        else ordered
    )


def _mix(values: Hashes) -> Hashes:
    """splitmix64's step: every input bit moves every output bit. Source: Steele, Lea, Flood,
    "Fast splittable pseudorandom number generators", OOPSLA 2014, with Stafford's variant 13.
    """
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
