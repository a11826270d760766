"""Bytes and speed of the Redis index: `python -m tests.stores.measure REDIS_URL [--window W] [--articles N]`.

The database has to be empty, and is left empty. Articles are made-up fingerprints of 250 shingles with a page each, no
two alike, in batches of 200; one line a quarter of the way.
"""

import argparse
import time
from hashlib import blake2b

import numpy as np

from workers.config import Settings
from workers.dedup.index import Candidate, Fingerprint
from workers.dedup.signature import KEY_BYTES, SKETCH_SIZE
from workers.stores.redis_index import RedisIndex, connect

BATCH = 200
SHINGLES = 250


def made_up(number: int, source: np.random.Generator) -> Candidate:
    reach = (1 << 32) * SKETCH_SIZE // SHINGLES
    sketch = np.sort(source.integers(0, reach, SKETCH_SIZE)).astype(">u4").tobytes()
    digest = blake2b(str(number).encode(), digest_size=KEY_BYTES).digest()
    page = blake2b(digest, digest_size=KEY_BYTES).digest()
    identity = blake2b(page, digest_size=16).hexdigest()
    return Candidate(
        f"raw:0:{number}", Fingerprint(identity, "ar", digest, page, SHINGLES, sketch, source.bytes(12))
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stores.measure", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--window", type=int, default=20_000)
    parser.add_argument("--articles", type=int, default=80_000)
    arguments = parser.parse_args()
    client = connect(Settings(), arguments.url)
    if client.dbsize():
        parser.error("the database is not empty")
    index = RedisIndex(client, window=arguments.window)
    source = np.random.default_rng(1)
    before_bytes = client.info("memory")["used_memory"]
    spent_s, reported = 0.0, 0
    for start in range(0, arguments.articles, BATCH):
        batch = [made_up(number, source) for number in range(start, start + BATCH)]
        began = time.perf_counter()
        index.decide(batch)
        spent_s += time.perf_counter() - began
        done = start + BATCH
        if done - reported >= arguments.articles / 4:
            used_bytes = client.info("memory")["used_memory"] - before_bytes
            print(
                f"{done} articles, window {arguments.window}: {used_bytes / min(done, arguments.window):.0f} bytes an "
                f"article, {(done - reported) / spent_s:.0f} articles/s"
            )
            spent_s, reported = 0.0, done
    client.delete(*index.keys("ar"))


if __name__ == "__main__":
    main()
