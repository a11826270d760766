"""Russian case endings, generated for the names of the gazetteer."""

from typing import Final

# (ending of the nominative, what stands instead of it in the other cases: genitive, dative, accusative,
# instrumental, prepositional). The first that fits is taken. Source: the regular declensions of school grammar.
_NOUN: Final = (
    ("ия", ("ии", "ии", "ию", "ией", "ии")),
    ("ья", ("ьи", "ье", "ью", "ьей", "ье")),
    ("я", ("и", "е", "ю", "ей", "е")),
    ("жа", ("жи", "же", "жу", "жей", "же")),
    ("ша", ("ши", "ше", "шу", "шей", "ше")),
    ("ча", ("чи", "че", "чу", "чей", "че")),
    ("га", ("ги", "ге", "гу", "гой", "ге")),
    ("ка", ("ки", "ке", "ку", "кой", "ке")),
    ("ха", ("хи", "хе", "ху", "хой", "хе")),
    ("а", ("ы", "е", "у", "ой", "е")),
    ("й", ("я", "ю", "я", "ем", "е")),
)
_FEMININE_SOFT: Final = ("и", "и", "ь", "ью", "и")
_MASCULINE_SOFT: Final = ("я", "ю", "я", "ем", "е")
_ADJECTIVE: Final = (
    ("ская", ("ской", "ской", "скую", "ской", "ской")),
    ("ная", ("ной", "ной", "ную", "ной", "ной")),
    ("ая", ("ой", "ой", "ую", "ой", "ой")),
    ("яя", ("ей", "ей", "юю", "ей", "ей")),
    ("ский", ("ского", "скому", "ского", "ским", "ском")),
    ("кий", ("кого", "кому", "кого", "ким", "ком")),
    ("ний", ("него", "нему", "него", "ним", "нем")),
    ("ый", ("ого", "ому", "ого", "ым", "ом")),
    ("ое", ("ого", "ому", "ое", "ым", "ом")),
    ("ские", ("ских", "ским", "ские", "скими", "ских")),
    ("ные", ("ных", "ным", "ные", "ными", "ных")),
)
_PLURAL: Final = (
    ("ты", ("тов", "там", "ты", "тами", "тах")),
    ("ды", ("дов", "дам", "ды", "дами", "дах")),
    ("ны", ("н", "нам", "ны", "нами", "нах")),
    ("ии", ("ий", "иям", "ии", "иями", "иях")),
)
# Masculine although they end in a soft sign; the others of the lists are feminine.
_MASCULINE: Final = frozenset({"Израиль", "Брюссель", "Ливерпуль", "Кремль", "Ярославль", "Севастополь", "Игорь",
                               "Симферополь", "Мариуполь", "Тернополь", "Рафаэль", "Мишель", "Даниэль", "Эммануэль"})  # fmt: skip
_CONSONANTS: Final = frozenset("бвгджзклмнпрстфхцчшщ")
_CASES: Final = 5


def inflect(name: str, *, person: bool = False) -> tuple[str, ...]:
    """`name` in the other cases, as far as regular; names that do not inflect give nothing. `ё` is `е` already."""
    words = name.split(" ")
    if not all(any("а" <= letter <= "я" for letter in word.lower()) for word in words):
        return ()
    # "Совет Безопасности ООН": what follows the head noun stays as it is
    tables = [
        _word_cases(word, person=person, last=index == len(words) - 1) for index, word in enumerate(words)
    ]
    if not person:
        head = next((i for i, (_, adjective) in enumerate(tables) if not adjective), len(tables) - 1)
        for index in range(head + 1, len(words)):
            tables[index] = ((words[index],) * _CASES, False)
    forms = (" ".join(cases[case] for cases, _ in tables) for case in range(_CASES))
    return tuple(form for form in dict.fromkeys(forms) if form != name)


def _word_cases(word: str, *, person: bool, last: bool) -> tuple[tuple[str, ...], bool]:
    """The cases of a word, and whether it is an adjective."""
    if word.isupper():
        return (word,) * _CASES, False
    for ending, cases in _ADJECTIVE:
        if word.endswith(ending) and (word[-2:] != "ий" or len(word) > 5):
            return _with(word, ending, cases), not person
    if not person and last:
        for ending, cases in _PLURAL:
            if word.endswith(ending):
                return _with(word, ending, cases), False
    if person and last and word.endswith(("ов", "ев", "ин", "ын")):
        return tuple(word + case for case in ("а", "у", "а", "ым", "е")), False
    for ending, cases in _NOUN:
        if word.endswith(ending):
            return _with(word, ending, cases), False
    if word.endswith("ь"):
        masculine = word in _MASCULINE or person
        return _with(word, "ь", _MASCULINE_SOFT if masculine else _FEMININE_SOFT), False
    if word[-1:] in _CONSONANTS:
        accusative = "а" if person else ""
        return tuple(word + case for case in ("а", "у", accusative, "ом", "е")), False
    return (word,) * _CASES, False


def _with(word: str, ending: str, cases: tuple[str, ...]) -> tuple[str, ...]:
    stem = word.removesuffix(ending)
    return tuple(stem + case for case in cases)
