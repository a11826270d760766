"""Bytes and speed of the Redis index, and of datasketch's MinHash LSH on the same server.

Starts a server of its own, or takes an empty database that URL names and leaves it empty. Articles are made-up
fingerprints of 250 shingles with a page each; one in ten is an edited copy of an earlier one, with four fifths of its
shingles. Each batch of 200 is decided and confirmed as a worker does it; the first ones then go to MinHash LSH too,
article by article: query, then insert. Making the fingerprints and the MinHashes is not counted.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import redis

from tests.benchmarks import machine
from tests.benchmarks.fingerprints import BATCH, READER, Article, Articles
from tests.support.redis_servers import running_redis
from workers.config import Settings
from workers.dedup.peers import BANDS, PERMUTATIONS
from workers.embedded.redis_server import find_redis_server
from workers.errors import ConfigError
from workers.stores.redis_index import RedisIndex, connect

STEPS: Final = 20
"""A line is printed for each of so many parts of the way."""
PACKAGES: Final = ("redis", "datasketch")


@dataclass(slots=True)
class Spent:
    """Articles since the last line, and what they took."""

    articles: int = 0
    wall_s: float = 0.0
    server_s: float = 0.0
    used_bytes: int = 0
    copies: int = 0

    def line(self) -> str:
        return (
            f"{self.articles / self.wall_s:7,.0f} articles/s, {1e6 * self.server_s / self.articles:5,.0f} µs of the "
            f"server's CPU each, {self.copies:,} copies found"
        )


class Meter:
    """Adds up what work on the server takes."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @contextmanager
    def measured(self, *spent: Spent) -> Iterator[None]:
        before_bytes, before_s = self._used()
        began = time.perf_counter()
        yield
        wall_s = time.perf_counter() - began
        after_bytes, after_s = self._used()
        for each in spent:
            each.articles += BATCH
            each.wall_s += wall_s
            each.server_s += after_s - before_s
            each.used_bytes += after_bytes - before_bytes

    def _used(self) -> tuple[int, float]:
        memory, cpu = self._client.info("memory"), self._client.info("cpu")
        is_new = (
            "used_cpu_user_main_thread" in cpu
        )  # rewriting the log is done by threads and processes of its own
        suffix = "_main_thread" if is_new else ""
        in_buffers = memory.get("mem_clients_normal", 0) + memory.get("mem_aof_buffer", 0)
        return memory["used_memory"] - in_buffers, cpu[f"used_cpu_user{suffix}"] + cpu[
            f"used_cpu_sys{suffix}"
        ]


class Peer:
    """datasketch's MinHashLSH with its Redis storage, at the bands of workers.dedup.peers."""

    def __init__(self, client: redis.Redis) -> None:
        from datasketch import MinHashLSH

        options = client.connection_pool.connection_kwargs
        server = {name: options[name] for name in ("host", "port", "db", "password") if name in options}
        storage = {"type": "redis", "basename": b"peer", "redis": server}
        self._index: Any = MinHashLSH(
            num_perm=PERMUTATIONS, params=BANDS, storage_config=storage, prepickle=False
        )
        self._count = 0

    def prepared(self, articles: Sequence[Article]) -> list[Any]:
        from datasketch import MinHash

        return list(MinHash.bulk([article.shingles() for article in articles], num_perm=PERMUTATIONS))

    def copies(self, sketches: Sequence[Any]) -> int:
        found = 0
        for sketch in sketches:
            found += bool(self._index.query(sketch))
            self._index.insert(str(self._count).encode(), sketch)
            self._count += 1
        return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill the index, and tell how it does."""
    options = _parser().parse_args(arguments)
    try:
        if options.url:
            _benchmark(options, options.url)
        else:
            with (
                tempfile.TemporaryDirectory(prefix="khabar-bench-") as folder,
                running_redis(Path(folder) / "redis", find_redis_server(None)) as node,
            ):
                _benchmark(options, node.url)
    except ConfigError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.dedup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", nargs="?", help="of an empty database; without it, a server is started")
    parser.add_argument("--window", type=int, default=1_000_000, help="%(default)s")
    parser.add_argument("--articles", type=int, default=1_000_000, help="%(default)s")
    parser.add_argument(
        "--peer-articles", type=int, default=100_000, help="for MinHash LSH; 0: none (%(default)s)"
    )
    parser.add_argument("--peer-minutes", type=float, default=10.0, help="it stops after (%(default)s)")
    return parser


def _benchmark(options: argparse.Namespace, url: str) -> None:
    client = connect(Settings(), url)
    if not isinstance(client, redis.Redis):
        raise ConfigError("The benchmark measures one server, not a cluster")
    if client.dbsize():
        raise ConfigError("The database is not empty")
    for line in machine.lines(_facts(client)):
        print(line)
    _Run(options, client).to_the_end()
    client.flushdb()


class _Run:
    def __init__(self, options: argparse.Namespace, client: redis.Redis) -> None:
        self._options = options
        self._meter = Meter(client)
        self._articles = Articles(seed=1)
        self._index = RedisIndex(client, window=options.window)
        self._peer = Peer(client) if options.peer_articles else None
        self._ours, self._theirs = Spent(), Spent()
        self._all, self._part = Spent(), Spent()

    def to_the_end(self) -> None:
        part = max(BATCH, self._options.articles // STEPS // BATCH * BATCH)
        while self._articles.count < self._options.articles:
            self._batch()
            if self._articles.count % part == 0:
                kept = min(self._all.articles, self._options.window)
                each_bytes = self._all.used_bytes / kept
                count = f"{self._articles.count:>10,} articles: {each_bytes:4.0f} bytes an article"
                print(f"{count}, {self._part.line()}", flush=True)
                self._part = Spent()
        self._end_peer()

    def _batch(self) -> None:
        start = self._articles.count
        batch = self._articles.batch()
        both = (self._ours,) if self._peer else ()
        with self._meter.measured(self._all, self._part, *both):
            verdicts = self._index.decide(batch, own={READER: start})
            self._index.committed({READER: start + len(batch)})
        for spent in (self._all, self._part, *both):
            spent.copies += sum(verdict.of is not None for verdict in verdicts)
        if self._peer:
            sketches = self._peer.prepared(self._articles.articles)
            with self._meter.measured(self._theirs):
                copies = self._peer.copies(sketches)
            self._theirs.copies += copies
            is_late = self._theirs.wall_s > 60 * self._options.peer_minutes
            if is_late or self._theirs.articles >= self._options.peer_articles:
                self._end_peer()

    def _end_peer(self) -> None:
        if not self._peer:
            return
        self._peer = None
        wall, server = (self._theirs.wall_s / self._ours.wall_s, self._theirs.server_s / self._ours.server_s)
        each_bytes = self._theirs.used_bytes / self._theirs.articles
        print(f"Both in turn, the first {self._theirs.articles:,} articles:")
        print(f"  index        {self._ours.line()}")
        print(f"  MinHash LSH  {self._theirs.line()}, {each_bytes:,.0f} bytes an article")
        print(
            f"  MinHash LSH takes {wall:.1f} times as long, {server:.1f} times the server's CPU", flush=True
        )


def _facts(client: redis.Redis) -> dict[str, str]:
    server = client.info("server")
    name = server.get("server_name", "redis")
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES if find_spec(package))
    policy = client.config_get("append*")
    return {
        **machine.facts(),
        "versions": f"{versions}, {name} {server.get(f'{name}_version', server['redis_version'])}",
        "server": f"appendonly {policy['appendonly']}, appendfsync {policy['appendfsync']}",
    }


if __name__ == "__main__":
    main()
