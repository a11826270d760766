"""Well-known methods on the same stream, for comparison: MinHash LSH of datasketch, SimHash, exact hashing.

Each sees the words as Khabar's own fingerprints do, so that what differs is the method. Needs the extra `peers`.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from schemas.tagged_article import TaggedArticle
from workers.dedup.signature import words_of

SHINGLE_WORDS: Final = 5
PERMUTATIONS: Final = 128
BANDS: Final = (32, 4)
JACCARD: Final = 0.5
"""The best plain method on the development stream: word 5-grams, 32 bands of 4, verified at Jaccard .5."""
SIMHASH_DISTANCE: Final = 6


def clusters(articles: Sequence[TaggedArticle]) -> dict[str, list[str]]:
    """By method the cluster of each article: the id of the first article that it, or its like, was like."""
    words = [_words(article.text) for article in articles]
    methods: dict[str, Callable[[], _Method]] = {
        "exact": _Exact,
        "simhash": _SimHash,
        "datasketch minhash lsh": _MinHash,
    }
    found: dict[str, list[str]] = {}
    for name, make in methods.items():
        method = make()
        roots: dict[str, str] = {}
        for article, own in zip(articles, words, strict=True):
            like = method.like(article.id, own)
            roots[article.id] = article.id if like is None else roots[like]
        found[name] = [roots[article.id] for article in articles]
    return found


def _words(text: str) -> list[bytes]:
    return [word.tobytes() for word in words_of([text]).hashes]


def _shingles(words: Sequence[bytes]) -> set[bytes]:
    return {b" ".join(words[n : n + SHINGLE_WORDS]) for n in range(max(1, len(words) - SHINGLE_WORDS + 1))}


class _Exact:
    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def like(self, name: str, words: Sequence[bytes]) -> str | None:
        first = self._known.setdefault(blake2b(b" ".join(words)).digest(), name)
        return None if first == name else first


class _SimHash:
    """64 bits over shingles; all earlier ones are compared, which no index could do better."""

    def __init__(self) -> None:
        self._hashes = np.zeros(0, np.uint64)
        self._names: list[str] = []

    def like(self, name: str, words: Sequence[bytes]) -> str | None:
        digests = b"".join(blake2b(shingle, digest_size=8).digest() for shingle in _shingles(words))
        bits = np.unpackbits(np.frombuffer(digests, np.uint8).reshape(-1, 8), axis=1)
        own = np.packbits(bits.mean(axis=0) > 0.5).view(np.uint64)[0]
        distances = np.bitwise_count(self._hashes ^ own)
        nearest = int(distances.argmin()) if len(distances) else -1
        self._hashes = np.append(self._hashes, own)
        self._names.append(name)
        return self._names[nearest] if nearest >= 0 and distances[nearest] <= SIMHASH_DISTANCE else None


class _MinHash:
    def __init__(self) -> None:
        from datasketch import MinHashLSH  # noqa: PLC0415 - an extra

        self._index: Any = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)
        self._shingles: dict[str, set[bytes]] = {}

    def like(self, name: str, words: Sequence[bytes]) -> str | None:
        from datasketch import MinHash  # noqa: PLC0415 - an extra

        own = _shingles(words)
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch(list(own))
        near = [(self._jaccard(own, other), other) for other in self._index.query(sketch)]
        self._index.insert(name, sketch)
        self._shingles[name] = own
        best = max(near, default=(0.0, ""))
        return best[1] if best[0] >= JACCARD else None

    def _jaccard(self, own: set[bytes], other: str) -> float:
        theirs = self._shingles[other]
        return len(own & theirs) / len(own | theirs)


_Method = _Exact | _SimHash | _MinHash
