"""The index in Redis, shared by all workers.

| key | type | what is in it | size at a full window of W | lifetime |
|---|---|---|---|---|
| khabar:dedup:1:{LANG}:layout | hash | last and oldest arrival, numbers of buckets | 4 fields | for ever |
| khabar:dedup:1:{LANG}:records | hash | arrival -> msgpack record: fingerprint, verdict | W fields | W arrivals |
| khabar:dedup:1:{LANG}:origins | hash | bucket -> arrivals by origin | W / 8 fields, 8 entries each | W arrivals |
| khabar:dedup:1:{LANG}:digests | hash | bucket -> arrivals by digest | as origins | W arrivals |
| khabar:dedup:1:{LANG}:pages | hash | bucket -> arrivals by page | as origins | W arrivals |
| khabar:dedup:1:{LANG}:anchors | hash | bucket -> arrivals by anchor | 2 W fields, 8 entries each, 24 at most | W arrivals |

An arrival is an article's number within its language, from 1. LANG is a primary language subtag: the hash tag that
keeps a language's keys in one slot of a Redis Cluster. 1 is the version of this layout. Each arrival pushes the
oldest out; nothing has a time to live, so an evicting maxmemory-policy would take a whole key at once, which
`workers.stores.connection` forbids. All keys together take 710 bytes an article at a full window of 20,000 and 680 at
100,000, and no more at twice the window (`python -m tests.stores.measure`, Valkey 9.1, 250 shingles an article). A
language that is rarely seen takes room for the articles it has.

The script index.lua is atomic. Redis forgets nothing of it but by a crash: with appendfsync everysec, at most the
last second; what is then decided again may get another verdict than before.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import redis

from schemas.published_article import Duplicate, Relation
from workers.dedup.index import Candidate
from workers.dedup.rules import RULES, SIMILARITY_STEPS, Rules
from workers.dedup.signature import KEY_BYTES
from workers.stores.connection import address, connect, reported
from workers.stores.memory_index import BUCKET_ENTRIES

__all__ = ["RedisIndex", "connect"]

LAYOUT_VERSION: Final = 1
KEYS: Final = ("layout", "records", "origins", "digests", "pages", "anchors")
SCRIPT: Final = Path(__file__).with_name("index.lua")

_Answer = list[tuple[Relation, str, int, str, int]]


class RedisIndex:
    """Implements workers.dedup.index.Index with one script call per language and batch."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        window: int,
        prefix: str = "khabar",
        rules: Rules = RULES,
    ) -> None:
        self._prefix = prefix
        self._address = address(client)
        self._settings = _packed_settings(window, rules)
        # redis-py's Script calls EVALSHA, and loads the script when the server does not know it.
        self._script = client.register_script(SCRIPT.read_bytes())
        self._answers = msgspec.msgpack.Decoder(_Answer)

    def decide(self, candidates: Sequence[Candidate]) -> list[Duplicate]:
        """See Index.decide. Raises TransientError when Redis is away, busy, or refuses to write; ConfigError when it
        refuses this client, or other programs' data is in the way.
        """
        by_language: dict[str, list[int]] = {}
        for number, candidate in enumerate(candidates):
            by_language.setdefault(candidate.fingerprint.lang, []).append(number)
        verdicts: dict[int, Duplicate] = {}
        for language, numbers in by_language.items():
            answer = self._call(language, [candidates[number] for number in numbers])
            verdicts |= zip(numbers, answer, strict=True)
        return [verdicts[number] for number in range(len(candidates))]

    def keys(self, language: str) -> list[str]:
        """The keys of one language, in the script's order."""
        return [f"{self._prefix}:dedup:{LAYOUT_VERSION}:{{{language}}}:{name}" for name in KEYS]

    def _call(self, language: str, candidates: Sequence[Candidate]) -> list[Duplicate]:
        arguments = [field for candidate in candidates for field in _fields(candidate)]
        with reported(self._address):
            answer = self._script(keys=self.keys(language), args=[self._settings, *arguments])
        return [_verdict(*fields) for fields in self._answers.decode(answer)]


def _packed_settings(window: int, rules: Rules) -> bytes:
    return msgspec.msgpack.encode(
        [
            window,
            rules.anchors,
            rules.shared_anchors,
            rules.compared,
            rules.jaccard,
            rules.containment,
            rules.length_ratio,
            rules.numbers,
            rules.numbers_shared,
            BUCKET_ENTRIES,
            SIMILARITY_STEPS,
        ]
    )


def _fields(candidate: Candidate) -> tuple[bytes, str, bytes, bytes, int, bytes, bytes]:
    origin = hashlib.blake2b(candidate.origin.encode(), digest_size=KEY_BYTES).digest()
    new = candidate.fingerprint
    return origin, new.id, new.digest, new.url_key, new.shingles, new.sketch, new.numbers


def _verdict(relation: Relation, of: str, similarity: int, cluster: str, version: int) -> Duplicate:
    if relation is Relation.UNIQUE:
        return Duplicate(relation=relation, cluster=cluster)
    return Duplicate(
        relation=relation,
        of=of,
        similarity=similarity / SIMILARITY_STEPS,
        cluster=cluster,
        revision=version if relation is Relation.REVISION else None,
    )
