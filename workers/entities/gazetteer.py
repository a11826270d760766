"""Names found in a text: one Aho-Corasick automaton per language over normalised text."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from schemas.tagged_article import Label
from workers.entities.names import LATIN, Named, named_things
from workers.entities.normal import normal_name
from workers.entities.russian import inflect
from workers.entities.tables import read_table

_ALEF_LAM: Final = "\u0627\u0644"  # the Arabic article
_LAM: Final = "\u0644"
_CONJUNCTIONS: Final = frozenset("\u0648\u0641")  # WAW "and", FEH "so"
_PREPOSITIONS: Final = frozenset("\u0628\u0644\u0643")  # BEH "in", LAM "to", KAF "like"
_PERSIAN_EZAFE: Final = "\u064a"  # written after a final ALEF or WAW; YEH once normalised
_LONG_VOWELS: Final = ("\u0627", "\u0648")
_TURKISH_SUFFIX: Final = re.compile(r"'[^\W\d_]+")
_NAMES_GO_ON: Final = frozenset({"en", "es", "pt"})
_NEXT_CAPITALISED: Final = re.compile(r" ([A-Z\u00c0-\u00d6\u00d8-\u00de][a-z\u00df-\u00f6\u00f8-\u00ff]+)")
_CALENDAR: Final = frozenset(
    [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
)
# Scripts that write no spaces: Han, kana, Thai, Lao, Khmer, Burmese.
_UNSPACED: Final = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))


@dataclass(frozen=True, slots=True)
class Hit:
    """A name in a normalised text, half-open."""

    start: int
    end: int
    thing: Named


@dataclass(frozen=True, slots=True)
class _Pattern:
    thing: Named
    skip: int
    """How many code points at its start are a proclitic: of "to the Saudi…" the first LAM."""


class Gazetteer:
    """The names of one language, and English names where its script is not Latin."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._proclitics = locale == "ar"
        patterns = _patterns(locale)
        self._patterns = list(patterns.values())
        self._automaton = AhoCorasick(
            patterns, MatchKind.Standard, store_patterns=False, implementation=Implementation.ContiguousNFA
        )

    def find(self, text: str) -> list[Hit]:
        """The names in a normalised text, in order: the leftmost, of those the longest, none overlapping."""
        hits: list[Hit] = []
        position = 0
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        for index, start, end in sorted(matches, key=lambda match: (match[1], -match[2])):
            pattern = self._patterns[index]
            first = start + pattern.skip
            if (
                first >= position
                and self._bounded(text, start, end)
                and not self._goes_on(text, end, pattern)
            ):
                position = self._with_suffix(text, end)
                hits.append(Hit(first, position, pattern.thing))
        return hits

    def _with_suffix(self, text: str, end: int) -> int:
        """Turkish parts its case endings off by an apostrophe; as in the treebanks they belong to the mention."""
        if self.locale == "tr" and (suffix := _TURKISH_SUFFIX.match(text, end)):
            return suffix.end()
        return end

    def _goes_on(self, text: str, end: int, pattern: _Pattern) -> bool:
        """Whether the next word makes another name of it: "London Bridge", but neither "US President" nor
        "in Paris Monday". Precision of LOC .72 to .85 on wikigold, .83 to .89 on UNER-EWT, .825 to .841 on
        Bosque, recall .005, .012 and .002 less; French gains nothing, and German writes all nouns so.
        """
        if (
            self.locale not in _NAMES_GO_ON
            or pattern.thing.label is Label.PER
            or text[end - 2 : end].isupper()
        ):
            return False
        after = _NEXT_CAPITALISED.match(text, end)
        return after is not None and after[1] not in _CALENDAR

    def _bounded(self, text: str, start: int, end: int) -> bool:
        if end < len(text) and _joined(text[end - 1], text[end]):
            return False
        if self.locale == "de" and text[end : end + 1] == "-" and text[end + 1 : end + 2].isalpha():
            return False  # "US-Präsident": the compound is no name
        if start == 0 or not _joined(text[start - 1], text[start]):
            return text[start - 1 : start] != "@"  # a handle is another name
        return self._proclitics and after_proclitics(text, start)


def after_proclitics(text: str, start: int) -> bool:
    """Whether between the start of the word and `start` stand Arabic proclitics and nothing else."""
    if text[start - 1] in _PREPOSITIONS:
        start -= 1
        if start == 0 or not _is_letter(text[start - 1]):
            return True
    if text[start - 1] in _CONJUNCTIONS:
        start -= 1
        return start == 0 or not _is_letter(text[start - 1])
    return False


@lru_cache(maxsize=32)
def gazetteer(locale: str) -> Gazetteer:
    """The gazetteer of a CLDR locale, built when it is first asked for."""
    return Gazetteer(locale)


def _patterns(locale: str) -> dict[str, _Pattern]:
    blocked = {(lang, normal_name(name)) for lang, name in read_table("blocked.tsv")}
    patterns: dict[str, _Pattern] = {}
    for lang, thing, surface in _surfaces(locale):
        name = normal_name(surface)
        if (lang, name) not in blocked and _is_name(name):
            for form, skip in _forms(name, lang, thing):
                if (lang, form) not in blocked:
                    patterns.setdefault(form, _Pattern(thing, skip))
    return patterns


def _surfaces(locale: str) -> Iterator[tuple[str, Named, str]]:
    """(language, thing, surface); the language's own names first, as the first owner of a surface keeps it."""
    lang = locale.partition("_")[0]
    own = {thing.id: thing for thing in named_things(locale)}
    for thing in own.values():
        for surface in thing.surfaces:
            yield lang, thing, surface
    if lang not in {"en", *LATIN}:
        for thing in named_things("en"):
            for surface in thing.surfaces:
                yield "en", own.get(thing.id, thing), surface


def _is_name(name: str) -> bool:
    """Long enough to be told from other words, and a proper name where the script has capitals."""
    if not name or name[0].islower():
        return False
    return len(name) > 2 or name.isupper() or (_is_unspaced(name[0]) and len(name) == 2)


def _forms(name: str, lang: str, thing: Named) -> Iterator[tuple[str, int]]:
    """The ways a name stands in a text, and how much of each is a proclitic."""
    yield name, 0
    if lang == "ar" and name.startswith(_ALEF_LAM):
        # "to the": LAM takes the ALEF's place; before a name in LAM the article is not written at all
        rest = name[2:] if name[2:3] == _LAM else name[1:]
        yield _LAM + rest, 1
    elif lang == "ru":
        for form in inflect(name, person=thing.label is Label.PER):
            yield form, 0
    elif lang == "fa" and name.endswith(_LONG_VOWELS):
        yield name + _PERSIAN_EZAFE, 0
    elif lang == "de" and thing.label is not Label.ORG and name[-1:].islower() and not name.endswith("s"):
        yield name + "s", 0


def _joined(left: str, right: str) -> bool:
    """Whether no word can end between two neighbours."""
    return _is_letter(left) and _is_letter(right) and not (_is_unspaced(left) or _is_unspaced(right))


def _is_letter(character: str) -> bool:
    return character.isalnum() or (character > "\u02ff" and unicodedata.category(character)[0] == "M")


def _is_unspaced(character: str) -> bool:
    return character > "\u0dff" and any(low <= ord(character) <= high for low, high in _UNSPACED)
