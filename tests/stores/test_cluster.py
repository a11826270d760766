"""The index in a Redis Cluster of three nodes, with seven shards."""

from collections.abc import Iterator

import pytest
from redis.crc import key_slot

from schemas.published_article import Relation
from tests.dedup.stories import article, candidates, made_up, with_words_changed
from tests.support.redis_servers import Node, is_whole, running_cluster, until
from workers.config import Settings
from workers.dedup.index import Candidate, PendingError, Read
from workers.embedded.redis_server import find_redis_server
from workers.errors import ConfigError, TransientError
from workers.stores import census, occupancy
from workers.stores.cluster import Cluster
from workers.stores.connection import address, connect
from workers.stores.layout import shard_key, shard_of
from workers.stores.memory_index import MemoryIndex
from workers.stores.redis_index import RedisIndex

pytestmark = pytest.mark.integration
SHARDS = 7
LANGUAGES = ("ar", "fa", "en", "zh", "ur", "hi", "fr")
"""One of each shard."""


@pytest.fixture(scope="module")
def command() -> str:
    return find_redis_server(None)


@pytest.fixture(scope="module")
def all_nodes(tmp_path_factory: pytest.TempPathFactory, command: str) -> Iterator[list[Node]]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), command) as nodes:
        yield nodes


@pytest.fixture
def nodes(all_nodes: list[Node]) -> list[Node]:
    """Three nodes, empty and all there."""
    for node in all_nodes:
        node.client.flushall()
        node.client.script_flush()
    return all_nodes


@pytest.fixture
def client(nodes: list[Node]) -> Iterator[Cluster]:
    connected = connect(Settings(), nodes[2].url)
    assert isinstance(connected, Cluster)
    with connected:
        yield connected


@pytest.fixture
def index(client: Cluster) -> RedisIndex:
    return RedisIndex(client, window=1000, shards=SHARDS)


def arrivals(numbers: range, reader: str = "raw:0", changed: int | None = None) -> list[Candidate]:
    """One article a number, in each language in turn."""
    texts = [made_up(n) if changed is None else with_words_changed(made_up(n), changed) for n in numbers]
    articles = [
        article(
            text,
            name=f"{reader} {n}",
            lang=LANGUAGES[n % len(LANGUAGES)],
            url=f"https://a.example/{reader}/{n % 91}",
        )
        for n, text in zip(numbers, texts, strict=True)
    ]
    made = candidates(*articles, origin=reader, start=numbers.start)
    return [
        Candidate(each.origin, each.fingerprint, Read(reader, n))
        for n, each in zip(numbers, made, strict=True)
    ]


def of_lang(batch: list[Candidate], lang: str) -> list[Candidate]:
    return [each for each in batch if each.fingerprint.lang == lang]


def node_of(nodes: list[Node], slot: int) -> Node:
    """The node that serves a slot."""
    for first, last, owner in nodes[0].client.execute_command("CLUSTER SLOTS"):
        if first <= slot <= last:
            return next(node for node in nodes if node.port == owner[1])
    raise AssertionError


def test_how_full_it_is_is_said_of_all_shards_and_of_the_fullest_node(index, client):
    index.decide(arrivals(range(50)), own={"raw:0": 0})
    found = occupancy.look(client, Settings(topic_prefix="khabar", dedup_window=1000, dedup_shards=SHARDS))
    assert (found.articles, found.window, found.may_evict) == (50, 7000, False)
    assert found.used_bytes > 500_000


def test_any_node_will_do_to_find_the_others(nodes):
    for node in nodes:
        with connect(Settings(), node.url) as client:
            assert address(client) == f"127.0.0.1:{node.port}/0"
            assert {each.port for each in client.get_nodes()} == {each.port for each in nodes}


def test_a_cluster_has_one_database(nodes):
    with pytest.raises(ConfigError, match="DB index"):
        connect(Settings(), nodes[0].url.replace("/0", "/1"))


def test_verdicts_are_those_of_the_index_in_memory(index):
    model = MemoryIndex(window=1000, shards=SHARDS)
    seen = set()
    for start in range(0, 600, 50):
        fresh, copies = arrivals(range(start, start + 50)), arrivals(range(start, start + 50), "raw:1", 30)
        for worker, batch in (("raw:0", fresh), ("raw:1", copies)):
            own = {worker: start}
            assert_same(index, model, batch, own)
            for each in (index, model):
                each.committed({worker: start + 50})
            verdicts = index.decide(batch, own={worker: start + 50})
            assert verdicts == model.decide(batch, own={worker: start + 50})
            seen |= {verdict.relation for verdict in verdicts}
    assert seen >= {Relation.UNIQUE, Relation.NEAR, Relation.REVISION}


def assert_same(index, model, batch, own):
    """Also that both wait, and for the same."""
    outcomes = []
    for each in (index, model):
        try:
            outcomes.append(each.decide(batch, own=own))
        except PendingError as error:
            outcomes.append(error.blocked_by)
    assert outcomes[0] == outcomes[1]


def test_languages_are_spread_over_the_nodes_and_each_shard_is_in_one_slot(nodes, index):
    index.decide(arrivals(range(100)))
    slots = {key_slot(shard_key("khabar", shard).encode()): shard for shard in range(SHARDS)}
    found: dict[int, set[int]] = {}
    for node in nodes:
        for key in node.client.scan_iter():
            slot = key_slot(key)
            assert key.startswith(shard_key("khabar", slots[slot]).removesuffix("layout").encode())
            found.setdefault(node.port, set()).add(slot)
    assert len(found) == 3
    assert set().union(*found.values()) == set(slots)


def test_the_script_asks_for_keys_of_its_own_shard_only():
    index = MemoryIndex(window=1000, shards=SHARDS)
    asked: dict[bytes, None] = {}
    call = index._call

    def recorded(command, *arguments):
        asked.update(dict.fromkeys(arguments[:1]))
        return call(command, *arguments)

    index._lua.globals()[b"redis"][b"call"] = recorded
    for shard, lang in {shard_of(lang, SHARDS): lang for lang in LANGUAGES}.items():
        asked.clear()
        batch = [
            Candidate(f"raw:0:{n}", each.fingerprint, Read("raw:0", n))
            for n, each in enumerate(
                candidates(*(article(made_up(n), name=str(n), lang=lang) for n in range(20)))
            )
        ]
        index.decide(batch, withdrawn=[], own={"raw:0": 0})
        start = shard_key("memory", shard).removesuffix("layout").encode()
        assert len(asked) == 7
        assert all(key.startswith(start) for key in asked)


def test_what_the_index_holds_is_read_and_removed_on_all_nodes(nodes, client, index):
    index.decide(arrivals(range(100)), own={"raw:0": 0})
    settings = Settings(topic_prefix="khabar", dedup_shards=SHARDS, dedup_window=1000)
    assert sum(shard.held for shard in census.take(client, settings, 10)) == 100
    assert census.clear(client, settings) > 0
    assert [node.client.dbsize() for node in nodes] == [0, 0, 0]


def test_a_script_that_a_node_does_not_know_is_sent_to_it_alone(nodes, index):
    verdicts = index.decide(arrivals(range(3)))
    for node in nodes:
        node.client.script_flush()
    assert index.decide(arrivals(range(3))) == verdicts


def test_a_node_away_is_transient_while_others_serve_and_it_goes_on_when_it_is_back(nodes, index):
    before = arrivals(range(60))
    verdicts = index.decide(before)
    victim = node_of(nodes, key_slot(shard_key("khabar", shard_of("ar", SHARDS)).encode()))
    victim.server.stop()
    said = []
    for _ in range(3):
        with pytest.raises(TransientError, match="Redis at 127") as caught:
            index.decide(before)
        said.append(str(caught.value))
    until(lambda: any("its cluster is down" in message for message in [*said, attempt(index, before)]))
    victim.server.start()
    until(lambda: all(is_whole(node) for node in nodes))
    assert index.decide(before) == verdicts
    copies = [Candidate(f"raw:1:{n}", each.fingerprint) for n, each in enumerate(before)]
    index.committed({"raw:0": 60})
    assert {verdict.relation for verdict in index.decide(copies)} == {Relation.EXACT}


def attempt(index, batch) -> str:
    try:
        index.decide(batch)
    except TransientError as error:
        return str(error)
    return ""


class Move:
    """A slot on its way from one node to another, key by key."""

    def __init__(self, nodes: list[Node], slot: int) -> None:
        self._nodes, self._slot = nodes, slot
        self._source = node_of(nodes, slot)
        self._target = next(node for node in nodes if node is not self._source)
        ids = [node.client.execute_command("CLUSTER MYID").decode() for node in (self._source, self._target)]
        self._target_id = ids[1]
        self._target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
        self._source.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[1])

    def keys(self) -> list[bytes]:
        return self._source.client.execute_command("CLUSTER GETKEYSINSLOT", self._slot, 100_000)

    def move(self, *keys: bytes) -> None:
        self._source.client.migrate("127.0.0.1", self._target.port, list(keys), 0, 10_000)

    def finish(self) -> None:
        self.move(*self.keys())
        for node in (self._target, self._source, *self._nodes):
            node.client.execute_command("CLUSTER SETSLOT", self._slot, "NODE", self._target_id)


@pytest.mark.parametrize("first", ["layout", "readers", "records:0", "anchors:0", "digests:0"])
def test_while_a_slot_moves_the_work_waits_and_then_goes_on_at_the_new_node(nodes, index, first):
    model = MemoryIndex(window=1000, shards=SHARDS)
    lang = "ar"
    before = of_lang(arrivals(range(120)), lang)
    after = of_lang(arrivals(range(120), "raw:1", 30), lang)
    for each in (index, model):
        each.decide(before, own={"raw:0": 0})
        each.committed({"raw:0": 120})
    key = shard_key("khabar", shard_of(lang, SHARDS))
    move = Move(nodes, key_slot(key.encode()))
    move.move(key.replace("layout", first).encode())
    for _ in range(3):
        with pytest.raises(TransientError, match="moving data"):
            index.decide(after, own={"raw:1": 0})
    move.finish()
    assert index.decide(after, own={"raw:1": 0}) == model.decide(after, own={"raw:1": 0})
    for each in (index, model):
        each.committed({"raw:1": 120})
    more = arrivals(range(200, 230))
    assert index.decide(more, own={"raw:0": 120}) == model.decide(more, own={"raw:0": 120})


def test_while_a_slot_moves_a_batch_that_needs_a_new_string_leaves_nothing(nodes, client, index):
    """The nodes cannot tell a string that has left from one that never was."""
    key = shard_key("khabar", shard_of("ar", SHARDS))
    index.decide(of_lang(arrivals(range(700)), "ar"), own={"raw:0": 0})
    move = Move(nodes, key_slot(key.encode()))
    records = client.get(key.replace("layout", "records:0"))
    with pytest.raises(TransientError, match="moving data"):
        index.decide(of_lang(arrivals(range(700, 2100)), "ar"), own={"raw:0": 0})
    assert client.get(key.replace("layout", "records:0")) == records
    move.finish()
    verdicts = index.decide(of_lang(arrivals(range(700, 2100)), "ar"), own={"raw:0": 700})
    assert {verdict.relation for verdict in verdicts} == {Relation.REVISION}
