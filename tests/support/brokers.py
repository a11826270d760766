"""Brokers of a test's own, as processes of this machine: one behind a second door, or several as one cluster."""

import base64
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from workers.embedded import kafka_server
from workers.embedded.files import write_atomically
from workers.embedded.java import find_java
from workers.embedded.kafka_server import MESSAGE_MAX_BYTES, KafkaProgram
from workers.embedded.ports import LOOPBACK, free_port
from workers.embedded.server import Server
from workers.embedded.stack import cache_directory

HEAP = "-Xmx256m"
FORMAT_TIMEOUT_S = 120
START_TIMEOUT_S = 180.0
"""Three at once on two cores with other things to do."""

# After those of the embedded broker: the last one of a name counts.
_PROPERTIES = """
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{host}:{port},DOOR://{host}:{door_port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port},DOOR://{host}:{advertised_door}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,DOOR:PLAINTEXT
offsets.topic.replication.factor={replicas}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
min.insync.replicas={in_sync}
default.replication.factor={replicas}
"""


@dataclass(frozen=True, slots=True)
class Broker:
    """A running broker: its process, its port, and the port of a second listener, `door_port`.

    Clients that enter by a proxy to the door are told that the broker is at the proxy.
    """

    server: Server
    port: int
    door_port: int

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Place:
    folder: Path
    port: int
    door_port: int
    controller_port: int

    @classmethod
    def make(cls, folder: Path) -> "_Place":
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, free_port(), free_port(), free_port())


@contextmanager
def running_brokers(
    folder: Path, count: int, *, advertised_door: Callable[[int], int] = lambda port: port
) -> Iterator[list[Broker]]:
    """So many brokers as one cluster, each also a controller; replication is `count`, min.insync.replicas one less.

    `advertised_door` gives for the port of a broker's door that where clients are told it is.
    """
    places = [_Place.make(folder / str(node)) for node in range(1, count + 1)]
    voters = ",".join(
        f"{node}@{LOOPBACK}:{each.controller_port}" for node, each in enumerate(places, start=1)
    )
    cluster = base64.urlsafe_b64encode(b"K" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
    with ExitStack() as stack:
        brokers = []
        for node, place in enumerate(places, start=1):
            values = {
                "node": node,
                "voters": voters,
                "replicas": count,
                "in_sync": max(1, count - 1),
                "advertised_door": advertised_door(place.door_port),
            }
            command = _formatted(place, values, cluster)
            brokers.append(Broker(stack.enter_context(_server(place, command)), place.port, place.door_port))
        for broker in brokers:
            broker.server.spawn()
        for broker in brokers:
            broker.server.wait_ready()
        yield brokers


def _formatted(place: _Place, values: dict[str, object], cluster: str) -> list[str]:
    """The argument list of a broker whose configuration is written and whose storage is formatted."""
    program = KafkaProgram.prepare(find_java(None), cache_directory(), place.folder, lambda _: None)
    properties = place.folder / "server.properties"
    ports = {"host": LOOPBACK, "port": place.port, "controller_port": place.controller_port}
    own = kafka_server._PROPERTIES.format(
        **ports, log_dirs=place.folder / "storage", message_max_bytes=MESSAGE_MAX_BYTES
    )
    write_atomically(properties, own + _PROPERTIES.format(**ports, door_port=place.door_port, **values))
    tool = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", str(properties)]
    java = [program.java.command, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", program._class_path]
    done = subprocess.run([*java, *tool], capture_output=True, timeout=FORMAT_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    command = [HEAP if word.startswith("-Xmx") else word for word in program._java("kafka.Kafka")]
    return [*command, str(properties)]


@contextmanager
def _server(place: _Place, command: Sequence[str]) -> Iterator[Server]:
    lock = os.open(place.folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    server = Server(
        "Kafka",
        command=lambda: list(command),
        is_ready=lambda: kafka_server.answers(place.port),
        log=place.folder / "server.log",
        lock=lock,
        start_timeout_s=START_TIMEOUT_S,
        stop_timeout_s=kafka_server.STOP_TIMEOUT_S,
    )
    try:
        yield server
    finally:
        server.kill()
        os.close(lock)
