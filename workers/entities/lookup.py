"""Names of lists found in rows of tokens: by hashes of runs of words, all texts of a micro-batch at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workers.entities.characters import CAPITAL, SIGN
from workers.entities.features import ALEF, LAM, Words
from workers.entities.hashes import HashSet
from workers.entities.tokens import Flags, Hashes, Ints, Tokens, joined_hash, running, tokens_of

_LONGEST_NAME: Final = 12
"""Tokens; the longest name of a ministry in our lists has so many, hyphens and full stops counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """M names where they may stand, by their first tokens and then the shorter first; they may overlap.

    From token `first` (M,) to before token `end` (M,), the first letter being character `start` (M,) of the tokens.
    `entry` (M,) is the name's number among those that the table was made of; things of equal name follow each other.
    """

    first: Ints
    end: Ints
    start: Ints
    entry: Ints


class NameTable:
    """Names as hashes of their words. "US" is no "us", and "Nice" no "nice": capitals have to stand where the name has them."""

    def __init__(self, names: Sequence[str]) -> None:
        tokens = tokens_of(names)
        words = tokens.hashes(tokens.starts, tokens.ends)
        counts = np.bincount(tokens.text, minlength=len(names))
        first = counts.cumsum() - counts
        entries = np.flatnonzero((counts > 0) & (counts <= _LONGEST_NAME))
        first, counts = first[entries], counts[entries]
        bounds = np.searchsorted(tokens.text, np.arange(len(names) + 1))
        capitals, upper = (np.diff(each[bounds]) for each in _capitals(tokens))
        self._capitals = capitals.astype(np.int8)
        self._is_upper = (upper > 1) & (upper * 2 > np.diff(_letters(tokens)[bounds]))
        run = words[first] if len(first) else np.zeros(0, np.uint64)
        whole, owner, begun = [run[counts == 1]], [entries[counts == 1]], [np.zeros(0, np.uint64)]
        for length in range(2, _LONGEST_NAME + 1):
            more = counts >= length
            begun.append(run[more])
            entries, first, counts = entries[more], first[more], counts[more]
            run = joined_hash(run[more], words[first + length - 1])
            whole.append(run[counts == length])
            owner.append(entries[counts == length])
        hashes, owners = np.concatenate(whole), np.concatenate(owner)
        order = np.lexsort((owners, hashes))
        different, low = np.unique(hashes[order], return_index=True)
        self._known, self._owners = HashSet(different), owners[order].astype(np.int32)
        self._low = np.append(low, len(order))
        self._begun = HashSet(np.unique(np.concatenate(begun)))

    def find(self, tokens: Tokens, words: Words) -> Found:
        """All names among `tokens`; where things share a name, each of them.

        Of words with stems a name may stand behind proclitics: "and", "so", "in", "to", "like", and "to the", which swallows
        a letter of the article.
        """
        whole = words.hash[words.of]
        found = [(np.zeros(0, np.int64),) * 4]
        starts, begins = (np.stack(each) for each in zip(*self._beginnings(tokens, words), strict=True))
        is_known = self._known.has(begins.ravel()) | self._begun.has(begins.ravel())
        way, first = is_known.reshape(begins.shape)[:, words.of].nonzero()
        word = words.of[first]
        begin, hashes = starts[way, word] - words.starts[word] + tokens.starts[first], begins[way, word]
        for length in range(1, _LONGEST_NAME + 1):
            if not len(first):
                break
            found.append(self._entries(first, length, begin, hashes))
            goes_on = self._begun.has(hashes) & (first + length < len(tokens))
            goes_on[goes_on] = tokens.sentence[first[goes_on]] == tokens.sentence[first[goes_on] + length]
            first, begin = first[goes_on], begin[goes_on]
            hashes = joined_hash(hashes[goes_on], whole[first + length])
        first, end, begin, entry = (np.concatenate(column) for column in zip(*found, strict=True))
        kept = np.flatnonzero(self._is_so_written(tokens, first, end, begin, entry))
        order = kept[np.lexsort((entry[kept], end[kept], first[kept]))]
        return Found(first[order], end[order], begin[order], entry[order])

    def entries(self, hashes: Hashes) -> list[tuple[int, ...]]:
        """The entries of each of some hashes of runs of words, whatever the case of their letters."""
        found: list[tuple[int, ...]] = [()] * len(hashes)
        for at, place in zip(*(each.tolist() for each in self._known.places(hashes)), strict=True):
            found[at] = tuple(self._owners[self._low[place] : self._low[place + 1]].tolist())
        return found

    def _entries(
        self, first: Ints, length: int, begin: Ints, hashes: Hashes
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """A row for each entry that has one of `hashes`."""
        at, place = self._known.places(hashes)
        low = self._low[place]
        count = self._low[place + 1] - low
        row = np.repeat(np.arange(len(at)), count)
        nth = np.arange(len(row)) - np.repeat(count.cumsum() - count, count)
        entry = self._owners[low[row] + nth].astype(np.int64)
        row = at[row]
        return first[row], first[row] + length, begin[row], entry

    def _is_so_written(self, tokens: Tokens, first: Ints, end: Ints, begin: Ints, entry: Ints) -> Flags:
        """Whether capitals stand where the name has them. The letter at `begin` counts, as a proclitic has no case."""
        words, letters = _capitals(tokens)
        begun = (
            words[end] - words[first] + _is_capital(tokens, begin) - _is_capital(tokens, tokens.starts[first])
        )
        upper = letters[end] - letters[first]
        of_words = _letters(tokens)
        is_upper = upper * 2 > of_words[end] - of_words[first]
        return (begun >= self._capitals[entry]) & (is_upper | ~self._is_upper[entry])

    @staticmethod
    def _beginnings(tokens: Tokens, words: Words) -> list[tuple[Ints, Hashes]]:
        """For each way to read a word its beginning (U,) and its hash (U,), 0 where there is no such way."""
        ways = [(words.starts, words.hash)]
        if (stems := words.stems) and len(words.starts):
            conjunction, preposition = stems.conjunction, stems.preposition
            for stem, before, hashes in zip(
                (conjunction, preposition), (words.starts, conjunction), stems.hashes[:2], strict=True
            ):
                ways.append((stem, np.where(stem > before, hashes, np.uint64(0))))
            is_lam = (preposition > conjunction) & (tokens.codes[preposition - 1] == LAM)
            is_lam &= tokens.codes[preposition] == LAM
            for article in ((ALEF,), (ALEF, LAM)):  # of a name in LAM the article is not written at all
                hashes = tokens.hashes_behind(article, preposition, words.ends)
                ways.append((preposition, np.where(is_lam, hashes, np.uint64(0))))
        return ways


def runs_of_words(tokens: Tokens, words: Hashes, first: Ints, end: Ints, start: Ints) -> Hashes:
    """The hash of each of M runs of tokens, `first` to before `end`, of which the first word is read from character `start` on.

    `words` (T,) are the hashes of all tokens.
    """
    runs = tokens.hashes(start, tokens.ends[first])
    for length in range(1, int((end - first).max(initial=0))):
        more = np.flatnonzero(end - first > length)
        runs[more] = joined_hash(runs[more], words[first[more] + length])
    return runs


def _capitals(tokens: Tokens) -> tuple[Ints, Ints]:
    """How many words before each token (T + 1,) begin with a capital, and how many capitals stand in them."""
    return running(_is_capital(tokens, tokens.starts)), running(tokens.capitals)


def _is_capital(tokens: Tokens, places: Ints) -> Ints:
    capital: Ints = (tokens.kinds[places] == CAPITAL).astype(np.int64)
    return capital


def _letters(tokens: Tokens) -> Ints:
    """How many letters the tokens before each one (T + 1,) have."""
    is_word = tokens.kinds[tokens.starts] != SIGN
    return running((tokens.ends - tokens.starts) * is_word)
