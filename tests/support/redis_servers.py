"""Redis servers of a test's own, one by one or as a cluster, on this machine."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.exceptions import ResponseError

from workers.embedded import redis_server
from workers.embedded.ports import LOOPBACK, free_port
from workers.embedded.redis_server import RedisProgram
from workers.embedded.server import Server

SLOTS = 16384
DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Node:
    """A running server, and a client of it alone."""

    server: Server
    client: redis.Redis
    port: int

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"


def until(is_so: Callable[[], bool]) -> None:
    """Waits for what comes by itself within moments."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running_redis(folder: Path, command: str, *words: str) -> Iterator[Node]:
    """A server of its own with further settings: running_redis(folder, command, "--maxmemory", "1mb")."""
    folder.mkdir(parents=True)
    port = free_port()
    lock = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    server = Server(
        "Redis",
        command=lambda: [*RedisProgram(command, folder).arguments(port), *words],
        is_ready=lambda: redis_server.answers(port),
        log=folder / "server.log",
        lock=lock,
    )
    try:
        server.start()
        with redis.Redis(host=LOOPBACK, port=port) as client:
            yield Node(server, client, port)
    finally:
        server.kill()
        os.close(lock)


@contextmanager
def running_cluster(folder: Path, command: str, masters: int = 3) -> Iterator[list[Node]]:
    """So many masters, which share out all slots, and no replicas. A node that is away is noticed after a second."""
    settings = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port")
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(running_redis(folder / str(n), command, *settings, str(free_port())))
            for n in range(masters)
        ]
        bounds = [SLOTS * n // masters for n in range(masters + 1)]
        for node, start, end in zip(nodes, bounds, bounds[1:], strict=False):
            node.client.execute_command("CLUSTER ADDSLOTSRANGE", start, end - 1)
            bus = node.client.config_get("cluster-port")["cluster-port"]
            nodes[0].client.execute_command("CLUSTER MEET", LOOPBACK, node.port, bus)
        until(lambda: all(is_whole(node, masters) for node in nodes))
        yield nodes


def is_whole(node: Node, masters: int = 3) -> bool:
    """Whether the node believes that its cluster serves all slots, and that no node of it is away."""
    try:
        return (
            node.client.cluster("info")["cluster_state"] == "ok"
            and len(node.client.cluster("nodes")) >= masters
            and not any("fail" in each["flags"] for each in node.client.cluster("nodes").values())
        )
    except (redis.ConnectionError, ResponseError):
        return False
