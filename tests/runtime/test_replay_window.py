"""Sending a window of articles.raw through the stages once more."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.wire import decode, encode
from tests.support import chains
from tests.support.harness import (
    addresses_of,
    create_topics,
    reading,
    send,
    supervised,
    take_times_of_writers,
    wait_for,
)
from tests.support.texts import page
from workers.errors import ConfigError
from workers.origin import (
    ORIGIN_HEADER,
    READ_HEADER,
    REPLAY_HEADER,
    REPLAY_NAME_HEADER,
    VERDICT_HEADER,
    header,
)
from workers.runtime import replay_window
from workers.runtime.audit import audit
from workers.runtime.carried import Carried, carried_verdict, carrying
from workers.runtime.chain import Processed
from workers.runtime.clients import producer
from workers.runtime.events import Event, Output, Position
from workers.runtime.replay_window import count, replay, window_of
from workers.runtime.verdicts import finished
from workers.stores.census import clear
from workers.stores.connection import connect
from workers.topics import OUTCOMES, Role, table

VERDICT = Duplicate(relation=Relation.EXACT, of="o", cluster="c", similarity=1.0)
AGAIN = ((ORIGIN_HEADER, b"t.raw:0:1"), (READ_HEADER, b"t.raw:0:9"))


@pytest.mark.parametrize(
    ("verdict_of", "lineage", "counts"),
    [
        (0, AGAIN, True),
        (0, AGAIN[:1], False),
        (0, (*AGAIN, (REPLAY_HEADER, b"1")), False),
        (1, (*AGAIN, (REPLAY_HEADER, b"1")), True),
        (1, AGAIN, False),
    ],
    ids=["a repetition", "no repetition", "in a later replay of all", "in the same", "in an earlier"],
)
def test_a_verdict_that_an_event_brings_along_counts_for_its_repetition(verdict_of, lineage, counts):
    headers = [carrying(Carried(replay=verdict_of, verdict=VERDICT))]
    assert carried_verdict(headers, lineage) == (VERDICT if counts else None)


@pytest.mark.parametrize("value", [b"", b"{}", b"null", b'{"replay": 0, "verdict": 3}'])
def test_a_header_of_that_name_that_is_not_ours_is_no_verdict(value):
    assert carried_verdict([(VERDICT_HEADER, value)], AGAIN) is None


def test_between_the_stages_the_verdict_and_the_replay_s_name_are_passed_on():
    carried = carrying(Carried(replay=0, verdict=VERDICT))
    headers = (AGAIN[0], (REPLAY_NAME_HEADER, b"n"), carried)
    event = Event(Position("t.raw", 0, 9), None, b"x", headers)
    made = Processed((Output(Role.CLEANED, b"k", b"v"), Output(Role.REJECTED, b"k", b"v")))
    between, rejected = finished([event], [made], table("t"), None)
    lineage = (*AGAIN, (REPLAY_NAME_HEADER, b"n"))
    assert between.headers == (*lineage, carried)
    assert rejected.headers == lineage


# With Kafka and Redis

integration = pytest.mark.integration
STORIES = 5


@pytest.fixture
def small(settings, redis_client):
    """Settings of a small Khabar with its topics, and an empty Redis."""
    settings = replace(settings, partitions=2, batch_events=3)
    create_topics(settings)
    return settings


def pages():
    """Stories, and a copy of each behind it in the other partition."""
    return [page(number) for story in range(STORIES) for number in (story, story)]


def recent(settings, name="again"):
    now = datetime.now(UTC)
    return window_of(
        settings, addresses_of(settings), now - timedelta(hours=1), now + timedelta(hours=1), name
    )


def silent(_what, _done, _total):
    pass


def work(settings, outcomes, count):
    """Run workers until there are so many outcomes."""
    with supervised(settings, chains.indexed) as supervisor:
        outcomes.read_until(count)
        assert wait_for(lambda: supervisor.status().lag == 0)
    assert len(outcomes.records) == count


def by_origin(records):
    found = defaultdict(list)
    for record in records:
        found[header(record.headers, ORIGIN_HEADER)].append(record)
    return found


def verdict(record):
    return decode(PublishedArticle, record.value).duplicate


def raw_headers(settings, count):
    with reading(settings, Role.RAW) as reader:
        return [dict(record.headers) for record in reader.read_until(count, settle_s=0.3)]


@integration
@pytest.mark.parametrize(
    "is_remembered",
    [pytest.param(True, id="remembered", marks=pytest.mark.faults), pytest.param(False, id="forgotten")],
)
def test_an_event_that_is_sent_again_has_its_identity_and_its_verdict_and_the_books_balance(
    small, is_remembered
):
    sent = len(pages())
    send(small, pages())
    with reading(small, *OUTCOMES) as outcomes:
        work(small, outcomes, sent)
        if not is_remembered:
            with connect(small, small.redis) as redis:
                clear(redis, small)
        counts = replay(small, addresses_of(small), recent(small), silent)
        assert (counts.sent, counts.repeats, counts.before, counts.mistakes) == (sent, 0, 0, ())
        work(small, outcomes, 2 * sent)
    found = by_origin(outcomes.records)
    assert len(found) == sent
    relations = []
    for origin, records in found.items():
        first, again = sorted(records, key=lambda record: header(record.headers, READ_HEADER) or b"")
        assert header(first.headers, REPLAY_NAME_HEADER) is None
        assert header(again.headers, REPLAY_NAME_HEADER) == b"again"
        assert header(again.headers, READ_HEADER) not in (None, origin)
        assert header(again.headers, VERDICT_HEADER) is None
        assert (again.topic, again.partition, again.key) == (first.topic, first.partition, first.key)
        assert again.offset > first.offset
        assert again.value == first.value
        relations.append(verdict(first).relation)
    assert sorted(relations) == sorted([Relation.UNIQUE] * STORIES + [Relation.EXACT] * STORIES)
    balance = audit(small, addresses_of(small), silent)
    assert (balance.is_balanced, balance.events, balance.in_flight) == (True, 2 * sent, 0)


@integration
@pytest.mark.faults
def test_an_event_that_is_still_in_flight_is_no_copy_of_itself_either(small):
    send(small, [page(number) for number in range(4)])
    assert replay(small, addresses_of(small), recent(small), silent).sent == 4
    with reading(small, *OUTCOMES) as outcomes:
        work(small, outcomes, 8)
    assert {verdict(record).relation for record in outcomes.records} == {Relation.UNIQUE}
    assert audit(small, addresses_of(small), silent).is_balanced


@integration
def test_a_replay_that_was_interrupted_goes_on_and_sends_nothing_twice(small, monkeypatch):
    monkeypatch.setattr(replay_window, "CHUNK_EVENTS", 2)
    sent = len(pages())
    send(small, pages())
    window = recent(small)

    def interrupt(what, _done, _total):
        if what.startswith("sending"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(small, addresses_of(small), window, interrupt)
    counts = replay(small, addresses_of(small), window, silent)
    assert (counts.sent, counts.before) == (sent - 2, 2)
    assert replay(small, addresses_of(small), window, silent).sent == 0
    again = [headers for headers in raw_headers(small, 2 * sent) if REPLAY_NAME_HEADER in headers]
    assert len(again) == sent
    assert len({headers[ORIGIN_HEADER] for headers in again}) == sent


@integration
def test_repetitions_are_not_repeated(small):
    send(small, [page(0), page(1)])
    assert replay(small, addresses_of(small), recent(small, "one"), silent).sent == 2
    for counts in (
        count(small, addresses_of(small), recent(small, "two"), silent),
        replay(small, addresses_of(small), recent(small, "two"), silent),
    ):
        assert (counts.sent, counts.repeats) == (2, 2)
    names = [headers.get(REPLAY_NAME_HEADER) for headers in raw_headers(small, 6)]
    assert sorted(names, key=str) == [None, None, b"one", b"one", b"two", b"two"]


@integration
def test_the_window_is_half_open_and_goes_by_kafka_s_time(small):
    take_times_of_writers(small)
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    topic = table(small.topic_prefix)[Role.RAW].name
    with producer(small, addresses_of(small)) as client:
        for minute in (-1, 0, 59, 60):
            moment = noon + timedelta(minutes=minute)
            client.send(topic, b"x", partition=0, timestamp_ms=int(moment.timestamp() * 1000)).get(20)
    window = window_of(small, addresses_of(small), noon, noon + timedelta(hours=1))
    assert list(window.ranges.values()) == [(1, 3)]
    assert window.name == "2026-11-30T12:00:00Z/2026-11-30T13:00:00Z"


@integration
def test_a_name_stands_for_one_window(small):
    send(small, [page(0)])
    window = recent(small)
    replay(small, addresses_of(small), window, silent)
    other = replace(window, begin=window.begin + timedelta(minutes=1))
    with pytest.raises(ConfigError, match=r"was of another time, .* another --name"):
        replay(small, addresses_of(small), other, silent)


@integration
def test_the_verdict_is_that_of_the_newest_record_and_says_in_which_replay_of_all_it_was_given(small):
    send(small, [page(0)])  # partition 0
    raw = table(small.topic_prefix)[Role.RAW].name
    with producer(small, addresses_of(small)) as client:
        for relation, read in ((Relation.UNIQUE, None), (Relation.NEAR, 7), (Relation.EXACT, 5)):
            duplicate = Duplicate(relation=relation, cluster="c")
            record = PublishedArticle(id="i", text="x", duplicate=duplicate)
            headers = [(ORIGIN_HEADER, f"{raw}:0:0".encode())]
            headers += [(READ_HEADER, f"{raw}:0:{read}".encode())] if read else []
            client.send(table(small.topic_prefix)[Role.PUBLISHED].name, encode(record), headers=headers).get(
                20
            )
    replay(small, addresses_of(small), recent(small), silent)
    [carried] = [each[VERDICT_HEADER] for each in raw_headers(small, 2) if VERDICT_HEADER in each]
    assert decode(Carried, carried) == Carried(
        replay=0, verdict=Duplicate(relation=Relation.NEAR, cluster="c")
    )
