"""examples/node/consumer.mjs reads what the real chain makes of a thousand odd pages, and validates each record."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import orjson
import pytest
from more_itertools import chunked

from schemas.published_article import Relation
from schemas.raw_event import Envelope
from schemas.wire import encode
from tests.fuzz.bases import load
from tests.fuzz.cases import case_of
from tests.support.examples import FOLDER, environ
from tests.support.harness import create_topics
from tests.support.node import node
from tests.support.published import article, outputs, publish
from workers.config import Settings
from workers.demo.events import demo_events
from workers.runtime.chain import build_chain
from workers.runtime.events import Event, Output, Position
from workers.runtime.verdicts import Deciding, finished
from workers.stores.memory_index import MemoryIndex
from workers.topics import Role, table

pytestmark = [pytest.mark.integration, pytest.mark.contract]

RECORDS = 1000
PAGE_CHARS = 100_000  # larger pages take long, and say no more about records
SEED = 7


def events() -> Iterator[Event]:
    """The demo's events, and after them our own pages, mutated, with odd fields and charsets, for ever."""
    for number, event in enumerate(demo_events()):
        yield Event(Position("articles.raw", 0, number), event.key, event.value, event.headers)
    bases, number = load(None), 0
    while True:
        raw = case_of(bases, SEED, number).event
        number += 1
        if len(raw.body) > PAGE_CHARS:
            continue
        if isinstance(raw.body, bytes):
            value, headers = raw.body, (("content-type", b"text/html"),)
        else:
            known = {
                name: getattr(raw, name)
                for name in ("url", "source", "title", "published_at", "lang", "author")
            }
            value, headers = encode(Envelope(body=raw.body, meta={"number": number}, **known)), ()
        yield Event(Position("articles.raw", 1, number), None, value, headers)


def records() -> Iterator[Output]:
    """What the real chain makes of them, where copies are published too."""
    chain, deciding = build_chain(), Deciding(MemoryIndex(window=4000), list(Relation))
    for batch in chunked(events(), 50):
        processed = chain([(event.value, event.headers) for event in batch])
        yield from (
            output
            for output in finished(batch, processed, table(), deciding)
            if output.role is Role.PUBLISHED
        )


def consume(settings: Settings, count: int):
    arguments = [
        "consumer.mjs",
        "--count",
        str(count),
        "--topic",
        table(settings.topic_prefix)[Role.PUBLISHED].name,
    ]
    return node(
        FOLDER / "node", *arguments, "--group", f"{settings.group}-node", env=environ(settings), timeout_s=100
    )


def complaints(done) -> list[str]:
    """What the program says of records; kafkajs's own lines, as of a broker that has just started, are JSON."""
    return [line for line in done.stderr.splitlines() if not line.startswith('{"level"')]


@pytest.mark.timeout(300)
def test_a_thousand_records_of_the_chain_fit_the_schema(settings: Settings):
    create_topics(settings)
    made = list(islice(records(), RECORDS))
    assert publish(settings, made, in_transaction=100) == RECORDS
    done = consume(settings, RECORDS)
    assert (done.returncode, complaints(done)) == (0, [])
    *lines, last = done.stdout.strip().split("\n")
    assert last == f"{RECORDS} records, 0 schema errors"
    read = [json.loads(output.value) for output in made]
    printed = Counter(re.split(r"[\n\r]", "\n".join(lines)))
    titles = (f"{record['lang']} {record['title'] or '(no title)'}" for record in read)
    assert printed == Counter(line for title in titles for line in re.split(r"[\n\r]", title))
    # so varied that the count means something
    assert len({record["lang"] for record in read}) >= 5
    assert {record["duplicate"]["relation"] for record in read} >= {"unique", "exact", "near", "revision"}


def with_fields(output: Output, **fields: object) -> Output:
    value = orjson.dumps(orjson.loads(output.value) | fields)
    return Output(output.role, output.key, value, output.headers)


def test_a_record_that_does_not_fit_is_named_with_its_place_and_counted(settings: Settings):
    create_topics(settings)
    good = list(outputs(map(article, range(6))))
    relation = with_fields(good[1], duplicate={"relation": "copy", "cluster": "a1"})
    untimely = with_fields(good[2], published_at="yesterday")
    newer = with_fields(good[3], of_a_later_release={"x": 1})
    broken = Output(Role.PUBLISHED, b"k", b"{", ())
    publish(settings, [good[0], relation, untimely, newer, broken, good[5]])
    done = consume(settings, 6)
    assert done.returncode == 1
    assert done.stdout.endswith("6 records, 3 schema errors\n")
    topic = re.escape(table(settings.topic_prefix)[Role.PUBLISHED].name)
    problems = sorted(
        re.sub(rf"^{topic}:[0-3]:[0-9]+ ", "", line) for line in done.stderr.strip().splitlines()
    )
    assert problems[0].startswith("does not fit the schema: Expected property name")
    assert problems[1].startswith(
        "does not fit the schema: record/duplicate/relation must be equal to one of"
    )
    assert problems[2].startswith("does not fit the schema: record/published_at must match format")
