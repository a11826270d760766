"""The index in Redis, shared by all workers. What lies there: workers/stores/layout.py.

The script is atomic. Redis forgets nothing of it but by a crash: with appendfsync everysec, at most the last second;
what is then decided again may get another verdict than before.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha1

from redis.exceptions import NoScriptError

from schemas.published_article import Duplicate
from workers.config import Settings
from workers.dedup.index import Candidate
from workers.dedup.rules import RULES, Rules
from workers.stores.connection import Client, address, connect, reported
from workers.stores.layout import Retention
from workers.stores.script import SCRIPT, Shards

__all__ = ["RedisIndex", "connect", "open_index"]

_DIGEST = sha1(SCRIPT, usedforsecurity=False).hexdigest()
"""The name by which Redis knows the script."""


def open_index(settings: Settings, client: Client) -> "RedisIndex":
    """The index that the settings describe."""
    return RedisIndex(
        client,
        window=settings.dedup_window,
        days=settings.dedup_days,
        shards=settings.dedup_shards,
        prefix=settings.topic_prefix,
    )


class RedisIndex:
    """Implements workers.dedup.index.Index with one script call per shard and batch."""

    def __init__(
        self,
        client: Client,
        *,
        window: int,
        days: float = 3650,
        shards: int = 1,
        prefix: str = "khabar",
        rules: Rules = RULES,
    ) -> None:
        self._shards = Shards(prefix, shards, Retention(window=window, days=days), rules)
        self._client = client
        self._address = address(client)

    def decide(
        self, candidates: Sequence[Candidate], *, withdrawn: Sequence[str] = (), own: Mapping[str, int] = {}
    ) -> list[Duplicate]:
        """See Index.decide. Raises TransientError when Redis is away, busy, or refuses to write; ConfigError when it
        refuses this client, or other programs' data is in the way.
        """
        return self._shards.decide(self._script, candidates, withdrawn, own)

    def committed(self, offsets: Mapping[str, int]) -> None:
        """See Index.committed. Raises as `decide` does."""
        self._shards.committed(self._script, offsets)

    def _script(self, key: str, arguments: Sequence[bytes]) -> list[bytes]:
        with reported(self._address):
            try:
                answer: list[bytes] = self._client.evalsha(_DIGEST, 1, key, *arguments)
            except NoScriptError:
                # Not SCRIPT LOAD, which a cluster's client sends to every node: one that is away would fail it.
                answer = self._client.eval(SCRIPT.decode(), 1, key, *arguments)
        return answer
