"""Connecting to Redis, and saying in Khabar's errors what went wrong there."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ClusterError, RedisClusterException
from redis.retry import Retry

from workers.config import Settings
from workers.errors import ConfigError, KhabarError, TransientError
from workers.stores.cluster import Cluster

CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 10.0
"""A batch of 200 takes a script some 20 ms; what takes five hundred times as long will not come."""
OLDEST_VERSION: Final = (6, 2)

_WITHOUT_TLS: Final = ". If it is up: does it want TLS, rediss:// in KHABAR_REDIS?"
_WITH_TLS: Final = (
    ". If it is up: does it speak TLS at this port? Without TLS, KHABAR_REDIS begins with redis://"
)

Client = redis.Redis | Cluster

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
    "non local key": "its cluster is moving data",
}
"""Error codes of conditions that end; of the last one, Redis gives words alone."""
_REFUSED_IN_SCRIPT: Final = re.compile(
    "ACL failure in script|user executing the script can't"
)  # Redis 7; 6.2
_CODE_OF_CLASS: Final = (
    # redis-py takes the codes off the message. The first that fits counts.
    (redis.exceptions.OutOfMemoryError, "OOM"),
    (redis.ReadOnlyError, "READONLY"),
    (redis.BusyLoadingError, "LOADING"),
    (redis.exceptions.NoScriptError, "NOSCRIPT"),
    (redis.exceptions.ClusterDownError, "CLUSTERDOWN"),
    (redis.exceptions.MasterDownError, "MASTERDOWN"),
    (redis.exceptions.TryAgainError, "TRYAGAIN"),
    (ClusterError, "TRYAGAIN"),  # redirected by ASK, or for ever
    (RedisClusterException, "CLUSTERDOWN"),  # no node serves the slot
)


def connect(settings: Settings, url: str) -> Client:
    """A client of the Redis at `url`, or of the cluster that it is a node of. It has answered, and retries nothing
    behind the caller's back.

    Raises TransientError when Redis is away; ConfigError for a wrong password or certificate, or a server that is too
    old or allowed to evict the index.
    """
    options = _options(settings, url)
    client = redis.Redis.from_url(url, **options)
    place = address(client)
    with reported(place, if_up=_WITH_TLS if url.startswith("rediss:") else _WITHOUT_TLS):
        facts = _facts(client)
        is_cluster = bool(facts.get("cluster_enabled"))
        if mistake := _unsuitable(facts) or (_no_address_of_a_node(client) if is_cluster else None):
            client.close()
            raise ConfigError(f"Redis at {place} cannot hold the index: {mistake}")
        if not is_cluster:
            return client
        client.close()
        # A cluster may serve some of its slots only: the languages in these go on.
        return Cluster(url=url, require_full_coverage=False, **options)


def address(client: Client) -> str:
    """HOST:PORT or the socket's path, and the database; no password. Of a cluster, the node that was named."""
    if isinstance(client, Cluster):
        return f"{client.startup_nodes[0].name}/0"
    options = client.connection_pool.connection_kwargs
    place = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    return f"{place}/{options.get('db', 0)}"


@contextmanager
def reported(place: str, *, if_up: str = "") -> Iterator[None]:
    """Turns redis-py's errors into Khabar's, naming `place`; `if_up` is what to look at when Redis is there."""
    try:
        yield
    except (redis.RedisError, RedisClusterException, OSError) as error:
        raise _translated(_cause(error), place, if_up) from error


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


def _facts(client: redis.Redis) -> dict[str, Any]:
    """What INFO says; to an account that may not ask, the little that HELLO says to all."""
    try:
        found: dict[str, Any] = client.info("everything")
    except redis.exceptions.NoPermissionError:
        said = client.execute_command("HELLO")  # type: ignore[no-untyped-call]  # redis-py
        pairs = said.items() if isinstance(said, dict) else zip(said[::2], said[1::2], strict=True)
        known = {_text(name): _text(value) for name, value in pairs}
        found = {"redis_version": known["version"], "cluster_enabled": known["mode"] == "cluster"}
    return found


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _cause(error: Exception) -> Exception:
    """What redis-py's client for clusters met, where it says only that it could not go on."""
    while isinstance(error, RedisClusterException):
        behind = error.__cause__ or error.__context__
        if not isinstance(behind, redis.RedisError | RedisClusterException | OSError):
            break
        error = behind
    return error


def _translated(error: Exception, place: str, if_up: str) -> KhabarError:
    """ConfigError for what a person has to change, TransientError for what ends by itself or by an operator."""
    said = f"Redis at {place}: {str(error).rstrip('.')}"
    if isinstance(error, redis.AuthenticationError):
        return ConfigError(f"{said}; it refuses this user: check the name and the password in KHABAR_REDIS")
    if isinstance(error, redis.exceptions.NoPermissionError) or _REFUSED_IN_SCRIPT.search(str(error)):
        return ConfigError(
            f"{said}; it refuses this user a part of the work: docs/deploy.md says what it has to allow"
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConfigError(
            f"{said}; the certificate has to be in date and for the host in KHABAR_REDIS: set KHABAR_REDIS_CA_FILE to "
            "the PEM file of the authority that signed it"
        )
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
    if str(facts.get("maxmemory_policy", "")).startswith("allkeys"):
        return (
            f"its maxmemory-policy is {facts['maxmemory_policy']}, so that it may throw the index away when memory "
            "is short, and copies would be published; set it to noeviction"
        )
    return None


def _no_address_of_a_node(client: redis.Redis) -> str | None:
    options = client.connection_pool.connection_kwargs
    if options.get("path") or options.get("db"):
        return (
            "it is part of a cluster, which KHABAR_REDIS names by redis://HOST:PORT/0, with no other database"
        )
    return None
