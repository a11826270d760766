"""The embedded stack: a real Kafka and a real Redis for a machine that has neither.

The folder that a stack runs in holds:

    owner.lock     held by the program that started the stack, while it lives
    servers.lock   held by the servers themselves, while one of them lives
    stack.json     addresses and pids, while the stack is up
    kafka/ redis/  data, the port of last time, and a log of each server
"""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import platformdirs

from workers.config import Settings
from workers.embedded import kafka_server, redis_server
from workers.embedded.files import write_atomically
from workers.embedded.guard import GRACE_S
from workers.embedded.java import find_java
from workers.embedded.kafka_server import KafkaProgram
from workers.embedded.locks import FileLock, is_locked
from workers.embedded.ports import LOOPBACK, kept_port
from workers.embedded.redis_server import RedisProgram, find_redis_server
from workers.embedded.server import Server
from workers.errors import ConfigError

_OWNER_LOCK_S = 0.5
"""Longer than running_stack() holds the lock to see whether it is held."""
_LEFTOVER_S = GRACE_S + 5.0
"""Servers of a program that was killed end by themselves (guard.py) within the first of these."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where clients connect: `kafka` as HOST:PORT (several separated by commas), `redis` as a URL."""

    kafka: str
    redis: str


class _StackFile(msgspec.Struct, frozen=True):
    owner: int
    kafka: str
    redis: str
    pids: dict[str, int]


def default_directory(settings: Settings) -> Path:
    """The folder of the stack where KHABAR_DATA_DIR names none: the user's data folder."""
    return Path(settings.data_dir or platformdirs.user_data_dir("khabar", appauthor=False)).expanduser()


def cache_directory() -> Path:
    """Where Kafka's jars and its class-data archive are kept; it may be deleted at any time."""
    return Path(platformdirs.user_cache_dir("khabar", appauthor=False))


def running_stack(directory: Path) -> Addresses | None:
    """The addresses of the stack that a living program runs in `directory`, or None."""
    found = _read(directory)
    return Addresses(found.kafka, found.redis) if found and is_locked(directory / "owner.lock") else None


class Stack:
    """A Kafka and a Redis of our own in `directory`; either is left out where `settings` names one to use.

    A context manager: started on entry, stopped on exit. However the program ends, its servers end too.
    `on_progress` is told, in sentences, what takes long.
    """

    def __init__(
        self,
        directory: Path,
        *,
        settings: Settings,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.directory = directory
        self._settings = settings
        self._on_progress = on_progress
        self._owner_lock = FileLock(directory / "owner.lock")
        self._servers_lock = FileLock(directory / "servers.lock")
        self._kafka: Server | None = None
        self._redis: Server | None = None
        self._addresses: Addresses | None = None
        self._owner = os.getpid()
        self._kafka_program: KafkaProgram | None = None

    @property
    def addresses(self) -> Addresses:
        if self._addresses is None:
            raise ConfigError("The embedded stack is not running")
        return self._addresses

    @property
    def kafka(self) -> Server:
        """The broker. Raises ConfigError when the stack is not up, or KHABAR_KAFKA is used instead."""
        if self._kafka is None:
            raise ConfigError("There is no embedded Kafka: the stack is not running, or KHABAR_KAFKA is set")
        return self._kafka

    @property
    def redis(self) -> Server:
        """The Redis server. Raises ConfigError when the stack is not up, or KHABAR_REDIS is used instead."""
        if self._redis is None:
            raise ConfigError("There is no embedded Redis: the stack is not running, or KHABAR_REDIS is set")
        return self._redis

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start what is not configured, and wait until it takes requests. Does nothing when it is up.

        Raises ConfigError: another program runs a stack in the folder, something is not installed, a download
        failed, a server did not start. Nothing is left running then.
        """
        if self._addresses is not None:
            return
        try:
            self._claim()
            self._prepare()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what was started, in good order but within a bounded time. May be called again, and at any time."""
        if os.getpid() != self._owner:  # a forked child that leaves the `with` block
            return
        with contextlib.suppress(FileNotFoundError):
            if self._owner_lock.descriptor is not None:
                (self.directory / "stack.json").unlink()
        if (
            self._kafka
            and self._kafka.is_running
            and self._kafka_program
            and not self._kafka_program.is_archived
        ):
            self._on_progress(
                "Kafka keeps its loaded classes, for quicker starts: this once it takes some seconds"
            )
        servers = self._servers()
        for server in servers:
            server.ask_to_stop()
        for server in servers:
            server.wait_stopped()
        self._kafka = self._redis = self._addresses = self._kafka_program = None
        self._servers_lock.release()
        self._owner_lock.release()

    def fallen(self) -> list[str]:
        """What to say of each server that does not run though the stack is up, such as one that crashed."""
        return [
            f"The embedded {server.name} has ended; its log is {server.log}"
            for server in self._servers()
            if not server.is_running
        ]

    def _servers(self) -> list[Server]:
        return [server for server in (self._redis, self._kafka) if server is not None]

    def _claim(self) -> None:
        """Become the folder's one owner, and wait for the end of the servers of an owner that was killed."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            claimed = self._owner_lock.acquire(_OWNER_LOCK_S)
        except OSError as error:
            raise ConfigError(
                f"The embedded stack cannot write to {self.directory}: {error.strerror}. Set KHABAR_DATA_DIR to a "
                "folder that it may write to"
            ) from error
        if not claimed:
            raise ConfigError(_already_running(self.directory))
        if self._servers_lock.acquire(0):
            return
        self._on_progress("Waiting for the servers of an earlier run to end")
        if not self._servers_lock.acquire(_LEFTOVER_S):
            found = _read(self.directory)
            pids = (
                " and ".join(f"{name} (pid {pid})" for name, pid in found.pids.items())
                if found
                else "unknown"
            )
            raise ConfigError(
                f"Servers of an earlier run in {self.directory} do not end: {pids}. End them, then retry"
            )

    def _prepare(self) -> None:
        """Find the programs first, so that what is missing shows before anything is started."""
        configured = self._settings.kafka
        redis = self._settings.redis or self._prepare_redis()
        kafka = ",".join(configured) if configured else self._prepare_kafka()
        self._addresses = Addresses(kafka, redis)

    def _prepare_redis(self) -> str:
        command = find_redis_server(self._settings.redis_server)
        program = RedisProgram(command, _made(self.directory / "redis"))
        port = kept_port(program.data / "port")
        self._redis = Server(
            "Redis",
            command=lambda: program.arguments(port),
            is_ready=lambda: redis_server.answers(port),
            log=program.data / "redis.log",
            lock=self._lock_descriptor,
        )
        return f"redis://{LOOPBACK}:{port}/0"

    def _prepare_kafka(self) -> str:
        java = find_java(self._settings.java)
        data = _made(self.directory / "kafka")
        program = KafkaProgram.prepare(java, _made(cache_directory()), data, self._on_progress)
        self._kafka_program = program
        port = kept_port(data / "port")
        self._kafka = Server(
            "Kafka",
            command=lambda: program.command(port),
            is_ready=lambda: kafka_server.answers(port),
            log=data / "kafka.log",
            lock=self._lock_descriptor,
            after_stop=program.keep_archive,
            stop_timeout_s=kafka_server.STOP_TIMEOUT_S,
        )
        return f"{LOOPBACK}:{port}"

    @property
    def _lock_descriptor(self) -> int:
        assert self._servers_lock.descriptor is not None
        return self._servers_lock.descriptor

    def _launch(self) -> None:
        servers = self._servers()
        if servers:
            self._on_progress("Starting " + " and ".join(server.name for server in servers))
        started = time.monotonic()
        for server in servers:
            server.spawn()
        for server in servers:
            server.wait_ready()
        pids = {server.name: server.pid for server in servers if server.pid is not None}
        record = _StackFile(os.getpid(), self.addresses.kafka, self.addresses.redis, pids)
        write_atomically(self.directory / "stack.json", msgspec.json.encode(record).decode())
        if servers:
            self._on_progress(f"Ready after {time.monotonic() - started:.1f} s")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _read(directory: Path) -> _StackFile | None:
    try:
        return msgspec.json.decode((directory / "stack.json").read_bytes(), type=_StackFile)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _already_running(directory: Path) -> str:
    found = _read(directory)
    what = (
        f"Kafka at {found.kafka}, Redis at {found.redis}, started by pid {found.owner}"
        if found
        else "it is starting"
    )
    return f"A stack runs in {directory} already: {what}. Stop it first, or set KHABAR_DATA_DIR to another folder"
