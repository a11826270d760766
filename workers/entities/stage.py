"""The entities stage: who and what an article names, where, and which thing that is.

A linear-chain model of the language labels tokens (model.py), with lists of names and words as features; the lists say which
thing a name means (gazetteer.py, link.py). A language without a model has the lists alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache, lru_cache
from itertools import groupby
from typing import Final

import numpy as np
from more_itertools import constrained_batches

from schemas.cleaned_article import CleanedArticle
from schemas.tagged_article import Entity, Label, TaggedArticle
from workers.entities.assemble import assemble
from workers.entities.link import Name, link
from workers.entities.listed import Mention
from workers.entities.mentions import mentions_of
from workers.entities.model import Model
from workers.entities.names import locale_of
from workers.entities.normal import MARKS
from workers.entities.options import DEFAULT, Options
from workers.entities.tagger import label_runs, shipped
from workers.entities.taggers import by_language
from workers.entities.tokens import Tokens
from workers.outcomes import Kept, Outcome

Article = tuple[str, str, str | None]
"""Text, language, title."""
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
    articles = [(article.text, article.lang, article.title) for article in batch]
    locales = _locales(articles)
    found = _found_in(articles, locales, None, options)
    chosen = by_language(options.taggers)
    return [
        Kept(_tagged(article, entities, _tagger_for(locale, chosen)))
        for article, entities, locale in zip(batch, found, locales, strict=True)
    ]


def find_entities(
    text: str, lang: str, title: str | None = None, *, options: Options = DEFAULT
) -> tuple[Entity, ...]:
    """The entities of `text`, by descending salience; none where CLDR does not know the language."""
    (entities,) = entities_of([(text, lang, title)], options=options)
    return entities


def entities_of(
    articles: Sequence[Article],
    model: Model | None = None,
    *,
    options: Options = DEFAULT,
) -> list[tuple[Entity, ...]]:
    """The entities of each article, in order; those of one language are read together.

    `model` stands in for the shipped one in the evaluation.
    """
    return _found_in(articles, _locales(articles), model, options)


def _found_in(
    articles: Sequence[Article], locales: Sequence[str | None], model: Model | None, options: Options
) -> list[tuple[Entity, ...]]:
    found: list[tuple[Entity, ...]] = [()] * len(articles)
    numbers = sorted(range(len(articles)), key=lambda number: locales[number] or "")
    for locale, group in groupby(numbers, key=lambda number: locales[number]):
        if not locale:
            continue
        for portion in constrained_batches(
            group, _CHARS_TOGETHER, _TOGETHER, get_len=lambda number: len(articles[number][0]), strict=False
        ):
            texts = [articles[number][0] for number in portion]
            titles = [articles[number][2] for number in portion]
            for number, entities in zip(portion, _read(texts, titles, locale, model, options), strict=True):
                found[number] = entities
    return found


def _locales(articles: Iterable[Article]) -> list[str | None]:
    return [_locale_for(text, lang) for text, lang, _ in articles]


def _locale_for(text: str, lang: str) -> str | None:
    if not text:
        return None
    return _script_locale(text) if lang == "und" else _locale(lang)


def _read(
    texts: Sequence[str],
    titles: Sequence[str | None],
    locale: str,
    model: Model | None,
    options: Options,
) -> Iterator[tuple[Entity, ...]]:
    tagged = label_runs(texts, locale, model, options)
    by_text = mentions_of(tagged)
    home = cache(tagged.gazetteer.home)
    spans = iter(_spans(tagged.tokens, by_text))
    for text, mentions, title in zip(texts, by_text, titles, strict=True):
        names = [_name(text, mention, *next(spans)) for mention in mentions]
        yield assemble(names, link(names, tagged.gazetteer, home, text), text, title)


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
    while text[end : end + 1] in MARKS:
        end += 1
    _, _, _, label, entries, places, is_region = mention
    return Name(start, end, text[start:end], _LABELS[label], entries, places, is_region)


def _tagged(article: CleanedArticle, entities: tuple[Entity, ...], tagger: str) -> TaggedArticle:
    passed = {field.name: getattr(article, field.name) for field in fields(CleanedArticle)}
    passed["versions"] = {**article.versions, "entities": VERSION, "tagger": tagger}
    return TaggedArticle(**passed, entities=entities)


def _tagger_for(locale: str | None, chosen: Mapping[str, str]) -> str:
    """Who labels texts of a locale: another package's tagger by its name, the built-in one, or the lists alone."""
    lang = (locale or "").partition("_")[0]
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
