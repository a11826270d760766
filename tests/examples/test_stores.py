"""examples/sqlite_search.py and postgresql.py: what is published is stored once, and found again."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.wire import encode
from tests.support.examples import module, run, start
from tests.support.harness import create_topics
from tests.support.postgresql import postgresql
from tests.support.published import article, outputs, publish
from workers.subscribe import Partition, Position

STORES = ("sqlite_search", "postgresql")


@pytest.fixture(scope="module")
def server():
    with postgresql() as address:
        yield address


@pytest.fixture(params=STORES)
def name(request):
    return request.param


@pytest.fixture
def place(name, tmp_path, request):
    """Where this store keeps its articles; empty."""
    if name == "sqlite_search":
        yield str(tmp_path / "news.db")
        return
    address = request.getfixturevalue("server")
    yield address
    with module("postgresql").connect(address) as database:
        database.execute("DROP TABLE offsets, article_entities, entities, articles")


@pytest.fixture
def store(name, place):
    """store(article, offset) stores an article that stood there, and says whether it was new."""
    example = module(name)
    with closing(example.connect(place)) as database:

        def put(record, offset):
            position = Position(
                topic="articles.published",
                partition=0,
                offset=offset,
                timestamp=datetime.now(UTC),
                key=None,
                headers=(),
            )
            more = [json.loads(encode(record))] if name == "postgresql" else []
            return example.store(database, record, position, *more)

        put.database, put.example = database, example
        yield put


def count(store):
    return store.database.execute("SELECT count(*) FROM articles").fetchone()[0]


@pytest.mark.integration
def test_the_example_stores_what_is_published_and_finds_it(settings, name, place):
    create_topics(settings)
    assert publish(settings, outputs(map(article, range(40))), in_transaction=20) == 40
    program = f"{name}.py"
    assert run(settings, program, "follow", place, "--until-now") == "40 articles stored\n"
    assert run(settings, program, "search", place, "Cairo", "13") == (
        "ar\tالقاهرة 13\thttps://akhbar.example/13\n"
    )
    found = run(settings, program, "search", place, "القاهِـرة").splitlines()
    assert len(found) == 10
    assert all("القاهرة" in line or "Cairo" in line for line in found)
    assert run(settings, program, "search", place, "nowhere") == ""
    assert publish(settings, outputs(map(article, range(40, 50)))) == 10
    assert run(settings, program, "follow", place, "--until-now") == "10 articles stored\n"


@pytest.mark.integration
def test_a_kafka_that_is_not_there_is_said_in_a_line(settings, name, place):
    program = start(settings, f"{name}.py", "follow", place, KHABAR_KAFKA="127.0.0.1:1")
    printed, complained = program.communicate(timeout=60)
    assert (program.returncode, printed) == (1, "")
    assert complained.startswith("No Kafka answers: 127.0.0.1:1")
    assert len(complained.splitlines()) == 1


def test_what_another_consumer_has_stored_or_passed_is_left_out(store):
    assert store(article(1), 10)
    assert not store(article(1), 10)
    assert store(article(2), 20)
    assert not store(article(3), 19)
    assert count(store) == 2
    partition = Partition("articles.published", 0)
    assert store.example.load(store.database, [partition, Partition("articles.published", 1)]) == {
        partition: 21
    }


def test_an_article_that_cannot_be_stored_leaves_its_offset_unstored(store):
    assert store(article(1), 10)
    with pytest.raises(Exception, match=r"(?i)null"):  # of the database, that a text is missing
        store(replace(article(2), lang=None), 11)
    assert store(article(2), 11)
    assert count(store) == 2


def test_the_newer_record_of_a_replay_takes_the_place_of_the_older(store):
    first = article(1)
    second = replace(first, title="عنوان آخر", text="نص آخر", entities=())
    assert store(first, 10)
    assert store(second, 11)
    assert count(store) == 1
    [(lang, title, url)] = store.example.search(store.database, "عنوان")
    assert (lang, title, url) == (first.lang, second.title, first.url)
    assert store.example.search(store.database, first.entities[0].name_en) == []


@pytest.mark.parametrize(
    ("title", "query"),
    [
        pytest.param("دشّنت الإسكندريّةُ مكتبةً", "الاسكندرية", id="vowel signs and hamza"),
        pytest.param("على الطريق", "علي", id="alef maksura"),
        pytest.param("کتابخانهٔ تهران", "كتابخانه", id="persian letters"),
        pytest.param("Été à l'École", "ecole", id="accents"),
        pytest.param("STRASSE in Köln", "straße koln", id="case"),
    ],
)
def test_a_word_is_found_however_it_is_spelt(store, title, query):
    assert store(replace(article(1), title=title), 1)
    assert [found[1] for found in store.example.search(store.database, query)] == [title]


@pytest.mark.parametrize("query", ['"', "AND", "title:x", "ـ", "a* OR (", ":|&!"])
def test_no_query_is_an_error(store, query):
    assert store(article(1), 1)
    assert isinstance(store.example.search(store.database, query), list)


def test_a_character_that_the_database_has_no_place_for_does_not_stop_it(store):
    assert store(replace(article(1), title="a\0b", meta={"k\0": ["v\0"]}), 1)
    assert count(store) == 1
