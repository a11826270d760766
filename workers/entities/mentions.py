"""From what the model says of tokens to mentions: with the lists' names, one label a name in a text, no Arabic proclitics."""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
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
from workers.entities.tokens import Flags, Hashes, Ints, Tokens
from workers.entities.variants import FUZZY_LETTERS, within_one_edit

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
    """What is asked of single tokens of all texts."""

    def __init__(self, tagged: Tagged) -> None:
        tokens, words = tagged.tokens, tagged.words
        self.tokens = tokens
        self.hash = words.hash[words.of]
        self.classes = tagged.known.classes[words.of]
        self.skipped = tagged.known.skipped[words.of]
        self.listed_surnames = tagged.gazetteer.surnames
        self.is_arabic = tagged.gazetteer.locale == "ar"
        self.is_german = tagged.gazetteer.locale == "de"
        self.is_turkish = tagged.gazetteer.locale == "tr"
        self.is_small = _small(tokens)
        kinds = tokens.kinds[tokens.starts]
        self.sign = np.where(kinds == SIGN, tokens.codes[tokens.starts], np.uint64(0))
        self.is_spaced = np.append(tokens.is_spaced, True)
        self.is_capital = kinds == CAPITAL
        self.chars = tokens.ends - tokens.starts
        self.is_upper = tokens.counted(CAPITAL) == self.chars
        self.rests = _rests(tokens) if self.is_arabic else _NO_RESTS
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


@dataclass(frozen=True, slots=True)
class _Rests:
    """What Arabic words are without proclitics: for R of them the token, so many letters left out, and the hash of the rest."""

    token: Ints
    skip: Ints
    hash: Hashes

    def of(self, first: int, end: int) -> slice:
        """Those of tokens `first` to before `end`."""
        low, high = np.searchsorted(self.token, (first, end)).tolist()
        return slice(low, high)


_NO_RESTS: Final = _Rests(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))


def _rests(tokens: Tokens) -> _Rests:
    """By token, those with fewer letters left out first.

    "To the" swallows the first letter of the article: the last two ways are with that letter.
    """
    starts, ends = tokens.starts, tokens.ends
    chars = ends - starts
    first, second, third = (tokens.codes[np.minimum(starts + at, ends - 1)] for at in (0, 1, 2))
    is_conjunction = np.isin(first, CONJUNCTIONS)
    one = (is_conjunction | np.isin(first, PREPOSITIONS)) & (chars > _SHORTEST_REST)
    two = is_conjunction & np.isin(second, PREPOSITIONS) & (chars > _SHORTEST_REST + 1)
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
    return _Rests(token[order], skips[order], rests[order])


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
    unknown = view.unknown[slice(*np.searchsorted(view.unknown, span))].tolist()
    runs = sorted([*runs, *_misspelt_persons(view, runs, unknown, span[0])])
    names, surnames = _alone(view, runs)
    if not names:
        return runs
    taken = {token for run in runs for token in range(run[0], run[1])}
    more: dict[int, str] = {}
    wanted = np.fromiter(names, np.uint64, len(names))
    rests = view.rests.of(*span)
    places = np.arange(*span)
    for token, hashes in (
        (places, view.hash[slice(*span)]),
        (view.rests.token[rests], view.rests.hash[rests]),
    ):
        for at in np.flatnonzero(np.isin(hashes, wanted)).tolist():
            more.setdefault(int(token[at]), names[int(hashes[at])])
    if surnames:
        others = [token for token in unknown if token not in more and token not in taken]
        by_ends = _by_ends(surnames)
        misspelt = (
            each for each in others if _is_misspelt(view.letters(each), by_ends, arabic=view.is_arabic)
        )
        more |= dict.fromkeys(misspelt, Label.PER.value)
    new = [
        (token, token + 1, label)
        for token, label in more.items()
        if token not in taken and not view.is_small[token]
    ]
    return sorted([*runs, *new])


def _misspelt_persons(view: _View, runs: Sequence[Run], unknown: Sequence[int], begin: int) -> list[Run]:
    """Persons of the lists whose surname is written with a letter wrong, as no list has the word.

    `unknown` are the tokens of the text, from `begin` on, that no list has.
    """
    taken = {token for run in runs for token in range(run[0], run[1])}
    return [
        (token - 1, token + 1, Label.PER)
        for token in unknown
        if token > begin
        and token not in taken
        and token - 1 not in taken
        and (surnames := view.listed_surnames.get(int(view.hash[token - 1])))
        and _is_misspelt(view.letters(token), _by_ends(surnames), arabic=False)
    ]


def _alone(view: _View, runs: Sequence[Run]) -> tuple[dict[int, str], list[str]]:
    """The words that name something alone, as hashes with the label; and the letters of surnames."""
    names: dict[int, str] = {}
    surnames: list[str] = []
    single: Counter[tuple[int, str]] = Counter()
    for first, end, label in runs:
        last = int(view.hash[end - 1])
        if end - first == 1:
            single[last, label] += bool(view.chars[first] > 1)
        elif (
            label == Label.PER
            and view.chars[end - 1] >= _SURNAME_CHARS
            and not view.classes[end - 1] & COMMON
        ):
            if last not in names and view.chars[end - 1] >= FUZZY_LETTERS - 1:
                surnames.append(view.letters(end - 1))
            names[last] = Label.PER
    for (word, label), times in single.items():
        if times >= _TIMES:
            names.setdefault(word, label)
    return names, surnames[:_COMPARED]


def _by_ends(surnames: Sequence[str]) -> dict[tuple[int, str], list[str]]:
    """The surnames by (0, first letter) and by (-1, last letter): an edit leaves one end of a word as it is."""
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for surname in surnames:
        for end in (0, -1):
            found[end, surname[end]].append(surname)
    return found


def _is_misspelt(word: str, surnames: Mapping[tuple[int, str], Sequence[str]], *, arabic: bool) -> bool:
    """Whether the word, or what is left of an Arabic one without proclitics, is one edit from one of the surnames, by their ends."""
    for skip in (0, *_PROCLITIC_CHARS) if arabic else (0,):
        rest = word[skip:]
        if len(rest) < FUZZY_LETTERS or (skip and not _are_proclitics(word[:skip])):
            continue
        for end in (0, -1):
            for surname in surnames.get((end, rest[end]), ()):
                if -1 <= len(rest) - len(surname) <= 1 and within_one_edit(rest, surname):
                    return True
    return False


def _of_one_label(view: _View, runs: list[Run]) -> list[Run]:
    """`runs` where equal names have one label in the text: the most frequent one, of equals the first."""
    labels: dict[bytes, Counter[str]] = defaultdict(Counter)
    keys = [view.hash[first:end].tobytes() for first, end, _ in runs]
    for key, (_, _, label) in zip(keys, runs, strict=True):
        labels[key][label] += 1
    best = {key: counts.most_common(1)[0][0] for key, counts in labels.items()}
    return [(first, end, best[key]) for key, (first, end, _) in zip(keys, runs, strict=True)]


def _mentions(view: _View, listed: Listed, runs: Sequence[Run], span: tuple[int, int]) -> list[Mention]:
    """The runs of one text, of the tokens `span`, as mentions."""
    words = frozenset(view.hash[slice(*span)].tolist()) if view.is_arabic else frozenset()
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
        return first + 1 + int(np.argmax(view.sign[first + 1 : end] == _APOSTROPHE))
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
        return begin + int(view.skipped[token])
    rests = view.rests.of(token, token + 1)
    for skip, rest in zip(view.rests.skip[rests].tolist(), view.rests.hash[rests].tolist(), strict=True):
        if rest in words:
            return begin + int(skip)
    return begin + int(view.tokens.codes[begin] == _WAW and view.chars[token] > _SHORTEST_REST)


def _are_proclitics(letters: str) -> bool:
    rest = letters[1:] if ord(letters[0]) in CONJUNCTIONS else letters
    return not rest or (len(rest) == 1 and ord(rest) in PREPOSITIONS)
