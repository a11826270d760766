"""TLS and logins for Kafka: what the settings ask for, and what a broker that refuses it says.

kafka-python 3.0.12 drops the answer that says "wrong password": the broker closes the connection right behind it, and
the client takes the two for a broken connection, and tries again until its time is up. It does the same with a
certificate that does not fit. So a secured broker is asked once by aiokafka, which hears it, before kafka-python is.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from workers.config import Settings
from workers.errors import ConfigError, KhabarError, TransientError

KNOCK_TIMEOUT_S: Final = 10.0
"""For a connection and a login. Brokers answer a wrong password after a wait of 0.1 s, and take longer when busy."""
SNIFF_TIMEOUT_S: Final = 1.0
_TLS_ALERT: Final = b"\x15\x03"  # the first bytes of an alert, in every version of TLS (RFC 8446, 5.1)
_NO_REQUEST: Final = bytes(8)


def has_tls(settings: Settings) -> bool:
    return settings.kafka_security.endswith("SSL")


def tls_context(settings: Settings) -> ssl.SSLContext:
    """The TLS context for the brokers: the configured authority (else the system's), and the client certificate if
    there is one. Raises ConfigError for a file that is not there, or is not what it should be.
    """
    authority, certificate, key = settings.kafka_ca_file, settings.kafka_cert_file, settings.kafka_key_file
    for variable, path in (("CA", authority), ("CERT", certificate), ("KEY", key)):
        if path is not None and not Path(path).is_file():
            raise ConfigError(f"KHABAR_KAFKA_{variable}_FILE={path}: there is no such file")
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise ConfigError(f"KHABAR_KAFKA_CA_FILE={authority}: no certificate can be read: {error}") from error
    if certificate is not None:
        try:
            # Without a password for the key, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(certificate, key, password="")
        except OSError as error:
            raise ConfigError(
                f"KHABAR_KAFKA_CERT_FILE={certificate} and KHABAR_KAFKA_KEY_FILE={key} are not a certificate and its "
                f"key, in PEM, without a passphrase: {error}"
            ) from error
    return context


def knock(settings: Settings, brokers: Sequence[str]) -> None:
    """Connect and log in to the first of `brokers` (HOST:PORT) that answers, and leave again.

    Raises ConfigError where one refuses, naming the variable; TransientError where none answers.
    """
    from aiokafka.errors import KafkaError  # noqa: PLC0415  (0.1 s to load, which a plain broker need not)

    options: dict[str, Any] = {"security_protocol": settings.kafka_security}
    if has_tls(settings):
        options["ssl_context"] = tls_context(settings)
    if settings.kafka_security.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password
    failures = []
    for broker in brokers:
        try:
            # In a thread of its own: whoever calls may have a running loop in this one.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, _log_in(broker, options)).result()
        except (KafkaError, OSError, EOFError) as error:  # among them TimeoutError and SSLError
            failure = _explained(error, broker, settings)
            if isinstance(failure, ConfigError):
                raise failure from error
            failures.append(str(failure))
        else:
            return
    raise TransientError("; ".join(failures))


async def _log_in(broker: str, options: dict[str, Any]) -> None:
    from aiokafka.conn import create_conn  # noqa: PLC0415

    host, _, port = broker.rpartition(":")
    async with asyncio.timeout(KNOCK_TIMEOUT_S):
        connection = await create_conn(host.strip("[]"), int(port), **options)
    closed = connection.close()
    if closed is not None:
        await closed


def _explained(error: Exception, broker: str, settings: Settings) -> KhabarError:
    security = f"KHABAR_KAFKA_SECURITY={settings.kafka_security}"
    causes = list(_causes(error))
    mistake = _login_mistake(error, settings)
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            mistake = mistake or _tls_mistake(cause)
    if mistake is None and not has_tls(settings) and speaks_tls(broker):
        mistake = f"it speaks TLS, but {security}: set it to SSL or SASL_SSL"
    if mistake is not None:
        return ConfigError(f"Kafka at {broker}: {mistake}")
    words = next((str(cause) for cause in causes if str(cause)), type(error).__name__)
    return TransientError(
        f"Kafka at {broker} does not answer as it should ({words}): is it away, or is {security} wrong?"
    )


def _login_mistake(error: Exception, settings: Settings) -> str | None:
    from aiokafka import errors  # noqa: PLC0415

    if isinstance(error, errors.SaslAuthenticationFailed):
        said = error.args[0] if error.args else "no reason given"
        return (
            f"it refuses the login: {said}. Check KHABAR_KAFKA_USERNAME, KHABAR_KAFKA_PASSWORD and "
            "KHABAR_KAFKA_SASL_MECHANISM"
        )
    if isinstance(error, errors.UnsupportedSaslMechanismError):
        return f"it does not take KHABAR_KAFKA_SASL_MECHANISM={settings.kafka_sasl_mechanism}"
    if isinstance(error, errors.IllegalSaslStateError):
        return f"it takes no login at this port, but KHABAR_KAFKA_SECURITY={settings.kafka_security}"
    return None


def _tls_mistake(error: ssl.SSLError) -> str | None:
    """What is wrong when TLS fails so; None where the other end just went away, as a broker that restarts does."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate does not pass: {error.verify_message}. It has to be in date, KHABAR_KAFKA_CA_FILE the "
            "PEM file of the authority that signed it, and KHABAR_KAFKA the host that it is for"
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError):
        return None
    if "ALERT" in (error.reason or ""):
        return (
            f"it refuses our end of TLS ({error.reason}): it may want a client certificate that it trusts, "
            "KHABAR_KAFKA_CERT_FILE and KHABAR_KAFKA_KEY_FILE"
        )
    return f"TLS fails ({error.reason}): KHABAR_KAFKA_SECURITY may be wrong for this port"


def speaks_tls(broker: str) -> bool:
    """Whether the port answers what is no TLS with an alert of TLS."""
    host, _, port = broker.rpartition(":")
    with (
        suppress(OSError),
        socket.create_connection((host.strip("[]"), int(port)), SNIFF_TIMEOUT_S) as connection,
    ):
        connection.sendall(_NO_REQUEST)
        return connection.recv(len(_TLS_ALERT)) == _TLS_ALERT
    return False


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error at the bottom first: what stands above it says less."""
    if error.__cause__ is not None:
        yield from _causes(error.__cause__)
    yield error
