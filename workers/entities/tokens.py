"""Texts as rows of tokens: all texts of a micro-batch at once, in arrays of numpy.

A token is a run of letters, a run of digits, or one sign. Its hash is taken of the letters as they are compared
(see characters.py), and so is that of any part of it: the hash of a piece of text is the difference of two running
sums, so that a prefix, a suffix or an Arabic word without its proclitics costs no more than the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.entities import characters
from workers.entities.characters import CAPITAL, IGNORED, SIGN, SPACE, UNSPACED, Codes, Kinds

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

BASE: Final = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse modulo 2**64."""
_INVERSE: Final = pow(BASE, -1, 1 << 64)
_MIXER: Final = np.uint64(0xD6E8FEB86659FD93)
_STOPS: Final = tuple(map(ord, ".!?\u2026\u061f\u06d4\u0964\u3002\uff01\uff1f"))
"""FULL STOP and its like; HORIZONTAL ELLIPSIS, ARABIC QUESTION MARK and FULL STOP, DANDA, the ideographic ones."""
_KEPT_POWERS: Final = 1 << 17
"""Of the base, worked out once: for so many characters, those of a micro-batch of articles; 2 MB."""
_INITIAL_CHARS: Final = 3
"""A full stop behind so few letters of which the first is a capital may belong to an initial or a title."""
_LONGEST_SENTENCE: Final = 160
"""Tokens. Longer ones are cut, so that a page without a full stop costs no more than another."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The T tokens of some texts, in order.

    `codes` and `kinds` (C,) are the characters of all texts, ignored ones left out; `places[i]` is where character i
    stands in the texts put together. `starts` and `ends` (T,) are half-open among the C characters. `text` (T,) is the
    number of a token's text, `sentence` (T,) that of its sentence, counted on over all texts; `is_spaced` (T,) says
    whether white space or the text's start goes before it. `sums` (C + 1,) are the running sums of the hash.
    """

    codes: Hashes
    kinds: Kinds
    places: Ints
    starts: Ints
    ends: Ints
    text: Ints
    sentence: Ints
    is_spaced: Flags
    offsets: Ints
    """(N,): where each text begins among the characters of all texts."""
    sums: Hashes
    inverse: Hashes
    capitals: Ints
    """(T,): how many each token has."""

    def __len__(self) -> int:
        return len(self.starts)

    def hashes(self, starts: Ints, ends: Ints) -> Hashes:
        """The hash of each span of characters: equal letters give equal hashes wherever they stand."""
        return mixed((self.sums.take(ends) - self.sums.take(starts)) * self.inverse.take(starts))

    def hashes_behind(self, letters: Sequence[int], starts: Ints, ends: Ints) -> Hashes:
        """The hash of each span with `letters` before it, which do not stand in the text."""
        values = (self.sums[ends] - self.sums[starts]) * self.inverse[starts]
        for letter in reversed(letters):
            values = values * np.uint64(BASE) + np.uint64(letter + 1)
        return mixed(values)


def tokens_of(texts: Sequence[str]) -> Tokens:
    """The tokens of `texts`; any str is accepted."""
    joined = "\n".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    offsets = (lengths + 1).cumsum() - (lengths + 1)
    kinds = characters.kinds_of(codes)
    places = (kinds != IGNORED).nonzero()[0]
    codes, kinds = codes.take(places), kinds.take(places)
    starts, ends = _spans(kinds)
    letters = characters.folded(codes).astype(np.uint64)
    size = len(letters)
    powers, inverse = (
        each[: size + 1] for each in (_kept_powers() if size <= _KEPT_POWERS else _powers(size))
    )
    sums = np.zeros(len(letters) + 1, np.uint64)
    np.cumsum((letters + np.uint64(1)) * powers[:-1], out=sums[1:])
    text = np.searchsorted(offsets, places[starts], side="right") - 1
    is_spaced = np.ones(len(starts), np.bool_)
    is_spaced[1:] = starts[1:] > ends[:-1]
    sentence = _sentences(codes, kinds, starts, ends, text, is_spaced)
    before = running(kinds == CAPITAL)
    capitals = before[ends] - before[starts]
    return Tokens(
        letters, kinds, places, starts, ends, text, sentence, is_spaced, offsets, sums, inverse, capitals
    )


def running(values: NDArray[np.integer | np.bool_]) -> Ints:
    """The sums (N + 1,) of what stands before each of N values, and before their end."""
    sums = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def mixed(values: Hashes) -> Hashes:
    """`values` with every bit spread over all bits, for tables that look at some of them."""
    values = values ^ (values >> np.uint64(32))
    values *= _MIXER
    values ^= values >> np.uint64(32)
    return values


def first_bits(values: Hashes, bits: int) -> Hashes:
    """So many bits, 32 at most, of what `mixed` makes of `values`, the highest ones: these do not need its last step."""
    values = values ^ (values >> np.uint64(32))
    values *= _MIXER
    values >>= np.uint64(64 - bits)
    return values


def joined_hash(first: Hashes, second: Hashes) -> Hashes:
    """The hash of two things side by side; not that of the second before the first."""
    return mixed(first * np.uint64(BASE) + second)


def _powers(count: int) -> tuple[Hashes, Hashes]:
    """The powers of the base and of its inverse from 0 to `count`, modulo 2**64."""
    powers = np.empty((2, count + 1), np.uint64)
    powers[:, 0] = 1
    powers[0, 1:], powers[1, 1:] = BASE, _INVERSE
    np.cumprod(powers, axis=1, out=powers)
    return powers[0], powers[1]


@cache
def _kept_powers() -> tuple[Hashes, Hashes]:
    return _powers(_KEPT_POWERS)


def _spans(kinds: Kinds) -> tuple[Ints, Ints]:
    """Where tokens begin and end."""
    if not len(kinds):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    groups = kinds - (kinds == CAPITAL)
    begins = groups != SPACE
    same = (groups[1:] == groups[:-1]) & (groups[1:] != SIGN) & (groups[1:] != UNSPACED)
    begins[1:] &= ~same
    closes = groups != SPACE
    closes[:-1] &= ~same
    return begins.nonzero()[0], closes.nonzero()[0] + 1


def _sentences(codes: Codes, kinds: Kinds, starts: Ints, ends: Ints, text: Ints, is_spaced: Flags) -> Ints:
    """The number of each token's sentence: it ends behind a full stop and at a line's end."""
    count = len(starts)
    if not count:
        return np.zeros(0, np.int64)
    first, kind = codes[starts], kinds[starts]
    breaks = np.zeros(count, np.bool_)
    is_stop = np.isin(first, _STOPS)
    after_initial = np.zeros(count, np.bool_)
    after_initial[1:] = (kind[:-1] == CAPITAL) & (ends - starts <= _INITIAL_CHARS)[:-1] & ~is_spaced[1:]
    is_stop &= ~((first == _STOPS[0]) & after_initial)
    breaks[1:] = is_stop[:-1] & is_spaced[1:] & (kind[1:] != SIGN)
    breaks[1:] |= is_stop[:-1] & (kind[1:] == UNSPACED)
    lines = np.cumsum(codes == ord("\n"))[starts]
    breaks[1:] |= lines[1:] != lines[:-1]
    breaks[1:] |= text[1:] != text[:-1]
    within = np.arange(count) - breaks_before(breaks)
    breaks |= (within > 0) & (within % _LONGEST_SENTENCE == 0)
    return np.cumsum(breaks)


def breaks_before(breaks: Flags) -> Ints:
    """The last place at or before each one where `breaks` is true, 0 where there is none."""
    before: Ints = np.maximum.accumulate(np.where(breaks, np.arange(len(breaks)), 0))
    return before
