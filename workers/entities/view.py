"""What is asked of the single tokens of a micro-batch on the way from labels to mentions."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from workers.entities.characters import CAPITAL, LETTER, SIGN
from workers.entities.features import ALEF, CONJUNCTIONS, LAM, PREPOSITIONS, is_one_of
from workers.entities.lexicon import NAME
from workers.entities.listed import Tagged
from workers.entities.tokens import Flags, Hashes, Ints, Tokens
from workers.entities.variants import FUZZY_LETTERS

SHORTEST_REST: Final = 3
"""Letters of an Arabic word without its proclitics."""
_LAST_CASED: Final = 0x590
_HYPHEN: Final = ord("-")
BRACKETS: Final = (ord("("), ord(")"))
APOSTROPHE: Final = ord("'")
AT: Final = ord("@")
JOINTS: Final = np.array([*BRACKETS, APOSTROPHE, AT, _HYPHEN], np.uint64)
"""Signs beside which a name may go on, or be none."""


class View:
    """What is asked of single tokens of all texts."""

    def __init__(self, tagged: Tagged) -> None:
        tokens, words = tagged.tokens, tagged.words
        self.tokens, self.words = tokens, words
        self.hash = words.hash[words.of]
        self.hashes: list[int] = self.hash.tolist()
        self.classes = tagged.known.classes[words.of]
        self.skipped = tagged.known.skipped[words.of]
        self.listed_surnames, self.given = tagged.gazetteer.surnames, tagged.gazetteer.given
        self.is_arabic = tagged.gazetteer.locale == "ar"
        self.is_german = tagged.gazetteer.locale == "de"
        self.is_turkish = tagged.gazetteer.locale == "tr"
        self.is_small = _small(tokens)
        kinds = tokens.kinds[tokens.starts]
        self.sign = np.where(kinds == SIGN, tokens.codes[tokens.starts], np.uint64(0))
        self.joints = frozenset(np.flatnonzero(np.isin(self.sign, JOINTS)).tolist())
        self.is_spaced = np.append(tokens.is_spaced, True)
        self.is_capital = kinds == CAPITAL
        self.chars = tokens.ends - tokens.starts
        self.chars_of: list[int] = self.chars.tolist()
        self.is_upper = tokens.capitals == self.chars
        self.rests = rests_of(tokens) if self.is_arabic else NO_RESTS
        self.unknown = np.flatnonzero((self.classes == 0) & (self.chars >= FUZZY_LETTERS) & ~self.is_small)

    def is_hyphen(self, token: int) -> bool:
        """Whether a hyphen joins the words beside it."""
        return bool(
            self.sign[token] == _HYPHEN and not self.is_spaced[token] and not self.is_spaced[token + 1]
        )

    def is_surname(self, token: int) -> bool:
        """Whether the word may go on with a double name; in German, where all nouns have capitals, a listed one."""
        return self.is_capital[token] and (not self.is_german or bool(self.classes[token] & NAME))

    def is_suffixed(self, token: int) -> bool:
        """Whether an apostrophe and a case ending stand there."""
        return (
            token + 1 < len(self.sign)
            and self.sign[token] == APOSTROPHE
            and not self.is_spaced[token]
            and not self.is_spaced[token + 1]
            and self.is_small[token + 1]
        )

    def is_bracketed(self, token: int) -> bool:
        """Whether an acronym in brackets stands there."""
        return (
            (self.sign[token], self.sign[token + 2]) == BRACKETS
            and self.chars[token + 1] > 1
            and self.is_upper[token + 1]
        )

    def letters(self, token: int) -> str:
        """The letters of a token as they are compared."""
        return self.written(int(self.tokens.starts[token]), int(self.tokens.ends[token]))

    def written(self, start: int, end: int) -> str:
        """The letters from one character to before another as they are compared."""
        return "".join(map(chr, self.tokens.codes[start:end].tolist()))

    @cached_property
    def _bits(self) -> Hashes:
        return np.append(np.uint64(1) << (self.tokens.codes & np.uint64(63)), np.uint64(0))

    def bags(self, starts: Ints, ends: Ints) -> Hashes:
        """Which letters stand in each span of characters: a bit for each, which few letters share."""
        found: Hashes = np.bitwise_or.reduceat(self._bits, np.stack([starts, ends], axis=1).ravel())[::2]
        return found


def _small(tokens: Tokens) -> Flags:
    """Which tokens (T,) begin with a small letter of a script that has capitals: of Latin, Greek, Cyrillic or Armenian."""
    letters = tokens.codes[tokens.starts]
    small: Flags = (tokens.kinds[tokens.starts] == LETTER) & (letters < _LAST_CASED)
    return small


@dataclass(frozen=True, slots=True)
class Rests:
    """What Arabic words are without proclitics: for R of them the token, so many letters left out, and the hash of the rest."""

    token: Ints
    skip: Ints
    hash: Hashes

    def of(self, first: int, end: int) -> slice:
        """Those of tokens `first` to before `end`."""
        low, high = np.searchsorted(self.token, (first, end)).tolist()
        return slice(low, high)


NO_RESTS: Final = Rests(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))


def rests_of(tokens: Tokens) -> Rests:
    """By token, those with fewer letters left out first.

    "To the" swallows the first letter of the article: the last two ways are with that letter.
    """
    starts, ends = tokens.starts, tokens.ends
    chars = ends - starts
    first, second, third = (tokens.codes[np.minimum(starts + at, ends - 1)] for at in (0, 1, 2))
    is_conjunction = is_one_of(first, CONJUNCTIONS)
    one = (is_conjunction | is_one_of(first, PREPOSITIONS)) & (chars > SHORTEST_REST)
    two = is_conjunction & is_one_of(second, PREPOSITIONS) & (chars > SHORTEST_REST + 1)
    ways: tuple[tuple[int, Flags, tuple[int, ...]], ...] = (
        (1, one, ()),
        (2, two, ()),
        (1, one & (first == LAM) & (second == LAM), (ALEF,)),
        (2, two & (second == LAM) & (third == LAM), (ALEF,)),
    )
    found = []
    for skip, is_so, letters in ways:
        at = np.flatnonzero(is_so)
        hashes = tokens.hashes_behind(letters, starts[at] + skip, ends[at])
        found.append((at, np.full(len(at), skip), hashes))
    token, skips, rests = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(token, kind="stable")
    return Rests(token[order], skips[order], rests[order])
