"""The wire format: records as UTF-8 JSON, written deterministically and validated as they are read."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import orjson

from schemas.explain import explain

Record = TypeVar("Record")

NESTING_LIMIT = 200
"""Levels of objects and lists in a `meta`. orjson writes 254 levels in all, and a record needs a few itself."""

_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_BOM = b"\xef\xbb\xbf"
_ORJSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME
_SURROGATE = re.compile("[\ud800-\udfff]")  # code points that UTF-8 cannot carry
_REPLACEMENT = "\ufffd"  # REPLACEMENT CHARACTER
# Whatever is no escape, an escape that is no surrogate, and a whole surrogate pair are passed over, in one go;
# what is left is a lone surrogate. Possessive, so that 10 MB on one line take no memory for going back.
_LONE_SURROGATE_ESCAPE = re.compile(
    r"((?:[^\\]++|\\(?:[^u]|u(?![dD][89a-fA-F])|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))++)"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}",
    re.DOTALL,
)
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]++|\\.)*+"|(?P<constant>NaN|-?Infinity)', re.DOTALL)


class UndecodableError(ValueError):
    """The bytes are not JSON. The message says where."""


class InvalidError(ValueError):
    """The JSON does not fit the record. The message names the path, the expected type and what was found."""


def encode(record: object) -> bytes:
    """The record (a dataclass) as one line of UTF-8 JSON; the same record gives the same bytes.

    Times become RFC 3339 in UTC with Z; one without a time zone counts as UTC. Integers of any size are kept.
    Every surrogate code point becomes one U+FFFD, so that spans still fit. NaN and infinities, which JSON does not
    have, become null.
    """
    try:
        return orjson.dumps(record, default=_default, option=_ORJSON_OPTIONS)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, or a surrogate
        return _encode_slowly(record)


def decode(record_type: type[Record], data: bytes) -> Record:
    """The record of type `record_type` (a dataclass, or dict) that `data` holds; unknown fields are ignored.

    Integers keep every digit; numbers with a fraction or an exponent are 64-bit floats. A page is not lost for
    one bad byte: every ill-formed UTF-8 sequence and every lone surrogate escape is read as U+FFFD. A byte order
    mark is skipped, and UTF-16 and UTF-32 are understood (RFC 4627, section 3).

    Raises UndecodableError for what is not JSON, and InvalidError for JSON that does not fit the type.
    """
    data = data.removeprefix(_BOM)
    try:
        record = _decoder(record_type).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        record = _decode_slowly(record_type, data)
    if isinstance(record, dict):
        _check_nesting(record, "")
    elif meta := getattr(record, "meta", None):
        _check_nesting(meta, "`meta`: ")
    return record


def _decoder(record_type: type[Record]) -> msgspec.json.Decoder[Record]:
    decoder = _DECODERS.get(record_type)
    if decoder is None:  # making one takes thousands of times longer than using it
        decoder = _DECODERS[record_type] = msgspec.json.Decoder(record_type)
    return decoder


def _decode_slowly(record_type: type[Record], data: bytes) -> Record:
    """As `decode`, after repair; finds out what is wrong with `data` when it cannot be repaired."""
    text = data.decode(json.detect_encoding(data), "replace")
    text = _LONE_SURROGATE_ESCAPE.sub(lambda match: match[1] or _REPLACEMENT, text)
    try:
        record = _decoder(record_type).decode(text)
    except msgspec.ValidationError as error:
        _check_syntax(text)
        raise InvalidError(explain(str(error), record_type)) from error
    except RecursionError as error:
        raise UndecodableError("nested too deeply to be read") from error
    except msgspec.DecodeError as error:
        raise UndecodableError(_what_is_not_json(text) or f"not JSON: {error}") from error
    return record


def _check_syntax(text: str) -> None:
    """Raises UndecodableError unless all of `text` is JSON; validation stops at the first wrong field."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except RecursionError as error:
        raise UndecodableError("nested too deeply to be read") from error
    except msgspec.DecodeError as error:
        raise UndecodableError(_what_is_not_json(text) or f"not JSON: {error}") from error


def _what_is_not_json(text: str) -> str | None:
    """Where and why `text` is not JSON, or None where the standard library would take it."""
    if not text.strip():
        return "not JSON: there is nothing in it"
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        # msgspec's own position is not exact.
        what = error.msg.removesuffix(" at")
        return f"not JSON: {what} at {_position(text, error.pos)}"
    except _ConstantError as error:
        at = next(match.start() for match in _STRING_OR_CONSTANT.finditer(text) if match["constant"])
        return f"not JSON: {error} is not a JSON number, at {_position(text, at)}"
    except RecursionError:
        return "nested too deeply to be read"
    return None


class _ConstantError(Exception):
    pass


def _refuse_constant(name: str) -> None:
    raise _ConstantError(name)


def _position(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)} (character {at})"


def _check_nesting(meta: dict[str, Any], where: str) -> None:
    """Raises InvalidError, which begins with `where`, when `meta` is nested so deeply that it could not be written again."""
    level: list[Any] = [meta]
    for _ in range(NESTING_LIMIT):
        level = [part for value in level for part in _parts(value) if isinstance(part, dict | list)]
        if not level:
            return
    raise InvalidError(f"{where}nested deeper than {NESTING_LIMIT} levels")


def _parts(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _default(value: object) -> str:
    if isinstance(value, datetime):
        return _rfc3339(value)
    raise TypeError(f"{type(value).__name__} has no place in a record")


def _rfc3339(time: datetime) -> str:
    if time.tzinfo is None:
        return time.isoformat() + "Z"
    try:
        return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:  # within hours of the years 1 or 9999
        return time.isoformat()


def _encode_slowly(record: object) -> bytes:
    plain = _cleaned(msgspec.to_builtins(record, builtin_types=(datetime,)))
    try:
        return orjson.dumps(plain)
    except orjson.JSONEncodeError:
        return msgspec.json.encode(plain)


def _cleaned(value: Any) -> Any:  # noqa: ANN401  (what a producer put into meta)
    if isinstance(value, str):
        return _SURROGATE.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(part) for part in value]
    return _rfc3339(value) if isinstance(value, datetime) else value
