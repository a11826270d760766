"""What only the Redis index can do: serve many workers, lose its server, its memory and its script."""

import multiprocessing
import random
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from schemas.published_article import Duplicate, Relation
from tests.dedup.stories import article, candidates, ident, made_up, with_words_changed
from workers.config import Settings
from workers.dedup import evaluate
from workers.dedup.index import Candidate, PendingError, Read
from workers.dedup.stage import fingerprint
from workers.embedded.stack import Stack
from workers.errors import ConfigError, TransientError
from workers.stores.memory_index import MemoryIndex
from workers.stores.redis_index import RedisIndex, connect

pytestmark = pytest.mark.integration
STREAM = Path(__file__).parents[2].parent / "shared" / "data" / "dedup" / "dev"


@pytest.fixture
def client(stack: Stack, redis_client: redis.Redis) -> Iterator[redis.Redis]:
    """As workers have it: nothing is retried."""
    with connect(Settings(), stack.addresses.redis) as connected:
        yield connected


@pytest.fixture
def index(client: redis.Redis) -> RedisIndex:
    return RedisIndex(client, window=1000)


def arrivals(count: int, start: int = 0, origin: str = "raw:0") -> list[Candidate]:
    return candidates(
        *(article(made_up(n), name=str(n)) for n in range(start, start + count)), origin=origin, start=start
    )


def decide_alone(url: str, prefix: str, origin: str, barrier: threading.Barrier) -> list[Duplicate]:
    """A worker of its own, batch by batch in step with the others."""
    index = RedisIndex(connect(Settings(), url), window=10_000, prefix=prefix)
    own = [
        Candidate(f"{origin}:{n}", candidate.fingerprint)
        for n, candidate in enumerate(
            candidates(*(article(made_up(n), name=f"{origin} {n}") for n in range(300)), origin=origin)
        )
    ]
    verdicts = []
    for start in range(0, 300, 10):
        barrier.wait(timeout=30)
        verdicts += index.decide(own[start : start + 10])
    return verdicts


def check_pairs(one: list[Duplicate], other: list[Duplicate]) -> None:
    for pair in zip(one, other, strict=True):
        assert sorted(v.relation for v in pair) == [Relation.EXACT, Relation.UNIQUE]
        assert len({v.cluster for v in pair}) == 1


def test_threads_that_see_copies_at_the_same_moment_agree_on_one_original(client, stack):
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(decide_alone, stack.addresses.redis, "t", f"raw:{n}", barrier) for n in range(2)
        ]
        check_pairs(*(future.result() for future in futures))


def test_processes_that_see_copies_at_the_same_moment_agree_on_one_original(client, stack):
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(2) as pool:
        barrier = manager.Barrier(2)
        tasks = [(stack.addresses.redis, "p", f"raw:{n}", barrier) for n in range(2)]
        check_pairs(*pool.starmap_async(decide_alone, tasks).get(timeout=60))


PAIRS = 3000


def decide_and_commit(url: str, worker: int, barrier: threading.Barrier) -> list[Duplicate]:
    """A worker that reads `raw:WORKER`, batch by batch in step with the other; one article a pair, by pair.

    Every second pair is an edited copy. The batches of one worker straddle those of the other.
    """
    index = RedisIndex(connect(Settings(), url), window=10_000, prefix="pairs")
    texts = [with_words_changed(made_up(n), 30) if worker * n % 2 else made_up(n) for n in range(PAIRS)]
    prints = fingerprint([article(text, name=f"{worker} {n}") for n, text in enumerate(texts)])
    reader, order = f"raw:{worker}", [(n - 50 * worker) % PAIRS for n in range(PAIRS)]
    found = {}
    for start in range(0, PAIRS, 100):
        batch = [
            Candidate(f"{reader}:{offset}", prints[order[offset]], Read(reader, offset))
            for offset in range(start, start + 100)
        ]
        barrier.wait(timeout=30)
        found |= zip(order[start : start + 100], _decided(index, batch, {reader: start}), strict=True)
        index.committed({reader: start + 100})
    return [found[n] for n in range(PAIRS)]


def _decided(index: RedisIndex, batch: list[Candidate], own: dict[str, int]) -> list[Duplicate]:
    deadline = time.monotonic() + 30
    while True:
        try:
            return index.decide(batch, own=own)
        except PendingError:
            assert time.monotonic() < deadline
            time.sleep(0.001)


def test_of_3000_pairs_that_two_workers_see_at_the_same_moment_each_is_one_article_and_its_copy(
    client, stack
):
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(2) as pool:
        barrier = manager.Barrier(2)
        tasks = [(stack.addresses.redis, n, barrier) for n in range(2)]
        workers = pool.starmap_async(decide_and_commit, tasks).get(timeout=120)
    originals = set()
    for n, pair in enumerate(zip(*workers, strict=True)):
        original = next(worker for worker in range(2) if pair[worker].relation is Relation.UNIQUE)
        copy = pair[1 - original]
        assert copy.relation is (Relation.NEAR if n % 2 else Relation.EXACT)
        assert copy.of == copy.cluster == pair[original].cluster == ident(f"{original} {n}")
        originals.add(original)
    assert originals == {0, 1}


def size_bytes(client: redis.Redis) -> int:
    return sum(client.memory_usage(key, samples=0) or 0 for key in client.scan_iter())


def test_at_twice_the_window_memory_has_not_grown(client):
    index = RedisIndex(client, window=1000)
    sizes = []
    for start in range(0, 4000, 500):
        index.decide(arrivals(500, start))
        sizes.append(size_bytes(client))
    assert sizes[-1] == sizes[2]  # 4,000 and 1,500 arrivals


def test_planted_copies_are_found_in_all_of_the_window(client):
    index = RedisIndex(client, window=2000)
    for start in range(0, 6000, 500):
        index.decide(arrivals(500, start))
    planted = range(4010, 6000, 10)
    copies = candidates(
        *(article(with_words_changed(made_up(n), 30), name=f"copy {n}") for n in planted), origin="raw:1"
    )
    found = [index.decide([copy])[0] for copy in copies]
    assert [verdict.of for verdict in found] == [ident(str(n)) for n in planted]


def test_a_batch_is_one_script_call(client, index):
    index.decide(arrivals(1))
    client.config_resetstat()
    index.decide(
        [*arrivals(200, 10), *candidates(article("Words of another language", lang="en"), origin="raw:9")]
    )
    assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1


def test_all_keys_of_a_shard_share_a_slot(client):
    RedisIndex(client, window=1000, prefix="x").decide(arrivals(3))
    names = {key.decode() for key in client.scan_iter()}
    assert {name.partition("}")[0] for name in names} == {"x:dedup:2:{0"}
    kinds = {name.partition("}:")[2].partition(":")[0] for name in names}
    assert kinds == {
        "layout",
        "records",
        "anchors",
        "origins",
        "digests",
    }  # pages and readers, where there are any


@pytest.mark.parametrize("other", [300, 5000], ids=["smaller", "larger"])
def test_another_window_finds_what_is_there_and_takes_no_more_room(client, other):
    RedisIndex(client, window=1000).decide(arrivals(1500))
    size = size_bytes(client)
    after = RedisIndex(client, window=other)
    known = min(other, 1000)
    recent = [Candidate(f"raw:1:{n}", a.fingerprint) for n, a in enumerate(arrivals(50, 1500 - known + 60))]
    assert {v.relation for v in after.decide(recent)} == {Relation.EXACT}
    forgotten = candidates(*(article(with_words_changed(made_up(n), 30)) for n in range(50)), origin="raw:2")
    assert {v.relation for v in after.decide(forgotten)} == {Relation.UNIQUE}
    after.decide(arrivals(600, 2000))
    assert size_bytes(client) == size


def test_a_flushed_script_is_loaded_again(client, index):
    verdicts = index.decide(arrivals(3))
    client.script_flush()
    assert index.decide(arrivals(3)) == verdicts


def test_redis_away_is_transient_and_forgets_nothing(stack, index):
    verdicts = index.decide(arrivals(50))
    stack.redis.stop()
    with pytest.raises(TransientError, match=r"Redis at 127\.0\.0\.1:\d+/0.* is away"):
        index.decide(arrivals(50))
    stack.redis.start()
    assert index.decide(arrivals(50)) == verdicts
    copies = [Candidate(f"raw:1:{n}", a.fingerprint) for n, a in enumerate(arrivals(50))]
    assert {v.relation for v in index.decide(copies)} == {Relation.EXACT}


def test_a_restart_between_two_batches_loses_no_verdict(stack, index):
    verdicts = index.decide(arrivals(5))
    stack.redis.restart()
    assert index.decide(arrivals(5)) == verdicts


def test_a_slow_redis_is_transient_and_the_work_counts_once(stack, client):
    with redis.Redis.from_url(stack.addresses.redis, socket_timeout=0.2, retry=None) as hasty:
        index = RedisIndex(hasty, window=1000)
        verdicts = index.decide(arrivals(5))
        client.client_pause(60_000, all=False)  # all that may write
        with pytest.raises(TransientError, match="too slow"):
            index.decide(arrivals(5, 5))
        client.client_unpause()
        assert index.decide(arrivals(5)) == verdicts
        assert {v.relation for v in index.decide(arrivals(5, 5))} == {Relation.UNIQUE}


def test_a_full_redis_is_transient_and_takes_all_of_a_batch_or_nothing(client, index):
    verdicts = index.decide(arrivals(5))
    try:
        client.config_set("maxmemory", "1mb")
        with pytest.raises(TransientError, match="memory limit is reached"):
            index.decide(arrivals(5, 5))
    finally:
        client.config_set("maxmemory", "0")
    assert index.decide(arrivals(5)) == verdicts
    assert {v.relation for v in index.decide(arrivals(5, 5))} == {Relation.UNIQUE}


def test_a_replica_is_transient(client, index):
    index.decide(arrivals(5))
    try:
        client.replicaof("127.0.0.1", "1")
        with pytest.raises(TransientError, match="fail-over"):
            index.decide(arrivals(5, 5))
    finally:
        client.replicaof("NO", "ONE")
    assert {v.relation for v in index.decide(arrivals(5, 5))} == {Relation.UNIQUE}


def test_a_busy_redis_is_transient(stack, client, index):
    index.decide(arrivals(1))
    client.config_set("busy-reply-threshold", "1")
    blocker = redis.Redis.from_url(stack.addresses.redis, socket_timeout=60)
    thread = threading.Thread(target=_run_until_killed, args=(blocker,))
    thread.start()
    try:
        with pytest.raises(TransientError, match="busy with a script"):
            _decide_until_refused(index)
    finally:
        client.script_kill()
        thread.join(timeout=30)
        client.config_set("busy-reply-threshold", "5000")
    assert index.decide(arrivals(1))[0].relation is Relation.UNIQUE


def _decide_until_refused(index: RedisIndex) -> None:
    while True:
        index.decide(arrivals(1))


def _run_until_killed(blocker: redis.Redis) -> None:
    with pytest.raises(redis.ResponseError):
        blocker.eval("while true do end", 0)


def test_foreign_data_under_the_keys_is_a_mistake_of_the_configuration(client, index):
    client.hset("khabar:dedup:2:{0}:records:0", "something", "else")
    with pytest.raises(ConfigError, match="is this database Khabar's alone"):
        index.decide(arrivals(1))


def test_no_candidates_no_call(client, index):
    client.config_resetstat()
    assert index.decide([]) == []
    assert "cmdstat_evalsha" not in client.info("commandstats")


def test_prefixes_are_worlds_of_their_own(client):
    one, other = (RedisIndex(client, window=1000, prefix=f"test-{uuid.uuid4().hex}") for _ in range(2))
    one.decide(arrivals(1))
    again = [Candidate("raw:1:0", arrivals(1)[0].fingerprint)]
    assert other.decide(again)[0].relation is Relation.UNIQUE


def test_near_copies_are_found_across_batches(index):
    index.decide(arrivals(100))
    edited = candidates(*(article(with_words_changed(made_up(n), 30)) for n in range(100)), origin="raw:1")
    assert [v.of for v in index.decide(edited)] == [ident(str(n)) for n in range(100)]


@pytest.mark.skipif(not STREAM.is_dir(), reason="the development stream is not on this machine")
@pytest.mark.parametrize("window", [100, 100_000], ids=["window overflows", "window holds all"])
def test_the_verdicts_are_those_of_the_index_in_memory_on_real_articles(client, window):
    articles = [label.article for label in evaluate.read(STREAM, 1500)]
    stream = [Candidate(f"raw:0:{n}", one) for n, one in enumerate(fingerprint(articles))]
    index, model = RedisIndex(client, window=window), MemoryIndex(window=window)
    for start in range(0, len(stream), 250):
        batch = stream[start : start + 250]
        assert index.decide(batch) == model.decide(batch)


@pytest.mark.parametrize("window", [5, 40, 150])
def test_the_verdicts_are_those_of_the_index_in_memory_on_crowded_buckets(client, window):
    """A footer that all articles share fills its buckets, pages change, copies come back edited, the window
    overflows.
    """
    footer = made_up(0, words=25)
    source = random.Random(3)
    texts = [
        f"{with_words_changed(made_up(source.randrange(1, 60), words=40), source.randrange(40))} {footer}"
        for _ in range(400)
    ]
    articles = [
        article(text, name=str(n), url=f"https://example.org/{source.randrange(90)}")
        for n, text in enumerate(texts)
    ]
    index, model = RedisIndex(client, window=window), MemoryIndex(window=window)
    relations = set()
    for start in range(0, 400, 50):
        batch = candidates(*articles[start : start + 50], start=start)
        verdicts = index.decide(batch)
        assert verdicts == model.decide(batch)
        relations |= {v.relation for v in verdicts}
    assert relations >= {Relation.UNIQUE, Relation.EXACT, Relation.NEAR, Relation.REVISION}
