"""The two forms of a raw event are told apart, and nothing that arrives is a surprise."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.raw_event import RawEvent, read_raw_event
from schemas.wire import InvalidError, UndecodableError, encode

ARABIC = "وصل الوفد إلى الرباط"
PAGE = f"<p>{ARABIC}</p>".encode()
ENVELOPE = json.dumps({"body": ARABIC}).encode()
OF_ENVELOPE = RawEvent(body=ARABIC)


def typed(content_type: str) -> list[tuple[str, bytes | None]]:
    return [("content-type", content_type.encode())]


@pytest.mark.parametrize(
    ("value", "headers", "body"),
    [
        pytest.param(ENVELOPE, [], ARABIC, id="arabic envelope, no header"),
        pytest.param(PAGE, [], PAGE, id="arabic page, no header"),
        pytest.param(ARABIC.encode("cp1256"), [], ARABIC.encode("cp1256"), id="windows-1256, no header"),
        pytest.param(ENVELOPE, typed("application/json"), ARABIC, id="json"),
        pytest.param(ENVELOPE, typed("Application/JSON; charset=utf-8"), ARABIC, id="json with a parameter"),
        pytest.param(ENVELOPE, typed("application/vnd.feed+json"), ARABIC, id="+json"),
        pytest.param(ENVELOPE, typed("text/json"), ARABIC, id="text/json"),
        pytest.param(ENVELOPE, [("Content-Type", b"text/html")], ENVELOPE, id="header in capitals"),
        pytest.param(ENVELOPE, typed("text/html"), ENVELOPE, id="json called html"),
        pytest.param(ENVELOPE, typed("text/plain; charset=utf-8"), ENVELOPE, id="json called text"),
        pytest.param(PAGE, typed("text/markdown"), PAGE, id="other text"),
        pytest.param(PAGE, typed("application/xhtml+xml"), PAGE, id="xhtml"),
        pytest.param(b"%PDF-1.7", typed("application/pdf"), b"%PDF-1.7", id="pdf"),
        pytest.param(ENVELOPE, typed("application/octet-stream"), ARABIC, id="octets that begin as json"),
        pytest.param(PAGE, typed("application/octet-stream"), PAGE, id="octets that do not"),
        pytest.param(ENVELOPE, typed(""), ARABIC, id="empty content type"),
        pytest.param(ENVELOPE, [("content-type", None)], ARABIC, id="null content type"),
        pytest.param(
            PAGE, [*typed("application/json"), *typed("text/html")], PAGE, id="the last of two counts"
        ),
        pytest.param(ENVELOPE, [*typed("text/html"), *typed("")], ENVELOPE, id="an empty one does not"),
        pytest.param(b"\xef\xbb\xbf \r\n\t" + ENVELOPE, [], ARABIC, id="mark and white space before it"),
        pytest.param(ENVELOPE.decode().encode("utf-16"), [], ARABIC, id="utf-16 envelope"),
        pytest.param(b"\xfe\xff" + ENVELOPE.decode().encode("utf-16-be"), [], ARABIC, id="utf-16 big-endian"),
        pytest.param(ARABIC.encode("utf-16"), [], ARABIC.encode("utf-16"), id="utf-16 text"),
        pytest.param(b'[{"body":1}]', [], b'[{"body":1}]', id="a json list is text"),
        pytest.param(b"", [], b"", id="empty"),
        pytest.param(b"", typed("application/json"), b"", id="empty, called json"),
        pytest.param(None, [], b"", id="tombstone"),
        pytest.param(b" \n ", [], b" \n ", id="white space"),
    ],
)
def test_the_form_is_told_by_the_header_or_else_by_the_first_character(value: Any, headers: Any, body: Any):
    assert read_raw_event(value, headers).body == body


def test_an_envelope_fills_every_field():
    given_fields = {
        "body": ARABIC, "url": "https://akhbar.example/1", "source": "أخبار", "fetched_at": "2024-10-13T09:05:12Z",
        "content_type": "text/html", "title": "الوفد", "published_at": "أمس", "lang": "ar", "author": "هدى",
        "tags": ["ثقافة", "مكتبات"], "meta": {"ref": 1 << 80, "deep": {"a": [1, None, "ب"]}},
    }  # fmt: skip
    event = read_raw_event(json.dumps(given_fields).encode())
    assert event == RawEvent(**given_fields | {"tags": ("ثقافة", "مكتبات")})


def test_headers_fill_the_fields_of_a_page():
    headers = {
        "URL": "https://akhbar.example/1", "source": " أخبار ", "content-type": "text/html; charset=windows-1256",
        "title": "الوفد", "Published-At": "أمس", "lang": "ar", "author": "هدى", "fetched-at": "2024-10-13T09:05:12Z",
        "tags": "ثقافة، مكتبات,رباط, ,", "meta": '{"ref": 1208925819614629174706176}', "traceparent": "00-ab",
    }  # fmt: skip
    event = read_raw_event(PAGE, [(name, text.encode()) for name, text in headers.items()])
    assert event == RawEvent(
        body=PAGE, url="https://akhbar.example/1", source="أخبار", content_type="text/html; charset=windows-1256",
        title="الوفد", published_at="أمس", lang="ar", author="هدى", fetched_at="2024-10-13T09:05:12Z",
        tags=("ثقافة", "مكتبات", "رباط"), meta={"ref": 1 << 80},
    )  # fmt: skip


def test_headers_without_a_value_and_bytes_that_are_not_utf_8_do_no_harm():
    headers = [
        ("url", None),
        ("title", b""),
        ("source", b" "),
        ("author", b"a\xffb"),
        ("tags", b"\xff,"),
        ("meta", b""),
    ]
    assert read_raw_event(PAGE, headers) == RawEvent(body=PAGE, author="a\ufffdb", tags=("\ufffd",))


def test_null_in_an_envelope_means_not_known():
    names = [
        "url",
        "source",
        "fetched_at",
        "content_type",
        "title",
        "published_at",
        "lang",
        "author",
        "tags",
        "meta",
    ]
    assert read_raw_event(json.dumps({"body": ARABIC} | dict.fromkeys(names)).encode()) == OF_ENVELOPE


@pytest.mark.parametrize(
    ("value", "headers", "error", "message"),
    [
        pytest.param('{"url":"خبر"}'.encode(), [], InvalidError, "the field `body` is missing", id="no body"),
        pytest.param(b"{}", [], InvalidError, "the field `body` is missing", id="empty object"),
        pytest.param(b'{"body":null}', [], InvalidError, "`body`: expected a string, found null", id="null body"),
        pytest.param(b'{"body":[]}', [], InvalidError, "`body`: expected a string, found a list", id="list body"),
        pytest.param(b'{"body":"x","tags":"a,b"}', [], InvalidError,
                     "`tags`: expected a list or null, found a string", id="tags"),
        pytest.param(b'{"body":"x","meta":"a"}', [], InvalidError,
                     "`meta`: expected an object or null, found a string", id="meta"),
        pytest.param(b'["x"]', typed("application/json"), InvalidError, "expected an object, found a list", id="list"),
        pytest.param("{خبر}".encode(), [], UndecodableError, "not JSON: ", id="text that begins with a brace"),
        pytest.param(PAGE, typed("application/json"), UndecodableError, "not JSON: ", id="page called json"),
        pytest.param(b" ", typed("application/json"), UndecodableError, "nothing in it", id="blank called json"),
        pytest.param(PAGE, [("meta", b"{")], UndecodableError, "header `meta`: not JSON", id="meta header cut"),
        pytest.param(PAGE, [("meta", b'{},"meta":{}')], UndecodableError, "header `meta`: not JSON", id="meta more"),
        pytest.param(PAGE, [("meta", b"[]")], InvalidError,
                     "header `meta`: expected an object, found a list", id="meta header a list"),
        pytest.param(b'{"body":"x","meta":{"a":' + b"[" * 300 + b"]" * 300 + b"}}", [], InvalidError,
                     "nested deeper than 200 levels", id="meta nested"),
        pytest.param(PAGE, [("meta", b'{"a":' + b"[" * 300 + b"]" * 300 + b"}")], InvalidError,
                     "header `meta`: nested deeper than 200 levels", id="meta header nested"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(value: bytes, headers: Any, error: type[ValueError], message: str):
    with pytest.raises(error) as raised:
        read_raw_event(value, headers)
    assert message in str(raised.value)


names = st.sampled_from(["content-type", "Content-Type", "url", "tags", "meta", "title"]) | st.text(
    max_size=8
)
contents = (
    st.sampled_from([b"application/json", b"text/html", b"a/b+json", b'{"a":1}', b"[]"])
    | st.binary(max_size=12)
    | st.none()
)
pieces = st.sampled_from(
    [b'{"body":"', b'"', b"{", b"}", b"[", b"]", b",", b":", b'"meta":', b'"body":', b"\\ud800", b"\\udc00", b"\\",
     b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"NaN", b"-Infinity", b"1e999", b"0", b"null", b" ", b"\n", PAGE, ENVELOPE]
) | st.binary(max_size=4)  # fmt: skip
values = st.binary() | st.lists(pieces, max_size=12).map(b"".join)


@given(values, st.lists(st.tuples(names, contents), max_size=4))
def test_any_bytes_are_an_event_or_one_of_two_errors(value: bytes, headers: list[tuple[str, bytes | None]]):
    try:
        event = read_raw_event(value, headers)
    except (InvalidError, UndecodableError):
        return
    assert isinstance(event, RawEvent)
    assert isinstance(event.body, str) or event.body == value
    assert isinstance(event.tags, tuple)
    assert isinstance(event.meta, dict)


@given(st.data())
def test_a_damaged_envelope_is_an_event_or_one_of_two_errors(data: st.DataObject):
    damaged = bytearray(
        b'{"url":"u","meta":{"a":[1,{}]},"tags":["t"],"lang":"ar","body":"\\u0648\\ud83d\\ude00"}'
    )
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(pieces)
    try:
        event = read_raw_event(bytes(damaged))
    except (InvalidError, UndecodableError):
        return
    assert isinstance(event, RawEvent)
    encode(event.meta)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(10**60), 10**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=5), st.booleans())
def test_meta_passes_json_equal(meta: dict[str, Any], ascii_only: bool):
    written = json.dumps({"body": "خبر", "meta": meta}, ensure_ascii=ascii_only).encode()
    event = read_raw_event(written)
    assert json.loads(encode(event.meta)) == meta
    assert repr(event.meta) == repr(meta)  # also 1 and 1.0, 0.0 and -0.0, and the order of keys
    in_header = read_raw_event(PAGE, [("meta", json.dumps(meta).encode())])
    assert in_header.meta == meta


TEN_MB = 10 << 20


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'{"body":"' + b"\\u0648" * (TEN_MB // 6) + b'\\ud800"}', id="arabic escapes"),
        pytest.param(b'{"body":"' + b"\\ud800" * (TEN_MB // 6) + b'"}', id="lone surrogates"),
        pytest.param(
            b'{"body":"' + b"\\n" * (TEN_MB // 2) + b'","meta":{"a":NaN}}', id="nan behind a long string"
        ),
        pytest.param(b'{"body":"' + b"\xff" * TEN_MB + b'"}', id="bad bytes"),
        pytest.param(b'{"body":"' + b"\\" * TEN_MB, id="backslashes"),
        pytest.param(b'{"body":' + b'"' * TEN_MB, id="quotes"),
        pytest.param(b" " * TEN_MB, id="white space"),
        pytest.param(b'{"body":"","meta":{"a":' + b"9" * TEN_MB + b"}}", id="a number of 10 million digits"),
    ],
)
def test_ten_hostile_megabytes_take_no_long_time(value: bytes):
    began = time.process_time()
    with contextlib.suppress(InvalidError, UndecodableError):
        read_raw_event(value)
    assert time.process_time() - began < 3  # the slowest took 0.3 s
