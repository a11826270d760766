"""The Redis account that docs/deploy.md states: it is enough, and no word of it is too much."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.dedup.stories import article, candidates, made_up
from tests.support.redis_servers import Node, running_cluster
from workers.config import Settings
from workers.dedup.index import Candidate, Read
from workers.embedded.redis_server import find_redis_server
from workers.embedded.stack import Stack
from workers.errors import ConfigError
from workers.stores import census, occupancy
from workers.stores.connection import connect
from workers.stores.redis_index import RedisIndex

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
RULES = re.findall(r"<!-- account -->\n```text\nACL SETUSER khabar (.*)\n```", PAGE)[0].split()
MORE = re.findall(r"`\+([a-z|]+)`", PAGE)
ALWAYS = ["evalsha", "eval", "getrange", "setrange", "exists", "hmget", "hset", "hgetall", "time"]
SOMETIMES = ["info", "select", "command", "cluster|slots"]


def account(client: redis.Redis, *, name: str = "", without: tuple[str, ...] = ()) -> str:
    """The NAME:PASSWORD of a new account without some commands."""
    name = name or f"t{uuid.uuid4().hex[:8]}"
    rules = [rule for rule in RULES if rule.removeprefix("+") not in without]
    assert len(rules) == len(RULES) - len(without)
    text = " ".join(rules).replace("PASSWORD", "word")
    client.execute_command("ACL", "SETUSER", name, "reset", *text.split())
    return f"{name}:word"


def work(url: str, login: str, *, prefix: str = "articles") -> None:
    """All that the index does."""
    with connect(Settings(), url.replace("//", f"//{login}@")) as client:
        index = RedisIndex(client, window=1000, shards=3, prefix=prefix)
        batch = [
            Candidate(each.origin, each.fingerprint, Read("raw:0", n))
            for n, each in enumerate(candidates(*(article(made_up(n), name=str(n)) for n in range(20))))
        ]
        index.decide(batch, withdrawn=["raw:0:99"], own={"raw:0": 0})
        index.committed({"raw:0": 20})


@pytest.fixture
def url(stack: Stack, redis_client: redis.Redis) -> Iterator[str]:
    """The stack's Redis, which does not know the script."""
    redis_client.script_flush()
    yield stack.addresses.redis
    for name in redis_client.acl_list():
        if (user := name.split()[1]) != "default":
            redis_client.acl_deluser(user)


def test_the_tables_of_this_test_name_all_commands():
    assert [f"+{name}" for name in ALWAYS + SOMETIMES] == [rule for rule in RULES if rule[0] == "+"]


def test_the_account_is_enough(url, redis_client):
    work(url, account(redis_client, without=("select", "command", "cluster|slots")))


def test_the_account_is_enough_to_say_how_full_redis_is(url, redis_client):
    settings = Settings(dedup_window=1000, dedup_shards=3)
    work(url, account(redis_client))
    with connect(settings, url.replace("//", f"//{account(redis_client)}@")) as client:
        found = occupancy.look(client, settings)
    assert (found.articles, found.window, found.limit_bytes, found.may_evict) == (20, 3000, 0, False)
    assert found.used_bytes > 500_000


def test_without_info_only_the_memory_is_unknown(url, redis_client):
    settings = Settings(dedup_window=1000, dedup_shards=3)
    with connect(settings, url.replace("//", f"//{account(redis_client, without=('info',))}@")) as client:
        found = occupancy.look(client, settings)
    assert (found.articles, found.used_bytes, found.may_evict) == (0, None, None)


def test_a_policy_that_evicts_is_seen_though_it_comes_later(url, redis_client):
    with connect(Settings(), url) as client:
        redis_client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert occupancy.look(client, Settings()).may_evict
        finally:
            redis_client.config_set("maxmemory-policy", "noeviction")


def test_it_is_enough_without_info(url, redis_client):
    work(url, account(redis_client, without=tuple(SOMETIMES)))


def test_another_database_needs_select(url, redis_client):
    elsewhere = url.removesuffix("0") + "1"
    work(elsewhere, account(redis_client, without=("info",)))
    with pytest.raises(ConfigError, match="select"):
        work(elsewhere, account(redis_client, without=("select",)))


@pytest.mark.parametrize("command", ALWAYS)
def test_without_one_of_its_commands_it_is_refused_and_the_command_is_named(url, redis_client, command):
    """Redis 7.0 names the line of the script instead."""
    login = account(redis_client, without=(command,))
    with pytest.raises(ConfigError, match="refuses this user") as caught:
        work(url, login)
    message = str(caught.value)
    assert command in message or "can't run this command" in message
    assert "docs/deploy.md says what it has to allow" in message


def test_other_keys_are_refused(url, redis_client):
    login = account(redis_client)
    with pytest.raises(ConfigError, match="refuses this user"):
        work(url, login, prefix="q")


def test_the_commands_of_khabar_dedup_need_some_more(url, redis_client):
    login = account(redis_client, without=("cluster|slots",))
    work(url, login)
    name = login.partition(":")[0]
    with connect(Settings(), url.replace("//", f"//{login}@")) as client:
        for command, ask in (("memory|usage", census.take), ("unlink", census.clear)):
            with pytest.raises(ConfigError, match="refuses this user"):
                asked(client, ask)
            more = [f"+{each}" for each in MORE if command in {each, "unlink"}]
            redis_client.execute_command("ACL", "SETUSER", name, *more)
            asked(client, ask)


def asked(client, ask):
    settings = Settings(dedup_window=1000, dedup_shards=3)
    return ask(client, settings, 1) if ask is census.take else ask(client, settings)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), find_redis_server(None)) as nodes:
        yield nodes


@pytest.mark.parametrize("without", [("select",), ("select", "info")], ids=["with info", "without info"])
def test_the_account_is_enough_in_a_cluster(cluster, without):
    work(cluster[1].url, in_all(cluster, without))


@pytest.mark.parametrize("command", ["command", "cluster|slots"])
def test_in_a_cluster_it_needs_to_ask_for_the_nodes(cluster, command):
    with pytest.raises(ConfigError, match="refuses this user") as caught:
        work(cluster[1].url, in_all(cluster, (command,)))
    assert command in str(caught.value)


def in_all(cluster: list[Node], without: tuple[str, ...]) -> str:
    for node in cluster:
        login = account(node.client, name="same", without=without)
    return login
