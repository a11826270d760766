"""Places that are linked and nothing else: regions and small towns, by names that neither the model nor the lists go by."""

import lzma
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Final

from babel.core import get_global

from schemas.tagged_article import Label
from workers.entities.gazetteer import SCRIPT_COLUMN, city_rows
from workers.entities.lookup import NameTable
from workers.entities.names import LATIN, Named, named_things
from workers.entities.normal import normal_name
from workers.entities.russian import inflect
from workers.entities.tables import read_table
from workers.entities.tokens import Hashes

_LANGUAGES: Final = ("en", "ar", "de", "es", "fa", "fr", "pt", "ru", "tr", "zh")
"""Of the columns of regions.tsv.xz behind number and country."""
_SCRIPTS: Final = {"ru": (0x0400, 0x04FF), "ar": (0x0600, 0x06FF), "fa": (0x0600, 0x06FF)}
_LATIN: Final = (0x0041, 0x024F)
_SPOKEN_PERCENT: Final = 50
_WHERE: Final = re.compile(r" (?:am|an|auf|bei|im|in|ob|unter|vor) ")
_REMARKS: Final = ("(", "\uff08")  # LEFT PARENTHESIS, FULLWIDTH LEFT PARENTHESIS


_Row = tuple[str, str, str | None, str, int]
"""Id, country, English name, the name that is shown, thousands of inhabitants (-1 of a region)."""


class Places:
    """The regions and small towns that have a name in a CLDR locale. Names are numbered."""

    def __init__(self, locale: str) -> None:
        lang = locale.partition("_")[0]
        names: list[str] = []
        self._rows: list[_Row] = []
        for name, row in (*_regions(lang), *_other_names(lang), *_towns(lang), *_joined_cities(lang)):
            for form in _forms(name, lang):
                names.append(form)
                self._rows.append(row)
        self._own = {thing.id: thing for thing in named_things(locale)}
        self._table = NameTable(names)

    def of(self, hashes: Hashes) -> list[tuple[int, ...]]:
        """The names that are each of some hashes of runs of words, whatever their case."""
        return self._table.entries(hashes)

    def thing(self, entry: int) -> Named:
        """What the name of this number means."""
        identifier, country, english, shown, _ = self._rows[entry]
        return self._own.get(identifier) or Named(identifier, Label.LOC, shown, english, country)

    def id(self, entry: int) -> str:
        """The id of what the name of this number means."""
        return self._rows[entry][0]

    def country(self, entry: int) -> str:
        """The country in which it lies."""
        return self._rows[entry][1]

    def is_region(self, entry: int) -> bool:
        """Whether it is a province or the like, and no town."""
        return self._rows[entry][4] < 0

    def size(self, entry: int) -> int:
        """A town's thousands of inhabitants; of a region -1."""
        return self._rows[entry][4]


@lru_cache(maxsize=32)
def places(locale: str) -> Places:
    """The places of a CLDR locale, read when they are first asked for."""
    return Places(locale)


@lru_cache(maxsize=32)
def home_countries(lang: str) -> frozenset[str]:
    """Where a language is official and most people speak it: whose small towns its newspapers name without the country."""
    return frozenset(
        territory
        for territory, languages in get_global("territory_languages").items()
        if (spoken := languages.get(lang))
        and spoken["official_status"]
        and spoken["population_percent"] >= _SPOKEN_PERCENT
    )


@lru_cache(maxsize=32)
def place_words(lang: str) -> dict[str, tuple[str, ...]]:
    """The words of each kind in data/place_words.tsv."""
    return {
        kind: tuple(words.split("|")) for each, kind, words in read_table("place_words.tsv") if each == lang
    }


def _regions(lang: str) -> Iterator[tuple[str, _Row]]:
    words = {normal_name(word).casefold() for group in place_words(lang).values() for word in group}
    own = _LANGUAGES.index(lang) if lang in _LANGUAGES else 0
    for number, country, *cells in _lines("regions.tsv.xz"):
        english = _bare(cells[0])
        name = _bare(cells[own])
        names = [name, _without(name, words)]
        if lang not in {"en", *LATIN} or not name:
            names.append(english)
        row = (f"geonames:{number}", country, english or None, name or english, -1)
        for each in dict.fromkeys(filter(None, names)):
            yield each, row


def _other_names(lang: str) -> Iterator[tuple[str, _Row]]:
    english = {number: cells[0] for number, _, *cells in _lines("regions.tsv.xz")}
    for number, country, each, names in read_table("region_names.tsv"):
        if each == lang:
            for name in names.split("|"):
                yield name, (f"geonames:{number}", country, english.get(number), name, -1)


def _joined_cities(lang: str) -> Iterator[tuple[str, _Row]]:
    """The cities of the lists by names of which the words are not parted, as Arabic and Persian may write them."""
    column = SCRIPT_COLUMN.get(lang)
    if column == SCRIPT_COLUMN["ar"]:
        for cells in city_rows():
            number, country, size, english, *_ = cells
            for name in cells[column].split("|"):
                if " " in name:
                    yield _joined(name), (f"geonames:{number}", country, english, name, int(size))


def _joined(name: str) -> str:
    return normal_name(name).replace(" ", "")


def _bare(name: str) -> str:
    """The name without a remark in brackets."""
    for sign in _REMARKS:
        name = name.partition(sign)[0]
    return name.strip()


def _without(name: str, words: set[str]) -> str:
    """A region's name without "province of" before it or "province" behind it."""
    parts = normal_name(name).replace("'", "' ").split()
    while len(parts) > 1 and parts[0].strip("'").casefold() in words:
        del parts[0]
    while len(parts) > 1 and parts[-1].casefold() in words:
        del parts[-1]
    return " ".join(parts).replace("' ", "'")


def _towns(lang: str) -> Iterator[tuple[str, _Row]]:
    is_latin = lang in {"en", *LATIN}
    low, high = _SCRIPTS.get(lang, _LATIN)
    if lang not in _SCRIPTS and not is_latin:
        return
    country, number = "", 0
    for first, *cells in _lines("towns.tsv.xz"):
        if not cells:
            country, number = first, 0
            continue
        number += int(first)
        english, *others = cells[1].split("|")
        for name in [english] if is_latin else others:
            if low <= ord(name[0]) <= high:
                yield name, (f"geonames:{number}", country, english, name, int(cells[0]))


def _forms(name: str, lang: str) -> Iterable[str]:
    """The ways in which a name stands in a text: Russian cases, the German genitive, Arabic letters without spaces, a town without
    what tells it from others of its name.
    """
    if lang == "ru":
        return (name,) if name.isascii() else (name, *inflect(normal_name(name)))
    if lang == "de":
        names = dict.fromkeys((name, _WHERE.split(name)[0]))
        return (*names, *(each + "s" for each in names if each[-1:].islower() and not each.endswith("s")))
    if SCRIPT_COLUMN.get(lang) == SCRIPT_COLUMN["ar"] and " " in name:
        return (name, _joined(name))
    return (name,)


def _lines(name: str) -> Iterator[list[str]]:
    text = lzma.decompress(files(__package__).joinpath("data", name).read_bytes()).decode()
    for line in text.splitlines():
        if not line.startswith("#"):
            yield line.split("\t")
