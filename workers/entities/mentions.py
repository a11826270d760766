"""From what the model says of tokens to mentions: with the lists' names, one label a name in a text, no Arabic proclitics."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from schemas.tagged_article import Label
from workers.entities.characters import CAPITAL, LETTER, SIGN
from workers.entities.features import ALEF, CONJUNCTIONS, LAM, PREPOSITIONS
from workers.entities.gazetteer import Gazetteer
from workers.entities.lexicon import COMMON, NAME
from workers.entities.listed import Listed, Run, Tagged, with_listed
from workers.entities.tokens import Flags, Tokens
from workers.entities.variants import within_one_edit

_SURNAME_CHARS: Final = 4
"""A shorter last word of a person's name is not looked for alone."""
_PROCLITIC_CHARS: Final = (1, 2)
_SHORTEST_REST: Final = 3
_WAW: Final = 0x648
_LAST_CASED: Final = 0x590
_AT: Final = ord("@")
_HYPHEN: Final = ord("-")
_BRACKETS: Final = (ord("("), ord(")"))
_APOSTROPHE: Final = ord("'")
_FUZZY_CHARS: Final = 5
"""Of 40 pairs of so long words one edit apart in ANERcorp 38 are one person; see within_one_edit."""
_COMPARED: Final = 100
_TIMES: Final = 2
"""A single word is taken for a name all over a text that names it so often."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: tokens `first` to before `end`, the first letter being character `start` of all tokens.

    `entries` are the names of the lists that are written just so, the most trusted one first.
    """

    first: int
    end: int
    start: int
    label: str
    entries: tuple[int, ...]


def mentions_of(tagged: Tagged) -> list[list[Mention]]:
    """The mentions in each of the texts, in order, none overlapping."""
    listed = Listed(tagged)
    by_text: list[list[Run]] = [[] for _ in tagged.tokens.offsets]
    text_of = tagged.tokens.text
    for run in with_listed(tagged.runs, listed):
        by_text[text_of[run[0]]].append(run)
    bounds = np.searchsorted(text_of, np.arange(len(by_text) + 1)).tolist()
    view = _View(tagged)
    return [
        _mentions(
            view, listed, _of_one_label(view, _everywhere(view, _completed(view, runs, span), span)), span
        )
        for runs, span in zip(by_text, pairwise(bounds), strict=True)
    ]


class _View:
    """All tokens as plain numbers, which Python reads faster one by one than arrays."""

    def __init__(self, tagged: Tagged) -> None:
        tokens, words = tagged.tokens, tagged.words
        self.tokens = tokens
        self.hash: list[int] = words.hash[words.of].tolist()
        self.classes: list[int] = tagged.known.classes[words.of].tolist()
        self.skipped: list[int] = tagged.known.skipped[words.of].tolist()
        self.listed_surnames = tagged.gazetteer.surnames
        self.is_arabic = tagged.gazetteer.locale == "ar"
        self.is_german = tagged.gazetteer.locale == "de"
        self.is_turkish = tagged.gazetteer.locale == "tr"
        self.is_small: list[bool] = _small(tokens).tolist()
        kinds = tokens.kinds[tokens.starts]
        self.sign: list[int] = np.where(kinds == SIGN, tokens.codes[tokens.starts], 0).tolist()
        self.is_spaced: list[bool] = [*tokens.is_spaced.tolist(), True]
        self.is_capital: list[bool] = (kinds == CAPITAL).tolist()
        self.is_upper: list[bool] = tokens.are_all(CAPITAL).tolist()
        self.chars: list[int] = (tokens.ends - tokens.starts).tolist()
        self.rests = _rests(tokens) if self.is_arabic else {}
        self.behind = list(self.rests)
        unknown = (tagged.known.classes[words.of] == 0) & (tokens.ends - tokens.starts >= _FUZZY_CHARS)
        self.unknown: list[int] = np.flatnonzero(unknown).tolist()

    def is_hyphen(self, token: int) -> bool:
        """Whether a hyphen joins the words beside it."""
        return self.sign[token] == _HYPHEN and not self.is_spaced[token] and not self.is_spaced[token + 1]

    def is_surname(self, token: int) -> bool:
        """Whether the word may go on with a double name; in German, where all nouns have capitals, a listed one."""
        return self.is_capital[token] and (not self.is_german or bool(self.classes[token] & NAME))

    def is_suffixed(self, token: int) -> bool:
        """Whether an apostrophe and a case ending stand there."""
        return (
            token + 1 < len(self.sign)
            and self.sign[token] == _APOSTROPHE
            and not self.is_spaced[token]
            and not self.is_spaced[token + 1]
            and self.is_small[token + 1]
        )

    def is_bracketed(self, token: int) -> bool:
        """Whether an acronym in brackets stands there."""
        return (
            (self.sign[token], self.sign[token + 2]) == _BRACKETS
            and self.chars[token + 1] > 1
            and self.is_upper[token + 1]
        )

    def letters(self, token: int) -> str:
        codes = self.tokens.codes[self.tokens.starts[token] : self.tokens.ends[token]]
        return "".join(map(chr, codes.tolist()))


def _small(tokens: Tokens) -> Flags:
    """Which tokens (T,) begin with a small letter of a script that has capitals: of Latin, Greek, Cyrillic or Armenian."""
    letters = tokens.codes[tokens.starts]
    small: Flags = (tokens.kinds[tokens.starts] == LETTER) & (letters < _LAST_CASED)
    return small


def _rests(tokens: Tokens) -> dict[int, list[tuple[int, int]]]:
    """By token, in order, what an Arabic word is without so many letters of proclitics: (letters, hash of the rest).

    "To the" swallows the first letter of the article: the last two ways are with that letter.
    """
    starts, ends = tokens.starts, tokens.ends
    chars = ends - starts
    first, second, third = (tokens.codes[np.minimum(starts + at, ends - 1)] for at in (0, 1, 2))
    is_conjunction = np.isin(first, CONJUNCTIONS)
    one = (is_conjunction | np.isin(first, PREPOSITIONS)) & (chars > _SHORTEST_REST)
    two = is_conjunction & np.isin(second, PREPOSITIONS) & (chars > _SHORTEST_REST + 1)
    ways: list[tuple[int, Flags, tuple[int, ...]]] = [(1, one, ()), (2, two, ())]
    ways += [
        (1, one & (first == LAM) & (second == LAM), (ALEF,)),
        (2, two & (second == LAM) & (third == LAM), (ALEF,)),
    ]
    rests: dict[int, list[tuple[int, int]]] = {token: [] for token in np.flatnonzero(one | two).tolist()}
    for skip, is_so, letters in ways:
        at = np.flatnonzero(is_so)
        hashes = tokens.hashes_behind(letters, starts[at] + skip, ends[at])
        for token, rest in zip(at.tolist(), hashes.tolist(), strict=True):
            rests[token].append((skip, rest))
    return rests


def _completed(view: _View, runs: list[Run], span: tuple[int, int]) -> list[Run]:
    """`runs` of a text of tokens `span`: double names whole, and acronyms in brackets behind what they are short for."""
    whole: list[Run] = []
    for first, end, label in runs:
        is_handle = first > span[0] and view.sign[first - 1] == _AT and not view.is_spaced[first]
        if is_handle or (whole and first < whole[-1][1]):
            continue
        if label == Label.PER:
            begin = whole[-1][1] if whole else span[0]
            while first - 2 >= begin and view.is_hyphen(first - 1) and view.is_capital[first - 2]:
                first -= 2  # noqa: PLW2901 - the same run, from its beginning
            while end + 1 < span[1] and view.is_hyphen(end) and view.is_surname(end + 1):
                end += 2  # noqa: PLW2901 - the same run, to its end
        if view.is_german and end + 1 < span[1] and view.is_hyphen(end):
            continue  # "US-Dollar": the compound is no name
        if view.is_turkish and view.is_suffixed(end):
            end += 2  # noqa: PLW2901 - the same run, with its case ending
        if end - first > 3 and (view.sign[end - 3], view.sign[end - 1]) == _BRACKETS:
            whole += [(first, end - 3, label), (end - 2, end - 1, label)]
            continue
        whole.append((first, end, label))
        if label == Label.ORG and end + 2 < span[1] and view.is_bracketed(end):
            whole.append((end + 1, end + 2, label))
    return whole


def _everywhere(view: _View, runs: list[Run], span: tuple[int, int]) -> list[Run]:
    """`runs`, and wherever in the text a word stands that names alone what it names there: surnames, and what was named twice.

    `span` are the tokens of the text. A surname is also found with a letter wrong, where no list knows the word.
    """
    runs = sorted([*runs, *_misspelt_persons(view, runs, span)])
    names, surnames = _alone(view, runs)
    if not names:
        return runs
    taken = {token for run in runs for token in range(run[0], run[1])}
    more: dict[int, str] = {}
    for token, word in enumerate(view.hash[slice(*span)], start=span[0]):
        if word in names:
            more[token] = names[word]
    for token in view.behind[bisect_left(view.behind, span[0]) : bisect_left(view.behind, span[1])]:
        for _, word in view.rests[token]:
            if word in names:
                more.setdefault(token, names[word])
    if surnames:
        for token in view.unknown[bisect_left(view.unknown, span[0]) : bisect_left(view.unknown, span[1])]:
            if (
                token not in more
                and token not in taken
                and _is_misspelt(view.letters(token), surnames, arabic=view.is_arabic)
            ):
                more[token] = Label.PER
    new = [
        (token, token + 1, label)
        for token, label in more.items()
        if token not in taken and not view.is_small[token]
    ]
    return sorted([*runs, *new])


def _misspelt_persons(view: _View, runs: Sequence[Run], span: tuple[int, int]) -> list[Run]:
    """Persons of the lists whose surname is written with a letter wrong, as no list has the word."""
    taken = {token for run in runs for token in range(run[0], run[1])}
    unknown = view.unknown[bisect_left(view.unknown, span[0] + 1) : bisect_left(view.unknown, span[1])]
    return [
        (token - 1, token + 1, Label.PER)
        for token in unknown
        if (surnames := view.listed_surnames.get(view.hash[token - 1]))
        and taken.isdisjoint((token - 1, token))
        and not view.is_small[token]
        and _is_misspelt(view.letters(token), surnames, arabic=False)
    ]


def _alone(view: _View, runs: Sequence[Run]) -> tuple[dict[int, str], list[str]]:
    """The words that name something alone, as hashes with the label; and the letters of surnames."""
    names: dict[int, str] = {}
    surnames: list[str] = []
    single: Counter[tuple[int, str]] = Counter()
    for first, end, label in runs:
        last = view.hash[end - 1]
        if end - first == 1:
            single[last, label] += view.chars[first] > 1
        elif (
            label == Label.PER
            and view.chars[end - 1] >= _SURNAME_CHARS
            and not view.classes[end - 1] & COMMON
        ):
            if last not in names and view.chars[end - 1] >= _FUZZY_CHARS - 1:
                surnames.append(view.letters(end - 1))
            names[last] = Label.PER
    for (word, label), times in single.items():
        if times >= _TIMES:
            names.setdefault(word, label)
    return names, surnames[:_COMPARED]


def _is_misspelt(word: str, surnames: Sequence[str], *, arabic: bool) -> bool:
    rests = [
        word[skip:]
        for skip in (0, *_PROCLITIC_CHARS)
        if not skip or (arabic and _are_proclitics(word[:skip]))
    ]
    return any(
        -1 <= len(rest) - len(surname) <= 1
        and (rest[0] == surname[0] or rest[-1] == surname[-1])  # one edit leaves one end as it is
        and within_one_edit(rest, surname)
        for rest in rests
        if len(rest) >= _FUZZY_CHARS
        for surname in surnames
    )


def _of_one_label(view: _View, runs: list[Run]) -> list[Run]:
    """`runs` where equal names have one label in the text: the most frequent one, of equals the first."""
    labels: dict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
    keys = [tuple(view.hash[first:end]) for first, end, _ in runs]
    for key, (_, _, label) in zip(keys, runs, strict=True):
        labels[key][label] += 1
    best = {key: counts.most_common(1)[0][0] for key, counts in labels.items()}
    return [(first, end, best[key]) for key, (first, end, _) in zip(keys, runs, strict=True)]


def _mentions(view: _View, listed: Listed, runs: Sequence[Run], span: tuple[int, int]) -> list[Mention]:
    """The runs of one text, of the tokens `span`, as mentions."""
    words = frozenset(view.hash[slice(*span)])
    mentions = []
    for first, end, label in runs:
        start, entries = listed.of(first, _name_end(view, first, end))
        if start is None:
            start = _without_proclitics(view, first, words)
        mentions.append(Mention(first, end, start, _settled(label, entries, listed.gazetteer), entries))
    return mentions


def _name_end(view: _View, first: int, end: int) -> int:
    """Where the name in a run ends: Turkish parts case endings off by an apostrophe, and they belong to the mention."""
    if view.is_turkish and _APOSTROPHE in view.sign[first + 1 : end]:
        return view.sign.index(_APOSTROPHE, first + 1)
    return end


def _settled(label: str, entries: Sequence[int], gazetteer: Gazetteer) -> str:
    """The label of the lists where they leave no doubt: a country, or one thing that is no city, and no person's name."""
    if entries and gazetteer.is_own(entries[0]):
        return gazetteer.label(entries[0]).value
    labels = {gazetteer.label(entry) for entry in entries}
    if label == Label.PER:
        return label
    if any(map(gazetteer.is_country, entries)):
        return Label.LOC
    return labels.pop().value if len(labels) == 1 and not any(map(gazetteer.is_city, entries)) else label


def _without_proclitics(view: _View, token: int, words: Container[int]) -> int:
    """Where the name in a word begins: behind Arabic proclitics, if what they leave is known, or one of the text's `words`.

    Of a word that nothing is known of WAW is left out: few names begin with it, and those are listed.
    """
    begin = int(view.tokens.starts[token])
    if not view.is_arabic:
        return begin
    if view.classes[token]:
        return begin + view.skipped[token]
    for skip, rest in view.rests.get(token, ()):
        if rest in words:
            return begin + skip
    return begin + int(view.tokens.codes[begin] == _WAW and view.chars[token] > _SHORTEST_REST)


def _are_proclitics(letters: str) -> bool:
    rest = letters[1:] if ord(letters[0]) in CONJUNCTIONS else letters
    return not rest or (len(rest) == 1 and ord(rest) in PREPOSITIONS)
