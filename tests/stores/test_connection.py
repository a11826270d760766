import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.exceptions import ClusterError, RedisClusterException, SlotNotCoveredError

from tests.support.redis_servers import running_cluster
from workers.config import Settings
from workers.embedded.redis_server import find_redis_server
from workers.embedded.stack import Stack
from workers.errors import ConfigError, TransientError
from workers.stores.connection import _no_address_of_a_node, _unsuitable, address, connect, reported


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:secret@cache.example:6380/2", "cache.example:6380/2"),
        ("rediss://user:secret@cache.example", "cache.example:6379/0"),
        ("unix://user:secret@/run/redis.sock?db=3", "/run/redis.sock/3"),
    ],
)
def test_the_address_for_messages_has_no_password(url, expected):
    assert address(redis.Redis.from_url(url)) == expected


def test_nobody_listening_is_transient():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        port = taken.getsockname()[1]
        with pytest.raises(TransientError, match=rf"Redis at 127\.0\.0\.1:{port}/0") as caught:
            connect(Settings(), f"redis://:secret@127.0.0.1:{port}/0")
    assert "secret" not in str(caught.value)


def test_a_missing_ca_file_is_a_mistake_of_the_configuration(tmp_path):
    missing = tmp_path / "ca.pem"
    with pytest.raises(ConfigError, match="KHABAR_REDIS_CA_FILE"):
        connect(Settings(redis_ca_file=str(missing)), "rediss://127.0.0.1:1/0")


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"redis_version": "6.0.16", "maxmemory_policy": "noeviction"}, "6.2"),
        ({"redis_version": "7.2.4", "maxmemory_policy": "allkeys-lru"}, "noeviction"),
    ],
    ids=["too old", "may evict"],
)
def test_an_unsuitable_server_is_named(facts, word):
    assert word in (_unsuitable(facts) or "")


@pytest.mark.parametrize("version", ["6.2.0", "7.0.15", "7.2.4", "8.2.1", "10.0.0"])
def test_a_suitable_server_is_taken(version):
    assert (
        _unsuitable({"redis_version": version, "maxmemory_policy": "noeviction", "cluster_enabled": 0})
        is None
    )


@pytest.mark.parametrize("url", ["redis://cache.example/2", "unix:///run/redis.sock"])
def test_a_cluster_is_named_by_a_node_s_address_and_no_database(url):
    client = redis.Redis.from_url(url)
    assert "redis://HOST:PORT/0" in (_no_address_of_a_node(client) or "")


def test_what_a_cluster_client_met_is_what_is_said():
    """redis-py says that no node could be reached, whatever they answered."""
    error = RedisClusterException("Redis Cluster cannot be connected")
    error.__cause__ = redis.AuthenticationError("WRONGPASS")
    with pytest.raises(ConfigError, match="WRONGPASS"), reported("cache.example:6379/0"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        SlotNotCoveredError("Slot 7"),
        ClusterError("TTL exhausted."),
        redis.exceptions.ClusterDownError("down"),
    ],
    ids=["slot not covered", "redirected for ever", "cluster down"],
)
def test_a_cluster_out_of_order_is_transient(error):
    with pytest.raises(TransientError, match="does not take the work now"), reported("cache.example:6379/0"):
        raise error


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that is its own authority."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    key, pem = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=khabar test", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = ["openssl", "req", "-x509", *curve, *subject, "-keyout", key, "-out", pem]
    subprocess.run(command, check=True, capture_output=True)
    pem.write_text(pem.read_text() + key.read_text())
    return pem


@pytest.fixture
def tls_port(stack: Stack, certificate: Path) -> Iterator[int]:
    """A port of this machine that speaks TLS and passes on to the stack's Redis, which speaks none."""
    redis_port = int(stack.addresses.redis.rpartition(":")[2].partition("/")[0])
    with with_tls(redis_port, certificate) as port:
        yield port


@contextlib.contextmanager
def with_tls(redis_port: int, certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context, redis_port), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, context: ssl.SSLContext, redis_port: int) -> None:
    with contextlib.suppress(OSError):  # the listener was closed
        while True:
            accepted, _ = listener.accept()
            threading.Thread(target=_pass_on, args=(accepted, context, redis_port), daemon=True).start()


def _pass_on(accepted: socket.socket, context: ssl.SSLContext, redis_port: int) -> None:
    with contextlib.suppress(OSError), accepted:
        outside = context.wrap_socket(accepted, server_side=True)
        with outside, socket.create_connection(("127.0.0.1", redis_port)) as inside:
            threading.Thread(target=_pump, args=(inside, outside), daemon=True).start()
            _pump(outside, inside)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while received := source.recv(1 << 16):
            sink.sendall(received)


@pytest.mark.integration
class TestTls:
    def test_a_certificate_of_the_given_authority_is_taken(self, tls_port: int, certificate: Path):
        settings = Settings(redis_ca_file=str(certificate))
        with connect(settings, f"rediss://127.0.0.1:{tls_port}/0") as client:
            assert client.ping()

    def test_the_nodes_of_a_cluster_are_spoken_to_in_the_same_way(self, certificate: Path, tmp_path: Path):
        """A cluster of one node, which says of itself that it is at the port that speaks TLS."""
        command = find_redis_server(None)
        with (
            running_cluster(tmp_path / "cluster", command, masters=1) as [node],
            with_tls(node.port, certificate) as port,
        ):
            node.client.acl_setuser(
                "index", enabled=True, passwords=["+right"], categories=["+@all"], keys=["*"]
            )
            node.client.acl_setuser("default", enabled=True, reset_passwords=True, passwords=["+other"])
            with redis.Redis(port=node.port, password="other") as admin:
                admin.config_set("cluster-announce-port", port)
            url = f"rediss://index:right@127.0.0.1:{port}/0"
            with connect(Settings(redis_ca_file=str(certificate)), url) as client:
                assert [each.port for each in client.get_nodes()] == [port]
                assert client.set("key", "value")
                options = client.get_nodes()[0].redis_connection.connection_pool.connection_kwargs
                assert (options["socket_timeout"], options["socket_connect_timeout"]) == (10.0, 5.0)
            with pytest.raises(ConfigError, match="check the name and the password"):
                connect(Settings(redis_ca_file=str(certificate)), url.replace("right", "wrong"))

    def test_a_certificate_of_an_unknown_authority_is_a_mistake_of_the_configuration(self, tls_port: int):
        with pytest.raises(ConfigError, match="KHABAR_REDIS_CA_FILE"):
            connect(Settings(), f"rediss://127.0.0.1:{tls_port}/0")


@pytest.mark.integration
class TestRealServer:
    def test_a_server_that_may_evict_is_refused(self, stack: Stack, redis_client: redis.Redis):
        redis_client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(ConfigError, match="allkeys-lru"):
                connect(Settings(), stack.addresses.redis)
        finally:
            redis_client.config_set("maxmemory-policy", "noeviction")

    def test_a_wrong_password_is_a_mistake_of_the_configuration(
        self, stack: Stack, redis_client: redis.Redis
    ):
        host = stack.addresses.redis.removeprefix("redis://")
        redis_client.acl_setuser(
            "reader", enabled=True, passwords=["+right"], categories=["+@all"], keys=["*"]
        )
        with connect(Settings(), f"redis://reader:right@{host}") as client:
            assert client.ping()
        with pytest.raises(ConfigError, match="check the name and the password") as caught:
            connect(Settings(), f"redis://reader:wrong@{host}")
        assert "wrong" not in str(caught.value).lower().replace("wrongpass", "")
