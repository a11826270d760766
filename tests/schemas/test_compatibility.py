"""What an earlier version wrote still decodes; examples and schema files are what the types say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas import generate
from schemas.generate import FOLDER, RECORD_TYPES, file_of, json_schema
from schemas.published_article import PublishedArticle
from schemas.raw_event import RawEvent, read_raw_event
from schemas.wire import InvalidError, decode, encode
from workers.topics import table

COMPAT = Path(__file__).parent / "compat"
KEPT = sorted(path for path in COMPAT.glob("v*/*.json") if not path.name.endswith(".schema.json"))
EXAMPLES = [FOLDER / f"{name}.example.json" for name in RECORD_TYPES]


def type_of(path: Path) -> type[Any]:
    return RECORD_TYPES[path.name.partition(".")[0]]


def part_of(written: Any, given_fields: Any) -> Any:
    """`written` without the defaults that `given_fields` left out."""
    if isinstance(given_fields, dict):
        return {name: part_of(written.get(name), value) for name, value in given_fields.items()}
    return written


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(file_of(name).read_text("utf-8")))


@pytest.mark.parametrize("path", [*EXAMPLES, *KEPT], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_kept_records_decode_and_encode_to_equal_records(path: Path):
    data = path.read_bytes()
    record = decode(type_of(path), data)
    again = encode(record)
    assert decode(type_of(path), again) == record
    given_fields, written = json.loads(data), json.loads(again)
    given_fields.pop("an_added_field", None)
    assert part_of(written, given_fields) == given_fields


@pytest.mark.parametrize("name", RECORD_TYPES)
def test_version_1_keeps_a_minimal_and_a_full_record_of_each_type(name: str):
    kept = {path.name for path in KEPT if path.parent.name == "v1"}
    assert {f"{name}.minimal.json", f"{name}.full.json"} <= kept


@pytest.mark.parametrize("name", RECORD_TYPES)
def test_the_minimal_record_has_nothing_that_could_be_left_out(name: str):
    minimal = json.loads((COMPAT / "v1" / f"{name}.minimal.json").read_bytes())
    for field in minimal:
        less = {key: value for key, value in minimal.items() if key != field}
        with pytest.raises(InvalidError, match=f"`{field}` is missing"):
            decode(RECORD_TYPES[name], json.dumps(less).encode())


@pytest.mark.parametrize("path", [*EXAMPLES, *KEPT], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_kept_records_fit_the_json_schema(path: Path):
    validator(path.name.partition(".")[0]).validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    ("name", "field", "wrong"),
    [
        ("raw_event", "body", None),
        ("cleaned_article", "meta", []),
        ("tagged_article", "entities", [{"id": "iso:MA"}]),
        ("published_article", "duplicate", {"relation": "copy", "cluster": "a1"}),
        ("rejected_event", "reason", "dull"),
        ("dead_letter", "offset", "7"),
    ],
)
def test_the_json_schema_refuses_what_decoding_refuses(name: str, field: str, wrong: object):
    example = json.loads((FOLDER / f"{name}.example.json").read_bytes()) | {field: wrong}
    assert not validator(name).is_valid(example)
    with pytest.raises(InvalidError):
        decode(RECORD_TYPES[name], json.dumps(example).encode())


@pytest.mark.parametrize("name", RECORD_TYPES)
def test_the_json_schema_is_of_the_dialect_and_carries_its_name(name: str):
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:khabar:v1:{name}"
    assert schema["description"]


def test_the_schema_files_are_what_the_types_say():
    done = subprocess.run(
        [sys.executable, "-m", "schemas.generate", "--check"],
        cwd=FOLDER.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stale_or_missing_schema_file_is_named_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    file_of("raw_event").write_text("{}", "utf-8")
    file_of("dead_letter").unlink()
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"schemas/{name}.schema.json is not what the types say: run python -m schemas.generate"
        for name in ("raw_event", "dead_letter")
    ]
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_every_topic_names_a_schema_that_there_is():
    assert {topic.schema for topic in table().values()} == set(RECORD_TYPES)


@pytest.mark.parametrize("name", ["tagged_article", "published_article"])
def test_the_spans_of_the_examples_are_right(name: str):
    article = decode(RECORD_TYPES[name], (FOLDER / f"{name}.example.json").read_bytes())
    mentions = [mention for entity in article.entities for mention in entity.mentions]
    assert mentions
    assert [article.text[mention.start : mention.end] for mention in mentions] == [m.text for m in mentions]


def test_the_examples_are_of_one_article():
    event = read_raw_event((FOLDER / "raw_event.example.json").read_bytes())
    article = decode(PublishedArticle, (FOLDER / "published_article.example.json").read_bytes())
    assert isinstance(event, RawEvent)
    assert isinstance(event.body, str)
    assert all(paragraph in event.body for paragraph in article.text.split("\n\n"))
    assert (event.url, event.title, event.meta) == (article.url, article.title, article.meta)
