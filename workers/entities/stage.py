"""Entity tagging: persons, organisations and places of an article, by lists of names and light rules.

The first version: a gazetteer (CLDR, and lists of our own) with exact offsets; see names.py for what is in it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Final

from schemas.cleaned_article import CleanedArticle
from schemas.tagged_article import Entity, TaggedArticle
from workers.entities.assemble import assemble
from workers.entities.gazetteer import gazetteer
from workers.entities.names import locale_of
from workers.entities.normal import normalise
from workers.entities.persons import with_persons
from workers.outcomes import Kept, Outcome

VERSION: Final[str] = "1"

# Which gazetteer reads a text of unknown language: that of its most frequent script.
_SCRIPTS: Final = (
    ("ar", 0x0600, 0x06FF),
    ("ru", 0x0400, 0x04FF),
    ("zh", 0x4E00, 0x9FFF),
    ("en", 0x0041, 0x024F),
)
_SCRIPT_SAMPLE_CHARS: Final = 1000


def tag(batch: Sequence[CleanedArticle]) -> list[Outcome[TaggedArticle]]:
    """Each article with its entities: same length, same order, always kept; other fields pass unchanged.

    Offsets are half-open and count code points of `text`. Deterministic: a function of the article alone.
    """
    return [Kept(_tagged(article)) for article in batch]


def find_entities(text: str, lang: str, title: str | None = None) -> tuple[Entity, ...]:
    """The entities of `text`, by descending salience; none where CLDR does not know the language."""
    locale = _script_locale(text) if lang == "und" else _locale(lang)
    if locale is None or not text:
        return ()
    normal = normalise(text)
    names = gazetteer(locale)
    hits = with_persons(normal, names.find(normal.text), locale)
    return assemble(normal, hits, title)


def _tagged(article: CleanedArticle) -> TaggedArticle:
    passed = {field.name: getattr(article, field.name) for field in fields(CleanedArticle)}
    passed["versions"] = {**article.versions, "entities": VERSION}
    return TaggedArticle(**passed, entities=find_entities(article.text, article.lang, article.title))


_locale = lru_cache(maxsize=1024)(locale_of)


def _script_locale(text: str) -> str | None:
    counts = Counter(
        locale
        for character in text[:_SCRIPT_SAMPLE_CHARS]
        if character.isalpha()
        for locale, first, last in _SCRIPTS
        if first <= ord(character) <= last
    )
    return max(counts, key=lambda locale: counts[locale]) if counts else None
