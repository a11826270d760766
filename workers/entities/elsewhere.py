"""What a text names in one place is found in all others: surnames, what it names twice, and surnames with a letter wrong."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np

from schemas.tagged_article import Label
from workers.entities.hashes import among
from workers.entities.lexicon import COMMON
from workers.entities.listed import Run
from workers.entities.tokens import Flags, Ints
from workers.entities.variants import FUZZY_LETTERS, within_one_edit
from workers.entities.view import View

_PER: Final = Label.PER.value
_SURNAME_CHARS: Final = 4
"""A shorter last word of a person's name is not looked for alone."""
_COMPARED: Final = 100
_TOGETHER: Final = 10_000
"""Words of which each is compared with at most so many surnames at once: some megabytes."""
_TIMES: Final = 2
"""A single word is taken for a name all over a text that names it so often."""
_CHANGED: Final = 2
"""Letters that one edit takes out of a word or puts into it, at most."""

_Names = dict[int, str]
"""Hashes of words that name something alone, and its label."""


def everywhere(view: View, by_text: Sequence[Sequence[Run]]) -> list[list[Run]]:
    """The runs of each text, and wherever in the text a word stands that names alone what it names there, in order.

    Surnames, and what was named twice. A surname is also found with a letter wrong, where no list knows the word.
    """
    found = [list(runs) for runs in by_text]
    _add(view, found, _misspelt_listed(view, _taken(view, found)))
    names, surnames = [], []
    for runs in found:
        named, last = _alone(view, runs)
        names.append(named)
        surnames.append(last[:_COMPARED])
    is_taken = _taken(view, found)
    more = _named(view, names, is_taken | view.is_small)
    is_taken[list(more)] = True
    misspelt = _misspelt(view, surnames, is_taken)
    _add(view, found, ((token, token + 1, label) for token, label in more.items()))
    _add(view, found, ((token, token + 1, _PER) for token in misspelt))
    return found


def _add(view: View, found: Sequence[list[Run]], new: Iterator[Run]) -> None:
    """Put `new` runs among those of their texts."""
    touched = set()
    for run in new:
        text = int(view.tokens.text[run[0]])
        found[text].append(run)
        touched.add(text)
    for text in touched:
        found[text].sort()


def _taken(view: View, found: Sequence[Sequence[Run]]) -> Flags:
    """Which tokens (T,) stand in a run."""
    is_taken = np.zeros(len(view.hash), np.bool_)
    is_taken[[token for first, end, _ in chain.from_iterable(found) for token in range(first, end)]] = True
    return is_taken


def _misspelt_listed(view: View, is_taken: Flags) -> Iterator[Run]:
    """Persons of the lists whose surname is written with a letter wrong, as no list has the word."""
    at = view.unknown[view.unknown > 0]
    is_free = ~is_taken[at] & ~is_taken[at - 1] & (view.tokens.text[at] == view.tokens.text[at - 1])
    at = at[is_free & among(view.given, view.hash[at - 1])]
    for token in at.tolist():
        word = view.letters(token)
        if _is_misspelt(word, view.listed_surnames[view.hashes[token - 1]]):
            yield token - 1, token + 1, _PER


def _alone(view: View, runs: Sequence[Run]) -> tuple[_Names, list[int]]:
    """The words of a text that name something alone; and the tokens that are surnames."""
    names: _Names = {}
    surnames: list[int] = []
    single: dict[tuple[int, str], int] = {}
    for first, end, label in runs:
        last = view.hashes[end - 1]
        if end - first == 1:
            key = last, label
            single[key] = single.get(key, 0) + (view.chars_of[first] > 1)
        elif (
            label == _PER
            and (chars := view.chars_of[end - 1]) >= _SURNAME_CHARS
            and not view.classes[end - 1] & COMMON
        ):
            if last not in names and chars >= FUZZY_LETTERS - 1:
                surnames.append(end - 1)
            names[last] = _PER
    for (word, label), times in single.items():
        if times >= _TIMES:
            names.setdefault(word, label)
    return names, surnames


def _named(view: View, names: Sequence[_Names], is_left_out: Flags) -> dict[int, str]:
    """The tokens that are one of their text's names, whole or behind Arabic proclitics, with the label; but those left out."""
    found: dict[int, str] = {}
    wanted = np.array(sorted(set(chain.from_iterable(names))), np.uint64)
    places = np.flatnonzero(among(wanted, view.words.hash)[view.words.of] & ~is_left_out)
    rests = np.flatnonzero(among(wanted, view.rests.hash) & ~is_left_out[view.rests.token])
    for token, hashes in (
        (places, view.hash[places]),
        (view.rests.token[rests], view.rests.hash[rests]),
    ):
        texts = view.tokens.text[token]
        for each, text, word in zip(token.tolist(), texts.tolist(), hashes.tolist(), strict=True):
            if label := names[text].get(word):
                found.setdefault(each, label)
    return found


def _misspelt(view: View, surnames: Sequence[Sequence[int]], is_left_out: Flags) -> set[int]:
    """The tokens, unknown to all lists, that are one edit from a surname of their text, given by its token.

    So are Arabic ones by what proclitics leave of them.
    """
    known = np.fromiter(chain.from_iterable(surnames), np.int64)
    unknown = view.unknown[~is_left_out[view.unknown]]
    bags = view.bags(view.tokens.starts[known], view.tokens.ends[known])
    found: set[int] = set()
    for begin in range(0, len(unknown) if len(known) else 0, _TOGETHER):
        token, starts = _words_and_rests(view, unknown[begin : begin + _TOGETHER])
        ends = view.tokens.ends[token]
        row, other = _of_one_text(view.tokens.text[token], view.tokens.text[known])
        changed = view.bags(starts, ends)[row] ^ bags[other]
        other = known[other]
        longer = (ends - starts)[row] - view.chars[other]
        near = np.flatnonzero((np.bitwise_count(changed) <= _CHANGED) & (np.abs(longer) <= 1))
        for at, surname in zip(row[near].tolist(), other[near].tolist(), strict=True):
            word = view.written(int(starts[at]), int(ends[at]))
            if within_one_edit(word, view.letters(surname)):
                found.add(int(token[at]))
    return found


def _words_and_rests(view: View, words: Ints) -> tuple[Ints, Ints]:
    """Tokens and where their letters begin: each of `words`, and again behind proclitics where enough letters are left."""
    is_asked = np.zeros(len(view.hash), np.bool_)
    is_asked[words] = True
    begin = view.tokens.starts[view.rests.token] + view.rests.skip
    is_long = view.tokens.ends[view.rests.token] - begin >= FUZZY_LETTERS
    rests = np.flatnonzero(is_asked[view.rests.token] & is_long)
    return (
        np.concatenate([words, view.rests.token[rests]]),
        np.concatenate([view.tokens.starts[words], begin[rests]]),
    )


def _of_one_text(texts: Ints, others: Ints) -> tuple[Ints, Ints]:
    """All pairs of numbers of equal values in `texts` and in `others`, which ascends."""
    low = np.searchsorted(others, texts)
    count = np.searchsorted(others, texts, side="right") - low
    row = np.repeat(np.arange(len(texts)), count)
    nth = np.arange(len(row)) - np.repeat(count.cumsum() - count, count)
    return row, low[row] + nth


def _is_misspelt(word: str, surnames: Sequence[str]) -> bool:
    first, last, chars = word[0], word[-1], len(word)
    for surname in surnames:
        # An edit leaves one end of a word as it is; to look at that first is what keeps common given names cheap.
        is_near = -1 <= len(surname) - chars <= 1 and (surname[0] == first or surname[-1] == last)
        if is_near and within_one_edit(word, surname):
            return True
    return False
