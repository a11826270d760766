"""articles.published and articles.duplicates: the finished record, and what it is to what came before."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.tagged_article import TaggedArticle


class Relation(StrEnum):
    """What an article is to the articles that came before it."""

    UNIQUE = "unique"
    EXACT = "exact"
    NEAR = "near"
    REVISION = "revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """The verdict of de-duplication.

    `of` is the article id of the earlier article, `similarity` the estimated Jaccard similarity of the word
    shingles in 0..1; both are null for `unique`. `cluster` is the id of the first article of the story and the
    same for all its copies. `revision` numbers the changed texts of one canonical URL from 1.
    """

    relation: Relation
    of: str | None = None
    similarity: float | None = None
    cluster: str
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArticle(TaggedArticle):
    """The record that downstream consumers read. Both topics carry the same shape.

    `unique` and `revision` are published, `exact` and `near` go to articles.duplicates.
    """

    duplicate: Duplicate
