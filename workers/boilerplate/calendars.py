"""Names of months, and days of the Iranian and the Islamic calendar as Gregorian days."""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

# Combining accents, vowel marks and hamza, tatweel, nukta, zero-width and direction marks.
_MARKS: Final = re.compile(
    "[\u0300-\u036f\u064b-\u0655\u0670\u0640\u093c\u09bc\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_DIGITS: Final = {
    base + value: str(value)
    # ARABIC-INDIC, EXTENDED ARABIC-INDIC, DEVANAGARI, BENGALI, GURMUKHI, GUJARATI, TAMIL, TELUGU, KANNADA, MALAYALAM,
    # THAI, LAO, TIBETAN, MYANMAR, KHMER DIGIT ZERO (compatibility decomposition takes care of FULLWIDTH digits).
    for base in (0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20, 0x1040, 0x17E0)
    for value in range(10)
}  # fmt: skip
_LETTERS: Final = {
    0x0649: "\u064a",  # ARABIC LETTER ALEF MAKSURA to YEH
    0x06CC: "\u064a",  # ARABIC LETTER FARSI YEH to YEH
    0x06A9: "\u0643",  # ARABIC LETTER KEHEH to KAF
    0x060C: ",",  # ARABIC COMMA
    0xFF0C: ",",  # FULLWIDTH COMMA
    0x0131: "i",  # LATIN SMALL LETTER DOTLESS I
    0x2010: "-",  # HYPHEN
    0x2011: "-",  # NON-BREAKING HYPHEN
    0x2012: "-",  # FIGURE DASH
    0x2013: "-",  # EN DASH
    0x2014: "-",  # EM DASH
    0x2212: "-",  # MINUS SIGN
    0x2019: "'",  # RIGHT SINGLE QUOTATION MARK
    0x0009: " ",
    0x000D: " ",
}
_FOLDED: Final = str.maketrans(
    {**{chr(k): v for k, v in _DIGITS.items()}, **{chr(k): v for k, v in _LETTERS.items()}}
)
_WORD: Final = re.compile(r"[^\s0-9.,;:/()|\u00b7-]+")  # MIDDLE DOT
_JALALI_EPOCH: Final = date(2024, 3, 20)
_JALALI_EPOCH_YEAR: Final = 1403
_JALALI_LEAPS: Final = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
"""Years of the 33-year cycle with a day more, which agrees with the astronomical calendar from 1178 to 1633 A.P.
(K. M. Borkowski, "The Persian calendar for 3000 years", Earth, Moon, and Planets 74, 1996)."""
_FILLER_CHARS: Final = 4
_GAP_WORDS: Final = 6
"""Between day and year stand the month and at most short words ("of", "de", "del", "th")."""


class Calendar(StrEnum):
    GREGORIAN = "months"
    JALALI = "jalali"
    HIJRI = "hijri"


YEARS: Final = {
    Calendar.GREGORIAN: range(1995, 2101),
    Calendar.JALALI: range(1374, 1415),
    Calendar.HIJRI: range(1415, 1462),
}
"""Years of news pages by calendar: from 1995 on, when the first went on line. So cut, a number names the calendar too:
Jalali 1414 ends in March 2036, Hijri 1415 began in June 1994."""


@dataclass(frozen=True, slots=True)
class Month:
    calendar: Calendar
    number: int
    """1..12"""


@lru_cache(maxsize=256)
def fold(text: str) -> str:
    """`text` as dates are compared: lower case, ASCII digits, no accents and vowel marks, one form of yeh and kaf."""
    if text.isascii():
        return text.lower().replace("\t", " ").replace("\r", " ")
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed)).translate(_FOLDED)


def month_among(words: str, lang: str | None) -> Month | None:
    """The one month that folded `words` name, where they name nothing else; `lang` is a primary language tag."""
    parts = _WORD.findall(words)
    if not 0 < len(parts) <= _GAP_WORDS:
        return None
    found: set[Month] = set()
    index = 0
    while index < len(parts):
        pair = _named(" ".join(parts[index : index + 2]), lang) if index + 1 < len(parts) else None
        month = pair or _named(parts[index], lang)
        if month:
            found.add(month)
        elif len(parts[index]) > _FILLER_CHARS:
            return None
        index += 2 if pair else 1
    return found.pop() if len(found) == 1 else None


def gregorian(calendar: Calendar, year: int, month: int, day: int) -> date | None:
    """The Gregorian day of a date in another calendar; None when there is no such day, or none in `YEARS`."""
    if year not in YEARS[calendar] or not 1 <= month <= 12 or day < 1:
        return None
    if calendar is Calendar.JALALI:
        return _from_jalali(year, month, day)
    if calendar is Calendar.HIJRI:
        return _from_hijri(year, month, day)
    try:
        return date(year, month, day)
    except ValueError:  # the 31st of February
        return None


def _from_jalali(year: int, month: int, day: int) -> date | None:
    lengths = [31] * 6 + [30] * 5 + [29 + (year % 33 in _JALALI_LEAPS)]
    if day > lengths[month - 1]:
        return None
    between = range(min(year, _JALALI_EPOCH_YEAR), max(year, _JALALI_EPOCH_YEAR))
    days = sum(365 + (each % 33 in _JALALI_LEAPS) for each in between)
    start = _JALALI_EPOCH + timedelta(days if year >= _JALALI_EPOCH_YEAR else -days)
    return start + timedelta(sum(lengths[: month - 1]) + day - 1)


def _from_hijri(year: int, month: int, day: int) -> date | None:
    """By the months of the Umm al-Qura calendar. Elsewhere a month may begin a day earlier or later."""
    table = data()["umm_al_qura"]
    months = [
        29 + (bits >> index & 1)
        for bits in table["months"][: year - table["first_year"] + 1]
        for index in range(12)
    ]
    before = months[: (year - table["first_year"]) * 12 + month - 1]
    if day > months[len(before)]:
        return None
    return date.fromisoformat(table["first_day"]) + timedelta(sum(before) + day - 1)


@cache
def data() -> dict[str, Any]:
    """data/dates.json."""
    found: dict[str, Any] = json.loads(
        files("workers.boilerplate").joinpath("data/dates.json").read_text("utf-8")
    )
    return found


def _named(name: str, lang: str | None) -> Month | None:
    """The month of that name: in `lang`, in English, or in the only way in which other languages use it."""
    tables = _names()
    for language in (lang, "en"):
        if language in tables and (month := tables[language].get(name)):
            return month
    return tables[""].get(name)


@cache
def _names() -> dict[str, dict[str, Month]]:
    """Months by folded name, by language; under "" the names that mean one month in whatever language."""
    cldr = json.loads(files("workers.boilerplate").joinpath("data/months.json").read_text("utf-8"))["months"]
    tables: dict[str, dict[str, Month]] = {}
    for months_by_language in (cldr, data()["months"]):
        for language, months in months_by_language.items():
            tables.setdefault(language, {}).update(_table(Calendar.GREGORIAN, months))
    others = [_table(calendar, data()[calendar]) for calendar in (Calendar.JALALI, Calendar.HIJRI)]
    anywhere: dict[str, set[Month]] = {}
    for table in (*tables.values(), *others):
        for name, month in table.items():
            anywhere.setdefault(name, set()).add(month)
    tables[""] = {name: next(iter(months)) for name, months in anywhere.items() if len(months) == 1}
    return tables


def _table(calendar: Calendar, months: list[str]) -> dict[str, Month]:
    return {
        " ".join(_WORD.findall(fold(name))): Month(calendar, number)
        for number, names in enumerate(months, 1)
        for name in names.split("|")
        if len(name) > 1
    }
