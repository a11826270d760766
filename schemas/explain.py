"""What does not fit, in words that a person understands."""

import re
from typing import Any

import msgspec

# "Expected `str | null`, got `int` - at `$.source.name`", as msgspec writes it.
_MESSAGE = re.compile(r"(?P<problem>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(?P<expected>[^`]+)`(?:, got `(?P<found>[^`]+)`)?.*", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_BAD_ENUM = re.compile(r"Invalid enum value (?P<found>.*)", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[^]]*)\]")

_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "datetime": "a time such as 2024-10-13T09:00:00Z",
}
_FOUND_WORDS = _WORDS | {"int": "a number", "float": "a number with a fraction or an exponent"}
_PLAIN = {
    "Invalid RFC3339 encoded datetime": f"expected {_WORDS['datetime']}",
    "Integer value out of range": "a whole number of more than 4300 digits cannot be read",
    "Number out of range": "a number beyond what a 64-bit float holds (1.8e308) cannot be read",
}


def explain(message: str, record_type: type[Any]) -> str:
    """What msgspec's message says, as "`source.name`: expected a string or null, found a number"."""
    match = _MESSAGE.fullmatch(message)
    problem, path = (match["problem"], match["path"] or "") if match else (message, "")
    where = path.removeprefix(".")
    text = _explain_problem(problem, path, record_type)
    return f"`{where}`: {text}" if where else text


def _explain_problem(problem: str, path: str, record_type: type[Any]) -> str:
    if match := _EXPECTED.fullmatch(problem):
        found = _words(match["found"], _FOUND_WORDS) if match["found"] else "one without its time zone"
        return f"expected {_words(match['expected'], _WORDS)}, found {found}"
    if match := _MISSING.fullmatch(problem):
        return f"the field `{match['name']}` is missing"
    if match := _BAD_ENUM.fullmatch(problem):
        return f"expected {_choices(path, record_type)}, found {match['found']}"
    return _PLAIN.get(problem, problem)


def _words(types: str, words: dict[str, str]) -> str:
    return " or ".join(words.get(name, name) for name in types.split(" | "))


def _choices(path: str, record_type: type[Any]) -> str:
    """The values of the enumeration that stands at `path`."""
    found = _at(path, msgspec.inspect.type_info(record_type))
    if not isinstance(found, msgspec.inspect.EnumType):
        return "another value"
    return "one of " + ", ".join(str(choice.value) for choice in found.cls)


def _at(path: str, found: msgspec.inspect.Type) -> msgspec.inspect.Type | None:
    for step in _STEP.finditer(path):
        inner = _inside(found, step["name"])
        if inner is None:
            return None
        found = inner
    return found


def _inside(outer: msgspec.inspect.Type, name: str | None) -> msgspec.inspect.Type | None:
    if isinstance(outer, msgspec.inspect.DataclassType):
        return next((item.type for item in outer.fields if item.encode_name == name), None)
    if isinstance(outer, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
        return outer.item_type
    if isinstance(outer, msgspec.inspect.DictType):
        return outer.value_type
    return None
