"""The examples that store articles, killed and stopped while they do: each article stored, none of them twice."""

import os
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest

from tests.support import examples
from tests.support.harness import create_topics, wait_for
from tests.support.postgresql import postgresql
from tests.support.published import article, outputs, publish
from workers.config import Settings

pytestmark = [pytest.mark.integration, pytest.mark.faults]

ARTICLES, ALL = 20_000, 20_100
KILLS = 5
SESSION_TIMEOUT_S = 6.0
"""The least that a broker accepts by default."""

# What was written and committed, by the databases' own account: an article stored twice is written twice.
SQLITE_LOG = """
CREATE TABLE written (id TEXT);
CREATE TRIGGER inserted AFTER INSERT ON articles BEGIN INSERT INTO written VALUES (new.id); END;
CREATE TRIGGER updated AFTER UPDATE ON articles BEGIN INSERT INTO written VALUES (new.id); END;
"""
POSTGRESQL_LOG = """
CREATE TABLE written (id text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO written VALUES (new.id); RETURN new; END';
CREATE TRIGGER noted AFTER INSERT OR UPDATE ON articles FOR EACH ROW EXECUTE FUNCTION note();
"""

Ask = Callable[[str], int]
"""The number that a query gives."""


@contextmanager
def sqlite_place(folder: Path) -> Iterator[tuple[str, Ask]]:
    file = str(folder / "news.db")
    with closing(examples.module("sqlite_search").connect(file)) as database:
        database.executescript(SQLITE_LOG)
    with closing(sqlite3.connect(file, timeout=30)) as database:
        yield file, lambda query: database.execute(query).fetchone()[0]


@contextmanager
def postgresql_place(_: Path) -> Iterator[tuple[str, Ask]]:
    with postgresql() as address:
        with examples.module("postgresql").connect(address) as database:
            database.execute(POSTGRESQL_LOG)
        with psycopg.connect(address, autocommit=True) as database:
            yield address, lambda query: database.execute(query).fetchone()[0]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param("sqlite_search.py", sqlite_place, id="sqlite"),
        pytest.param("postgresql.py", postgresql_place, id="postgresql"),
    ],
)
def test_a_consumer_that_is_killed_five_times_and_stopped_once_stores_each_article_once(
    settings: Settings, tmp_path: Path, name: str, place
):
    settings = replace(settings, session_timeout_s=SESSION_TIMEOUT_S)
    create_topics(settings)
    assert publish(settings, outputs(map(article, range(ARTICLES)))) == ARTICLES
    seed = int(os.environ.get("KHABAR_TEST_SEED", "7"))
    moments = sorted(random.Random(seed).sample(range(ARTICLES // 20, ARTICLES * 3 // 4), KILLS))
    with place(tmp_path) as (where, ask):
        stored = partial(ask, "SELECT count(*) FROM articles")
        with running(settings, name, where) as start:
            consumer = start()
            for moment in moments:
                until(lambda moment=moment: stored() >= moment, consumer)
                assert stored() < ARTICLES
                consumer.kill()
                consumer.wait(10)
                consumer = start()
            until(lambda: stored() > moments[-1], consumer)
            other = start()
            stop_until_the_other_has_its_work(consumer, other, stored)
            until(lambda: stored() == ARTICLES, consumer, other)
            # What comes now is stored after all that either of them still holds.
            assert publish(settings, outputs(map(article, range(ARTICLES, ALL)))) == ALL - ARTICLES
            until(lambda: stored() == ALL, consumer, other)
            for program in (consumer, other):
                program.send_signal(signal.SIGINT)
                printed, complained = program.communicate(timeout=60)
                assert program.returncode == 0, complained
                assert printed.endswith(" articles stored\n")
        assert stored() == ALL
        assert ask("SELECT count(*) FROM written") == ALL
        assert ask("SELECT count(DISTINCT id) FROM written") == ALL
        assert ask("SELECT count(*) FROM offsets") == settings.partitions


@contextmanager
def running(settings: Settings, name: str, where: str) -> Iterator[Callable[[], Popen[str]]]:
    """Starts consumers of one group; none of them outlives the test."""
    started: list[Popen[str]] = []

    def start() -> Popen[str]:
        started.append(examples.start(settings, name, "follow", where))
        return started[-1]

    try:
        yield start
    finally:
        for program in started:
            program.kill()
            program.wait(10)
            for pipe in (program.stdout, program.stderr):
                pipe.close()


def until(condition: Callable[[], bool], *consumers: Popen[str], timeout_s: float = 200) -> None:
    """Waits for the condition, as long as the consumers live."""

    def ended() -> list[str]:
        return [consumer.stderr.read() for consumer in consumers if consumer.poll() is not None]

    assert wait_for(lambda: condition() or any(each.poll() is not None for each in consumers), timeout_s)
    assert ended() == []


def stop_until_the_other_has_its_work(
    consumer: Popen[str], other: Popen[str], stored: Callable[[], int]
) -> None:
    """The consumer sleeps through a rebalance and wakes with an article in hand, which the other one may have stored.

    If it is stopped within a transaction, the other one waits for its lock, and goes on when it wakes.
    """
    consumer.send_signal(signal.SIGSTOP)
    before = stored()
    try:
        wait_for(lambda: stored() >= min(before + 1000, ARTICLES), SESSION_TIMEOUT_S + 6)
        assert other.poll() is None
    finally:
        consumer.send_signal(signal.SIGCONT)
