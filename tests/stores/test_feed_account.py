"""The Redis account that docs/deploy.md states for pollers: it is enough, and no word of it is too much."""

import asyncio
import re
import uuid
from pathlib import Path

import pytest

from tests.support.redis_servers import running_cluster
from workers.config import Settings
from workers.embedded.redis_server import find_redis_server
from workers.errors import ConfigError
from workers.stores.connection import connect
from workers.stores.feed_state import FeedStore, Reading, Settled, ToFetch, digest
from workers.stores.feed_turns import RedisTurns

pytestmark = pytest.mark.integration
PAGE = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
RULES = re.findall(r"<!-- feeds account -->\n```text\nACL SETUSER khabar-feeds (.*)\n```", PAGE)[0].split()
SOMETIMES = ("info", "select", "command", "cluster|slots")
COMMANDS = [rule[1:] for rule in RULES if rule[0] == "+"]
ALWAYS = [name for name in COMMANDS if name not in SOMETIMES]
URL = "https://n.example/feed"


def account(client, without=(), name=""):
    name = name or f"t{uuid.uuid4().hex[:8]}"
    rules = [rule for rule in RULES if rule.removeprefix("+") not in without]
    client.execute_command(
        "ACL", "SETUSER", name, "reset", *" ".join(rules).replace("PASSWORD", "word").split()
    )
    return f"{name}:word"


def work(url, login, prefix="articles"):
    """All that a poller asks of Redis."""
    with connect(Settings(), url.replace("//", f"//{login}@")) as client:
        store = FeedStore(client, prefix, lease_s=10)
        store.list_feeds([URL])
        feed = digest(URL)
        store.claim(URL)
        store.release(feed)
        items = [digest(f"item {n}") for n in range(3)]
        seen = {digest(f"item {n}"): bytes(16) for n in range(3)}
        to_fetch = [ToFetch(item, "n.example", b"data") for item in items]
        store.claim(URL)
        fields = {"etag": "1", "fault": None}
        assert store.finish(
            feed, Reading(wait_s=0, fields=fields, counts={"new": 3}, to_fetch=to_fetch, seen=seen)
        )
        assert store.marks(feed, items) == [bytes(16)] * 3
        for pending in store.take(9, in_lane=9, in_hand={})[0]:
            store.renew([feed], [pending])
            assert store.claim_page(pending, pending.item) == "mine"
            store.settle(pending, Settled(wait_s=0, page=pending.item))
        for pending in store.take(9, in_lane=9, in_hand={})[0]:
            store.settle(
                pending, Settled(sent=b"12345678", page=pending.item, is_page_sent=True, failure=b"{}")
            )
        assert store.waiting() == 0
        assert len(store.status()) == 1
        asyncio.run(turn(RedisTurns(client, prefix, lease_s=10)))


async def turn(turns):
    async with turns.turn("n.example", delay_s=0, concurrency=1):
        await turns.hold("n.example", 0.001)
        await turns.held_s("n.example")


@pytest.fixture
def url(stack, redis_client):
    redis_client.script_flush()
    yield stack.addresses.redis
    for line in redis_client.acl_list():
        if (user := line.split()[1]) != "default":
            redis_client.acl_deluser(user)


def test_the_account_is_enough(url, redis_client):
    work(url, account(redis_client, without=SOMETIMES))


@pytest.mark.parametrize("command", ALWAYS)
def test_without_one_of_its_commands_it_is_refused(url, redis_client, command):
    with pytest.raises(ConfigError, match=r"docs/deploy\.md says what it has to allow"):
        work(url, account(redis_client, without=(command,)))


def test_the_index_and_other_keys_are_not_its_affair(url, redis_client):
    with pytest.raises(ConfigError, match="refuses this user"):
        work(url, account(redis_client), prefix="q")


def test_it_is_enough_in_a_cluster(tmp_path):
    with running_cluster(tmp_path / "cluster", find_redis_server(None)) as nodes:
        for node in nodes:
            login = account(node.client, without=("select",), name="same")
        work(nodes[1].url, login)
