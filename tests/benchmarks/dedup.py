"""Bytes and speed of the Redis index: `python -m tests.benchmarks.dedup REDIS_URL [--window W] [--articles N]`.

The database has to be empty, and is left empty. Articles are made-up fingerprints of 250 shingles with a page each, no
two alike, in batches of 200; one in ten is an edited copy of an earlier one. Prints one line for each tenth of the way.
"""

import argparse
import time
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from workers.config import Settings
from workers.dedup.index import Candidate, Fingerprint, Read
from workers.dedup.signature import (
    KEY_BYTES,
    LEAD_ANCHORS,
    LEAD_SIZE,
    SKETCH_SIZE,
    SMALLEST_ANCHORS,
    Signature,
)
from workers.stores.redis_index import RedisIndex, connect

BATCH = 200
SHINGLES = 250
COPIES = 10
"""One of so many articles is an edited copy."""
LOOKED_UP = 7
"""Anchors of the lead that are looked for and not entered, as measured on real articles."""


class Articles:
    """An endless stream of candidates."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.default_rng(seed)
        self._made: list[Signature] = []
        self.count = 0

    def batch(self) -> list[Candidate]:
        return [self._next() for _ in range(BATCH)]

    def _next(self) -> Candidate:
        number = self.count
        self.count += 1
        if self._made and number % COPIES == 0:
            signature = self._edited(self._made[int(self._source.integers(len(self._made)))])
        else:
            signature = self._new(number)
            self._made = (
                [*self._made[-999:], signature] if number % 50 == 0 or len(self._made) < 100 else self._made
            )
        identity = blake2b(str(number).encode(), digest_size=16)
        page = identity.digest()[:KEY_BYTES]
        fingerprint = Fingerprint(
            identity.hexdigest(), "ar", signature, page, page[:1], self._source.bytes(6)
        )
        return Candidate(f"raw:0:{number}", fingerprint, Read("raw:0", number))

    def _new(self, number: int) -> Signature:
        reach = (1 << 32) * SKETCH_SIZE // SHINGLES
        values = np.sort(self._source.integers(0, reach, SKETCH_SIZE))
        anchors = SMALLEST_ANCHORS + LEAD_ANCHORS + LOOKED_UP
        return Signature(
            digest=blake2b(str(number).encode(), digest_size=KEY_BYTES).digest(),
            shingles=SHINGLES,
            reach=int(values[-1]),
            values=values.astype(">u4").tobytes(),
            tags=self._source.bytes(2 * SKETCH_SIZE),
            numbers=np.sort(self._source.integers(0, 1 << 16, 8)).astype(">u2").tobytes(),
            anchors=self._source.bytes(8 * anchors),
            own_anchors=SMALLEST_ANCHORS + LEAD_ANCHORS,
            lead=self._source.bytes(2 * LEAD_SIZE),
            opening=self._source.bytes(2),
        )

    def _edited(self, before: Signature) -> Signature:
        """Another digest, and a fifth of the sketch and the anchors are others."""
        changed = 8 * (len(before.anchors) // 40)
        return replace(
            before,
            digest=self._source.bytes(KEY_BYTES),
            tags=before.tags[: -2 * (SKETCH_SIZE // 5)] + self._source.bytes(2 * (SKETCH_SIZE // 5)),
            anchors=before.anchors[:-changed] + self._source.bytes(changed),
        )


def main() -> None:
    """Fill the index, and tell how it does."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dedup", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--window", type=int, default=1_000_000)
    parser.add_argument("--articles", type=int, default=1_000_000)
    arguments = parser.parse_args()
    client = connect(Settings(), arguments.url)
    if client.dbsize():
        parser.error("the database is not empty")
    index = RedisIndex(client, window=arguments.window)
    articles = Articles(seed=1)
    before_bytes = client.info("memory")["used_memory"]
    spent_s, reported, copies = 0.0, 0, 0
    while articles.count < arguments.articles:
        batch = articles.batch()
        began = time.perf_counter()
        verdicts = index.decide(batch, own={"raw:0": articles.count - BATCH})
        index.committed({"raw:0": articles.count})
        spent_s += time.perf_counter() - began
        copies += sum(verdict.of is not None for verdict in verdicts)
        if articles.count - reported >= arguments.articles / 10:
            used_bytes = client.info("memory")["used_memory"] - before_bytes
            print(
                f"{articles.count:>10,} articles: {used_bytes / min(articles.count, arguments.window):6.0f} bytes an "
                f"article, {(articles.count - reported) / spent_s:7,.0f} articles/s, {copies:,} copies found",
                flush=True,
            )
            spent_s, reported = 0.0, articles.count
    client.flushdb()


if __name__ == "__main__":
    main()
