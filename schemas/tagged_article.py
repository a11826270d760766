"""articles.tagged: a cleaned article with its entities."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.cleaned_article import CleanedArticle


class Label(StrEnum):
    """Kinds of entity."""

    PER = "PER"
    ORG = "ORG"
    LOC = "LOC"
    MISC = "MISC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One place where an entity is named: `article.text[start:end] == text`.

    The span is half-open and counts Unicode code points; Arabic proclitics are left out.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A person, organisation, place or other named thing, with all its mentions in order.

    `id` is stable across articles (`iso:RU`, `geonames:2643743`, `wikidata:Q7747`, or `key:` and a digest of
    the label and the normalised name). `name` is in the article's language, `name_en` in English where known.
    `country` is ISO 3166-1 alpha-2, for places. `salience` is in 0..1 and sums to 1 over the article.
    """

    id: str
    label: Label
    name: str
    name_en: str | None = None
    country: str | None = None
    salience: float
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedArticle(CleanedArticle):
    """A cleaned article and the entities that it names, by descending salience."""

    entities: tuple[Entity, ...] = ()
