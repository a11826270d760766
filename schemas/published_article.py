"""articles.published and articles.duplicates: the finished record, and what it is to what came before."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.tagged_article import TaggedArticle


class Relation(StrEnum):
    """What an article is to the articles that came before it. A closed list."""

    UNIQUE = "unique"
    """Nothing before it says the same."""
    EXACT = "exact"
    """The same words as an earlier article."""
    NEAR = "near"
    """An edited copy of about the same length."""
    TRUNCATED = "truncated"
    """A copy from which much was cut."""
    EXTENDED = "extended"
    """A copy to which much was added."""
    CONTAINED_IN = "contained_in"
    """A few sentences that stand in an earlier, longer article."""
    REVISION = "revision"
    """A changed text of a page that was seen before."""


DEFAULT_PUBLISHED = frozenset({Relation.UNIQUE, Relation.REVISION})
"""What goes to articles.published unless the configuration says otherwise; the rest goes to articles.duplicates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """The verdict of de-duplication.

    `of` is the article id of the earlier article, `similarity` the estimated Jaccard similarity of the word
    shingles in 0..1; both are null for `unique`, but that `similarity` is to the alert in `contains`. `cluster` is
    the id of the first article of the story and the same for all its copies. `revision` numbers the changed texts
    of one canonical URL from 1. `contains` is the article id of an earlier alert that a `unique` article contains.
    """

    relation: Relation
    of: str | None = None
    similarity: float | None = None
    cluster: str
    revision: int | None = None
    contains: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArticle(TaggedArticle):
    """The record that downstream consumers read. Both topics carry the same shape.

    Which relations are published is configuration; by default `unique` and `revision`, and the others go to
    articles.duplicates.
    """

    duplicate: Duplicate
