"""The words of dumps as numbers: how much the lines of each share."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.dumpspans import Spans

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

    `line` (P,) is the line of each pair, `word` (P,) the word, as `numbers` of its dump has it, below `count`; dumps share
    no word. `sizes` (N,) counts the distinct words of each line, `spans` tells which lines are of which dump.
    """

    line: NDArray[np.int64]
    word: NDArray[np.int64]
    sizes: NDArray[np.int64]
    numbers: list[dict[str, int]]
    count: int
    spans: Spans

    def lines_with(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The lines that have one of `words`."""
        is_one = np.zeros(self.count, bool)
        for numbers in self.numbers:
            for word in filter(numbers.__contains__, words):
                is_one[numbers[word]] = True
        return self.line[is_one[self.word]]


def words_of(lowered: str, chars: NDArray[np.int64], spaces: NDArray[np.int64], spans: Spans) -> Words:
    """The words of lines in lower case, one in each row of `lowered`; how many characters and spaces they have is known.

    Of a script without spaces between words, the characters.
    """
    flat, sizes = _tokens(lowered, chars, spaces + 1)
    word = np.empty(len(flat), np.int64)
    numbers: list[dict[str, int]] = []
    begin = 0
    for end in sizes.cumsum()[spans.ends - 1].tolist():
        known: dict[str, int] = {}
        numbers.append(known)
        word[begin:end] = np.fromiter(
            map(known.setdefault, flat[begin:end], count(begin)), np.int64, end - begin
        )
        begin = end
    bits = len(flat).bit_length()
    pairs = (np.arange(len(sizes)) << bits).repeat(sizes)
    pairs |= word
    pairs.sort()
    is_new = np.ones(len(pairs), bool)
    np.not_equal(pairs[1:], pairs[:-1], out=is_new[1:])
    pairs = pairs[is_new]
    line = pairs >> bits
    pairs &= (1 << bits) - 1
    return Words(line, pairs, np.bincount(line, minlength=len(sizes)), numbers, len(flat), spans)


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
    """The shares (N,) of each line's words that many of the long lines of its dump have, and that some but not many have.

    The small words that make sentences stand in many long lines, in any language: headlines and menus have few of
    them.
    """
    spread, lines = _spread(words, is_long)
    is_small = spread >= np.maximum(_SMALL_LINES, _SMALL_RATIO * lines)[words.line]
    is_topical = (spread >= 2) & ~is_small
    return _share(words, is_small), _share(words, is_topical)


def shared(words: Words, is_kept: NDArray[np.bool_]) -> Shares:
    """The share (N,) of a line's rarer words that kept lines other than itself have: a second article has others."""
    spread, lines = _spread(words, is_kept)
    rare = spread < np.maximum(_COMMON_LINES, _COMMON_RATIO * lines)[words.line]
    elsewhere = rare & (spread > is_kept[words.line])
    result: Shares = _sums(words, elsewhere) / np.maximum(_sums(words, rare), 1)
    return result


def _spread(words: Words, looked_at: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """In how many of the first lines that are looked at each word (P,) stands; and how many these are (N,) of the dump of
    each line.
    """
    spans = words.spans
    lines = spans.counts(looked_at)
    if lines.max() > _SPREAD_LINES:
        above = looked_at.cumsum() - looked_at
        looked_at = looked_at & (above - above[spans.begin] < _SPREAD_LINES)
    spread = np.bincount(words.word[looked_at[words.line]], minlength=words.count)
    return spread[words.word], np.minimum(lines, _SPREAD_LINES)[spans.dump]


def _share(words: Words, counted: NDArray[np.bool_]) -> Shares:
    result: Shares = _sums(words, counted) / np.maximum(words.sizes, 1)
    return result


def _sums(words: Words, counted: NDArray[np.bool_]) -> NDArray[np.int64 | np.float64]:
    """How many of the words (P,) of each line (N,) are counted."""
    return np.bincount(words.line, counted, len(words.sizes))
