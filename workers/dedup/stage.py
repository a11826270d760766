"""De-duplication: what an article is to the articles before it. The memory between them is an Index."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final
from zlib import crc32

from schemas.cleaned_article import Source
from schemas.published_article import Duplicate, PublishedArticle
from schemas.tagged_article import Entity, Label, TaggedArticle
from workers.dedup.index import Fingerprint
from workers.dedup.page import index_language, page_key
from workers.dedup.signature import sign

VERSION: Final = "2"
NAMES_SIZE: Final = 8
_NAMED: Final = frozenset({Label.PER, Label.LOC})


def fingerprint(batch: Sequence[TaggedArticle]) -> list[Fingerprint]:
    """One fingerprint an article, in order; the same in every process, whatever else is in the batch.

    The text counts, its persons and places, its source, and the URL for revisions; title and times do not. `lang`
    becomes its primary subtag.
    """
    return [
        Fingerprint(
            id=article.id,
            lang=index_language(article.lang),
            signature=signature,
            url_key=page_key(article.canonical_url or article.url),
            source=_source_key(article.source),
            names=_names(article.entities),
        )
        for article, signature in zip(batch, sign([article.text for article in batch]), strict=True)
    ]


def _source_key(source: Source) -> bytes:
    name = source.domain or source.name
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=2).digest() if name else b""


def _names(entities: Iterable[Entity]) -> bytes:
    hashes = {
        crc32(entity.id.encode("utf-8", "surrogatepass")) & 0xFFFF
        for entity in entities
        if entity.label in _NAMED
    }
    return b"".join(value.to_bytes(2, "big") for value in sorted(hashes)[:NAMES_SIZE])


def settle(article: TaggedArticle, verdict: Duplicate) -> PublishedArticle:
    """The finished record."""
    fields = {name: getattr(article, name) for name in TaggedArticle.__dataclass_fields__}
    fields["versions"] = {**article.versions, "dedup": VERSION}
    return PublishedArticle(**fields, duplicate=verdict)
