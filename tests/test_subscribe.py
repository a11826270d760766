"""Reading the topics as a downstream consumer does."""

from contextlib import closing

import pytest

from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.wire import encode
from workers.errors import ConfigError
from workers.runtime.clients import Addresses, admin, producer
from workers.runtime.topics_admin import create
from workers.subscribe import subscribe
from workers.topics import Role, table

pytestmark = pytest.mark.integration


@pytest.fixture
def put(settings):
    """put("a", "b") puts records with these ids on the rejected topic, partition 0."""
    addresses = Addresses(settings.kafka)
    with closing(admin(settings, addresses)) as cluster:
        create(cluster, settings)
    topic = table(settings.topic_prefix)[Role.REJECTED].name
    with closing(producer(settings, addresses)) as client:

        def put_records(*ids):
            for each in ids:
                record = RejectedEvent(id=each, reason=RejectReason.EMPTY, detail="")
                client.send(topic, encode(record), key=each.encode(), partition=0).get(timeout=20)

        yield put_records


def ids(settings, count, **more):
    with closing(subscribe(settings, [Role.REJECTED], **more)) as stream:
        return [next(stream).record.id for _ in range(count)]


def test_a_record_is_typed_and_knows_where_it_stood(settings, put):
    put("a")
    with closing(subscribe(settings, [Role.REJECTED], start="earliest")) as stream:
        received = next(stream)
    assert received.record == RejectedEvent(id="a", reason=RejectReason.EMPTY, detail="")
    assert (received.role, received.partition, received.offset, received.key) == (Role.REJECTED, 0, 0, b"a")


def test_who_subscribes_from_now_on_sees_what_comes_after_the_call(settings, put):
    put("before")
    with closing(subscribe(settings, [Role.REJECTED])) as stream:
        put("after")
        assert next(stream).record.id == "after"


def test_a_group_goes_on_after_what_it_asked_beyond(settings, put):
    put("a", "b", "c")
    group = f"{settings.group}-reader"
    # "b" was handed over, but nothing says that it was dealt with.
    assert ids(settings, 2, group=group, start="earliest") == ["a", "b"]
    assert ids(settings, 2, group=group, start="earliest") == ["b", "c"]


def test_readers_without_a_group_leave_no_trace(settings, put):
    put("a", "b")
    assert ids(settings, 2, start="earliest") == ["a", "b"]
    assert ids(settings, 1, start="earliest") == ["a"]


def test_a_subscription_ends_when_it_is_told_to_stop(settings, put):
    put("a", "b")
    seen = []
    with closing(subscribe(settings, [Role.REJECTED], start="earliest", stop=lambda: bool(seen))) as stream:
        for received in stream:
            seen.append(received.record.id)  # noqa: PERF401  (`stop` looks at the list meanwhile)
    assert seen == ["a"]


def test_a_topic_that_is_not_there_is_named(settings):
    with pytest.raises(ConfigError, match=rf"no topic {settings.topic_prefix}\.published\. .*topics create"):
        subscribe(settings, [Role.PUBLISHED])
