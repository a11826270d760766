"""The demo through the real chain, on the real Kafka and Redis: every event ends where the manifest says."""

import functools

import pytest

from schemas.published_article import PublishedArticle
from schemas.rejected_event import RejectedEvent
from schemas.wire import decode
from tests.support import harness
from workers.cli.up import put_demo
from workers.demo.events import demo_events
from workers.origin import ORIGIN_HEADER, header
from workers.runtime.audit import audit
from workers.runtime.chain import build_chain
from workers.runtime.dead_letters import read_dead_letter
from workers.topics import OUTCOMES, Role, table

pytestmark = pytest.mark.integration
EVENTS = demo_events()


def names_of_positions(settings):
    """Name of each demo event, by where it stands in articles.raw."""
    by_content = {}
    for event in EVENTS:
        by_content.setdefault((event.key, event.value), []).append(event.name)
    with harness.reading(settings, Role.RAW) as reader:
        records = reader.read_until(len(EVENTS), settle_s=0.2)
    assert len(records) == len(EVENTS)
    # The same page twice has the same key, and so stands in one partition in the order in which it was sent.
    records.sort(key=lambda record: (record.partition, record.offset))
    return {
        f"{record.topic}:{record.partition}:{record.offset}": by_content[record.key, record.value].pop(0)
        for record in records
    }


def seen(settings, record):
    """What a record says of its event, as the manifest puts it, with the id of the original for `of`."""
    roles = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    role = roles[record.topic]
    if role is Role.DEAD:
        return {"outcome": role, "reason": read_dead_letter(record.headers).reason}, None
    if role is Role.REJECTED:
        return {"outcome": role, "reason": decode(RejectedEvent, record.value).reason}, None
    article = decode(PublishedArticle, record.value)
    verdict = article.duplicate
    return {
        "outcome": role,
        "relation": verdict.relation,
        "lang": article.lang,
        "of": verdict.of,
    }, article


@pytest.mark.timeout(180)
def test_every_demo_event_ends_where_the_manifest_says_and_the_ledger_balances(settings):
    harness.create_topics(settings)
    assert put_demo(settings, harness.addresses_of(settings)) == len(EVENTS)
    names = names_of_positions(settings)
    with (
        harness.supervised(settings, functools.partial(build_chain), workers=2) as supervisor,
        harness.reading(settings, *OUTCOMES) as reader,
    ):
        records = reader.read_until(len(EVENTS), timeout_s=120)
        assert harness.wait_for(lambda: supervisor.status().lag == 0)
    found, articles = {}, {}
    for record in records:
        name = names[header(record.headers, ORIGIN_HEADER).decode()]
        assert name not in found
        found[name], article = seen(settings, record)
        if article is not None:
            articles[name] = article
            entities = {entity.id for entity in article.entities}
            expected = next(event.expected for event in EVENTS if event.name == name)
            assert set(expected.min_entities) <= entities, name
    ids = {}
    for event in EVENTS:  # in the order of sending: a page sent again has the id of the first one
        if event.name in articles:
            ids.setdefault(articles[event.name].id, event.name)
    for result in found.values():
        if result.get("of"):
            result["of"] = ids[result["of"]]
    wanted = {
        event.name: {key: getattr(event.expected, key) for key in found.get(event.name, {"outcome": 0})}
        for event in EVENTS
    }
    assert found == wanted
    balance = audit(settings, harness.addresses_of(settings), lambda *_: None)
    assert (balance.is_balanced, balance.events, balance.in_flight) == (True, len(EVENTS), 0)


def test_the_demo_is_sent_once_for_a_kafka(settings):
    addresses = harness.addresses_of(settings)
    harness.create_topics(settings)
    assert put_demo(settings, addresses) == len(EVENTS)
    assert put_demo(settings, addresses) == 0
    with harness.reading(settings, Role.RAW) as reader:
        assert len(reader.read_until(len(EVENTS))) == len(EVENTS)
