"""The words of a dump as numbers: how much its lines share."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]
"""(N,): a number in 0..1 for each line."""

_SPREAD_LINES: Final = 400
"""So many long lines tell which words a language makes sentences with, so many kept ones what an article is about."""
_SMALL_LINES: Final = 3
_SMALL_RATIO: Final = 0.12
"""A word of so many of the long lines, and of this share of them, is one of the small ones that make sentences."""
_COMMON_LINES: Final = 4
_COMMON_RATIO: Final = 0.2
"""The same of the lines that are kept. All four were set by hand; the forests learn how much each share says."""
_DENSE_CHARS: Final = 16
"""A script that puts fewer spaces has none between its words."""


@dataclass(frozen=True, slots=True)
class Words:
    """The distinct words of N lines: P pairs of a line and a word of it, in the order of the lines.

    `line` (P,) is the line of each pair, `word` (P,) the word, as `numbers` has it, below `count`. `sizes` (N,) counts
    the distinct words of each line.
    """

    line: NDArray[np.int64]
    word: NDArray[np.int64]
    sizes: NDArray[np.int64]
    numbers: dict[str, int]
    count: int

    def lines_with(self, words: Iterable[str]) -> NDArray[np.int64]:
        """The lines that have one of `words`."""
        numbers = self.numbers
        found = [numbers[word] for word in words if word in numbers]
        if not found:
            return self.line[:0]
        is_one = np.zeros(self.count, bool)
        is_one[found] = True
        return self.line[is_one[self.word]]


def words_of(lowered: str, chars: NDArray[np.int64], spaces: NDArray[np.int64]) -> Words:
    """The words of lines in lower case, one in each row of `lowered`; how many characters and spaces they have is known.

    Of a script without spaces between words, the characters.
    """
    flat, sizes = _tokens(lowered, chars, spaces + 1)
    total = len(flat)
    numbers: dict[str, int] = {}
    word = np.fromiter(map(numbers.setdefault, flat, count()), np.int64, total)
    pairs = np.arange(0, len(sizes) * total, total).repeat(sizes)
    pairs += word
    pairs.sort()
    is_new = np.ones(total, bool)
    np.not_equal(pairs[1:], pairs[:-1], out=is_new[1:])
    line, word = np.divmod(pairs[is_new], total)
    return Words(line, word, np.bincount(line, minlength=len(sizes)), numbers, total)


def _tokens(
    lowered: str, chars: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64]]:
    """What stands between spaces, line by line, and how many there are of each; of a dense line its characters."""
    flat = lowered.split()
    dense = (sizes * _DENSE_CHARS < chars).nonzero()[0].tolist()
    if not dense:
        return flat, sizes
    lines, ends = lowered.split("\n"), np.cumsum(sizes).tolist()
    found: list[str] = []
    done = 0
    for index in dense:
        letters = set(lines[index])
        found += flat[done : ends[index] - sizes[index]]
        found += letters
        sizes[index], done = len(letters), ends[index]
    return found + flat[done:], sizes


def small_and_topical(words: Words, is_long: NDArray[np.bool_]) -> tuple[Shares, Shares]:
    """The shares (N,) of each line's words that many of the long lines have, and that some but not many have.

    The small words that make sentences stand in many long lines, in any language: headlines and menus have few of
    them.
    """
    spread, lines = _spread(words, is_long)
    is_small = spread >= max(_SMALL_LINES, _SMALL_RATIO * lines)
    is_topical = (spread >= 2) & ~is_small
    return _share(words, is_small[words.word]), _share(words, is_topical[words.word])


def shared(words: Words, is_kept: NDArray[np.bool_]) -> Shares:
    """The share (N,) of a line's rarer words that kept lines other than itself have: a second article has others."""
    spread, lines = _spread(words, is_kept)
    rare = (spread < max(_COMMON_LINES, _COMMON_RATIO * lines))[words.word]
    elsewhere = rare & (spread[words.word] > is_kept[words.line])
    result: Shares = _sums(words, elsewhere) / np.maximum(_sums(words, rare), 1)
    return result


def _spread(words: Words, looked_at: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """In how many of the first lines that are looked at each word (by number) stands; and the number of these lines."""
    lines = int(looked_at.sum())
    if lines > _SPREAD_LINES:
        looked_at = looked_at & (np.cumsum(looked_at) <= _SPREAD_LINES)
    spread: NDArray[np.int64] = np.bincount(words.word[looked_at[words.line]], minlength=words.count)
    return spread, min(lines, _SPREAD_LINES)


def _share(words: Words, counted: NDArray[np.bool_]) -> Shares:
    result: Shares = _sums(words, counted) / np.maximum(words.sizes, 1)
    return result


def _sums(words: Words, counted: NDArray[np.bool_]) -> NDArray[np.int64 | np.float64]:
    """How many of the words (P,) of each line (N,) are counted."""
    return np.bincount(words.line, counted, len(words.sizes))
