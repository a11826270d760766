"""Reading the topics as a downstream consumer does."""

import os
import signal
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.wire import encode
from tests.support.harness import (
    addresses_of,
    committed_offsets,
    create_topics,
    take_times_of_writers,
    wait_for,
)
from tests.support.rejected import putting
from workers.errors import ConfigError
from workers.origin import Origin
from workers.runtime import following
from workers.runtime.clients import producer
from workers.subscribe import Partition, UnreadableError, subscribe
from workers.topics import Role, table

pytestmark = pytest.mark.integration


@pytest.fixture
def put(settings):
    with putting(settings) as put_records:
        yield put_records


@pytest.fixture
def group(settings):
    return f"{settings.group}-reader"


def ids(settings, count, **more):
    """The ids of the next records; the last one is left in hand."""
    with subscribe("rejected", settings=settings, **more) as records:
        return [next(records).id for _ in range(count)]


def committed(settings, group):
    return committed_offsets(settings, group, Role.REJECTED)


def test_a_record_is_typed_and_its_position_says_where_it_stood(settings, put):
    put("a", headers=[("khabar-origin", b"articles.raw:3:9"), ("khabar-replay", b"2")])
    with subscribe("articles.rejected", start="earliest", settings=settings) as records:
        assert next(records) == RejectedEvent(id="a", reason=RejectReason.EMPTY, detail="")
        position = records.position
    assert str(position) == f"{settings.topic_prefix}.rejected:0:0"
    assert (position.next, position.key) == (1, b"a")
    assert position.origin == position.read == Origin("articles.raw", 3, 9)
    assert position.replay_number == 2
    assert abs(position.timestamp - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_member_without_partitions_ends_with_what_is_there_too(settings, put, group):
    put("a")
    stop = threading.Event()
    more = {"group": group, "signals": False, "settings": settings}
    with subscribe("rejected", stop=stop.is_set, **more) as records:
        assert next(records).id == "a"
        found = []

        def read():
            found.extend(subscribe("rejected", until_now=True, **more))

        # One more than there are partitions, with the one that is reading.
        others = [threading.Thread(target=read) for _ in range(settings.partitions)]
        for thread in others:
            thread.start()
        reading = threading.Thread(target=lambda: list(records))
        reading.start()
        for thread in others:
            thread.join(30)
        assert not any(thread.is_alive() for thread in others)
        stop.set()
        reading.join(30)
    assert found == []


def test_who_subscribes_from_now_on_sees_what_comes_after_the_call(settings, put):
    put("before")
    with subscribe("rejected", settings=settings) as records:
        put("after")
        assert next(records).id == "after"


def test_a_group_goes_on_after_what_it_asked_beyond(settings, put, group):
    put("a", "b", "c")
    # "b" was handed over, but nothing says that it was dealt with.
    assert ids(settings, 2, group=group) == ["a", "b"]
    assert ids(settings, 2, group=group) == ["b", "c"]


def test_readers_without_a_group_leave_no_trace(settings, put):
    put("a", "b")
    assert ids(settings, 2, start="earliest") == ["a", "b"]
    assert ids(settings, 1, start="earliest") == ["a"]


def test_a_record_is_not_committed_when_its_body_is_left_by_break(settings, put, group):
    put("a", "b", "c")
    for record in subscribe("rejected", group=group, settings=settings):
        if record.id == "b":
            break
    assert committed(settings, group)[0] == 1
    assert ids(settings, 1, group=group) == ["b"]


def test_a_record_is_not_committed_when_its_body_fails(settings, put, group):
    put("a", "b", "c")

    def read():
        for record in subscribe("rejected", group=group, settings=settings):
            assert record.id != "b"

    with pytest.raises(AssertionError):
        read()
    assert ids(settings, 1, group=group) == ["b"]


def test_a_record_that_is_said_to_be_done_is_committed(settings, put, group):
    put("a", "b")
    with subscribe("rejected", group=group, settings=settings) as records:
        for _ in records:
            records.done()
            break
    assert committed(settings, group)[0] == 1


def test_a_subscription_ends_when_it_is_told_to_stop_and_commits_the_record_in_hand(settings, put, group):
    put("a", "b")
    seen = []
    for record in subscribe("rejected", group=group, stop=lambda: bool(seen), settings=settings):
        seen.append(record.id)  # noqa: PERF401  (`stop` looks at the list meanwhile)
    assert seen == ["a"]
    assert committed(settings, group)[0] == 1


def test_a_subscription_until_now_ends_by_itself(settings, put):
    put("a", "b")
    put("c", partition=3)
    found = [each.id for each in subscribe("rejected", start="earliest", until_now=True, settings=settings)]
    assert sorted(found) == ["a", "b", "c"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_loop_after_the_record_in_hand(settings, put, group, number):
    before = signal.getsignal(number)
    put("a", "b")
    seen = []
    for record in subscribe("rejected", group=group, settings=settings):
        os.kill(os.getpid(), number)
        seen.append(record.id)
    assert seen == ["a"]
    assert signal.getsignal(number) is before
    assert committed(settings, group)[0] == 1


def test_a_second_signal_interrupts_the_body(settings, put, group):
    put("a", "b")
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  (the loop has to be in it)
        for _ in subscribe("rejected", group=group, settings=settings):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
    assert ids(settings, 1, group=group) == ["a"]


def test_signals_are_left_alone_outside_the_main_thread_and_where_it_is_asked(settings, put):
    put("a")
    before = signal.getsignal(signal.SIGTERM)
    found = []

    def read(**more):
        with subscribe("rejected", start="earliest", settings=settings, **more) as records:
            next(records)
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join(30)
    read(signals=False)
    assert found == [before, before]


def test_what_does_not_pass_the_filter_is_committed_too(settings, group):
    create_topics(settings)
    topic = table(settings.topic_prefix)[Role.PUBLISHED].name
    with closing(producer(settings, addresses_of(settings))) as client:
        for number, lang in enumerate(("ar-EG", "en", "en")):
            article = PublishedArticle(
                id=str(number),
                lang=lang,
                text="x",
                duplicate=Duplicate(relation=Relation.UNIQUE, cluster="0"),
            )
            client.send(topic, encode(article), partition=0).get(timeout=20)
    found = [article.id for article in subscribe(lang="ar", group=group, until_now=True, settings=settings)]
    assert found == ["0"]
    assert committed_offsets(settings, group, Role.PUBLISHED)[0] == 3


def test_what_is_finished_is_committed_while_the_loop_goes_on(settings, put, group):
    put("a")
    stop = threading.Event()
    with subscribe("rejected", group=group, stop=stop.is_set, settings=settings) as records:
        reading = threading.Thread(target=lambda: list(records))
        reading.start()
        try:
            assert wait_for(lambda: committed(settings, group).get(0) == 1)
        finally:
            stop.set()
            reading.join(30)


MORNING = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("earliest", ["seven", "eight", "nine"]),
        (MORNING, ["eight", "nine"]),
        (datetime(1912, 1, 1, tzinfo=UTC), ["seven", "eight", "nine"]),
        (MORNING + timedelta(hours=9), []),
        (None, ["seven", "eight", "nine"]),
        ("latest", []),
    ],
    ids=str,
)
def test_a_new_group_begins_at_its_start_and_then_goes_on_wherever_that_was(
    settings, put, group, start, expected
):
    take_times_of_writers(settings)
    for hour, name in ((7, "seven"), (8, "eight"), (9, "nine")):
        put(name, timestamp_ms=int(MORNING.replace(hour=hour).timestamp() * 1000))
    more = {"group": group, "settings": settings}
    assert [each.id for each in subscribe("rejected", start=start, until_now=True, **more)] == expected
    # What came while nobody read is seen, also by a group that began at the end.
    put("ten")
    assert [each.id for each in subscribe("rejected", start="latest", until_now=True, **more)] == ["ten"]


def test_a_start_may_be_so_long_ago(settings, put):
    take_times_of_writers(settings)
    put("old", timestamp_ms=int((datetime.now(UTC) - timedelta(hours=3)).timestamp() * 1000))
    put("new")
    more = {"until_now": True, "settings": settings}
    assert [each.id for each in subscribe("rejected", start=timedelta(hours=1), **more)] == ["new"]
    assert [each.id for each in subscribe("rejected", start=timedelta(hours=4), **more)] == ["old", "new"]


@pytest.mark.parametrize("group_of", [lambda group: group, lambda _: None], ids=["group", "no group"])
def test_offsets_that_the_caller_stores_are_where_it_goes_on_and_kafka_is_told_nothing(
    settings, put, group, group_of
):
    put("a", "b", "c")
    put("d", partition=1)
    stored = {}
    asked = []

    def load(partitions):
        asked.extend(partitions)
        return {each: stored[each] for each in partitions if each in stored}

    def read(count):
        seen = []
        more = {"group": group_of(group), "start": "earliest", "offsets": load}
        with subscribe("rejected", settings=settings, **more) as records:
            for record in records:
                position = records.position
                stored[Partition(position.topic, position.partition)] = position.next
                seen.append(record.id)
                if len(seen) == count:
                    break
        return seen

    seen = read(3) + read(1)
    assert Counter(seen) == Counter("abcd")
    topic = f"{settings.topic_prefix}.rejected"
    assert set(asked) == {Partition(topic, number) for number in range(settings.partitions)}
    assert committed(settings, group) == {}


def test_an_error_while_stored_offsets_are_loaded_reaches_the_caller(settings, put, group):
    put("a")

    def load(_partitions):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(subscribe("rejected", group=group, offsets=load, settings=settings))


def test_a_group_is_joined_though_the_polls_are_shorter_than_that_takes(settings, put, group, monkeypatch):
    # kafka-python 3.0.12 by itself reads nothing, for ever, when a poll ends while it joins for new partitions.
    monkeypatch.setattr(following, "POLL_MS", 1)
    put("a")
    with subscribe("rejected", group=group, settings=settings) as records:
        assert next(records).id == "a"
        records._follower._client._coordinator._assignment_snapshot = {"what it knew": {0}}
        put("b")
        assert next(records).id == "b"


def test_two_members_of_a_group_share_the_records(settings, put, group):
    for number in range(settings.partitions):
        put(*(f"{number}-{each}" for each in range(5)), partition=number)
    stop, seen = threading.Event(), []

    def read():
        for record in subscribe("rejected", group=group, stop=stop.is_set, settings=settings):
            seen.append(record.id)  # noqa: PERF401  (the other thread looks at it)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert wait_for(lambda: len(set(seen)) == 5 * settings.partitions)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert sum(committed(settings, group).values()) == 5 * settings.partitions


def test_a_record_that_is_not_khabar_s_is_an_error_that_says_where_and_what_to_do(settings, put, group):
    put("a")
    put("x", value=b"nonsense")
    put("b")
    place = f"{settings.topic_prefix}.rejected:0:1"
    for _ in range(2):  # it is not passed over by starting again
        with pytest.raises(UnreadableError, match=rf"{place} is none of Khabar's.*on_unreadable"):
            list(subscribe("rejected", group=group, settings=settings))
    told = []
    more = {"group": group, "until_now": True, "settings": settings}
    records = subscribe("rejected", on_unreadable=lambda position, _: told.append(str(position)), **more)
    assert [each.id for each in records] == ["b"]
    assert told == [place]


def test_unreadable_records_can_be_left_out(settings, put):
    put("x", value=b"nonsense")
    put("a")
    records = subscribe("rejected", start="earliest", on_unreadable="skip", until_now=True, settings=settings)
    assert [each.id for each in records] == ["a"]
    assert records.read_count == 2


def test_a_topic_that_is_not_there_is_named(settings):
    with pytest.raises(ConfigError, match=rf"no topic {settings.topic_prefix}\.published, .*topics create"):
        subscribe(settings=settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topics": "articles.publish"}, r"'articles\.publish': the topics are .*\.raw, .*\.published"),
        ({"topics": ()}, r"the topics are"),
        ({"lang": "arabic"}, r"BCP 47 .* 'arabic'"),
        ({"relations": ["copy"]}, r"relations are unique, .* not 'copy'"),
        ({"start": datetime(2026, 1, 1)}, "a time without a zone"),  # noqa: DTZ001
        ({"start": timedelta(hours=-1)}, "how long ago"),
        ({"start": "yesterday"}, "takes earliest, latest"),
        ({"group": ""}, "names no consumer group"),
    ],
    ids=str,
)
def test_a_mistake_in_the_call_is_said_before_kafka_is_asked(arguments, message, settings):
    with pytest.raises(ConfigError, match=message):
        subscribe(settings=settings, **arguments)


@pytest.mark.parametrize(
    ("topics", "suffix", "is_refused"),
    [
        ("published", "", True),
        ("published", "-dedup", True),
        ("published", "-boilerplate-entities", True),
        ("published", "-mine", False),
        ("raw", "-mine", True),
        (["dead", "tagged"], "-mine", True),
        ("raw", "2", False),
    ],
)
def test_a_subscriber_keeps_out_of_the_workers_groups(settings, topics, suffix, is_refused):
    # What is right gets as far as asking for the topics.
    message = "one of the workers' own" if is_refused else "no topic"
    with pytest.raises(ConfigError, match=message):
        subscribe(topics, group=f"{settings.group}{suffix}", settings=settings)


def test_nothing_is_in_hand_before_the_first_record_and_after_the_last(settings, put):
    put("a")
    records = subscribe("rejected", start="earliest", until_now=True, settings=settings)
    with pytest.raises(LookupError):
        _ = records.position
    assert len(list(records)) == 1
    with pytest.raises(LookupError):
        _ = records.position
