"""From files to raw events."""

import io
from pathlib import Path

import orjson
import pytest

from schemas.raw_event import read_raw_event
from workers.feeds.send import Known, Mistake, Outgoing, checked, events, read_files
from workers.topics import Role, table

ARABIC = "\u062e\u0628\u0631"  # ARABIC LETTERS KHAH, BEH, REH


def read(name, data, **known):
    return list(events(Path(name), io.BytesIO(data), Known(**known)))


@pytest.mark.parametrize(
    ("name", "data", "content_type"),
    [
        ("a.html", f"<p>{ARABIC}".encode("windows-1256"), b"text/html"),
        ("a.HTM", b"<p>\x00\xff", b"text/html"),
        ("a.txt", f"{ARABIC}\r\n".encode(), b"text/plain"),
        ("empty.txt", b"", b"text/plain"),
    ],
)
def test_a_page_goes_as_its_bytes_with_its_type(name, data, content_type):
    (event,) = read(name, data)
    assert event.value == data
    assert event.headers == (("content-type", content_type),)
    assert read_raw_event(event.value, event.headers).body == data


def test_what_is_known_of_a_page_goes_in_headers_and_its_url_is_the_key():
    (event,) = read("a.html", b"<p>", url="https://x/1", source=ARABIC, lang="ar")
    assert event.key == b"https://x/1"
    found = read_raw_event(event.value, event.headers)
    assert (found.url, found.source, found.lang) == ("https://x/1", ARABIC, "ar")


def test_an_envelope_goes_as_its_bytes():
    data = b'{ "body": "b",  "url":"https://x/2", "meta": {"n": 123456789012345678901234567890} }\n'
    (event,) = read("a.json", data)
    assert (event.value, event.key) == (data, b"https://x/2")
    assert read_raw_event(event.value, event.headers).body == "b"


def test_what_is_known_fills_only_what_an_envelope_leaves_open():
    data = b'{"body":"b","lang":"fa","url":null,"meta":{"n":123456789012345678901234567890}}'
    (event,) = read("a.json", data, url="https://x/3", lang="ar")
    found = read_raw_event(event.value, event.headers)
    assert (found.lang, found.url) == ("fa", "https://x/3")
    assert found.meta == {"n": 123456789012345678901234567890}
    assert event.key == b"https://x/3"


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "-"])
def test_an_envelope_a_line_and_each_mistake_names_its_line(name):
    lines = [orjson.dumps({"body": ARABIC}), b"", b'{"body": 3}', b"{", b'{"body":"last"}']
    found = read(name, b"\n".join(lines))
    shown = "standard input" if name == "-" else name
    assert [item.where for item in found] == [f"{shown}:{number}" for number in (1, 3, 4, 5)]
    assert [type(item) for item in found] == [Outgoing, Mistake, Mistake, Outgoing]
    assert str(found[1]) == f"{shown}:3: is no envelope: `body`: expected a string, found a number"


@pytest.mark.parametrize("data", [b"", b" \n", b"[]", b'"text"', b'{"url":"https://x"}'])
def test_a_json_file_that_is_no_envelope_is_a_mistake(data):
    assert isinstance(read("a.json", data)[0], Mistake)


def test_a_content_type_makes_any_file_one_page():
    (event,) = read("-", b"{\n{\n", content_type="text/html; charset=koi8-r")
    assert event.value == b"{\n{\n"
    assert event.headers == (("content-type", b"text/html; charset=koi8-r"),)


@pytest.mark.parametrize("content_type", ["application/json", "application/activity+json; charset=utf-8"])
def test_a_json_content_type_makes_any_file_one_envelope(content_type):
    (event,) = read("a.dat", b'{"body":"b"}', content_type=content_type)
    assert read_raw_event(event.value, event.headers).body == "b"
    assert isinstance(read("a.dat", b"{", content_type=content_type)[0], Mistake)


def test_an_unknown_ending_is_a_mistake_that_says_what_to_do():
    (mistake,) = read("a.pdf", b"%PDF")
    assert "--content-type" in str(mistake)
    assert ".html" in str(mistake)


def test_a_file_that_cannot_be_read_does_not_keep_the_others_back(tmp_path):
    (tmp_path / "b.txt").write_bytes(b"b")
    paths = [tmp_path / "missing.txt", tmp_path, tmp_path / "b.txt", Path("-")]
    found = list(read_files(paths, io.BytesIO(b'{"body":"s"}\n'), Known()))
    assert [type(item) for item in found] == [Mistake, Mistake, Outgoing, Outgoing]
    assert "No such file" in str(found[0])
    assert "Is a directory" in str(found[1])


def test_an_event_over_the_topics_limit_is_a_mistake_with_both_sizes():
    topic = table("t")[Role.RAW]
    fits = Outgoing(where="a", key=None, value=bytes(topic.max_message_bytes - 1024), headers=())
    over = Outgoing(where="a", key=None, value=bytes(topic.max_message_bytes), headers=())
    assert checked(fits, topic) is fits
    assert str(checked(over, topic)) == "a: has 33,554,432 bytes; t.raw takes 33,554,432"
