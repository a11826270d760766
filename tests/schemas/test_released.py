"""The compatibility rule: within a version of a record, optional fields are added, and nothing else changes.

compat/v1/*.schema.json are the schemas that version 1 was released with. Whoever validates with one of them must be able
to read what today's code writes, and today's code what was written then.

`python -m tests.schemas.test_released` keeps today's schemas there, for a release; it refuses where the rule is broken.
"""

import json
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from schemas.generate import FOLDER, RECORD_TYPES, file_of
from schemas.wire import encode
from tests.support.records import records

RELEASED = Path(__file__).parent / "compat" / "v1"
WORDS = {"title", "description", "$schema", "$id", "$defs"}
"""What a schema says to people; that may be said better."""

names = pytest.mark.parametrize("name", RECORD_TYPES)


def released_file(name: str) -> Path:
    return RELEASED / f"{name}.schema.json"


def released(name: str) -> dict[str, Any]:
    return json.loads(released_file(name).read_bytes())


def today(name: str) -> dict[str, Any]:
    return json.loads(file_of(name).read_bytes())


def plain(schema: Any, root: dict[str, Any]) -> Any:
    """The schema without words, and with its definitions where they are used."""
    if isinstance(schema, list):
        return [plain(part, root) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inside = root["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    result = {
        key: plain(value, root) for key, value in (inside | schema).items() if key not in {*WORDS, "$ref"}
    }
    if fields := (inside | schema).get("properties"):  # a field may be called as a word is
        result["properties"] = {name: plain(value, root) for name, value in fields.items()}
    return result


def breaches(earlier: dict[str, Any], later: dict[str, Any]) -> list[str]:
    """What of `later` someone who knows `earlier` cannot bear, or cannot have written."""
    return list(_differences(plain(earlier, earlier), plain(later, later), ""))


def _differences(earlier: Any, later: Any, where: str) -> Iterator[str]:
    if not (isinstance(earlier, dict) and isinstance(later, dict)):
        if _sorted(earlier) != _sorted(later):
            yield f"{where} was {json.dumps(earlier)} and is {json.dumps(later)}"
        return
    for key in [*earlier, *(key for key in later if key not in earlier)]:
        if key == "properties":
            yield from _fields(earlier.get(key, {}), later.get(key, {}), where)
        else:
            yield from _differences(earlier.get(key), later.get(key), f"{where}[{key}]")


def _fields(earlier: dict[str, Any], later: dict[str, Any], where: str) -> Iterator[str]:
    for name, schema in earlier.items():
        if name in later:
            yield from _differences(schema, later[name], f"{where}.{name}")
        else:
            yield f"{where}.{name} is gone"


def _sorted(value: Any) -> Any:
    """Lists in a schema are sets: of required names, of an enumeration's values, of types."""
    return sorted(map(json.dumps, value)) if isinstance(value, list) else value


# What holds


@names
def test_version_1_keeps_the_schema_that_it_was_released_with(name: str):
    assert released(name)["$id"] == today(name)["$id"] == f"urn:khabar:v1:{name}"


@names
def test_since_the_release_optional_fields_were_added_and_nothing_else_changed(name: str):
    assert breaches(released(name), today(name)) == []


@given(records)
def test_any_record_that_today_s_code_writes_fits_the_released_schema(record: Any):
    [name] = [name for name, record_type in RECORD_TYPES.items() if type(record) is record_type]
    jsonschema.Draft202012Validator(released(name)).validate(json.loads(encode(record)))


@names
def test_today_s_example_fits_the_released_schema(name: str):
    example = json.loads((FOLDER / f"{name}.example.json").read_bytes())
    jsonschema.Draft202012Validator(released(name)).validate(example)


@names
def test_the_released_schema_takes_fields_that_are_added_later(name: str):
    def with_more(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: with_more(part) for key, part in value.items()} | {"of_a_later_release": [1]}
        return [with_more(part) for part in value] if isinstance(value, list) else value

    example = json.loads((FOLDER / f"{name}.example.json").read_bytes())
    free = {field: example.pop(field) for field in ("meta", "versions") if field in example}
    jsonschema.Draft202012Validator(released(name)).validate(with_more(example) | free)


# That it would be seen if it did not hold


def article(change: Callable[[dict[str, Any]], None]) -> list[str]:
    changed = deepcopy(today("published_article"))
    change(changed)
    return breaches(today("published_article"), changed)


def remove(schema: dict[str, Any], *path: str) -> None:
    for step in path[:-1]:
        schema = schema[step]
    del schema[path[-1]]


NULL = {"type": "null"}
BREACHES = [
    pytest.param(lambda s: remove(s, "properties", "title"), [".title is gone"], id="field removed"),
    pytest.param(
        lambda s: remove(s, "$defs", "Entity", "properties", "country"),
        [".entities[items].country is gone"],
        id="inner field removed",
    ),
    pytest.param(
        lambda s: s["properties"].update(headline=s["properties"].pop("title")),
        [".title is gone"],
        id="renamed",
    ),
    pytest.param(
        lambda s: s["properties"].update(id={"type": "integer"}),
        ['.id[type] was "string" and is "integer"'],
        id="another type",
    ),
    pytest.param(
        lambda s: s["properties"].update(text={"anyOf": [{"type": "string"}, NULL]}),
        [".text[type] was", ".text[anyOf] was"],
        id="may be null now",
    ),
    pytest.param(
        lambda s: s["properties"]["title"]["anyOf"].remove(NULL), [".title[anyOf] was"], id="never null now"
    ),
    pytest.param(
        lambda s: s["$defs"]["Relation"]["enum"].append("translation"),
        [".duplicate.relation[enum] was"],
        id="value added to a closed list",
    ),
    pytest.param(
        lambda s: s["$defs"]["Label"]["enum"].remove("MISC"),
        [".entities[items].label[enum] was"],
        id="value removed from a closed list",
    ),
    pytest.param(lambda s: s["required"].append("url"), ["[required] was"], id="required now"),
    pytest.param(lambda s: s["required"].remove("text"), ["[required] was"], id="not required any more"),
    pytest.param(
        lambda s: s["properties"]["lang"].update(default="en"),
        ['.lang[default] was "und" and is "en"'],
        id="another default",
    ),
    pytest.param(
        lambda s: s.update(additionalProperties=False),
        ["[additionalProperties] was null and is false"],
        id="closed to new fields",
    ),
    pytest.param(
        lambda s: s["properties"]["versions"].update(additionalProperties={"type": "integer"}),
        [".versions[additionalProperties][type] was"],
        id="values of a map",
    ),
    pytest.param(
        lambda s: s["properties"]["published_at"]["anyOf"][0].pop("format"),
        [".published_at[anyOf] was"],
        id="times in another form",
    ),
]


@pytest.mark.parametrize(("change", "said"), BREACHES)
def test_a_breach_is_named(change: Callable[[dict[str, Any]], None], said: list[str]):
    found = article(change)
    assert len(found) == len(said), found
    assert all(line.startswith(begin) for line, begin in zip(found, said, strict=True)), found


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: s["properties"].update(summary={"type": "string"}), id="field added"),
        pytest.param(
            lambda s: s["$defs"]["Source"]["properties"].update(country={"type": "string"}),
            id="inner field added",
        ),
        pytest.param(lambda s: s.update(description="in better words"), id="described better"),
        pytest.param(lambda s: s["$defs"]["Label"]["enum"].reverse(), id="listed in another order"),
    ],
)
def test_what_keeps_the_rule_passes(change: Callable[[dict[str, Any]], None]):
    assert article(change) == []


def main() -> int:
    """Keep today's schemas as those of the release; the exit status."""
    broken = {
        name: found
        for name in RECORD_TYPES
        if released_file(name).exists() and (found := breaches(released(name), today(name)))
    }
    for name, found in broken.items():
        print(f"{name}: " + "; ".join(found))
    if broken:
        print("Within a version fields are only added: this takes a version 2")
        return 1
    for name in RECORD_TYPES:
        released_file(name).write_text(file_of(name).read_text("utf-8"), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
