"""Connecting to Redis, and saying in Khabar's errors what went wrong there."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.config import Settings
from workers.errors import ConfigError, KhabarError, TransientError

CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 10.0
"""A batch of 200 takes a script some 20 ms; what takes five hundred times as long will not come."""
OLDEST_VERSION: Final = (6, 2)

_WITHOUT_TLS: Final = ". If it is up: does it want TLS, rediss:// in KHABAR_REDIS?"
_WITH_TLS: Final = (
    ". If it is up: does it speak TLS at this port? Without TLS, KHABAR_REDIS begins with redis://"
)

_PASSING: Final = {
    "OOM": "its memory limit is reached: raise maxmemory, or lower KHABAR_DEDUP_WINDOW",
    "READONLY": "it is a replica: a fail-over is under way, or KHABAR_REDIS names the wrong server",
    "MISCONF": "it cannot write to its disk",
    "BUSY": "it is busy with a script",
    "LOADING": "it is loading its data",
    "NOSCRIPT": "it forgot the script at once",
    "CLUSTERDOWN": "its cluster is down",
    "MASTERDOWN": "it is a replica without its master",
    "NOREPLICAS": "it misses its replicas",
    "TRYAGAIN": "its cluster is moving data",
}
"""Error codes of conditions that end."""
_CODE_OF_CLASS: Final = (
    # redis-py takes these codes off the message.
    (redis.exceptions.OutOfMemoryError, "OOM"),
    (redis.ReadOnlyError, "READONLY"),
    (redis.BusyLoadingError, "LOADING"),
    (redis.exceptions.NoScriptError, "NOSCRIPT"),
    (redis.exceptions.ClusterDownError, "CLUSTERDOWN"),
    (redis.exceptions.MasterDownError, "MASTERDOWN"),
    (redis.exceptions.TryAgainError, "TRYAGAIN"),
)


def connect(settings: Settings, url: str) -> redis.Redis:
    """A client of the Redis at `url`, which has answered. Nothing is retried behind the caller's back.

    Raises TransientError when Redis is away; ConfigError for a wrong password or certificate, a server that is too
    old, part of a cluster, or allowed to evict the index.
    """
    client = redis.Redis.from_url(url, **_options(settings, url))
    with reported(address(client), if_up=_WITH_TLS if url.startswith("rediss:") else _WITHOUT_TLS):
        client.ping()
        try:
            facts: dict[str, Any] = client.info("everything")
        except redis.exceptions.NoPermissionError:  # an account for the index alone may not ask
            return client
    if mistake := _unsuitable(facts):
        client.close()
        raise ConfigError(f"Redis at {address(client)} cannot hold the index: {mistake}")
    return client


def address(client: redis.Redis) -> str:
    """HOST:PORT or the socket's path, and the database; no password."""
    options = client.connection_pool.connection_kwargs
    place = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    return f"{place}/{options.get('db', 0)}"


@contextmanager
def reported(place: str, *, if_up: str = "") -> Iterator[None]:
    """Turns redis-py's errors into Khabar's, naming `place`; `if_up` is what to look at when Redis is there."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise _translated(error, place, if_up) from error


def _options(settings: Settings, url: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
    }
    if settings.redis_ca_file and url.startswith("rediss:"):
        if not Path(settings.redis_ca_file).is_file():
            raise ConfigError(f"KHABAR_REDIS_CA_FILE={settings.redis_ca_file}: there is no such file")
        try:
            ssl.create_default_context(cafile=settings.redis_ca_file)
        except OSError as error:
            message = f"KHABAR_REDIS_CA_FILE={settings.redis_ca_file}: no certificate can be read: {error}"
            raise ConfigError(message) from error
        options["ssl_ca_certs"] = settings.redis_ca_file
    return options


def _translated(error: Exception, place: str, if_up: str) -> KhabarError:
    """ConfigError for what a person has to change, TransientError for what ends by itself or by an operator."""
    said = f"Redis at {place}: {str(error).rstrip('.')}"
    if isinstance(error, redis.AuthenticationError | redis.exceptions.NoPermissionError):
        return ConfigError(f"{said}; it refuses this user: check the name and the password in KHABAR_REDIS")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConfigError(f"{said}; set KHABAR_REDIS_CA_FILE to the PEM file of the certificate's authority")
    if code := _code(error):
        return TransientError(f"{said}; it does not take the work now: {_PASSING[code]}")
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
        return TransientError(f"{said}; it is away, or too slow{if_up}")
    return ConfigError(f"{said}; it gave an answer that it should not give: is this database Khabar's alone?")


def _code(error: Exception) -> str | None:
    for kind, code in _CODE_OF_CLASS:
        if isinstance(error, kind):
            return code
    # At the beginning of the message or, from a script of Redis 6.2, inside it.
    found = re.search(rf"\b({'|'.join(_PASSING)})\b", str(error))
    return found[1] if found else None


def _unsuitable(facts: dict[str, Any]) -> str | None:
    version = tuple(int(part) for part in re.findall(r"[0-9]+", str(facts["redis_version"]))[:2])
    if version < OLDEST_VERSION:
        return f"it is version {facts['redis_version']}, and 6.2 is the oldest that will do"
    if facts.get("cluster_enabled"):
        return "it is part of a Redis Cluster, which this version does not speak to"
    if str(facts.get("maxmemory_policy", "")).startswith("allkeys"):
        return (
            f"its maxmemory-policy is {facts['maxmemory_policy']}, so that it may throw the index away when memory "
            "is short, and copies would be published; set it to noeviction"
        )
    return None
