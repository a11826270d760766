"""Small records on articles.rejected, for readers that are tried on any topic."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.wire import encode
from tests.support.harness import addresses_of, create_topics
from workers.config import Settings
from workers.runtime.clients import producer
from workers.topics import Role, table


def rejected(article_id: str) -> bytes:
    """The value of a record with this id."""
    return encode(RejectedEvent(id=article_id, reason=RejectReason.EMPTY, detail=""))


@contextmanager
def putting(settings: Settings) -> Iterator[Callable[..., None]]:
    """Gives put("a", "b"), which puts records with these ids on partition 0; `value` is another value than theirs."""
    create_topics(settings)
    topic = table(settings.topic_prefix)[Role.REJECTED].name
    with closing(producer(settings, addresses_of(settings))) as client:

        def put(*ids: str, partition: int = 0, value: bytes | None = None, **more: object) -> None:
            for each in ids:
                value_of = rejected(each) if value is None else value
                client.send(topic, value_of, key=each.encode(), partition=partition, **more).get(timeout=20)

        yield put
