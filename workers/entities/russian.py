"""Russian case endings, generated for the names of the gazetteer and taken off surnames. See data/russian.tsv."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from workers.entities.tables import read_table

_CASES: Final = 5
_SHORTEST_STEM: Final = 3
_SHORTEST_ADJECTIVE: Final = 6  # a name of five letters in SHORT I is a noun, a given name mostly
_FEMININE: Final = ("\u0430", "\u044f")  # A, YA
_SHORT_I: Final = "\u0439"


def inflect(name: str, *, person: bool = False) -> tuple[str, ...]:
    """`name` in the other cases, as far as regular; names that do not inflect give nothing.

    `name` is normalised: IO is written IE. In a name of several words adjectives and their noun inflect, and
    what follows the noun stays as it is; of a person every word inflects.
    """
    words = name.split(" ")
    tables = [
        _word_cases(word, person=person, last=index == len(words) - 1) for index, word in enumerate(words)
    ]
    if not person:
        head = next((index for index, (_, adjective) in enumerate(tables) if not adjective), len(tables))
        tables[head + 1 :] = [((word,) * _CASES, False) for word in words[head + 1 :]]
    forms = (" ".join(cases[case] for cases, _ in tables) for case in range(_CASES))
    return tuple(form for form in dict.fromkeys(forms) if form != name)


def stem(word: str) -> str:
    """`word` without its case ending, roughly: the same for all cases of a surname."""
    for ending in _lists()["stem"]:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def nominative(name: Sequence[str], given_names: Mapping[str, str]) -> list[str]:
    """A person's name in the nominative; `given_names` maps given names in any case to theirs.

    A name whose given name is unknown, or in the nominative already, stays as it is.
    """
    given = given_names.get(name[0], name[0])
    if given == name[0]:
        return list(name)
    endings = _lists()["feminine endings" if given.endswith(_FEMININE) else "masculine endings"]
    return [given, *(_nominative_of(word, endings) for word in name[1:])]


def _nominative_of(word: str, endings: Sequence[str]) -> str:
    candidates = (word[:-cut] + ending for ending in endings for cut in range(1, 4))
    return next((c for c in candidates if len(c) >= _SHORTEST_STEM and word in inflect(c, person=True)), word)


def _word_cases(word: str, *, person: bool, last: bool) -> tuple[tuple[str, ...], bool]:
    """The cases of a word, and whether it is an adjective."""
    if word.isupper():
        return (word,) * _CASES, False
    adjective = _declined(word, "adjective")
    if adjective and (len(word) >= _SHORTEST_ADJECTIVE or not word.endswith(_SHORT_I)):
        return adjective, not person
    kinds = ["noun", _soft(word, person=person), "person" if person else "consonant"]
    if last:
        kinds.insert(0, "surname" if person else "plural")
    found = (cases for kind in kinds if (cases := _declined(word, kind)))
    return next(found, (word,) * _CASES), False


def _soft(word: str, *, person: bool) -> str:
    return "soft masculine" if person or word in _lists()["masculine"] else "soft feminine"


def _declined(word: str, kind: str) -> tuple[str, ...] | None:
    for ending, cases in _endings()[kind]:
        if word.endswith(ending):
            return tuple(word.removesuffix(ending) + case for case in cases)
    return None


@lru_cache(maxsize=1)
def _endings() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    tables: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for kind, *cells in read_table("russian.tsv"):
        if len(cells) == 2:
            tables.setdefault(kind, []).append((cells[0], tuple(cells[1].split("|"))))
    return tables


@lru_cache(maxsize=1)
def _lists() -> dict[str, tuple[str, ...]]:
    return {kind: tuple(cells[0].split("|")) for kind, *cells in read_table("russian.tsv") if len(cells) == 1}
