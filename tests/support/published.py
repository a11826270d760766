"""Records on articles.published without workers, written as workers write them: in transactions, some of them aborted."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from more_itertools import chunked

from schemas.cleaned_article import Source
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.tagged_article import Entity, Label, Mention
from schemas.wire import encode
from tests.support.harness import addresses_of
from tests.support.texts import page
from workers.config import Settings
from workers.origin import ORIGIN_HEADER
from workers.runtime.clients import producer
from workers.runtime.events import Output
from workers.topics import Role, table

NAMES = (
    ("الرباط", "Rabat", "MA"),
    ("القاهرة", "Cairo", "EG"),
    ("مسقط", "Muscat", "OM"),
    ("بيروت", "Beirut", "LB"),
)
BEGAN = datetime(2025, 11, 9, 8, 0, tzinfo=UTC)


def article(number: int) -> PublishedArticle:
    """An invented article, unique to `number`; every other one is in Arabic."""
    name, name_en, country = NAMES[number % len(NAMES)]
    shown = name if number % 2 else name_en
    text = f"{shown} {number}\n\n{page(number).decode()}"
    entity = Entity(
        id=f"iso:{country}", label=Label.LOC, name=shown, name_en=name_en, country=country, salience=1.0,
        mentions=(Mention(start=0, end=len(shown), text=shown),),
    )  # fmt: skip
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return PublishedArticle(
        id=digest,
        url=f"https://akhbar.example/{number}",
        source=Source(name="أخبار المثال", domain="akhbar.example"),
        title=f"{shown} {number}",
        lang="ar" if number % 2 else "en",
        published_at=BEGAN + timedelta(minutes=number),
        text=text,
        entities=(entity,),
        duplicate=Duplicate(relation=Relation.UNIQUE, cluster=digest),
    )


def outputs(articles: Iterable[PublishedArticle]) -> Iterator[Output]:
    """What a worker would write of these articles."""
    for number, each in enumerate(articles):
        headers = ((ORIGIN_HEADER, f"articles.raw:0:{number}".encode()),)
        yield Output(Role.PUBLISHED, each.id.encode(), encode(each), headers)


def publish(settings: Settings, records: Iterable[Output], *, in_transaction: int = 500) -> int:
    """Write the records to articles.published; how many they were.

    Before each transaction stands one with half of its records and more that is no record, and that one is aborted.
    """
    topic, count = table(settings.topic_prefix)[Role.PUBLISHED].name, 0
    with producer(settings, addresses_of(settings), transactional_id=f"{settings.group}-writer") as kafka:
        kafka.init_transactions()
        for chunk in chunked(records, in_transaction):
            for batch, counts in ((chunk[::2], False), (chunk, True)):
                kafka.begin_transaction()
                for number, each in enumerate(batch):
                    spoilt = each.value if counts or number % 2 else b"{}"
                    kafka.send(topic, spoilt, each.key, list(each.headers))
                if counts:
                    kafka.commit_transaction()
                    count += len(batch)
                else:
                    kafka.flush()
                    kafka.abort_transaction()
    return count
