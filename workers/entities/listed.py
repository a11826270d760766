"""The names of the lists in some texts, and which of them stand without the model's word."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.tagged_article import Label
from workers.entities.features import Known, Words
from workers.entities.gazetteer import Gazetteer
from workers.entities.lookup import Found
from workers.entities.tokens import Flags, Tokens

Run = tuple[int, int, str]
"""Tokens from the first to before the end, and a label."""


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
        self._at: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        rows = zip(
            found.first.tolist(), found.end.tolist(), found.start.tolist(), found.entry.tolist(), strict=True
        )
        for first, end, start, entry in rows:
            self._at[first].append((end, start, entry))

    def of(self, first: int, end: int) -> tuple[int | None, tuple[int, ...]]:
        """(where the name begins, its entries) of tokens `first` to `end`; most of the first word wins."""
        hits = [hit for hit in self._at.get(first, ()) if hit[0] == end]
        if not hits:
            return None, ()
        start = min(start for _, start, _ in hits)
        return start, tuple(entry for _, at, entry in hits if at == start)

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
    kept = set(split)
    own: set[Run] = set()
    for first, end, label in listed.sure():
        others = {taken[token] for token in range(first, end) if token in taken}
        if all(
            first <= other[0] and other[1] <= end and (other[0], other[1]) != (first, end) for other in others
        ):
            kept -= others
            run = (first, end, label)
            kept.add(run)
            taken.update(dict.fromkeys(range(first, end), run))
    for first, end, label in listed.own():
        others = {taken[token] for token in range(first, end) if token in taken} & kept
        if any(other[1] - other[0] > end - first and other in own for other in others):
            continue
        kept -= others
        run = (first, end, label)
        own.add(run)
        kept.add(run)
        taken.update(dict.fromkeys(range(first, end), run))
    return sorted(kept)


def _parts(run: Run, listed: Listed) -> list[Run]:
    first, end, label = run
    if label == Label.LOC and end - first > 1 and not listed.of(first, end)[1]:
        for middle in range(first + 1, end):
            if listed.of(first, middle)[1] and listed.of(middle, end)[1]:
                return [(first, middle, label), (middle, end, label)]
    return [run]
