"""The index in Redis, shared by all workers. What lies there: workers/stores/layout.py.

The script is atomic. Redis forgets nothing of it but by a crash: with appendfsync everysec, at most the last second;
what is then decided again may get another verdict than before.
"""

from collections.abc import Mapping, Sequence

import redis

from schemas.published_article import Duplicate
from workers.config import Settings
from workers.dedup.index import Candidate
from workers.dedup.rules import RULES, Rules
from workers.stores.connection import address, connect, reported
from workers.stores.layout import Retention
from workers.stores.script import SCRIPT, Shards

__all__ = ["RedisIndex", "connect", "open_index"]


def open_index(settings: Settings, client: redis.Redis) -> "RedisIndex":
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
        client: redis.Redis,
        *,
        window: int,
        days: float = 3650,
        shards: int = 1,
        prefix: str = "khabar",
        rules: Rules = RULES,
    ) -> None:
        self._shards = Shards(prefix, shards, Retention(window=window, days=days), rules)
        self._address = address(client)
        # redis-py's Script calls EVALSHA, and loads the script when the server does not know it.
        self._run = client.register_script(SCRIPT)

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
            answer: list[bytes] = self._run(keys=[key], args=arguments)
        return answer
