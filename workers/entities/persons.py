"""Persons beyond the list: full names by given name or title, then their surnames in the rest of the document."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from schemas.tagged_article import Label
from workers.entities.gazetteer import Hit, after_proclitics
from workers.entities.names import LATIN, Named, key_id, named_things
from workers.entities.normal import Normal, normal_name
from workers.entities.russian import inflect, nominative, stem
from workers.entities.tables import read_table
from workers.entities.variants import within_one_edit

_CAPITALISED_LOCALES: Final = frozenset({"en", "ru", *LATIN})
_ARABIC_SCRIPT_LOCALES: Final = frozenset({"ar", "fa"})
_MIN_FUZZY_LETTERS: Final = 5  # of 40 pairs in ANERcorp 38 right; see within_one_edit
_MIN_SURNAME_LETTERS: Final = 3
_KINDS: Final = ("given", "title", "other", "particle", "institution")
_MAX_NAME_WORDS: Final = 4
_LONGEST_TITLE: Final = 30  # code points
_MAX_COMPARED: Final = (
    200  # a text with more persons than this is a list of names: only equal ones are joined
)
_LONGEST_ENDING: Final = 3  # letters of a Russian case ending
_MAX_ARABIC_NAME_WORDS: Final = 6  # with particles
_SERVANT: Final = "\u0639\u0628\u062f"  # ABD, makes one given name with the word after it
_LAM: Final = "\u0644"
_ARTICLE: Final = "\u0627" + _LAM

_UPPER: Final = "A-Z\u00c0-\u00d6\u00d8-\u00de\u0106\u010c\u0110\u011e\u0130\u0141\u015a\u015e\u0160\u0179\u017b\u017d\u0410-\u042f"
_CAPITAL_WORD: Final = rf"[{_UPPER}](?:[^\W\d_]|['-](?=[^\W\d_]))*"
# A run of capitalised words, with particles between them; a full stop only after an initial or "Mr", "Gov".
_CAPITAL_RUN: Final = re.compile(
    rf"(?<![\w@#-]){_CAPITAL_WORD}(?:(?:(?:(?<=\b[{_UPPER}])|(?<=\b[A-Z][a-z])|(?<=\b[A-Z][a-z][a-z]))\.)? (?:(?:de|da|dos|del|di|van|von|der|den|la|le|bin|ben|al|el) ){{0,2}}{_CAPITAL_WORD})*"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_BEFORE: Final = re.compile(r"([^\W\d_]+)\.? $")


@dataclass(frozen=True, slots=True)
class _Words:
    """What persons of a language are known by."""

    given: frozenset[str]
    known: frozenset[str]
    """Given names, and the first words of listed persons' names."""
    nominatives: dict[str, str]
    """Given names in any case: their nominative."""
    titles: frozenset[str]
    others: frozenset[str]
    """Words that are no part of a name although they stand where one could."""
    institutions: frozenset[str]
    """Words that make an institution or a place of the name: University, Street."""
    particles: frozenset[str]
    """Words inside a name, never its last."""
    listed: dict[str, list[tuple[str, Named]]]
    """First word of a listed person's name: the rest of the name, and the person."""


@dataclass(frozen=True, slots=True)
class _Name:
    start: int
    end: int
    words: tuple[str, ...]


def with_persons(normal: Normal, hits: Sequence[Hit], locale: str) -> list[Hit]:
    """`hits` with the persons that light rules find; in order, not overlapping. Languages without rules keep `hits`."""
    lang = locale.partition("_")[0]
    if lang in _CAPITALISED_LOCALES:
        names = list(_capitalised_names(normal.text, hits, lang))
    elif lang in _ARABIC_SCRIPT_LOCALES:
        names = list(_arabic_script_names(normal, hits, lang))
    else:
        return list(hits)
    merged = _merge(hits, _resolve(normal.text, names, lang))
    return _merge(merged, _surnames(normal.text, merged, lang))


def _capitalised_names(text: str, hits: Sequence[Hit], lang: str) -> Iterator[_Name]:
    """Runs of capitalised words that begin with a given name and go on, or that follow a title."""
    words = _words(lang)
    full = {hit.start for hit in hits if hit.thing.label is not Label.LOC}
    places = {(hit.start, hit.end) for hit in hits if hit.thing.label is Label.LOC}
    taken = {position for hit in hits for position in range(hit.start, hit.end)}
    for run in _CAPITAL_RUN.finditer(text):
        tokens = [(match.start(), match.end(), match.group()) for match in _WORD.finditer(text, *run.span())]
        first, titled = _first_of_name(text, tokens, places, words)
        tokens = tokens[first : first + _MAX_NAME_WORDS]
        if not tokens or tokens[0][0] in full:
            continue
        known = tokens[0][2] in words.known
        # German writes every noun with a capital, so that a title says nothing of the next word.
        titled = titled and lang != "de" and not any(start in taken for start, _, _ in tokens)
        if any(token in words.institutions for _, _, token in tokens):
            continue
        if (known and len(tokens) > 1) or titled:
            yield _Name(tokens[0][0], tokens[-1][1], tuple(token for _, _, token in tokens))


def _first_of_name(
    text: str, tokens: Sequence[tuple[int, int, str]], places: Container[tuple[int, int]], words: _Words
) -> tuple[int, bool]:
    """Where in a run of capitalised words a person's name can begin, and whether after a title."""
    before = _BEFORE.search(text, max(0, tokens[0][0] - _LONGEST_TITLE), tokens[0][0])
    titled = before is not None and before[1].lower() in words.titles
    first, last = 0, len(tokens) - 1
    while first <= last and tokens[first][2].lower() in words.titles:
        titled = True
        first += 1
    while first < last and (tokens[first][2].lower() in words.others or tokens[first][:2] in places):
        first += 1
    if first < last - 1 and tokens[first][2] not in words.known and _starts_sentence(text, tokens[first][0]):
        first += 1
    return first, titled


def _starts_sentence(text: str, position: int) -> bool:
    before = text[max(0, position - 4) : position].rstrip(' "\u00ab\u201c\u201e-\u2013\u2014')
    return not before or before[-1] in ".!?:;\u2026"


def _arabic_script_names(normal: Normal, hits: Sequence[Hit], lang: str) -> Iterator[_Name]:
    """Given names, and the first words of listed persons, with what follows up to one word that is neither."""
    words = _words(lang)
    text = normal.text
    taken = {position for hit in hits for position in range(hit.start, hit.end)}
    tokens = [(match.start(), match.end(), match.group()) for match in _WORD.finditer(text)]
    index = 0
    while index < len(tokens):
        _, end, token = tokens[index]
        index += 1
        first = None if end - 1 in taken else _first_in(token, words, lang)
        if first is None:
            continue
        name, follow = [first], index
        start = end - len(first)
        while (
            follow < len(tokens)
            and len(name) < _MAX_ARABIC_NAME_WORDS
            and text[end : tokens[follow][0]] == " "
        ):
            word = tokens[follow][2]
            if tokens[follow][0] in taken or word in words.others:
                break
            open_ended = name[-1] in words.given or name[-1] in words.particles or name[-2:-1] == [_SERVANT]
            if not open_ended and not _compound(normal, end) and word not in words.particles:
                break
            name.append(word)
            end = tokens[follow][1]
            follow += 1
        found = _Name(start, end, tuple(name))
        known = first in words.given and len(name) > 1 and name[-1] not in words.particles
        if (known and len(name[-1]) >= _MIN_SURNAME_LETTERS) or _listed(name, words):
            yield found
            index = follow


def _compound(normal: Normal, position: int) -> bool:
    """Whether the space at `position` is a Persian zero width non-joiner, which ends no word."""
    start, _ = normal.span(position, position + 1)
    return normal.original[start] == "\u200c"  # ZERO WIDTH NON-JOINER


def _first_in(token: str, words: _Words, lang: str) -> str | None:
    """The first word of a name in `token`, without Arabic proclitics."""
    for skip in (0, 1, 2) if lang == "ar" else (0,):
        rest = token[skip:]
        if rest in words.known and (not skip or after_proclitics(token, skip)):
            return rest
    return None


def _resolve(text: str, names: Sequence[_Name], lang: str) -> Iterator[Hit]:
    """Each name with its person: a listed one spelled almost so, one named before, or a new one."""
    words = _words(lang)
    known: dict[str, Named] = {}
    for name in sorted(names, key=lambda item: -len(item.words)):
        form = _dictionary_form(name.words, lang)
        person = _listed(form, words) or _namesake(form, known, lang)
        if person is None:
            written = text[name.start : name.end] if form is name.words else " ".join(form)
            person = Named(key_id(Label.PER, written), Label.PER, written, None, None, (written,))
            known[" ".join(form)] = person
        yield Hit(name.start, name.end, person)


def _dictionary_form(name: tuple[str, ...], lang: str) -> Sequence[str]:
    """The name without Russian and Turkish case endings."""
    if lang == "ru":
        return nominative(name, _words(lang).nominatives)
    if lang == "tr" and "'" in name[-1]:
        return [*name[:-1], name[-1].partition("'")[0]]
    return name


def _listed(name: Sequence[str], words: _Words) -> Named | None:
    rest = " ".join(name[1:])
    for expected, person in words.listed.get(name[0], ()):
        if rest == expected or (len(rest) >= _MIN_FUZZY_LETTERS and within_one_edit(rest, expected)):
            return person
    return None


def _namesake(name: Sequence[str], known: dict[str, Named], lang: str) -> Named | None:
    if equal := known.get(" ".join(name)):
        return equal
    for written, person in islice(known.items(), _MAX_COMPARED):
        others = written.split(" ")
        if len(name) == 1:
            if _same_word(name[0], others[-1], lang):
                return person
        elif _same_word(name[-1], others[-1], lang) and _same_word(name[0], others[0], lang):
            return person
    return None


def _same_word(left: str, right: str, lang: str) -> bool:
    if left == right:
        return True
    if lang == "ru":
        left, right = stem(left), stem(right)
        return left == right and len(left) >= _MIN_SURNAME_LETTERS
    letters = min(len(left.removeprefix(_ARTICLE)), len(right.removeprefix(_ARTICLE)))
    return letters >= _MIN_FUZZY_LETTERS and within_one_edit(left, right)


def _surnames(text: str, hits: Sequence[Hit], lang: str) -> Iterator[Hit]:
    """Words that are the last word of a full name standing elsewhere in the text."""
    surnames = _known_surnames(text, hits, lang)
    if not surnames:
        return
    seen: dict[str, tuple[int, Named] | None] = {}
    for match in _WORD.finditer(text):
        word = match.group()
        if word not in seen:
            seen[word] = _surname_in(word, surnames, lang)
        if found := seen[word]:
            yield Hit(match.start() + found[0], match.end(), found[1])


def _known_surnames(text: str, hits: Sequence[Hit], lang: str) -> dict[str, Named]:
    """The last words of the full names in the text that are safe to look for alone."""
    words = _words(lang)
    full = [(written, hit.thing) for hit in hits
            if hit.thing.label is Label.PER and " " in (written := text[hit.start : hit.end])]  # fmt: skip
    times = Counter(written for written, _ in full)
    surnames: dict[str, Named] = {}
    for written, person in full:
        surname = written.rpartition(" ")[2]
        short = len(surname.removeprefix(_ARTICLE)) < _MIN_SURNAME_LETTERS
        # Without capitals a verb after a given name looks like a surname: believe a second full mention, or the
        # article. ANERcorp, 25 sentences to a document: precision of PER .683 without, .733 with this and with
        # the last additions to the words that are no name.
        doubtful = lang in _ARABIC_SCRIPT_LOCALES and not surname.startswith(_ARTICLE) and times[written] < 2
        listed = person.name_en is not None
        if not short and surname not in words.given and (listed or not doubtful):
            surnames.setdefault(surname, person)
    return surnames


def _surname_in(word: str, surnames: dict[str, Named], lang: str) -> tuple[int, Named] | None:
    """How many letters of `word` are proclitics, and whose surname the rest is."""
    if lang in _CAPITALISED_LOCALES and not word[0].isupper():
        return None
    skips = [
        skip
        for skip in ((0, 1, 2) if lang == "ar" else (0,))
        if not skip or (skip < len(word) and after_proclitics(word, skip))
    ]
    for skip in skips:
        person = surnames.get(word[skip:])
        if person is None and skip and word[skip - 1] == _LAM:
            person = surnames.get(_ARTICLE[0] + word[skip:])  # "to" has swallowed the article's ALEF
        if person:
            return skip, person
    for skip in skips:
        rest = word[skip:]
        if len(rest) < _MIN_SURNAME_LETTERS or rest in _words(lang).others:
            continue
        for surname, person in islice(surnames.items(), _MAX_COMPARED):
            if abs(len(rest) - len(surname)) <= _LONGEST_ENDING and _same_word(rest, surname, lang):
                return skip, person
    return None


def _merge(hits: Iterable[Hit], persons: Iterable[Hit]) -> list[Hit]:
    """Both in order; where two overlap the longer one stays, of equals the one of `hits`."""
    ranked = sorted([*((hit, 0) for hit in hits), *((hit, 1) for hit in persons)],
                    key=lambda item: (item[0].start - item[0].end, item[1], item[0].start))  # fmt: skip
    taken: set[int] = set()
    kept = []
    for hit, _ in ranked:
        if hit.start not in taken and hit.end - 1 not in taken:
            kept.append(hit)
            taken.update(range(hit.start, hit.end))
    return sorted(kept, key=lambda hit: hit.start)


@lru_cache(maxsize=32)
def _words(lang: str) -> _Words:
    found: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for group, kind, cell in read_table("person_words.tsv"):
        if group == lang or (group == "latin" and lang in {"en", *LATIN}):
            found[kind].update(normal_name(word) for word in cell.split("|"))
    listed: dict[str, list[tuple[str, Named]]] = {}
    for thing in named_things(lang):
        if thing.label is Label.PER:
            for surface in thing.surfaces:
                first, _, rest = normal_name(surface).partition(" ")
                if rest and not first.islower():
                    listed.setdefault(first, []).append((rest, thing))
    nominatives = {name: name for name in sorted(found["given"])}
    if lang == "ru":
        for name in tuple(nominatives):
            for form in inflect(name, person=True):
                nominatives.setdefault(form, name)
    return _Words(
        given=frozenset(nominatives),
        known=frozenset(nominatives) | frozenset(listed),
        nominatives=nominatives,
        titles=frozenset(found["title"]),
        others=frozenset(found["other"]),
        institutions=frozenset(found["institution"]),
        particles=frozenset(found["particle"]),
        listed=listed,
    )
