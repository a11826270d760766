"""schemas/asyncapi.json says of the topics what the code does. tests/contract has the official parser read it."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from schemas.dead_letter import DeadLetter
from schemas.generate import RECORD_TYPES
from schemas.raw_event import RawEvent, read_raw_event
from schemas.wire import decode
from workers import asyncapi, origin
from workers.demo.events import demo_events
from workers.origin import ORIGIN_HEADER
from workers.runtime.chain import build_chain
from workers.runtime.dead_letters import DEAD_LETTER_HEADER
from workers.runtime.events import Event, Position
from workers.runtime.verdicts import Deciding, finished
from workers.stores.memory_index import MemoryIndex
from workers.topics import OUTCOMES, Role, table

DOCUMENT = json.loads(asyncapi.FILE.read_bytes())
MESSAGES = DOCUMENT["components"]["messages"]


def at(pointer):
    """What a reference of the document leads to."""
    found = DOCUMENT
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    return found


def messages_of(role):
    return [at(each["$ref"]) for each in DOCUMENT["channels"][role]["messages"].values()]


def validator(schema):
    """Of a schema within the document, whose references lead into it."""
    return Draft7Validator(schema | {"components": DOCUMENT["components"]})


def test_the_file_is_what_the_code_says():
    assert asyncapi.main(["--check"]) == 0


def test_a_stale_or_missing_file_is_named_and_written_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "asyncapi.json"
    assert asyncapi.main(["--check"], file) == 1
    assert capsys.readouterr().out == (
        "schemas/asyncapi.json is not what the code says: run python -m workers.asyncapi\n"
    )
    assert asyncapi.main([], file) == 0
    assert asyncapi.main(["--check"], file) == 0
    file.write_text(file.read_text("utf-8").replace("articles.dead", "articles.rip"), "utf-8")
    assert asyncapi.main(["--check"], file) == 1


def test_every_topic_stands_in_it_with_its_limits_and_is_sent_to_or_received_from():
    assert list(DOCUMENT["channels"]) == [str(role) for role in table()]
    actions = {
        operation["channel"]["$ref"].rpartition("/")[2]: operation["action"]
        for operation in DOCUMENT["operations"].values()
    }
    for role, topic in table().items():
        channel = DOCUMENT["channels"][role]
        assert channel["address"] == topic.name
        configured = channel["bindings"]["kafka"]["topicConfiguration"]
        assert {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in configured.items()
        } == {name: topic.config[name] for name in ("cleanup.policy", "retention.ms", "max.message.bytes")}
        assert actions[role] == ("send" if role is Role.RAW else "receive")


def test_every_record_type_stands_in_it_under_the_name_and_version_of_its_schema():
    assert {message.get("x-khabar-schema") for message in MESSAGES.values()} == {
        None,  # the bare page
        *(f"urn:khabar:v1:{name}" for name in RECORD_TYPES),
    }
    assert {record_type.__name__ for record_type in RECORD_TYPES.values()} <= set(
        DOCUMENT["components"]["schemas"]
    )


@pytest.mark.parametrize("name", MESSAGES)
def test_the_examples_fit_what_is_said_of_the_message(name: str):
    [example] = MESSAGES[name]["examples"]
    validator(MESSAGES[name]["payload"]).validate(example["payload"])
    validator(MESSAGES[name]["headers"]).validate(example["headers"])


def test_a_record_with_a_wrong_relation_does_not_fit():
    [example] = MESSAGES["published_article"]["examples"]
    duplicate = example["payload"]["duplicate"] | {"relation": "copy"}
    assert not validator(MESSAGES["published_article"]["payload"]).is_valid(
        example["payload"] | {"duplicate": duplicate}
    )


def test_the_dead_letter_of_the_example_is_one():
    [example] = MESSAGES["dead_letter"]["examples"]
    assert decode(DeadLetter, example["headers"][DEAD_LETTER_HEADER].encode()).reason


def test_every_header_of_a_bare_page_that_it_names_is_read_and_none_is_left_out():
    named = MESSAGES["bare_page"]["headers"]["properties"]
    fields = {field.replace("_", "-") for field in RawEvent.__dataclass_fields__} - {"body"}
    assert set(named) == fields
    for name in named:
        event = read_raw_event(b"<p>", [(name, b'{"a":1}' if name == "meta" else b"text/html")])
        assert event != read_raw_event(b"<p>"), name


@pytest.mark.parametrize("name", [name for name in RECORD_TYPES if name != "raw_event"])
def test_every_header_of_lineage_is_described(name: str):
    lineage = {value for constant, value in vars(origin).items() if constant.endswith("_HEADER")}
    described = set(MESSAGES[name]["headers"]["properties"])
    assert described - {DEAD_LETTER_HEADER} == lineage - {
        origin.VERDICT_HEADER
    }  # which is on raw events alone


@pytest.fixture(scope="module")
def outputs():
    """What the whole chain makes of the demo's events."""
    events = [
        Event(Position("articles.raw", 0, number), event.key, event.value, tuple(event.headers))
        for number, event in enumerate(demo_events())
    ]
    processed = build_chain()([(event.value, event.headers) for event in events])
    return finished(events, processed, table(), Deciding(MemoryIndex(window=1000)))


@pytest.mark.parametrize("role", OUTCOMES)
def test_what_the_chain_writes_fits_what_the_document_says(outputs, role: Role):
    [message] = messages_of(role)
    written = [output for output in outputs if output.role is role]
    assert written
    for output in written:
        headers = {name: value.decode() for name, value in output.headers}
        validator(message["headers"]).validate(headers)
        assert ORIGIN_HEADER in headers
        if role is Role.DEAD:
            validator(at("#/components/schemas/DeadLetter")).validate(json.loads(headers[DEAD_LETTER_HEADER]))
        else:
            validator(message["payload"]).validate(json.loads(output.value))
            assert output.key.decode() == json.loads(output.value)["id"]
