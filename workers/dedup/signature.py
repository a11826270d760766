"""From texts to digests, sketches and anchors, many texts at once, in numpy.

All arithmetic is on unsigned 64-bit integers modulo 2**64, so a text has the same signature in every process and
on every platform. (Characters younger than a Python's Unicode tables are the one exception.)

A *shingle* is a run of three words; its hash has 48 bits. A text is represented three times:

- its *sketch* is the 64 smallest hashes: an even sample of all it says, from which resemblance is estimated;
- its *lead* is its first 64 shingles, in order: news says the most important first, so a short alert is the
  beginning of the story that it grows into, and a text that was cut off keeps its beginning;
- its *anchors* are the few hashes under which it can be found again: the smallest of the sketch, and those of the
  lead that are the smallest of eight in a row. Two texts with ten words of their leads in common share one.
  Source: Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.dedup import characters
from workers.dedup.characters import mix

KEY_BYTES: Final = 8
"""Length of digests and keys. Among a million remembered keys, a billion arrivals meet a false one with
probability 5e-5."""
SHINGLE_WORDS: Final = 3
SKETCH_SIZE: Final = 64
LEAD_SIZE: Final = 64
NUMBERS_SIZE: Final = 16
SMALLEST_ANCHORS: Final = 9
LEAD_ANCHORS: Final = 4
"""Anchors of a text: so many of its smallest hashes, and of its lead. (Chosen on half a of the development stream.)"""
WINNOW_SHINGLES: Final = 8
ANCHOR_BYTES: Final = 8
WHOLE: Final = 0xFFFFFFFF
"""The reach of a sketch that holds all shingles of its text."""
MAX_SHINGLES: Final = 0xFFFF
"""More are counted as so many: such texts are compared by their sketches alone."""
MAX_CODE_POINTS: Final = 1 << 20
"""Of a text longer than this, what is behind counts for the digest only; it bounds the memory one text can take."""
_CHUNK_CODE_POINTS: Final = MAX_CODE_POINTS
"""Texts are put together up to this length; longer runs are no faster and take more memory."""

_TEXT_BITS: Final = np.uint64(48)
"""In sorted runs of all texts' hashes, the number of the text stands above the hash."""
_HASH: Final = np.uint64((1 << 48) - 1)
_NONE: Final = _HASH

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a text says, in some 700 bytes; integers are big-endian.

    `digest` is of the normalised words. `shingles` is the number of distinct shingles. `values` are the smallest
    hashes of shingles, ascending, their first 4 bytes each; `tags` tell the same hashes apart in 2 bytes each;
    `reach` is the largest hash up to which the sketch is complete (4 bytes), WHOLE if it holds all. `numbers` are
    the smallest hashes of the numbers in the text, ascending, 2 bytes each. `anchors` take 8 bytes each: a place, a
    tag for the place, the tag of the sketch; the first `own_anchors` of them are those under which the text is
    entered, the others only what it looks for. `lead` holds the tags of the first shingles,
    `opening` the one of the smallest of the first eight.
    """

    digest: bytes
    shingles: int
    reach: int
    values: bytes
    tags: bytes
    numbers: bytes
    anchors: bytes
    own_anchors: int
    lead: bytes
    opening: bytes


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
    words, is_number, bounds, is_cut = words_of(texts)
    starts, ends = bounds[:-1], bounds[1:]
    shingles = _shingles(words)
    counts = np.maximum(ends - starts - (SHINGLE_WORDS - 1), 0)
    text_of_word = np.repeat(np.arange(len(texts)), ends - starts)
    sketches, shingle_counts = _smallest(shingles, text_of_word, starts, counts, SKETCH_SIZE)
    numbers = _numbers(words, is_number, text_of_word, len(texts))
    leads = _leads(shingles, starts, counts)
    anchors = _Anchors(sketches, leads, counts)
    sketch_values, sketch_tags = (sketches >> np.uint64(16)).astype(">u4"), _tags(sketches)
    lead_tags = _tags(leads)
    openings = _tags(leads[:, :WINNOW_SHINGLES].min(axis=1))
    signatures = []
    for n, text in enumerate(texts):
        own = words[starts[n] : ends[n]]
        size = min(int(shingle_counts[n]), SKETCH_SIZE)
        found, own_anchors = anchors.of(n)
        signatures.append(
            Signature(
                digest=_digest(own, text if is_cut[n] or not len(own) else ""),
                shingles=min(int(shingle_counts[n]), MAX_SHINGLES),
                reach=WHOLE if shingle_counts[n] <= SKETCH_SIZE else int(sketch_values[n, -1]),
                values=sketch_values[n, :size].tobytes(),
                tags=sketch_tags[n, :size].tobytes(),
                numbers=numbers[n],
                anchors=found,
                own_anchors=own_anchors,
                lead=lead_tags[n, : min(int(counts[n]), LEAD_SIZE)].tobytes(),
                opening=openings[n].tobytes(),
            )
        )
    return signatures


def _digest(words: Hashes, raw: str) -> bytes:
    """Of the words, and of the raw text where it is not all words (too long, or none)."""
    digest = blake2b(words.astype("<u8", copy=False).tobytes(), digest_size=KEY_BYTES)
    digest.update(raw.encode("utf-8", "surrogatepass"))
    return digest.digest()


class Words(NamedTuple):
    """The hash of each word of all texts, whether it holds a digit, where each text's words begin and end, and which
    texts were cut at MAX_CODE_POINTS.
    """

    hashes: Hashes
    is_number: NDArray[np.bool_]
    bounds: Numbers
    is_cut: list[bool]


def words_of(texts: Sequence[str]) -> Words:
    """The words of texts, in all their forms the same."""
    is_cut = [len(text) > MAX_CODE_POINTS for text in texts]
    codes, kinds, text_ends = _joined([text[:MAX_CODE_POINTS] for text in texts])
    if (kinds & characters.SEVERAL).any():
        has_several = np.logical_or.reduceat(
            kinds & characters.SEVERAL, np.append(0, text_ends[:-1])
        ).tolist()
        forms = [
            characters.prepare(text[:MAX_CODE_POINTS]) if several else text
            for text, several in zip(texts, has_several, strict=True)
        ]
        is_cut = [cut or len(form) > MAX_CODE_POINTS for cut, form in zip(is_cut, forms, strict=True)]
        codes, kinds, text_ends = _joined([form[:MAX_CODE_POINTS] for form in forms])
    if (kinds & characters.DROPPED).any():
        kept = kinds != characters.DROPPED
        text_ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept)))[text_ends]
        codes, kinds = codes[kept], kinds[kept]
    in_word = kinds != characters.GAP
    starts = np.flatnonzero(characters.begins_word(kinds))
    bounds = np.append(0, np.searchsorted(starts, text_ends))
    is_number = np.zeros(len(starts), np.bool_)
    is_number[np.searchsorted(starts, np.flatnonzero(kinds & characters.DIGIT), side="right") - 1] = True
    return Words(_word_hashes(characters.hashes(codes), in_word, starts), is_number, bounds, is_cut)


def _joined(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.uint8], Numbers]:
    """All characters with a space behind each text, what they are, and where each text, with its space, ends."""
    codes = characters.code_points(" ".join([*texts, ""]))
    return codes, characters.kinds(codes), np.cumsum([len(text) + 1 for text in texts])


def _word_hashes(letters: Hashes, in_word: NDArray[np.bool_], starts: Numbers) -> Hashes:
    """A polynomial of the letters of each word, mixed: the difference of running sums of all letters, brought back
    to the word's beginning. Exact, since multiplication by an odd number can be undone modulo 2**64.
    """
    terms = letters * in_word
    terms *= _powers(_BASE, len(letters))
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms)))
    ends = np.append(starts[1:], len(letters))  # gaps before the next word count nothing
    return mix((sums[ends] - sums[starts]) * _powers(_INVERSE, len(letters))[starts])


_BASE: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_BASE, -1, 1 << 64)
_known_powers: dict[int, Hashes] = {}


def _powers(base: int, count: int) -> Hashes:
    """The powers of `base` from 0, modulo 2**64; kept for the longest chunk that there was."""
    known = _known_powers.get(base)
    if known is None or len(known) < count:
        size = 1 << max(16, count.bit_length())
        known = np.full(size, base, np.uint64)
        known[0] = 1
        _known_powers[base] = known = np.multiply.accumulate(known)
    return known[:count]


def _shingles(words: Hashes) -> Hashes:
    """The 48-bit hash of each run of SHINGLE_WORDS words, by its first word; those over the end of a text are unused."""
    count = max(0, len(words) - SHINGLE_WORDS + 1)
    hashes = np.zeros(count, np.uint64)
    for offset in range(SHINGLE_WORDS):
        hashes = mix(hashes + words[offset : offset + count])
    return hashes >> np.uint64(16)


def _smallest(
    shingles: Hashes, text_of_word: Numbers, starts: Numbers, counts: Numbers, size: int
) -> tuple[Hashes, Numbers]:
    """Row by row the `size` smallest distinct shingles of a text, ascending and filled up, and how many it has."""
    is_used = (
        np.arange(len(shingles)) - starts[text_of_word[: len(shingles)]]
        < counts[text_of_word[: len(shingles)]]
    )
    keyed = (text_of_word[: len(shingles)].astype(np.uint64) << _TEXT_BITS | shingles)[is_used]
    keyed.sort()
    distinct = keyed[np.concatenate((np.ones(1, np.bool_), keyed[1:] != keyed[:-1]))] if len(keyed) else keyed
    firsts = np.searchsorted(distinct, np.arange(len(starts) + 1, dtype=np.uint64) << _TEXT_BITS)
    return _rows(distinct & _HASH, firsts[:-1], np.diff(firsts), size), np.diff(firsts)


def _leads(shingles: Hashes, starts: Numbers, counts: Numbers) -> Hashes:
    """Row by row the first shingles of a text, in order and filled up."""
    return _rows(shingles, starts, counts, LEAD_SIZE)


def _rows(values: Hashes, starts: Numbers, counts: Numbers, size: int) -> Hashes:
    """`values` from each start, `counts` of them and `size` at most, in rows filled up with _NONE."""
    columns = np.arange(size)
    places = starts[:, None] + columns
    is_there = columns < counts[:, None]
    padded = np.append(values, _NONE)
    return padded[np.where(is_there, places, len(values))]


def _numbers(words: Hashes, is_number: NDArray[np.bool_], text_of_word: Numbers, texts: int) -> list[bytes]:
    keyed = np.unique(text_of_word[is_number] << 16 | (words[is_number] & np.uint64(0xFFFF)).astype(np.int64))
    firsts = np.searchsorted(keyed, np.arange(texts + 1) << 16)
    values = (keyed & 0xFFFF).astype(">u2")
    return [
        values[first : min(last, first + NUMBERS_SIZE)].tobytes() for first, last in pairwise(firsts.tolist())
    ]


class _Anchors:
    """The anchors of all texts of a chunk, in packed form."""

    def __init__(self, sketches: Hashes, leads: Hashes, counts: Numbers) -> None:
        self._smallest = _packed_anchors(sketches[:, :SMALLEST_ANCHORS])
        windows = np.lib.stride_tricks.sliding_window_view(leads, WINNOW_SHINGLES, axis=1).min(axis=2)
        last = np.clip(counts, WINNOW_SHINGLES, LEAD_SIZE) - WINNOW_SHINGLES
        is_new = np.arange(windows.shape[1]) <= last[:, None]
        is_new[:, 1:] &= windows[:, 1:] != windows[:, :-1]
        is_new &= windows != _NONE
        # What the sketch gives already is not given again.
        is_new &= (
            windows
            > np.where(
                sketches[:, SMALLEST_ANCHORS - 1] == _NONE,
                _NONE - np.uint64(1),
                sketches[:, SMALLEST_ANCHORS - 1],
            )[:, None]
        )
        self._winnowed = _packed_anchors(windows[is_new])
        self._ends = np.cumsum(is_new.sum(axis=1)).tolist()
        self._smallest_counts = (sketches[:, :SMALLEST_ANCHORS] != _NONE).sum(axis=1).tolist()

    def of(self, n: int) -> tuple[bytes, int]:
        smallest = self._smallest[n, : self._smallest_counts[n]]
        winnowed = self._winnowed[self._ends[n - 1] if n else 0 : self._ends[n]]
        return smallest.tobytes() + winnowed.tobytes(), len(smallest) + min(len(winnowed), LEAD_ANCHORS)


def _packed_anchors(hashes: Hashes) -> NDArray[np.void]:
    """Eight bytes each: where it is kept, what tells it apart there, and its tag in a sketch."""
    mixed = mix(hashes)
    return (mixed & ~np.uint64(0xFFFF) | _tags(hashes).astype(np.uint64)).astype(">u8")


def _tags(hashes: Hashes) -> NDArray[np.uint16]:
    """What tells hashes of a sketch apart: their last 16 bits, which do not decide whether they are in it."""
    return (hashes & np.uint64(0xFFFF)).astype(">u2")
