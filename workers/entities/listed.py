"""The names of the lists in some texts, and which of them stand without the model's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from schemas.tagged_article import Label
from workers.entities.features import Known, Words
from workers.entities.gazetteer import Gazetteer
from workers.entities.lookup import Found
from workers.entities.tokens import Flags, Tokens

_Hit = tuple[int | None, tuple[int, ...]]
_NO_HIT: Final[_Hit] = (None, ())
Run = tuple[int, int, str]
"""Tokens from the first to before the end, and a label."""


class Mention(NamedTuple):
    """A name in a text: tokens `first` to before `end`, the first letter being character `start` of all tokens.

    A tuple, as there are hundreds in a micro-batch and a frozen dataclass takes several times as long to make.

    `entries` are the names of the lists that are written just so, the most trusted one first; `places` the names of regions and towns
    (places.py) that a place may be, `is_region` whether a word of the text says that it is a province or the like.
    """

    first: int
    end: int
    start: int
    label: str
    entries: tuple[int, ...]
    places: tuple[int, ...] = ()
    is_region: bool = False


@dataclass(frozen=True, slots=True)
class Tagged:
    """Some texts as tokens, what the model calls an entity in them (`runs`, in order), and what the lists say.

    `known` is what the word lists say.
    """

    tokens: Tokens
    words: Words
    known: Known
    runs: list[Run]
    gazetteer: Gazetteer
    found: Found


class Listed:
    """The names of the lists in the texts, by the token that they begin with."""

    def __init__(self, tagged: Tagged) -> None:
        self.gazetteer = tagged.gazetteer
        self._found = found = tagged.found
        order = np.lexsort(
            (found.start, found.end, found.first)
        )  # stable: entries of equal beginnings stay in order
        first, end, start = found.first[order], found.end[order], found.start[order]
        is_new = (np.diff(first, prepend=-1) != 0) | (np.diff(end, prepend=-1) != 0)
        heads = np.flatnonzero(is_new)
        is_shorter = np.diff(start, prepend=-1) != 0
        lasts = np.append(np.flatnonzero(is_new | is_shorter), len(first))
        stops = lasts[np.searchsorted(lasts, heads, side="right")] if len(heads) else heads
        entries = found.entry[order].tolist()
        rows = zip(
            *(each.tolist() for each in (first[heads], end[heads], start[heads], heads, stops)), strict=True
        )
        self._at = {(head, stop): (begin, tuple(entries[low:high])) for head, stop, begin, low, high in rows}

    def of(self, first: int, end: int) -> _Hit:
        """(where the name begins, its entries) of tokens `first` to `end`; most of the first word wins."""
        return self._at.get((first, end), _NO_HIT)

    def sure(self) -> list[Run]:
        """Names that need no model, the longest at each token, as runs."""
        return self._longest(self.gazetteer.sure(self._found))

    def own(self) -> list[Run]:
        """Names of the user's own list, the longest at each token, as runs."""
        return self._longest(self.gazetteer.own(self._found))

    def _longest(self, is_taken: Flags) -> list[Run]:
        at = np.flatnonzero(is_taken)
        first, end, entry = (each[at] for each in (self._found.first, self._found.end, self._found.entry))
        order = np.lexsort((entry, -end, first))
        heads = order[np.flatnonzero(np.diff(first[order], prepend=-1))]
        rows = zip(first[heads].tolist(), end[heads].tolist(), entry[heads].tolist(), strict=True)
        return [(begin, stop, self.gazetteer.label(name).value) for begin, stop, name in rows]


def with_listed(runs: Sequence[Run], listed: Listed) -> list[Run]:
    """`runs` and the sure names of the lists: one that covers shorter runs takes their place, others give way.

    A run that is two names of places in a row is two runs: Arabic writes no comma between a country and its capital.
    Names of the user's own list take the place of every run that they touch.
    """
    split = [part for run in runs for part in _parts(run, listed)]
    taken = {token: run for run in split for token in range(run[0], run[1])}
    own: set[Run] = set()

    def touched(run: Run) -> set[Run]:
        return {taken[token] for token in range(run[0], run[1]) if token in taken}

    def put(run: Run) -> None:
        for other in touched(run):
            for token in range(other[0], other[1]):
                taken.pop(token, None)
        taken.update(dict.fromkeys(range(run[0], run[1]), run))

    for run in listed.sure():
        first, end, _ = run
        if (known := taken.get(first)) and known[:2] == (first, end):
            continue
        if all(run[0] <= other[0] and other[1] <= run[1] and other[:2] != run[:2] for other in touched(run)):
            put(run)
    for run in listed.own():
        if not any(other[1] - other[0] > run[1] - run[0] for other in touched(run) & own):
            put(run)
            own.add(run)
    return sorted(set(taken.values()))


def _parts(run: Run, listed: Listed) -> list[Run]:
    first, end, label = run
    if end - first > 1 and label == Label.LOC and not listed.of(first, end)[1]:
        for middle in range(first + 1, end):
            if listed.of(first, middle)[1] and listed.of(middle, end)[1]:
                return [(first, middle, label), (middle, end, label)]
    return [run]
