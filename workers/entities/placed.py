"""Which regions and small towns the places of a text may be: asked for mentions that the lists do not know, or know as a city only."""

from functools import cache, lru_cache, partial
from typing import Final

import numpy as np

from schemas.tagged_article import Label
from workers.entities.gazetteer import Gazetteer
from workers.entities.hashes import HashTable
from workers.entities.lexicon import hashes_of
from workers.entities.listed import Listed, Mention
from workers.entities.lookup import runs_of_words
from workers.entities.places import place_words, places
from workers.entities.view import View

_REGION, _TOWN, _BETWEEN, _REGION_AFTER, _TOWN_AFTER = (1 << bit for bit in range(5))
_BITS: Final = {
    "region": _REGION,
    "town": _TOWN,
    "between": _BETWEEN,
    "region_after": _REGION_AFTER,
    "town_after": _TOWN_AFTER,
}
_BEFORE: Final = _REGION | _TOWN | _BETWEEN
_AFTER: Final = _REGION_AFTER | _TOWN_AFTER
_CITY, _NO_CITY = 2, 1
_LOC: Final = Label.LOC.value
_SAYS_REGION: Final = _REGION | _REGION_AFTER


def with_places(view: View, listed: Listed, by_text: list[list[Mention]]) -> list[list[Mention]]:
    """The mentions, those of places that are no countries with what regions and towns they may be, and the lists' names in any case."""
    gazetteer = listed.gazetteer
    words = _Words(view, gazetteer.locale.partition("_")[0])
    is_asked = cache(partial(_may_be_other, gazetteer))
    asked = []
    for text, mentions in enumerate(by_text):
        for number, mention in enumerate(mentions):
            if mention.label == _LOC and (kind := is_asked(mention.entries)):
                called, first, end = words.name_in(mention)
                if called or kind == _CITY:
                    start = mention.start if first == mention.first else int(view.tokens.starts[first])
                    asked.append((text, number, called, first, end, start))
    if not asked:
        return by_text
    _, _, _, first, end, start = np.array(asked, np.int64).T
    hashes = runs_of_words(view.tokens, view.hash, first, end, start)
    found, known = places(gazetteer.locale).of(hashes), gazetteer.places_of(hashes)
    for (text, number, called, *_), candidates, entries in zip(asked, found, known, strict=True):
        each = by_text[text][number]
        longer = words.longer(each, listed) if called & _SAYS_REGION else ()
        by_text[text][number] = Mention(
            each.first,
            each.end,
            each.start,
            each.label,
            longer or each.entries or entries,
            () if longer else candidates,
            bool(called & _SAYS_REGION),
        )
    return by_text


def _may_be_other(gazetteer: Gazetteer, entries: tuple[int, ...]) -> int:
    """Whether a place of the lists that has these entries may be one that they do not know: a country never, a city by its name alone."""
    if any(map(gazetteer.is_country, entries)):
        return 0
    return _CITY if all(map(gazetteer.is_city, entries)) else _NO_CITY


class _Words:
    """What the words around a name say of its kind, as bits."""

    def __init__(self, view: View, lang: str) -> None:
        said = _said(lang)
        of_word = said.of(view.words.hash)[view.words.of]
        np.bitwise_or.at(of_word, view.rests.token, said.of(view.rests.hash))
        self._said: list[int] = of_word.tolist()
        self._sentence = view.tokens.sentence

    def name_in(self, mention: Mention) -> tuple[int, int, int]:
        """What a mention is called, and the tokens of its name without the words that say so; if there are none, those beside it."""
        first, end, said = mention.first, mention.end, self._said
        called = 0
        while end - first > 1 and said[first] & _BEFORE:
            called |= said[first] & (_REGION | _TOWN)
            first += 1
        while end - first > 1 and said[end - 1] & _AFTER:
            called |= said[end - 1] & _AFTER
            end -= 1
        return called or self._beside(mention), first, end

    def _beside(self, mention: Mention) -> int:
        before, behind = mention.first - 1, mention.end
        while before >= 0 and self._said[before] & _BETWEEN:
            before -= 1
        sentence = self._sentence[mention.first]
        called = 0
        if before >= 0 and (called := self._said[before] & (_REGION | _TOWN)):
            called *= bool(self._sentence[before] == sentence)
        if not called and behind < len(self._said) and (called := self._said[behind] & _AFTER):
            called *= bool(self._sentence[behind] == sentence)
        return called

    def longer(self, mention: Mention, listed: Listed) -> tuple[int, ...]:
        """The places of the lists that are named by a mention with the word beside it: "Gaza" in "the Gaza Strip"."""
        for first, end, beside in (
            (mention.first - 1, mention.end, mention.first - 1),
            (mention.first, mention.end + 1, mention.end),
        ):
            if 0 <= beside < len(self._said) and self._said[beside] & _SAYS_REGION:
                _, entries = listed.of(first, end)
                if found := tuple(each for each in entries if listed.gazetteer.label(each) is Label.LOC):
                    return found
        return ()


@lru_cache(maxsize=32)
def _said(lang: str) -> HashTable[np.uint8]:
    """The hashes of the words of a language that say of a name which kind of place it is, with what they say."""
    words = [(word, _BITS[kind]) for kind, group in place_words(lang).items() for word in group]
    hashes, which = hashes_of([word for word, _ in words])
    known, place = np.unique(hashes, return_inverse=True)
    said = np.zeros(len(known), np.uint8)
    np.bitwise_or.at(said, place, np.array([bit for _, bit in words], np.uint8)[which])
    return HashTable(known, said)
