"""The entities stage: who and what an article names, where, and which thing that is.

A linear-chain model of the language labels tokens (model.py), with lists of names and words as features; the lists say which
thing a name means (gazetteer.py, link.py). A language without a model has the lists alone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import groupby
from typing import Final

import numpy as np

from schemas.cleaned_article import CleanedArticle
from schemas.tagged_article import Entity, Label, TaggedArticle
from workers.entities.assemble import assemble
from workers.entities.link import Name, link
from workers.entities.mentions import Mention, mentions_of
from workers.entities.model import Model
from workers.entities.names import locale_of
from workers.entities.normal import MARKS
from workers.entities.options import DEFAULT, Options
from workers.entities.tagger import label_runs, shipped
from workers.entities.tokens import Tokens
from workers.outcomes import Kept, Outcome

VERSION: Final[str] = "2"
"""Raised when the same article may get other entities."""
_TOGETHER: Final = 32
_CHARS_TOGETHER: Final = 400_000
"""Texts labelled in one call: the calls of numpy cost more than their work on one article, and little on so many."""

_LABELS: Final = {label.value: label for label in Label}

# Which lists read a text of unknown language: those of its most frequent script.
_SCRIPTS: Final = (
    ("ar", 0x0600, 0x06FF),
    ("ru", 0x0400, 0x04FF),
    ("zh", 0x4E00, 0x9FFF),
    ("en", 0x0041, 0x024F),
)
_SCRIPT_SAMPLE_CHARS: Final = 1000


def tag(batch: Sequence[CleanedArticle], *, options: Options = DEFAULT) -> list[Outcome[TaggedArticle]]:
    """Each article with its entities: same length, same order, always kept; other fields pass unchanged.

    Offsets are half-open and count code points of `text`. Deterministic: a function of the article and the options alone.
    """
    found = entities_of([(article.text, article.lang, article.title) for article in batch], options=options)
    chosen = dict(each.split("=", 1) for each in options.taggers)
    return [Kept(_tagged(article, each, chosen)) for article, each in zip(batch, found, strict=True)]


def find_entities(
    text: str, lang: str, title: str | None = None, *, options: Options = DEFAULT
) -> tuple[Entity, ...]:
    """The entities of `text`, by descending salience; none where CLDR does not know the language."""
    (entities,) = entities_of([(text, lang, title)], options=options)
    return entities


def entities_of(
    articles: Sequence[tuple[str, str, str | None]],
    model: Model | None = None,
    *,
    options: Options = DEFAULT,
) -> list[tuple[Entity, ...]]:
    """The entities of each (text, language, title), in order; those of one language are read together.

    `model` stands in for the shipped one in the evaluation.
    """
    found: list[tuple[Entity, ...]] = [()] * len(articles)
    locales = [_locale_for(text, lang) for text, lang, _ in articles]
    numbers = sorted(range(len(articles)), key=lambda number: locales[number] or "")
    for locale, group in groupby(numbers, key=lambda number: locales[number]):
        if locale:
            for portion in _portions(articles, list(group)):
                texts = [articles[number][0] for number in portion]
                titles = [articles[number][2] for number in portion]
                for number, entities in zip(
                    portion, _read(texts, titles, locale, model, options), strict=True
                ):
                    found[number] = entities
    return found


def _locale_for(text: str, lang: str) -> str | None:
    if not text:
        return None
    return _script_locale(text) if lang == "und" else _locale(lang)


def _portions(articles: Sequence[tuple[str, str, str | None]], numbers: Sequence[int]) -> Iterator[list[int]]:
    """`numbers` in pieces of some articles, so that what is held of them does not grow with the batch."""
    portion: list[int] = []
    chars = 0
    for number in numbers:
        size = len(articles[number][0])
        if portion and (len(portion) >= _TOGETHER or chars + size > _CHARS_TOGETHER):
            yield portion
            portion, chars = [], 0
        portion.append(number)
        chars += size
    if portion:
        yield portion


def _read(
    texts: Sequence[str],
    titles: Sequence[str | None],
    locale: str,
    model: Model | None,
    options: Options,
) -> Iterator[tuple[Entity, ...]]:
    tagged = label_runs(texts, locale, model, options)
    by_text = mentions_of(tagged)
    spans = iter(_spans(tagged.tokens, by_text))
    for text, mentions, title in zip(texts, by_text, titles, strict=True):
        names = [_name(text, mention, *next(spans)) for mention in mentions]
        things = link(names, tagged.gazetteer, text)
        yield assemble(text, [(name.start, name.end) for name in names], things, title)


def _spans(tokens: Tokens, by_text: Sequence[Sequence[Mention]]) -> list[tuple[int, int]]:
    """Where each mention stands in its text, one text's after the other's."""
    flat = [
        (number, each.start, each.end - 1) for number, mentions in enumerate(by_text) for each in mentions
    ]
    text, first, last = np.array(flat, np.int64).reshape(-1, 3).T
    starts = tokens.places[first] - tokens.offsets[text]
    ends = tokens.places[tokens.ends[last] - 1] + 1 - tokens.offsets[text]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _name(text: str, mention: Mention, start: int, end: int) -> Name:
    """A mention by its place in the text. The marks that follow its last letter belong to it."""
    while end < len(text) and text[end] in MARKS:
        end += 1
    return Name(start, end, text[start:end], _LABELS[mention.label], mention.entries)


def _tagged(
    article: CleanedArticle, entities: tuple[Entity, ...], chosen: Mapping[str, str]
) -> TaggedArticle:
    passed = {field.name: getattr(article, field.name) for field in fields(CleanedArticle)}
    passed["versions"] = {**article.versions, "entities": VERSION, "tagger": _tagger_for(article, chosen)}
    return TaggedArticle(**passed, entities=entities)


def _tagger_for(article: CleanedArticle, chosen: Mapping[str, str]) -> str:
    """Who labelled the article's tokens: another package's tagger by its name, the built-in one, or the lists alone."""
    lang = (_locale_for(article.text, article.lang) or "").partition("_")[0]
    return chosen.get(lang) or ("built-in" if shipped(lang) else "lists")


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
