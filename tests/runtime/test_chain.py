"""The chain and what is made of its results, without Kafka."""

import json
from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from schemas.cleaned_article import CleanedArticle, Source
from schemas.dead_letter import DeadReason
from schemas.published_article import Relation
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.tagged_article import TaggedArticle
from schemas.wire import decode, encode
from tests.support.bad_input import CASES, text_of
from tests.support.texts import page
from workers.errors import PoisonEventError, TransientError
from workers.origin import REPLAY_NAME_HEADER, Origin, header
from workers.outcomes import Dropped, Failed
from workers.runtime import chain
from workers.runtime.chain import ALL_STAGES, Death, Processed, build_chain, check_consecutive, group_name
from workers.runtime.dead_letters import read_dead_letter
from workers.runtime.events import Event, Output, Position
from workers.runtime.verdicts import Deciding, dead_output, finished
from workers.stores.memory_index import MemoryIndex
from workers.topics import Role, table

BOILERPLATE, ENTITIES, DEDUP = ALL_STAGES
TOPICS = table("t")
RUN = build_chain()


def article(number: int, **more: object) -> CleanedArticle:
    return CleanedArticle(id=f"{number:032x}", text=text_of(number), lang="en", **more)


def event(
    value: bytes = b"", offset: int = 0, *, topic: str = "t.raw", headers=(), key: bytes | None = b"k"
) -> Event:
    return Event(Position(topic, 0, offset), key, value, tuple(headers))


def kind(result: Processed) -> str:
    """Which of the ways to end it is, and that it is only one."""
    ways = {
        "waits": result.fingerprint is not None and result.article is not None,
        "written": bool(result.outputs) and result.fingerprint is None,
        "dead": result.death is not None,
    }
    [found] = [way for way, holds in ways.items() if holds]
    assert found == "dead" or result.death is None
    assert found != "dead" or not result.outputs
    assert (result.fingerprint is None) == (result.article is None)
    return found


# The order, and what an event costs


def test_results_stand_in_the_order_of_the_events_whatever_becomes_of_each():
    values = [page(1), b"{", b"", page(2), b'{"body": 1}', page(3)]
    results = RUN([(value, ()) for value in values])
    assert [kind(result) for result in results] == ["waits", "dead", "written", "waits", "dead", "waits"]
    texts = [decode(TaggedArticle, result.article).text for result in results if result.article]
    assert texts == [text_of(1), text_of(2), text_of(3)]


def test_a_batch_may_be_cut_anywhere():
    values = [(case.value or b"", case.headers) for case in CASES if len(case.value or b"") < 100_000]
    together, apart = RUN(values), [result for value in values for result in RUN([value])]
    assert [(kind(result), result.outputs, result.fingerprint, result.article) for result in together] == [
        (kind(result), result.outputs, result.fingerprint, result.article) for result in apart
    ]
    assert [str(result.death) for result in together] == [str(result.death) for result in apart]


def test_an_empty_batch_gives_no_results():
    assert RUN([]) == []


@pytest.mark.parametrize("broken", [BOILERPLATE, ENTITIES])
def test_a_stage_that_raises_costs_one_event_and_its_neighbours_go_on(broken, monkeypatch):
    real, calls = chain._STAGES[broken], []

    def stage(records):
        calls.append(len(records))
        if any("POISON" in str(getattr(record, "text", getattr(record, "body", ""))) for record in records):
            raise KeyError("inside")
        return real(records)

    monkeypatch.setitem(chain._STAGES, broken, stage)
    poison = page(2).rstrip() + b" POISON behind it, which no stage can read."
    results = RUN([(page(1), ()), (poison, ()), (page(3), ())])
    assert [kind(result) for result in results] == ["waits", "dead", "waits"]
    assert calls == [3, 1, 1, 1]
    death = results[1].death
    assert (death.stage, death.error.reason, death.error.error) == (
        broken,
        DeadReason.STAGE_ERROR,
        "KeyError",
    )
    assert death.error.message == "KeyError: 'inside'"


def test_a_stage_that_fails_an_event_by_itself_is_taken_at_its_word(monkeypatch):
    error = PoisonEventError("not this one", DeadReason.STAGE_ERROR)
    monkeypatch.setitem(chain._STAGES, ENTITIES, lambda records: [Failed(error) for _ in records])
    [result] = RUN([(page(1), ())])
    assert result.death == Death(error, ENTITIES)


@pytest.mark.parametrize(
    ("value", "reason", "error", "words"),
    [
        (b'{"body": ', DeadReason.UNDECODABLE, "UndecodableError", "not JSON"),
        (b'{"body": 5}', DeadReason.INVALID, "InvalidError", "`body`: expected a string"),
    ],
    ids=["undecodable", "invalid"],
)
@pytest.mark.parametrize("first", ALL_STAGES)
def test_what_cannot_be_decoded_dies_before_the_first_stage(first, value, reason, error, words):
    value = value if first is BOILERPLATE else value.replace(b"body", b"text")
    [result] = build_chain(ALL_STAGES[ALL_STAGES.index(first) :])([(value, ())])
    assert kind(result) == "dead"
    assert (result.death.stage, result.death.error.reason, result.death.error.error) == (
        "decode",
        reason,
        error,
    )
    assert words.replace("body", "body" if first is BOILERPLATE else "text") in result.death.error.message


# Records


def test_a_dropped_event_is_a_rejected_event_with_the_producers_meta():
    value = orjson.dumps(
        {"body": " ", "url": "https://a.example/", "source": "x", "title": "t", "meta": {"n": [1]}}
    )
    [result] = RUN([(value, ())])
    [output] = result.outputs
    rejected = decode(RejectedEvent, output.value)
    assert (output.role, output.key) == (Role.REJECTED, rejected.id.encode())
    assert (rejected.reason, rejected.meta, rejected.title) == (RejectReason.EMPTY, {"n": [1]}, "t")
    assert (rejected.url, rejected.source) == ("https://a.example/", Source(name="x"))
    assert rejected.versions == {"boilerplate": chain.VERSIONS[BOILERPLATE]}


def test_an_article_that_is_dropped_later_keeps_its_id_and_source(monkeypatch):
    dropped = Dropped(RejectReason.NO_ARTICLE, "because")
    monkeypatch.setitem(chain._STAGES, ENTITIES, lambda records: [dropped for _ in records])
    given_ = article(1, source=Source(name="x", domain="a.example"), meta={"n": 1})
    [result] = build_chain([ENTITIES])([(encode(given_), ())])
    rejected = decode(RejectedEvent, result.outputs[0].value)
    assert (rejected.id, rejected.source, rejected.detail, rejected.meta) == (
        f"{1:032x}",
        given_.source,
        "because",
        {"n": 1},
    )
    assert rejected.versions == {"entities": chain.VERSIONS[ENTITIES]}


@pytest.mark.parametrize(
    ("names", "between", "roles", "waits"),
    [
        (ALL_STAGES, False, [], True),
        (ALL_STAGES, True, [Role.CLEANED, Role.TAGGED], True),
        ((BOILERPLATE,), False, [Role.CLEANED], False),
        ((BOILERPLATE, ENTITIES), False, [Role.TAGGED], False),
        ((BOILERPLATE, ENTITIES), True, [Role.CLEANED, Role.TAGGED], False),
        ((ENTITIES, DEDUP), True, [Role.TAGGED], True),
        ((DEDUP,), True, [], True),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_chain_writes_its_last_topic_and_those_between_when_asked(names, between, roles, waits):
    value = page(1) if names[0] is BOILERPLATE else encode(article(1))
    [result] = build_chain(names, write_between=between)([(value, ())])
    assert [output.role for output in result.outputs] == roles
    assert (result.fingerprint is not None) is waits
    for output in result.outputs:
        assert orjson.loads(output.value)["id"].encode() == output.key


# Names and groups


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "nothing: a chain is one or more consecutive stages"),
        ([DEDUP, ENTITIES], "dedup entities: a chain is"),
        ([BOILERPLATE, DEDUP], "boilerplate dedup: a chain is"),
        ([ENTITIES, ENTITIES], "entities entities: a chain is"),
    ],
    ids=["none", "backwards", "a gap", "twice"],
)
def test_stages_that_do_not_follow_each_other_are_no_chain(names, words):
    with pytest.raises(ValueError, match=words) as raised:
        check_consecutive(names)
    assert "boilerplate -> entities -> dedup" in str(raised.value)
    with pytest.raises(ValueError, match=words):
        build_chain(names)


@pytest.mark.parametrize(
    ("names", "group"),
    [(ALL_STAGES, "g"), ((BOILERPLATE,), "g-boilerplate"), ((ENTITIES, DEDUP), "g-entities-dedup")],
    ids=["whole", "one", "two"],
)
def test_parts_of_the_chain_read_in_groups_of_their_own(names, group):
    check_consecutive(names)
    assert group_name("g", names) == group
    assert group_name("g", list(names)) == group


# Lineage

ORIGIN, READ = "khabar-origin", "khabar-read"


@pytest.mark.parametrize(
    ("topic", "headers", "origin", "read"),
    [
        ("t.raw", [], "t.raw:0:7", "t.raw:0:7"),
        ("t.raw", [(ORIGIN, b"t.raw:0:2")], "t.raw:0:2", "t.raw:0:7"),
        ("t.raw", [(ORIGIN, b"\xff"), (READ, b"no")], "t.raw:0:7", "t.raw:0:7"),
        ("t.raw", [(ORIGIN, b"t.raw:9:9"), (ORIGIN, b"t.raw:0:2")], "t.raw:0:2", "t.raw:0:7"),
        ("t.raw", [(ORIGIN, b"t.raw:0:8")], "t.raw:0:7", "t.raw:0:7"),
        ("t.raw", [(ORIGIN, b"t.raw:1:2")], "t.raw:0:7", "t.raw:0:7"),
        ("t.raw", [(ORIGIN, b"other.raw:1:2"), (READ, b"other.raw:3:4")], "t.raw:0:7", "t.raw:0:7"),
        ("t.cleaned", [(ORIGIN, b"t.raw:1:2")], "t.raw:1:2", "t.raw:1:2"),
        ("t.cleaned", [(ORIGIN, b"t.raw:1:2"), (READ, b"t.raw:0:5")], "t.raw:1:2", "t.raw:0:5"),
        ("t.tagged", [], "t.tagged:0:7", "t.tagged:0:7"),
    ],
    ids=[
        "raw",
        "replay",
        "a producer's own headers",
        "the last one counts",
        "forged, of an event to come",
        "forged, of another partition",
        "mirrored from another topic",
        "between",
        "replay, between",
        "foreign",
    ],
)
def test_lineage_names_the_event_and_the_record_that_was_read(topic, headers, origin, read):
    found = event(offset=7, topic=topic, headers=headers)
    assert (str(found.origin), str(found.read)) == (origin, read)
    expected = ((ORIGIN, origin.encode()),) + (((READ, read.encode()),) if read != origin else ())
    assert found.lineage() == expected


@pytest.mark.parametrize(("origin", "is_replay"), [(b"t.raw:0:2", True), (b"t.raw:0:8", False), (b"", False)])
def test_only_a_replay_carries_the_name_of_its_replay(origin, is_replay):
    found = event(offset=7, headers=[(ORIGIN, origin), (REPLAY_NAME_HEADER, b"mine")])
    assert (header(found.lineage(), REPLAY_NAME_HEADER) == b"mine") is is_replay


# Verdicts, sizes, dead letters


class CountingIndex(MemoryIndex):
    """Remembers the origins that it was asked about."""

    def __init__(self) -> None:
        super().__init__(window=100)
        self.asked: list[str] = []

    def decide(self, candidates, **more):
        self.asked += [candidate.origin for candidate in candidates]
        return super().decide(candidates, **more)


def test_records_of_a_batch_stand_in_order_with_the_headers_of_their_events():
    values = [page(1), b"{", b"", page(1), page(2)]
    events = [event(value, offset) for offset, value in enumerate(values)]
    outputs = finished(
        events, RUN([(value, ()) for value in values]), TOPICS, Deciding(MemoryIndex(window=100))
    )
    assert [output.role for output in outputs] == [
        Role.PUBLISHED, Role.DEAD, Role.REJECTED, Role.DUPLICATES, Role.PUBLISHED,
    ]  # fmt: skip
    assert [header(output.headers, ORIGIN) for output in outputs] == [b"t.raw:0:%d" % n for n in range(5)]
    assert orjson.loads(outputs[3].value)["duplicate"]["relation"] == Relation.EXACT


def test_records_between_the_stages_come_before_the_verdict_and_carry_the_same_headers():
    results = build_chain(write_between=True)([(page(1), ())])
    outputs = finished([event(page(1), 3)], results, TOPICS, Deciding(MemoryIndex(window=100)))
    assert [output.role for output in outputs] == [Role.CLEANED, Role.TAGGED, Role.PUBLISHED]
    assert {output.headers for output in outputs} == {((ORIGIN, b"t.raw:0:3"),)}


@pytest.mark.parametrize("role", [Role.PUBLISHED, Role.CLEANED])
def test_an_event_whose_record_is_too_large_dies_before_the_index_hears_of_it(role):
    topics = TOPICS | {role: replace(TOPICS[role], max_message_bytes=1500)}
    large = "Very large. " + ". ".join([text_of(number) for number in range(4)])
    values = [page(1), large.encode(), page(2)]
    events = [event(value, offset) for offset, value in enumerate(values)]
    results = build_chain(write_between=role is Role.CLEANED)([(value, ()) for value in values])
    if role is Role.PUBLISHED:
        largest = max(len(results[number].article) for number in (0, 2))
        topics |= {role: replace(TOPICS[role], max_message_bytes=largest + 1024 + 100)}
    index = CountingIndex()
    outputs = finished(events, results, topics, Deciding(index))
    assert index.asked == ["t.raw:0:0", "t.raw:0:2"]
    [dead] = [output for output in outputs if output.role is Role.DEAD]
    letter = read_dead_letter(dead.headers)
    assert (letter.reason, letter.stage, letter.offset) == (DeadReason.RECORD_TOO_LARGE, "publish", 1)
    assert f"The record for t.{role} takes" in letter.message
    assert dead.value == values[1]
    assert not [o for o in outputs if header(o.headers, ORIGIN) == b"t.raw:0:1" and o.role is not Role.DEAD]


def test_an_index_that_is_away_is_said_so_and_asked_again_with_the_same_answer():
    class Away(MemoryIndex):
        def decide(self, candidates, **more):
            raise TransientError("Redis is away")

    events, results = [event(page(1))], RUN([(page(1), ())])
    with pytest.raises(TransientError):
        finished(events, results, TOPICS, Deciding(Away(window=10)))
    deciding = Deciding(MemoryIndex(window=10))
    assert finished(events, results, TOPICS, deciding) == finished(events, results, TOPICS, deciding)


def test_a_batch_without_articles_does_not_ask_the_index():
    index = CountingIndex()
    finished([event(b"")], RUN([(b"", ())]), TOPICS, Deciding(index))
    finished([], [], TOPICS, Deciding(index, own={}))
    assert index.asked == []


def test_an_event_that_ends_without_a_verdict_takes_back_what_was_decided_for_it_and_not_committed():
    """Its worker was killed before the commit; at the second try the event kills the stage process."""
    index, results = MemoryIndex(window=10), RUN([(page(1), ())])
    finished([event(page(1), 5)], results, TOPICS, Deciding(index, own={"t.raw:0": 0}))
    death = Processed(death=Death(PoisonEventError("why", DeadReason.CRASHED), "process"))
    finished([event(page(1), 5)], [death], TOPICS, Deciding(index, own={"t.raw:0": 0}))
    [output] = finished([event(page(1), 6)], results, TOPICS, Deciding(index, own={"t.raw:0": 6}))
    assert output.role is Role.PUBLISHED


def test_the_configuration_says_which_relations_are_published():
    values = [page(1), page(1)]
    events = [event(value, offset) for offset, value in enumerate(values)]
    deciding = Deciding(MemoryIndex(window=10), {Relation.UNIQUE, Relation.EXACT})
    outputs = finished(events, RUN([(value, ()) for value in values]), TOPICS, deciding)
    assert [output.role for output in outputs] == [Role.PUBLISHED] * 2


def test_an_id_that_is_none_of_khabars_makes_a_dead_letter_of_an_article():
    [result] = build_chain((DEDUP,))([(encode(TaggedArticle(id="x-1", text="text")), ())])
    assert result.death.error.reason is DeadReason.INVALID
    assert "'x-1' is no article id" in result.death.error.message


@pytest.mark.parametrize("key", [b"\xff\x00", b"", None], ids=["bytes", "empty", "none"])
def test_a_dead_letter_is_the_event_itself_and_says_why_it_died(key):
    headers = [("url", b"\xff"), ("url", b"second"), (ORIGIN, b"t.raw:0:2"), ("x", b"")]
    dead = event(b"\x00\xff", 7, headers=headers, key=key)
    output = dead_output(
        dead, Death(PoisonEventError("why", DeadReason.CRASHED, error="E"), "process"), dead.lineage()
    )
    assert (output.role, output.key, output.value) == (Role.DEAD, key, b"\x00\xff")
    assert output.headers[:3] == (("url", b"\xff"), ("url", b"second"), ("x", b""))
    letter = read_dead_letter(output.headers)
    assert (letter.reason, letter.message, letter.error, letter.stage) == (
        DeadReason.CRASHED,
        "why",
        "E",
        "process",
    )
    assert (letter.topic, letter.partition, letter.offset, letter.origin) == ("t.raw", 0, 7, "t.raw:0:2")
    assert set(letter.versions) == {"khabar", *ALL_STAGES}
    assert header(output.headers, ORIGIN) == b"t.raw:0:2"
    assert header(output.headers, READ) == b"t.raw:0:7"
    names = [name for name, _ in output.headers]
    assert [name for name in (ORIGIN, READ, "khabar-dead-letter") if names.count(name) != 1] == []


def test_the_size_of_a_record_is_never_underestimated_for_its_parts():
    output = Output(Role.DEAD, b"key", b"value", (("é", b"12"), ("x", b"")))
    assert output.size_bytes >= len(b"key") + len(b"value") + len("é".encode()) + 2 + 1
    assert Output(Role.DEAD, None, b"").size_bytes > 0


# Any bytes at all

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_ENVELOPES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("body", "url", "source", "tags", "meta", "lang", "content_type"), _JSON)
).map(lambda fields: json.dumps(fields).encode())
_VALUES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    _ENVELOPES,
    st.integers(0, 50).map(page),
    st.sampled_from([case.value for case in CASES if case.value and len(case.value) < 5000]),
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "url", "meta", "title", ORIGIN, READ]), st.binary(max_size=20)
    ),
    max_size=3,
).map(tuple)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_VALUES, _HEADERS), max_size=6))
def test_every_event_ends_in_exactly_one_way_and_in_exactly_one_outcome(values):
    results = RUN(values)
    assert len(results) == len(values)
    ways = [kind(result) for result in results]
    assert {output.role for result in results for output in result.outputs} <= {Role.REJECTED}
    events = [event(value, offset, headers=headers) for offset, (value, headers) in enumerate(values)]
    outputs = finished(events, results, TOPICS, Deciding(MemoryIndex(window=100)))
    assert [str(Origin.parse(header(output.headers, ORIGIN).decode())) for output in outputs] == [
        str(found.origin) for found in events
    ]
    expected = {"dead": {Role.DEAD}, "written": {Role.REJECTED}, "waits": {Role.PUBLISHED, Role.DUPLICATES}}
    assert [output.role in expected[way] for output, way in zip(outputs, ways, strict=True)] == [True] * len(
        values
    )
