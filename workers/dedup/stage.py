"""De-duplication: what an article is to the articles before it. The memory between them is an Index."""

from collections.abc import Sequence
from typing import Final

from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.tagged_article import TaggedArticle
from workers.dedup.index import Fingerprint
from workers.dedup.page import index_language, page_key
from workers.dedup.signature import sign

VERSION: Final = "1"
PUBLISHED_RELATIONS: Final = frozenset({Relation.UNIQUE, Relation.REVISION})
"""The others go to articles.duplicates."""


def fingerprint(batch: Sequence[TaggedArticle]) -> list[Fingerprint]:
    """One fingerprint an article, in order; the same in every process, whatever else is in the batch.

    The text counts, and the URL for revisions; title, source and times do not. `lang` becomes its primary subtag.
    """
    return [
        Fingerprint(
            id=article.id,
            lang=index_language(article.lang),
            digest=signature.digest,
            url_key=page_key(article.canonical_url or article.url),
            shingles=signature.shingles,
            sketch=signature.sketch,
            numbers=signature.numbers,
        )
        for article, signature in zip(batch, sign([article.text for article in batch]), strict=True)
    ]


def settle(article: TaggedArticle, verdict: Duplicate) -> PublishedArticle:
    """The finished record."""
    fields = {name: getattr(article, name) for name in TaggedArticle.__dataclass_fields__}
    fields["versions"] = {**article.versions, "dedup": VERSION}
    return PublishedArticle(**fields, duplicate=verdict)
