"""The named things of the gazetteer, per language: CLDR's territories and cities, and our own lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from babel import Locale, UnknownLocaleError

from schemas.tagged_article import Label
from workers.entities.normal import normal_name
from workers.entities.tables import read_table

LATIN: Final = ("fr", "de", "es", "pt", "tr")
"""Languages of our own lists that take the English name where they have no own one."""

# CLDR's numbered regions that newspapers name, with GeoNames' identifiers of the continents.
_REGIONS: Final = {
    "002": "geonames:6255146",
    "003": "geonames:6255149",
    "005": "geonames:6255150",
    "009": "geonames:6255151",
    "142": "geonames:6255147",
    "150": "geonames:6255148",
    "013": "",
    "015": "",
    "029": "",
    "034": "",
    "035": "",
    "143": "",
    "151": "",
    "154": "",
    "155": "",
    "202": "",
    "419": "",
}
# Not places of their own in ISO 3166, or (EU, UN) organisations of our own list.
_NOT_TERRITORIES: Final = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)


@dataclass(frozen=True, slots=True)
class Named:
    """A thing with an id. `name` is in the language of the gazetteer, `surfaces` are the ways it is written."""

    id: str
    label: Label
    name: str
    name_en: str | None
    country: str | None
    surfaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of our own lists: names by language, the first one is canonical."""

    id: str
    label: Label
    country: str | None
    names: dict[str, tuple[str, ...]]

    def of(self, lang: str) -> tuple[str, ...]:
        own = self.names.get(lang, ())
        return own or (self.names.get("en", ()) if lang in LATIN else ())


def key_id(label: Label, name: str) -> str:
    """The id of a thing that no list knows: the same for the same label and normalised name, everywhere."""
    digest = blake2b("\0".join((label, normal_name(name).casefold())).encode(), digest_size=8)
    return f"key:{digest.hexdigest()}"


def locale_of(lang: str) -> str | None:
    """The CLDR locale with names for the BCP 47 tag `lang`, or None. Only Chinese keeps its script apart."""
    try:
        locale = Locale.parse(lang, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    base = str(locale.language)
    traditional = locale.script == "Hant" or locale.territory in {"TW", "HK", "MO"}
    return "zh_Hant" if base == "zh" and traditional else base


@lru_cache(maxsize=64)
def named_things(locale: str) -> tuple[Named, ...]:
    """All things with a name in `locale`, most trusted list first; one per id."""
    lang = locale.partition("_")[0]
    found: dict[str, Named] = {}
    for thing in (*_territories(locale, lang), *_regions(locale), *_own(lang), *_cities(locale, lang)):
        if known := found.get(thing.id):
            surfaces = dict.fromkeys(known.surfaces + thing.surfaces)
            thing = Named(  # noqa: PLW2901 - the same thing, with the names of both lists
                known.id, known.label, known.name, known.name_en, known.country, tuple(surfaces)
            )
        found[thing.id] = thing
    return tuple(found.values())


@lru_cache(maxsize=1)
def _rows() -> dict[str, _Row]:
    rows = {}
    for name in ("territories.tsv", "places.tsv", "organisations.tsv", "persons.tsv"):
        lines = read_table(name)
        languages = next(lines)[3:]
        for identifier, label, country, *cells in lines:
            names = {
                lang: tuple(surface.strip() for surface in cell.split("|"))
                for lang, cell in zip(languages, cells, strict=False)
                if cell
            }
            row_id = identifier if identifier != "-" else key_id(Label(label), names["en"][0])
            rows[row_id] = _Row(row_id, Label(label), country or None, names)
    return rows


def _own(lang: str) -> Iterator[Named]:
    for row in _rows().values():
        if (surfaces := row.of(lang)) and not row.id.startswith("iso:"):
            yield Named(row.id, row.label, surfaces[0], row.names["en"][0], row.country, surfaces)


def _territories(locale: str, lang: str) -> Iterator[Named]:
    english = _cldr_territories("en")
    for code, name in _cldr_territories(locale).items():
        if not code.isalpha() or code in _NOT_TERRITORIES:
            continue
        row = _rows().get(f"iso:{code}")
        own = row.names.get(lang, ()) if row else ()
        marked, mark_en = (next((name[1:] for name in names if name.startswith("=")), None)
                           for names in (own, row.names["en"] if row else ()))  # fmt: skip
        # CLDR's "Congo - Kinshasa" and "Hong Kong SAR China" are for menus; our own list names these things.
        canonical = marked or _short(name)
        surfaces = dict.fromkeys((canonical, _short(name), *(row.of(lang) if row else ())))
        yield Named(
            f"iso:{code}",
            Label.LOC,
            canonical,
            mark_en or _short(english[code]),
            code,
            tuple(surface.removeprefix("=") for surface in surfaces),
        )


def _regions(locale: str) -> Iterator[Named]:
    english = _cldr_territories("en")
    for code, name in _cldr_territories(locale).items():
        if code in _REGIONS:
            identifier = _REGIONS[code] or key_id(Label.LOC, english[code])
            yield Named(identifier, Label.LOC, name, english[code], None, (name,))


def _cities(locale: str, lang: str) -> Iterator[Named]:
    zones = Locale.parse(locale).time_zones
    for zone, number, country in read_table("zones.tsv"):
        english = zone.rpartition("/")[2].replace("_", " ")
        name = zones.get(zone, {}).get("city") or (english if lang in {"en", *LATIN} else None)
        if name:
            yield Named(f"geonames:{number}", Label.LOC, name, english, country, (name,))


@lru_cache(maxsize=1)
def zone_cities() -> frozenset[str]:
    """The ids of the cities that time zones are named after: capitals and the largest cities of all countries."""
    return frozenset(f"geonames:{number}" for _, number, _ in read_table("zones.tsv"))


def _cldr_territories(locale: str) -> dict[str, str]:
    return dict(Locale.parse(locale).territories)


def _short(name: str) -> str:
    """The name without a remark in brackets, ASCII or full-width."""
    return name.partition("(")[0].partition("\uff08")[0].strip()  # FULLWIDTH LEFT PARENTHESIS
