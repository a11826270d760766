"""Made-up fingerprints for the benchmark of the index: what an article of 250 shingles would have, no two alike."""

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

import numpy as np

from workers.dedup.index import Candidate, Fingerprint, Read
from workers.dedup.signature import (
    KEY_BYTES,
    LEAD_ANCHORS,
    LEAD_SIZE,
    SKETCH_SIZE,
    SMALLEST_ANCHORS,
    Signature,
)

BATCH: Final = 200
SHINGLES: Final = 250
COPIES: Final = 10
"""One of so many articles is an edited copy."""
LOOKED_UP: Final = 7
"""Anchors of the lead that are looked for and not entered, as measured on real articles."""
READER: Final = "raw:0"
_ANCHORS: Final = SMALLEST_ANCHORS + LEAD_ANCHORS + LOOKED_UP
_REST: Final = SHINGLES - SKETCH_SIZE
_KEPT: Final = 1000
"""So many articles, spread over all that there were, are those that copies are made of."""


@dataclass(frozen=True, slots=True)
class Article:
    """A signature, and 8 bytes for each shingle that is not in its sketch."""

    signature: Signature
    rest: bytes

    def shingles(self) -> list[bytes]:
        """All of them, as other methods take them."""
        values, tags = self.signature.values, self.signature.tags
        return [
            *(values[4 * n : 4 * n + 4] + tags[2 * n : 2 * n + 2] for n in range(SKETCH_SIZE)),
            *(self.rest[8 * n : 8 * n + 8] for n in range(_REST)),
        ]


class Articles:
    """An endless stream of batches. `articles` are those of the last one, in its order."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.default_rng(seed)
        self._made: list[Article] = []
        self.articles: list[Article] = []
        self.count = 0

    def batch(self) -> list[Candidate]:
        reach = (1 << 32) * SKETCH_SIZE // SHINGLES
        values = np.sort(self._source.integers(0, reach, (BATCH, SKETCH_SIZE)), axis=1)
        numbers = np.sort(self._source.integers(0, 1 << 16, (BATCH, 8)), axis=1).astype(">u2")
        self.articles = []
        made = []
        for n in range(BATCH):
            if self._made and self.count % COPIES == 0:
                article = self._edited(self._made[int(self._source.integers(len(self._made)))])
            else:
                article = self._new(values[n], numbers[n])
                self._keep(article)
            self.articles.append(article)
            made.append(self._candidate(article.signature))
            self.count += 1
        return made

    def _keep(self, article: Article) -> None:
        if len(self._made) < _KEPT:
            self._made.append(article)
        elif self._source.integers(self.count) < _KEPT:
            self._made[int(self._source.integers(_KEPT))] = article

    def _candidate(self, signature: Signature) -> Candidate:
        identity = blake2b(str(self.count).encode(), digest_size=16)
        page = identity.digest()[:KEY_BYTES]
        names = self._source.bytes(6)
        fingerprint = Fingerprint(identity.hexdigest(), "ar", signature, page, page[:1] + b"\1", names)
        return Candidate(f"{READER}:{self.count}", fingerprint, Read(READER, self.count))

    def _new(self, values: np.ndarray, numbers: np.ndarray) -> Article:
        signature = Signature(
            digest=blake2b(str(self.count).encode(), digest_size=KEY_BYTES).digest(),
            shingles=SHINGLES,
            reach=int(values[-1]),
            values=values.astype(">u4").tobytes(),
            tags=self._source.bytes(2 * SKETCH_SIZE),
            numbers=numbers.tobytes(),
            anchors=self._source.bytes(8 * _ANCHORS),
            own_anchors=SMALLEST_ANCHORS + LEAD_ANCHORS,
            lead=self._source.bytes(2 * LEAD_SIZE),
            opening=self._source.bytes(2),
        )
        return Article(signature, self._source.bytes(8 * _REST))

    def _edited(self, before: Article) -> Article:
        """Another digest, and a fifth of the shingles and of the anchors are others."""
        was = before.signature
        signature = replace(
            was,
            digest=self._source.bytes(KEY_BYTES),
            tags=self._fifth_changed(was.tags, 2),
            anchors=self._fifth_changed(was.anchors, 8),
        )
        return Article(signature, self._fifth_changed(before.rest, 8))

    def _fifth_changed(self, text: bytes, size: int) -> bytes:
        changed = size * (len(text) // size // 5)
        return text[:-changed] + self._source.bytes(changed)
