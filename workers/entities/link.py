"""Which mentions of a text are one thing, and which thing: by the lists, and by what else the text calls it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from typing import Final, NamedTuple

from schemas.tagged_article import Label
from workers.entities.gazetteer import Gazetteer
from workers.entities.lexicon import words_of_class
from workers.entities.names import Named, key_id, named_things
from workers.entities.normal import normal_name
from workers.entities.places import Places, home_countries, places
from workers.entities.russian import inflect, nominative, stem
from workers.entities.variants import FUZZY_LETTERS, within_one_edit

_PER, _LOC = Label.PER, Label.LOC  # to look members of an enumeration up takes its time
_WHERE: Final = 2
"""Fields of a name that say where it stands; equal names have the others alike."""
_SHORTEST_SURNAME: Final = 3
_COMPARED: Final = 200
"""A text with more names than this is a list of them: only equal ones are joined."""
_ARTICLE: Final = "\u0627\u0644"
_COMPARABLE: Final = 10
"""A namesake in a country that the text names is meant when the larger city is not so many times as large."""
_SHORTEST_ACRONYM: Final = 2
_LONG_NAME: Final = 8
"""Letters of a name that is told though one of them is wrong."""
_SAME_END: Final = 4
_LISTED_CASES: Final = 0.75


Home = Callable[[tuple[int, ...]], str | None]
"""Gazetteer.home, which may remember its answers for a micro-batch."""


class Name(NamedTuple):
    """A mention to be linked: half-open in the text, with its words there and the names of the lists that it may be.

    A tuple, as there are hundreds in a micro-batch and a frozen dataclass takes several times as long to make.
    """

    start: int
    end: int
    text: str
    label: Label
    entries: tuple[int, ...]
    places: tuple[int, ...] = ()
    is_region: bool = False


def link(names: Sequence[Name], gazetteer: Gazetteer, home: Home, text: str) -> list[Named]:
    """What each of the names in `text` means; the same thing has the same id in every article. `home` is that of the gazetteer."""
    linker = _Linker(gazetteer, names, home, text)
    keys = [name[_WHERE:] for name in names]
    different = dict(zip(reversed(keys), reversed(names), strict=True))  # the first one of each key is kept
    longest_first = sorted(different.values(), key=lambda name: (-len(name.text.split()), name.start))
    found = {name[_WHERE:]: linker.thing(name) for name in longest_first}
    return [found[key] for key in keys]


class _Linker:
    """What is known of a text's names so far; fuller names come first."""

    def __init__(self, gazetteer: Gazetteer, names: Sequence[Name], home: Home, text: str) -> None:
        self._gazetteer = gazetteer
        self._lang = gazetteer.locale.partition("_")[0]
        self._homes = home_countries(self._lang)
        self._countries = _named_countries(names, home)
        self._persons: dict[tuple[str, ...], Named] = {}
        self._others: dict[tuple[Label, str], Named] = {}
        self._acronyms = _expansions(names, text)

    def thing(self, name: Name) -> Named:
        """The thing of a list, one that the text has named before, or a new one."""
        label_of = self._gazetteer.label
        fitting = [entry for entry in name.entries if label_of(entry) is name.label] if name.entries else []
        if name.label is _PER:
            return self._person(name, fitting)
        if name.places and (place := self._place(name, fitting)):
            return place
        if fitting:
            return self._gazetteer.thing(self._meant(fitting))
        form = normal_name(name.text)
        return (name.label is _LOC and self._misspelt(form.casefold())) or self._other(name, form)

    def _misspelt(self, form: str) -> Named | None:
        """The country or other place of our own lists whose long name is written with one letter wrong, if there is but one."""
        if len(form) < _LONG_NAME:
            return None
        ends = _long_names(self._gazetteer.locale)
        things = {
            thing.id: thing
            for end in (form[:_SAME_END], form[-_SAME_END:])
            for known, thing in ends.get(end, ())
            if abs(len(known) - len(form)) <= 1 and within_one_edit(form, known)
        }
        return things.popitem()[1] if len(things) == 1 else None

    def _place(self, name: Name, listed: Sequence[int]) -> Named | None:
        """The region or town that is meant, where the lists have no such name or a word says that it is a region.

        It lies in a country that the text names or whose language this is, or there is but one. A city of the lists gives way to places
        of countries that the text names if it does not name the city's.
        """
        known = places(self._gazetteer.locale)
        asked: Sequence[int] = [
            entry for entry in name.places if known.is_region(entry) or not name.is_region
        ]
        home = ""
        if listed:
            meant = self._meant(listed)
            home = self._gazetteer.country(meant) or ""
            if not name.is_region:
                if not self._gazetteer.is_city(meant) or self._countries[home]:
                    return None
                asked = [entry for entry in asked if self._countries[known.country(entry)]]
        near = [entry for entry in asked if self._is_near(known.country(entry), home)]
        if not near:
            is_one = len({known.id(entry) for entry in asked}) == 1 and known.is_region(asked[0])
            return known.thing(asked[0]) if is_one else None
        return known.thing(max(near, key=lambda entry: self._likelihood(entry, known, home)))

    def _is_near(self, country: str, home: str) -> bool:
        return country == home or country in self._homes or self._countries[country] > 0

    def _likelihood(self, entry: int, known: Places, home: str) -> tuple[bool, int, bool, bool, int]:
        country = known.country(entry)
        return (
            country == home,
            self._countries[country],
            country in self._homes,
            known.is_region(entry),
            known.size(entry),
        )

    def _meant(self, entries: Sequence[int]) -> int:
        """The most trusted of equal names, or one of comparable size in a country that the text names more often."""
        first = entries[0]
        if len(entries) == 1:
            return first
        size = self._gazetteer.size(first)
        rivals = [entry for entry in entries if self._gazetteer.size(entry) * _COMPARABLE > size]
        return max(rivals, key=lambda entry: self._countries[self._gazetteer.country(entry) or ""])

    def _person(self, name: Name, listed: Sequence[int]) -> Named:
        """A surname alone is that of a person whom the text names in full, before it is that of a listed one."""
        words = tuple(normal_name(name.text).split())
        form = tuple(_dictionary_form(words, self._lang))
        of_list = self._gazetteer.thing(listed[0]) if listed else self._listed(form)
        person = (None if of_list and len(form) > 1 else self._namesake(form)) or of_list
        if person is None:
            written = name.text if form == words else " ".join(form)
            person = Named(key_id(_PER, written), _PER, written, None, None, (written,))
        self._persons.setdefault(form, person)
        return person

    def _listed(self, form: Sequence[str]) -> Named | None:
        if len(form) < 2:
            return None
        rest = " ".join(form[1:])
        first, last, chars = rest[0], rest[-1], len(rest)
        for expected, person in _listed_persons(self._gazetteer.locale).get(form[0], ()):
            # Looked at first, as an edit leaves one end as it is: common given names have hundreds of bearers.
            is_near = -1 <= len(expected) - chars <= 1 and (expected[0] == first or expected[-1] == last)
            if is_near and (rest == expected or (chars >= FUZZY_LETTERS and within_one_edit(rest, expected))):
                return person
        return None

    def _namesake(self, form: tuple[str, ...]) -> Named | None:
        """Somebody whom the text has named by the same words, or whose surname or given name alone this is."""
        if equal := self._persons.get(form):
            return equal
        for other, person in islice(self._persons.items(), _COMPARED):
            if form == other[-len(form) :]:
                return person
            if len(form) == 1:
                if self._is_same(form[0], other[-1]) or form[0] == other[0]:
                    return person
            elif self._is_same(form[-1], other[-1]) and self._is_same(form[0], other[0]):
                return person
        return None

    def _is_same(self, left: str, right: str) -> bool:
        """Whether two words are one name: in another case, or with one letter wrong."""
        if left == right:
            return True
        if left[0] != right[0] and left[-1] != right[-1]:
            return False
        if self._lang == "ru":
            left, right = stem(left), stem(right)
            return left == right and len(left) >= _SHORTEST_SURNAME
        letters = min(len(left.removeprefix(_ARTICLE)), len(right.removeprefix(_ARTICLE)))
        return letters >= FUZZY_LETTERS and within_one_edit(left, right)

    def _other(self, name: Name, form: str) -> Named:
        """An organisation, place or work that no list has: the same one where the text writes it alike, or its acronym."""
        if self._lang == "tr":
            form = form.partition("'")[0]
        full = self._acronyms.get(form, form)
        stemmed = _stemmed(full) if self._lang == "ru" else full
        key = (name.label, stemmed.casefold())
        if key not in self._others:
            written = name.text if full == form else full
            self._others[key] = Named(key_id(name.label, stemmed), name.label, written, None, None, (full,))
        return self._others[key]


def _named_countries(names: Iterable[Name], home: Home) -> Counter[str]:
    """How often a text names each country, and places that lie in one only."""
    return Counter([country for name in names if name.entries and (country := home(name.entries))])


def _stemmed(name: str) -> str:
    return " ".join(map(stem, name.casefold().split()))


def _expansions(names: Sequence[Name], text: str) -> dict[str, str]:
    """Acronyms that stand in brackets behind what they are short for, and what that is."""
    found = {}
    for full, short in pairwise(names):
        if (
            text.startswith(")", short.end)
            and text[full.end : short.start] in {" (", "("}
            and len(short.text) >= _SHORTEST_ACRONYM
            and " " not in short.text
            and short.text.isupper()
            and full.label is short.label
        ):
            found[normal_name(short.text)] = normal_name(full.text)
    return found


def _dictionary_form(words: tuple[str, ...], lang: str) -> Sequence[str]:
    """A person's name without Russian and Turkish case endings."""
    if lang == "ru":
        return nominative(words, _nominatives(lang))
    if lang == "tr":
        return [bare for word in words if (bare := word.partition("'")[0])] or words
    return words


@lru_cache(maxsize=4)
def _nominatives(lang: str) -> dict[str, str]:
    """Given names in any case: their nominative. The list has all cases; a nominative is what most cases of are listed."""
    given = dict.fromkeys(normal_name(name) for name in words_of_class(lang, "given"))
    cases = {name: inflect(name, person=True) for name in given}
    found: dict[str, str] = {}
    bases = [
        name for name, forms in cases.items()
        if forms and sum(form in given for form in forms) >= _LISTED_CASES * len(forms)
    ]  # fmt: skip
    for name in bases:
        for form in cases[name]:
            found.setdefault(form, name)
    return {name: name for name in given} | found | {name: name for name in bases}


@lru_cache(maxsize=32)
def _listed_persons(locale: str) -> dict[str, list[tuple[str, Named]]]:
    """First word of a listed person's name: the rest of the name, and the person."""
    listed: dict[str, list[tuple[str, Named]]] = {}
    for thing in named_things(locale):
        if thing.label is Label.PER:
            for surface in thing.surfaces:
                first, _, rest = normal_name(surface).partition(" ")
                if rest:
                    listed.setdefault(first, []).append((rest, thing))
    return listed


@lru_cache(maxsize=32)
def _long_names(locale: str) -> dict[str, list[tuple[str, Named]]]:
    """Places of our own lists with long names, by their first and last letters: an edit mostly leaves one end as it is."""
    found: dict[str, list[tuple[str, Named]]] = {}
    for thing in named_things(locale):
        if thing.label is Label.LOC:
            for form in dict.fromkeys(normal_name(surface).casefold() for surface in thing.surfaces):
                if len(form) >= _LONG_NAME - 1:
                    for ends in {form[:_SAME_END], form[-_SAME_END:]}:
                        found.setdefault(ends, []).append((form, thing))
    return found
