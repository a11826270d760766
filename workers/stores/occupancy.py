"""How full Redis is: its memory, its limit, and the articles of the index. Cheap enough to be asked every few seconds."""

from dataclasses import dataclass
from typing import Any

import redis

from workers.config import Settings
from workers.stores.census import held
from workers.stores.cluster import Cluster
from workers.stores.connection import Client, address, reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """`articles` of `window` are held, in all shards. Memory is None where the account may not ask for it; a limit of
    0 is none. Of a cluster, memory is that of the master which is fullest, and `may_evict` is so of any.
    """

    articles: int
    window: int
    used_bytes: int | None
    limit_bytes: int | None
    may_evict: bool | None

    @property
    def filled_ratio(self) -> float:
        return self.articles / self.window

    @property
    def memory_used_ratio(self) -> float | None:
        """None without a limit, or where it is not known."""
        if self.used_bytes is None or not self.limit_bytes:
            return None
        return self.used_bytes / self.limit_bytes


def look(client: Client, settings: Settings) -> Occupancy:
    """What is there now. Raises TransientError when Redis is away, ConfigError when it refuses."""
    with reported(address(client)):
        articles, window = held(client, settings)
        nodes = _memory(client)
    fullest = max(nodes, key=_filled_ratio, default={})
    policies = [str(node["maxmemory_policy"]) for node in nodes if "maxmemory_policy" in node]
    return Occupancy(
        articles=articles,
        window=window,
        used_bytes=fullest.get("used_memory"),
        limit_bytes=fullest.get("maxmemory"),
        may_evict=any(policy.startswith("allkeys") for policy in policies) if policies else None,
    )


def _memory(client: Client) -> list[dict[str, Any]]:
    """INFO memory of each master; of none where the account may not ask."""
    try:
        if isinstance(client, Cluster):
            return [*client.info("memory", target_nodes=Cluster.PRIMARIES).values()]
        return [client.info("memory")]
    except redis.exceptions.NoPermissionError:
        return []


def _filled_ratio(node: dict[str, Any]) -> float:
    return int(node["used_memory"]) / (node["maxmemory"] or float("inf"))
