import socket

import pytest
import redis

from workers.config import Settings
from workers.embedded.stack import Stack
from workers.errors import ConfigError, TransientError
from workers.stores.connection import _unsuitable, address, connect


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
        ({"redis_version": "7.0.15", "cluster_enabled": 1}, "Cluster"),
    ],
    ids=["too old", "may evict", "cluster"],
)
def test_an_unsuitable_server_is_named(facts, word):
    assert word in (_unsuitable(facts) or "")


@pytest.mark.parametrize("version", ["6.2.0", "7.0.15", "7.2.4", "8.2.1", "10.0.0"])
def test_a_suitable_server_is_taken(version):
    assert (
        _unsuitable({"redis_version": version, "maxmemory_policy": "noeviction", "cluster_enabled": 0})
        is None
    )


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

    def test_an_account_for_the_index_alone_will_do(self, stack: Stack, redis_client: redis.Redis):
        host = stack.addresses.redis.removeprefix("redis://")
        redis_client.acl_setuser(
            "index", enabled=True, nopass=True, keys=["khabar:*"], commands=["+ping", "+evalsha", "+hget"]
        )
        with connect(Settings(), f"redis://index:x@{host}") as client:
            assert client.ping()
