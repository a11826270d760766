"""Kafka clients as Khabar uses them, and where Kafka and Redis are."""

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaConsumer, KafkaProducer, errors
from kafka.admin import KafkaAdminClient

from workers.config import Settings
from workers.errors import ConfigError, KhabarError, TransientError
from workers.runtime.security import has_tls, knock, speaks_tls, tls_context
from workers.topics import MIB, table

CLIENT_ID: Final = "khabar"
BOOTSTRAP_TIMEOUT_MS: Final = 10_000
"""A broker that accepts the connection and says nothing for so long is away (or wants another kind of connection)."""
PROBE_TIMEOUT_S: Final = 3.0

# The client counts a record with its headers and the batch around it; the broker's limit is for the batch.
MAX_REQUEST_BYTES: Final = max(topic.max_message_bytes for topic in table().values()) + 1 * MIB

_REFUSALS: Final = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
    errors.IncompatibleBrokerVersion,
)

_REFUSED_IN_WORDS: Final = "AuthorizationFailedError"
"""What a producer says of a refusal within a transaction is an error of no type of its own (kafka-python 3.0.12)."""

_NO_NEWS: Final = ("Bootstrap failed", "Bootstrap %s not ready")
"""Log lines of a client that connects which say no more than that it has not."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services are: brokers as HOST:PORT, Redis as a URL (None: not configured, none running)."""

    kafka: tuple[str, ...]
    redis: str | None = None

    def redis_url(self) -> str:
        """Raises ConfigError where there is no Redis."""
        if self.redis is None:
            raise ConfigError("No Redis to talk to: set KHABAR_REDIS, or start one with `khabar up`")
        return self.redis


def resolve(settings: Settings) -> Addresses:
    """The configured services, and those of the running embedded stack where none is configured.

    Raises ConfigError where there is no Kafka.
    """
    kafka, redis = settings.kafka, settings.redis
    if kafka is None or redis is None:
        # Only those who have no Kafka of their own pay for loading the stack.
        from workers.embedded.stack import default_directory, running_stack  # noqa: PLC0415

        running = running_stack(default_directory(settings))
        if running is not None:
            kafka = kafka or tuple(running.kafka.split(","))
            redis = redis or running.redis
    if kafka is None:
        raise ConfigError("No Kafka to talk to: set KHABAR_KAFKA, or start one with `khabar up`")
    return Addresses(kafka, redis)


def kafka_options(settings: Settings, addresses: Addresses) -> dict[str, Any]:
    """What every kafka-python client takes: addresses, security, how long to wait for a first answer.

    Raises ConfigError for a certificate or key file that is not there or cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": list(addresses.kafka),
        "client_id": CLIENT_ID,
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "security_protocol": settings.kafka_security,
    }
    if settings.kafka_security.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password
    if has_tls(settings):
        options["ssl_context"] = tls_context(settings)
    return options


def producer_options(settings: Settings, addresses: Addresses) -> dict[str, Any]:
    """An idempotent producer that waits for all replicas and takes the largest record of the topics table."""
    return kafka_options(settings, addresses) | {
        "acks": "all",
        "enable_idempotence": True,
        "max_request_size": MAX_REQUEST_BYTES,
        "linger_ms": 5,
        "allow_auto_create_topics": False,
    }


def consumer_options(settings: Settings, addresses: Addresses) -> dict[str, Any]:
    """A consumer that sees committed transactions only, and commits nothing by itself."""
    return kafka_options(settings, addresses) | {
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
    }


def producer(settings: Settings, addresses: Addresses, **more: object) -> KafkaProducer:
    """A connected producer; `more` overrides `producer_options`. Raises as `speaking_to` does."""
    with connecting_to(settings, addresses):
        return KafkaProducer(**producer_options(settings, addresses) | more)


def consumer(settings: Settings, addresses: Addresses, **more: object) -> KafkaConsumer:
    """A connected consumer; `more` overrides `consumer_options`. Raises as `speaking_to` does."""
    with connecting_to(settings, addresses):
        return KafkaConsumer(**consumer_options(settings, addresses) | more)


def admin(settings: Settings, addresses: Addresses, **more: object) -> KafkaAdminClient:
    """A connected admin client. Raises as `speaking_to` does."""
    with connecting_to(settings, addresses):
        return KafkaAdminClient(**kafka_options(settings, addresses) | more)


@contextmanager
def connecting_to(settings: Settings, addresses: Addresses) -> Iterator[None]:
    """`speaking_to` for making a client: fails at once where no broker's port is open or a secured one refuses, and
    says why it failed.

    A client that cannot connect leaves its thread behind (kafka-python 3.0.12), one for each attempt of someone
    who waits for a broker with back-off; so a port is tried first.
    """
    _probe(addresses)
    if settings.kafka_security != "PLAINTEXT":
        knock(settings, addresses.kafka)
    with _last_words() as words, speaking_to(addresses):
        try:
            yield
        except errors.KafkaTimeoutError as error:
            raise _unanswered(settings, addresses, words) from error


@contextmanager
def speaking_to(addresses: Addresses) -> Iterator[None]:
    """Turns kafka-python's errors into Khabar's, with the address in the message.

    Raises TransientError where trying again may help, ConfigError where the broker refuses. Other errors pass.
    """
    try:
        yield
    except errors.KafkaError as error:
        translated = _translated(error, addresses)
        if translated is None:
            raise
        raise translated from error


def _unanswered(settings: Settings, addresses: Addresses, words: Sequence[str]) -> KhabarError:
    where, security = f"Kafka at {_listed(addresses)}", f"KHABAR_KAFKA_SECURITY={settings.kafka_security}"
    if not has_tls(settings) and any(speaks_tls(address) for address in addresses.kafka):
        return ConfigError(f"{where} speaks TLS, but {security}: set it to SSL or SASL_SSL")
    heard = f" Heard last: {words[-1]}" if words else ""
    return TransientError(f"No answer from {where}. Is it a broker, and is {security} what it wants?{heard}")


def _translated(error: errors.KafkaError, addresses: Addresses) -> KhabarError | None:
    where = f"Kafka at {_listed(addresses)}"
    if isinstance(error, errors.UnknownTopicOrPartitionError):
        return ConfigError(f"{where} lacks a topic: {error}. `khabar topics create` makes the missing ones")
    if isinstance(error, _REFUSALS) or _REFUSED_IN_WORDS in str(error):
        return ConfigError(
            f"{where} refuses: {error}. See the KHABAR_KAFKA_* variables, and the rights in docs/security.md"
        )
    if error.retriable:
        return TransientError(f"{where} is away: {error}")
    return None


def _probe(addresses: Addresses) -> None:
    failures = []
    for address in addresses.kafka:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_TIMEOUT_S).close()
        except (OSError, OverflowError) as error:  # OverflowError: a port above 65535
            failures.append(f"{address}: {error}")
        else:
            return
    raise TransientError("No Kafka answers: " + "; ".join(failures))


@contextmanager
def _last_words() -> Iterator[list[str]]:
    """What kafka-python logs while it connects; the error that it raises says no more than "timeout"."""
    words: list[str] = []
    handler = logging.Handler(logging.WARNING)

    def emit(record: logging.LogRecord) -> None:
        if not str(record.msg).startswith(_NO_NEWS):
            words.append(record.getMessage())

    handler.emit = emit  # type: ignore[method-assign]  # a list is enough
    logger = logging.getLogger("kafka.net.manager")
    logger.addHandler(handler)
    try:
        yield words
    finally:
        logger.removeHandler(handler)


def _listed(addresses: Addresses) -> str:
    return ", ".join(addresses.kafka)
