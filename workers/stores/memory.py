"""How much memory Redis uses, and how much it may."""

from dataclasses import dataclass
from typing import Any

from workers.stores.cluster import Cluster
from workers.stores.connection import Client, address, reported


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of the server that was named, of a cluster summed over its primaries; `limit_bytes` is None where one
    has no limit.
    """

    used_bytes: int
    limit_bytes: int | None


def memory(client: Client) -> Memory:
    """What INFO says. Raises TransientError when Redis is away, ConfigError when it refuses."""
    with reported(address(client)):
        servers: list[dict[str, Any]]
        if isinstance(client, Cluster):
            servers = list(client.info("memory", target_nodes=Cluster.PRIMARIES).values())
        else:
            servers = [client.info("memory")]
    limits = [int(server.get("maxmemory", 0)) for server in servers]
    return Memory(sum(int(server["used_memory"]) for server in servers), sum(limits) if all(limits) else None)
