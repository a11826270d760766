"""A Kafka and a Redis that let nobody in without a login or a certificate, and the certificates for it."""

import dataclasses
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import redis
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    KafkaAdminClient,
    ResourcePattern,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from workers.embedded import kafka_server
from workers.embedded.java import find_java
from workers.embedded.kafka_server import KafkaProgram
from workers.embedded.ports import LOOPBACK, free_port
from workers.embedded.redis_server import RedisProgram
from workers.embedded.server import Server
from workers.embedded.stack import cache_directory

USER = "khabar-user"
PLAIN_PASSWORD = "zaytun-PLAIN-7731"
SCRAM_PASSWORD = "zaytun-SCRAM-8842"
REDIS_PASSWORD = "zaytun/REDIS@9953"
LOOPBACK_NAMES = f"IP:{LOOPBACK},DNS:localhost"
WRONG_PASSWORD = "zaytun-WRONG-1064"
SECRETS = (
    *(PLAIN_PASSWORD, SCRAM_PASSWORD, REDIS_PASSWORD, WRONG_PASSWORD),
    quote(REDIS_PASSWORD, safe=""),
    "BEGIN PRIVATE KEY",
)
"""What no log line and no message may show, in any of its forms."""

_LISTENERS = """
ssl.keystore.type=PEM
ssl.keystore.location={server}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.mutual.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{user};User:CN=khabar
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: `certificate`, its `key` (PKCS #8), and `both` in one, as Kafka wants them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates for this machine, by the openssl command. Its own is `certificate`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        _openssl(
            "req",
            "-x509",
            *_new_key(self._key),
            "-subj",
            "/CN=Khabar test authority",
            "-out",
            self.certificate,
        )

    def sign(self, name: str, *, valid_for: str = LOOPBACK_NAMES, days: int = 2) -> Certificate:
        """A certificate for 127.0.0.1 and localhost, good for either end of a connection; with -1 days, it expired
        yesterday.
        """
        files = [self._folder / f"{name}.{ending}" for ending in ("pem", "key", "both", "csr", "names")]
        certificate, key, both, request, names = files
        names.write_text(f"subjectAltName={valid_for}")
        _openssl("req", *_new_key(key), "-subj", f"/CN={name}", "-out", request)
        signer = ["-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-extfile", names]
        _openssl("x509", "-req", "-in", request, *signer, "-days", str(days), "-out", certificate)
        both.write_text(key.read_text() + certificate.read_text())
        return Certificate(certificate, key, both)


def _new_key(file: Path) -> list[str | Path]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file]


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@dataclasses.dataclass(frozen=True, slots=True)
class SecuredKafka:
    """One broker. HOST:PORT of its listeners: `plain` (for its own making), `login` (SASL_SSL), `mutual` (TLS with
    client certificates).
    """

    plain: str
    login: str
    mutual: str


@contextmanager
def secured_kafka(folder: Path, authority: Authority) -> Iterator[SecuredKafka]:
    """A running broker that takes USER with PLAIN_PASSWORD (PLAIN) and SCRAM_PASSWORD (SCRAM-SHA-512).

    USER, the client certificate `khabar` and all who come by `plain` may do everything, others what they are allowed.
    """
    folder.mkdir()
    program = KafkaProgram.prepare(find_java(None), cache_directory(), folder, lambda _: None)
    plain, login, mutual = free_port(), free_port(), free_port()
    security = _LISTENERS.format(
        server=authority.sign("kafka").both,
        authority=authority.certificate,
        user=USER,
        password=PLAIN_PASSWORD,
    )

    def command() -> list[str]:
        words = program.command(plain)
        properties = folder / "server.properties"
        text = properties.read_text()
        for line, more in (
            (r"(advertised\.)?listeners", f",LOGIN://{LOOPBACK}:{login},MUTUAL://{LOOPBACK}:{mutual}"),
            (r"listener\.security\.protocol\.map", ",LOGIN:SASL_SSL,MUTUAL:SSL"),
        ):
            text = re.sub(rf"^{line}=.*$", lambda found, more=more: found[0] + more, text, flags=re.MULTILINE)
        properties.write_text(text + security)
        return words

    with _running("Kafka", command, lambda: kafka_server.answers(plain), folder):
        served = SecuredKafka(*(f"{LOOPBACK}:{port}" for port in (plain, login, mutual)))
        add_user(served, USER)
        yield served


def add_user(
    kafka: SecuredKafka, name: str, allowed: Sequence[tuple[ResourcePattern, ACLOperation]] = ()
) -> None:
    """A user with SCRAM_PASSWORD who is allowed this."""
    acls = [
        ACL(f"User:{name}", "*", operation, ACLPermissionType.ALLOW, resource)
        for resource, operation in allowed
    ]
    with KafkaAdminClient(bootstrap_servers=[kafka.plain]) as client:
        made = UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, SCRAM_PASSWORD)
        assert client.alter_user_scram_credentials([made]) == {name: None}
        if acls:
            assert not client.create_acls(acls)["failed"]


@dataclasses.dataclass(frozen=True, slots=True)
class SecuredRedis:
    """HOST:PORT of a server that takes USER with REDIS_PASSWORD; it speaks TLS alone if it has a `ca_file`, and then
    wants the certificate `client`, if it has one.
    """

    address: str
    ca_file: str | None
    client: Certificate | None = None

    @property
    def variables(self) -> dict[str, str]:
        return {"KHABAR_REDIS": self.url()} | ({"KHABAR_REDIS_CA_FILE": self.ca_file} if self.ca_file else {})

    def url(self, password: str = REDIS_PASSWORD) -> str:
        scheme = "rediss" if self.ca_file else "redis"
        files = (
            f"?ssl_certfile={self.client.certificate}&ssl_keyfile={self.client.key}" if self.client else ""
        )
        return f"{scheme}://{USER}:{quote(password, safe='')}@{self.address}/0{files}"


@contextmanager
def secured_redis(
    folder: Path, command: str, authority: Authority, *, is_tls: bool, client: Certificate | None = None
) -> Iterator[SecuredRedis]:
    """A running server; only an ACL user may do anything, and no more than an index needs."""
    folder.mkdir()
    port = free_port()
    words = RedisProgram(command, folder).arguments(0 if is_tls else port)
    words += [
        "--user",
        "default",
        "off",
        "--user",
        USER,
        "on",
        f">{REDIS_PASSWORD}",
        "~*",
        "+@all",
        "-@admin",
    ]
    own = authority.sign("redis")
    if is_tls:
        files = {"cert": own.certificate, "key": own.key, "ca-cert": authority.certificate}
        words += ["--tls-port", str(port), "--tls-auth-clients", "yes" if client else "no"]
        words += [word for name, file in files.items() for word in (f"--tls-{name}-file", str(file))]
    served = SecuredRedis(f"{LOOPBACK}:{port}", str(authority.certificate) if is_tls else None, client)
    trust = {"ssl_ca_certs": served.ca_file} if is_tls else {}

    def is_ready() -> bool:
        try:
            with redis.Redis.from_url(served.url(), **trust) as asking:
                return bool(asking.ping())
        except redis.ConnectionError:
            return False

    with _running("Redis", lambda: words, is_ready, folder):
        yield served


def speaks_tls(command: str) -> bool:
    """Whether the Redis server `command` was built with TLS: one that was asks for the certificate's key."""
    words = [command, "--port", "0", "--tls-port", "1", "--tls-cert-file", os.devnull]
    return b"Failed to configure TLS" in subprocess.run(words, capture_output=True, check=False).stdout


@contextmanager
def _running(
    name: str, command: Callable[[], Sequence[str]], is_ready: Callable[[], bool], folder: Path
) -> Iterator[None]:
    lock = os.open(folder / "servers.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    server = Server(
        name, command=lambda: list(command()), is_ready=is_ready, log=folder / "server.log", lock=lock
    )
    try:
        server.start()
        yield
    finally:
        server.kill()  # nobody needs its data, and Kafka would take seconds to write its archive
        os.close(lock)
