"""A Redis Cluster: redis-py's client for it, held to one try.

While a slot moves from node to node key by key, neither node has all of a shard. redis-py would follow ASK to the new
node, where a script that is announced with one key finds the others missing and takes the index for empty. So ASK is
not followed: the caller waits until the slot has arrived, which the nodes say by MOVED. A script that the old node
still runs ends at the first key that has left it, before anything is written.
"""

from typing import Any, Final

from redis.cluster import RedisCluster
from redis.exceptions import ClusterError

MOVES: Final = 4
"""How many MOVED are followed. Each says where the slot is now; more than one comes only amid a fail-over."""


class Cluster(RedisCluster):
    """Follows MOVED, and raises ClusterError for ASK and TRYAGAIN."""

    RedisClusterRequestTTL = 1

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (as redis-py has it)
        """As redis-py's, which raises ClusterError where it was redirected; by then it knows where to."""
        for moves_left in reversed(range(MOVES)):
            try:
                return super().execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]  # redis-py
            except ClusterError as error:
                if type(error) is not ClusterError or not moves_left:
                    raise
        raise AssertionError  # the last try returns or raises
