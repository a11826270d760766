"""The names of one language's lists, and which token of a text stands in which kind of name."""

import lzma
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.tagged_article import Label
from workers.entities.features import Words
from workers.entities.lexicon import UNSPACED
from workers.entities.lookup import Found, NameTable
from workers.entities.names import LATIN, Named, named_things, zone_cities
from workers.entities.normal import normal_name
from workers.entities.own import OwnEntity
from workers.entities.russian import inflect
from workers.entities.tables import read_table
from workers.entities.tokens import Flags, Hashes, Tokens, tokens_of

SCRIPT_COLUMN: Final = {
    "ar": 5,
    "fa": 5,
    "ur": 5,
    "ps": 5,
    "ckb": 5,
    "ru": 6,
    "uk": 6,
    "bg": 6,
    "be": 6,
    "sr": 6,
    "zh": 7,
}
"""Where in a line of cities.tsv.xz the names in a language's script stand; others are written in Latin letters."""
_LATIN_COLUMN: Final = 4
_ENGLISH_COLUMN: Final = 3
_SHORTEST_OTHER: Final = 4
"""Letters: shorter further names of cities in Latin letters are mostly other words."""
_LARGE, _MIDDLE = 1000, 100
"""Thousands of inhabitants."""
COUNTRY, PLACE, LARGE_CITY, MIDDLE_CITY, SMALL_CITY, OTHER_CITY_NAME, ORGANISATION, PERSON = range(1, 9)
_SURE_WORDS: Final = {COUNTRY: 1, ORGANISATION: 2, PERSON: 1}
_SURE_CHARS: Final = 3
_ACRONYM_CHARS: Final = 3
_NEVER: Final = 100
_UNMATCHED: Final = 1_000_000
_LONG_VOWELS: Final = ("\u0627", "\u0648")  # ALEF, WAW
_EZAFE: Final = "\u06cc"  # FARSI YEH
_POSITIONS: Final = 4
"""Of a token in a name: alone, first, within, last."""


class Gazetteer:
    """All names of a CLDR locale: the language's own, and English ones where its script is not Latin.

    Names are numbered; of two things of one name that of the more trusted list comes first, and the larger city.
    """

    def __init__(self, locale: str, own: tuple[OwnEntity, ...] = ()) -> None:
        self.locale = locale
        self._is_unspaced = locale.partition("_")[0] in UNSPACED
        self._names: list[str] = []
        self._things: list[Named | int] = []
        self._cities: dict[int, Named] = {}
        kinds: list[int] = []
        for name, thing, kind in (*_own_names(own, locale), *_names(locale)):
            self._names.append(name)
            self._things.append(thing)
            kinds.append(kind)
        self._own = sum(len(entity.of(locale.partition("_")[0])) for entity in own)
        self._labels = [thing.label if isinstance(thing, Named) else Label.LOC for thing in self._things]
        self._countries = frozenset(entry for entry, kind in enumerate(kinds) if kind == COUNTRY)
        self._kinds = np.array(kinds, np.uint8)
        self._sure_words = np.array([self._least_words(entry) for entry in range(len(self._names))], np.int64)
        self._table = NameTable(self._names)

    def thing(self, entry: int) -> Named:
        """What the name of this number means; a city bears the name by which it was found."""
        thing = self._things[entry]
        if isinstance(thing, Named):
            return thing
        if entry not in self._cities:
            number, country, _, english, *_ = city_rows()[thing]
            named = Named(f"geonames:{number}", Label.LOC, self._names[entry], english, country)
            self._cities[entry] = named
        return self._cities[entry]

    def label(self, entry: int) -> Label:
        """The label of what the name of this number means."""
        return self._labels[entry]

    def country(self, entry: int) -> str | None:
        """The country of what the name of this number means."""
        thing = self._things[entry]
        return thing.country if isinstance(thing, Named) else city_rows()[thing][1]

    def home(self, entries: tuple[int, ...]) -> str | None:
        """The one country of all that the names of these numbers mean."""
        homes = set(map(self.country, entries))
        return homes.pop() if len(homes) == 1 else None

    def size(self, entry: int) -> int:
        """Thousands of inhabitants of a city of the long list; more than any of them has for what our own lists name."""
        thing = self._things[entry]
        return _UNMATCHED if isinstance(thing, Named) else int(city_rows()[thing][2])

    @cached_property
    def surnames(self) -> dict[int, list[str]]:
        """Of listed persons with a name of two words: the hash of the first one, and the letters of the second ones."""
        names = [name for name, thing in zip(self._names, self._things, strict=True)
                 if isinstance(thing, Named) and thing.label is Label.PER and name.count(" ") == 1]  # fmt: skip
        given, family = (
            tokens_of([name.split(" ")[0] for name in names]),
            [name.split(" ")[1] for name in names],
        )
        first = given.hashes(given.starts, given.ends).tolist()
        found: dict[int, list[str]] = {}
        for token, text in enumerate(given.text.tolist()):
            found.setdefault(first[token], []).append(normal_name(family[text]).lower())
        return found

    @cached_property
    def given(self) -> Hashes:
        """The first words of `surnames`, in order."""
        return np.array(sorted(self.surnames), np.uint64)

    def is_country(self, entry: int) -> bool:
        """Whether the name is that of a country or another territory of ISO 3166-1."""
        return entry in self._countries

    def is_city(self, entry: int) -> bool:
        """Whether the name is of the long list of cities."""
        return not isinstance(self._things[entry], Named)

    def is_own(self, entry: int) -> bool:
        """Whether the name stands in the user's own list."""
        return entry < self._own

    def sure(self, found: Found) -> Flags:
        """Which of the names (M,) are names wherever they stand, whatever the model says."""
        return found.end - found.first >= self._sure_words[found.entry]

    def own(self, found: Found) -> Flags:
        """Which of the names (M,) stand in the user's own list."""
        return found.entry < self._own

    def _least_words(self, entry: int) -> int:
        """From how many words on a name is sure: those of our lists, not those of cities but the largest."""
        if self.is_own(entry):
            return 1
        thing, name = self._things[entry], self._names[entry]
        if not isinstance(thing, Named):
            return _NEVER
        if thing.id in zone_cities() or (len(name) >= _ACRONYM_CHARS and name.isupper()):
            return 1
        least = _SURE_WORDS.get(int(self._kinds[entry]), _NEVER)
        return least if least == 1 or not self._is_unspaced else max(least, _SURE_CHARS)

    def find(self, tokens: Tokens, words: Words) -> Found:
        """The names in some texts; see NameTable.find."""
        return self._table.find(tokens, words)

    def places_of(self, hashes: Hashes) -> list[tuple[int, ...]]:
        """The places that are named by each of some hashes of runs of words, whatever the case of their letters."""
        return [
            tuple(entry for entry in entries if self.label(entry) is Label.LOC)
            for entries in self._table.entries(hashes)
        ]

    def categories(self, tokens: Tokens, found: Found) -> NDArray[np.uint8]:
        """For each token (T,) what kind of name it stands in and where, 0 for none: the leftmost names, of those the longest."""
        categories = np.zeros(len(tokens), np.uint8)
        if not len(found.first):
            return categories
        best = np.lexsort((found.entry, -found.end, found.first))
        first, end = found.first[best], found.end[best]
        heads = np.flatnonzero(np.diff(first, prepend=-1))
        chosen, taken = [], 0
        for head, begin, stop in zip(heads.tolist(), first[heads].tolist(), end[heads].tolist(), strict=True):
            if begin >= taken:
                chosen.append(head)
                taken = stop
        first, end, hit = first[chosen], end[chosen], best[chosen]
        base = self._kinds[found.entry[hit]] * np.uint8(_POSITIONS * 2)
        is_long = end - first > 1
        categories[first] = base + 2 * is_long + (found.start[hit] > tokens.starts[first])
        categories[end[is_long] - 1] = base[is_long] + 6
        for at in np.flatnonzero(end - first > 2).tolist():
            categories[first[at] + 1 : end[at] - 1] = base[at] + 4
        return categories


@lru_cache(maxsize=32)
def gazetteer(locale: str, own: tuple[OwnEntity, ...] = ()) -> Gazetteer:
    """The gazetteer of a CLDR locale and a user's own entities, built when it is first asked for."""
    return Gazetteer(locale, own)


def _own_names(own: Iterable[OwnEntity], locale: str) -> Iterator[tuple[str, Named, int]]:
    for entity in own:
        names = entity.of(locale.partition("_")[0])
        for name in names:
            thing = Named(entity.id, entity.label, names[0], entity.english, entity.country, names)
            yield name, thing, _kind_of(thing)


def _names(locale: str) -> Iterator[tuple[str, Named | int, int]]:
    """(name, thing or the row of a city, kind), the more trusted ones first."""
    lang = locale.partition("_")[0]
    seen: set[tuple[str, str]] = set()
    blocked = {normal_name(name) for each, name in read_table("blocked.tsv") if each == lang}
    for name, thing, kind in _listed(locale, lang):
        for form in _forms(name, lang, person=thing.label is Label.PER):
            if (form, thing.id) not in seen and normal_name(form) not in blocked:
                seen.add((form, thing.id))
                yield form, thing, kind
    for name, row, kind in _cities(lang):
        for form in _forms(name, lang, person=False):
            yield form, row, kind


def _forms(name: str, lang: str, *, person: bool) -> tuple[str, ...]:
    """The ways in which a name stands in a text: Russian cases, the German genitive, the Persian ezafe."""
    if lang == "ru":
        return (name, *inflect(normal_name(name), person=person))
    if lang == "de" and name[-1:].islower() and not name.endswith("s"):
        return (name, name + "s")
    if lang == "fa" and name.endswith(_LONG_VOWELS):
        return (name, name + _EZAFE)
    return (name,)


def _listed(locale: str, lang: str) -> Iterator[tuple[str, Named, int]]:
    own = {thing.id: thing for thing in named_things(locale)}
    for thing in own.values():
        for surface in thing.surfaces:
            yield surface, thing, _kind_of(thing)
    if lang not in {"en", *LATIN}:
        for thing in named_things("en"):
            for surface in thing.surfaces:
                yield surface, own.get(thing.id, thing), _kind_of(thing)


def _kind_of(thing: Named) -> int:
    if thing.label is Label.LOC:
        return COUNTRY if thing.id.startswith("iso:") else PLACE
    return PERSON if thing.label is Label.PER else ORGANISATION


def _cities(lang: str) -> Iterator[tuple[str, int, int]]:
    """(name, row, kind); names in the language's script, in English where that is Latin."""
    column = SCRIPT_COLUMN.get(lang, _LATIN_COLUMN)
    for row, cells in enumerate(city_rows()):
        size = int(cells[2])
        kind = LARGE_CITY if size >= _LARGE else MIDDLE_CITY if size >= _MIDDLE else SMALL_CITY
        others = [name for name in cells[column].split("|") if name]
        if column == _LATIN_COLUMN:
            yield cells[_ENGLISH_COLUMN], row, kind
            kind = OTHER_CITY_NAME
            others = [name for name in others if len(name) >= _SHORTEST_OTHER]
        for name in others:
            yield name, row, kind


@lru_cache(maxsize=1)
def city_rows() -> tuple[tuple[str, ...], ...]:
    """The cells of each city of cities.tsv.xz, the largest first."""
    text = lzma.decompress(files(__package__).joinpath("data", "cities.tsv.xz").read_bytes()).decode()
    return tuple(tuple(line.split("\t")) for line in text.splitlines() if not line.startswith("#"))
