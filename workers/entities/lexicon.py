"""What the word lists of a language say of words: their classes (given name, title, ministry, ...) and clusters."""

import lzma
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.entities.features import CLUSTER_BITS, Known, Words, words_of
from workers.entities.hashes import HashTable
from workers.entities.lookup import NameTable
from workers.entities.tables import read_table
from workers.entities.tokens import Hashes, Tokens, tokens_of

CLASSES: Final = (
    *("given", "surname", "particle", "title", "nationality", "saying", "org_head", "org_inner", "loc_head"),
    *("loc_prep", "event", "sport_team", "media", "company", "calendar", "number", "common"),
)
"""The bits of a word's classes, from the lowest on."""
COMMON: Final = 1 << CLASSES.index("common")
NAME: Final = 1 << CLASSES.index("given") | 1 << CLASSES.index("surname")
UNSPACED: Final = frozenset({"zh"})
"""Languages whose words are several tokens: each token then has the class of the word that it stands in."""
_FIRST, _WITHIN, _LAST = 1 << 20, 1 << 21, 1 << 22
"""Bits for where in its word such a token stands; none when it is one."""


class Lexicon:
    """The word lists of one language; a word that none has is of class 0 and cluster 0."""

    def __init__(self, lang: str) -> None:
        self._arabic = lang == "ar"
        words, self._bits = _written_words(lang)
        self._runs = NameTable(words) if lang in UNSPACED else None
        self._classes = _classes(words, self._bits)
        self._clustered = _clusters(lang)

    def words(self, tokens: Tokens) -> tuple[Words, Known]:
        """The different words among `tokens`, and what is known of them; of an Arabic one also behind its proclitics."""
        if self._runs:
            marks = self._marks(tokens, self._runs)
            words = words_of(tokens, marks)
            return words, Known(marks[words.token], None, np.zeros(len(words.token), np.int64))
        words = words_of(tokens, arabic=self._arabic)
        return words, self._known(words)

    def _known(self, words: Words) -> Known:
        classes = self._classes.of(words.hash)
        skipped = np.zeros(len(classes), np.int64)
        if stems := words.stems:
            names = (stems.conjunction, stems.preposition, stems.preposition)
            for hashes, name in zip(stems.hashes, names, strict=True):
                rest = self._classes.of(hashes)
                is_new = (classes == 0) & (rest != 0)
                classes = np.where(is_new, rest, classes)
                skipped = np.where(is_new, name - words.starts, skipped)
        clusters = self._clustered.of(words.hash) if self._clustered else None
        return Known(classes, clusters, skipped)

    def _marks(self, tokens: Tokens, runs: NameTable) -> NDArray[np.uint32]:
        """The class of the longest listed word that each token stands in, from left to right, and where in it (T,)."""
        marks = np.zeros(len(tokens), np.uint32)
        found = runs.find(tokens, words_of(tokens))
        longest: dict[int, tuple[int, int]] = {}
        for first, end, entry in zip(
            found.first.tolist(), found.end.tolist(), found.entry.tolist(), strict=True
        ):
            bits = longest[first][1] if first in longest and longest[first][0] == end else 0
            longest[first] = (end, bits | self._bits[entry])
        taken = 0
        for first, (end, bits) in sorted(longest.items()):
            if first >= taken:
                taken = end
                marks[first:end] = bits
                if end - first > 1:
                    marks[first] |= _FIRST
                    marks[first + 1 : end - 1] |= _WITHIN
                    marks[end - 1] |= _LAST
        return marks


@lru_cache(maxsize=32)
def lexicon(lang: str) -> Lexicon:
    """The lexicon of a language, read when it is first asked for; empty where there are no lists."""
    return Lexicon(lang)


def words_of_class(lang: str, name: str) -> list[str]:
    """The words of a class in the lists of `lang`, as they are written there."""
    return [word for each, cell in _lists(lang) if each == name for word in cell.split("|")]


def hashes_of(words: list[str]) -> tuple[Hashes, NDArray[np.intp]]:
    """The hashes of those of `words` that are one token, and which ones these are."""
    tokens = tokens_of(words)
    single = np.bincount(tokens.text, minlength=len(words))[tokens.text] == 1
    return tokens.hashes(tokens.starts, tokens.ends)[single], tokens.text[single]


def _classes(words: list[str], bits: list[int]) -> HashTable[np.uint32]:
    """The bits of all classes of the words that are one token."""
    hashes, which = hashes_of(words)
    known, place = np.unique(hashes, return_inverse=True)
    classes = np.zeros(len(known), np.uint32)
    np.bitwise_or.at(classes, place, np.array(bits, np.uint32)[which])
    return HashTable(known, classes)


def _written_words(lang: str) -> tuple[list[str], list[int]]:
    """The words of all lists of a language, and the bit of each one's class."""
    words: list[str] = []
    bits: list[int] = []
    for name, cell in _lists(lang):
        listed = cell.split("|")
        words += listed
        bits += [1 << CLASSES.index(name)] * len(listed)
    return words, bits


def _lists(lang: str) -> Iterator[list[str]]:
    """(class, words by `|`) of each list of a language."""
    if files(__package__).joinpath("data", "words", f"{lang}.tsv").is_file():
        yield from read_table(f"words/{lang}.tsv")


def _clusters(lang: str) -> HashTable[np.uint32] | None:
    file = files(__package__).joinpath("data", "clusters", f"{lang}.txt.xz")
    if not file.is_file():
        return None
    words: list[str] = []
    clusters: list[int] = []
    for line in lzma.decompress(file.read_bytes()).decode().splitlines():
        cluster, *members = line.split(" ")
        words += members
        clusters += [int(cluster)] * len(members)
    hashes, which = hashes_of(words)
    known, first = np.unique(hashes, return_index=True)
    cased = [cluster | _case(word) << CLUSTER_BITS for cluster, word in zip(clusters, words, strict=True)]
    return HashTable(known, np.array(cased, np.uint32)[which][first])


def _case(word: str) -> int:
    """How a word is mostly written: 1 in small letters, 2 with a capital first, 3 in capitals."""
    return 1 if word[0].islower() else 3 if len(word) > 1 and word.isupper() else 2
