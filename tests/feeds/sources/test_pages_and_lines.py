"""Pages, envelopes and JSON lines, from files, folders and standard input."""

import gzip
import os
from functools import partial
from pathlib import Path

import orjson
import pytest

from schemas.raw_event import read_raw_event
from tests.support.sources import everything, goes_on_everywhere, plan_of, steps
from workers.feeds.outgoing import Mistake, Outgoing

packed = partial(gzip.compress, mtime=0)
"""Without the time: bytes are part of the tests' names, which have to be the same in each process that shares them."""

ARABIC = "\u062e\u0628\u0631"  # ARABIC LETTERS KHAH, BEH, REH


@pytest.fixture
def read(tmp_path):
    """read("a.html", b"...", lang="ar"): events and mistakes of a file of this name and content, in order."""

    def run(name, data, **more):
        path = Path(name)
        if name != "-":
            path = tmp_path / name
            path.write_bytes(data)
        return [step.read for step in steps(plan_of(path, **more), data)]

    return run


@pytest.mark.parametrize(
    ("name", "data", "content_type"),
    [
        ("a.html", f"<p>{ARABIC}".encode("windows-1256"), b"text/html"),
        ("a.HTM", b"<p>\x00\xff", b"text/html"),
        ("a.txt", f"{ARABIC}\r\n".encode(), b"text/plain"),
        ("empty.txt", b"", b"text/plain"),
    ],
)
def test_a_page_goes_as_its_bytes_with_its_type(read, name, data, content_type):
    for stored, content in ((name, data), (f"{name}.gz", packed(data))):
        (event,) = read(stored, content)
        assert event.value == data
        assert event.headers == (("content-type", content_type),)
        assert read_raw_event(event.value, event.headers).body == data


def test_what_is_known_of_a_page_goes_in_headers_and_its_url_is_the_key(read):
    (event,) = read("a.html", b"<p>", url="https://x/1", source=ARABIC, lang="ar")
    assert event.key == b"https://x/1"
    found = read_raw_event(event.value, event.headers)
    assert (found.url, found.source, found.lang) == ("https://x/1", ARABIC, "ar")


def test_an_envelope_goes_as_its_bytes(read):
    data = b'{ "body": "b",  "url":"https://x/2", "meta": {"n": 123456789012345678901234567890} }\n'
    (event,) = read("a.json", data)
    assert (event.value, event.key) == (data, b"https://x/2")
    assert read_raw_event(event.value, event.headers).body == "b"


def test_what_is_known_fills_only_what_an_envelope_leaves_open(read):
    data = b'{"body":"b","lang":"fa","url":null,"meta":{"n":123456789012345678901234567890}}'
    (event,) = read("a.json", data, url="https://x/3", lang="ar")
    found = read_raw_event(event.value, event.headers)
    assert (found.lang, found.url) == ("fa", "https://x/3")
    assert found.meta == {"n": 123456789012345678901234567890}
    assert event.key == b"https://x/3"


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz", "-"])
def test_an_envelope_a_line_and_each_mistake_names_its_line(read, name, tmp_path):
    lines = [orjson.dumps({"body": ARABIC}), b"", b'{"body": 3}', b"{", b'{"body":"last"}']
    data = b"\n".join(lines)
    found = read(name, packed(data) if name.endswith(".gz") else data)
    shown = "standard input" if name == "-" else str(tmp_path / name)
    assert [item.where for item in found] == [f"{shown}:{number}" for number in (1, 3, 4, 5)]
    assert [type(item) for item in found] == [Outgoing, Mistake, Mistake, Outgoing]
    assert str(found[1]) == f"{shown}:3: is no envelope: `body`: expected a string, found a number"


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_lines_are_read_on_after_any_of_them(tmp_path, name):
    data = b'{"body":"1"}\n\n{\n{"body":"2"}\r\n{"body":"' + b"x" * 99 + b'"}\n{"body":"4"}'
    (tmp_path / name).write_bytes(packed(data) if name.endswith(".gz") else data)
    assert goes_on_everywhere(plan_of(tmp_path / name, limit=60)) == 5


def test_a_line_over_the_limit_is_a_mistake_and_the_next_one_is_read(read):
    found = read("a.jsonl", b'{"body":"' + b"x" * 3_000_000 + b'"}\n{"body":"b"}\n', limit=100)
    assert "has 3,000,012 bytes" in str(found[0])
    assert [type(item) for item in found] == [Mistake, Outgoing]


def test_a_file_over_the_limit_is_a_mistake(read):
    (mistake,) = read("a.html.gz", packed(bytes(10_000_000)), limit=1000)
    assert "more than 1,000 bytes" in str(mistake)
    (event,) = read("a.html", bytes(1000), limit=1000)
    assert len(event.value) == 1000


@pytest.mark.parametrize("data", [b"", b" \n", b"[]", b'"text"', b'{"url":"https://x"}'])
def test_a_json_file_that_is_no_envelope_is_a_mistake(read, data):
    assert isinstance(read("a.json", data)[0], Mistake)


def test_a_content_type_makes_any_file_one_page(read):
    for name in ("-", "a.warc"):
        (event,) = read(name, b"{\n{\n", content_type="text/html; charset=koi8-r")
        assert event.value == b"{\n{\n"
        assert event.headers == (("content-type", b"text/html; charset=koi8-r"),)


@pytest.mark.parametrize("content_type", ["application/json", "application/activity+json; charset=utf-8"])
def test_a_json_content_type_makes_any_file_one_envelope(read, content_type):
    (event,) = read("a.dat", b'{"body":"b"}', content_type=content_type)
    assert read_raw_event(event.value, event.headers).body == "b"
    assert isinstance(read("b.dat", b"{", content_type=content_type)[0], Mistake)


def test_an_unknown_ending_is_a_mistake_that_says_what_to_do(read):
    (mistake,) = read("a.pdf", b"%PDF")
    assert "--content-type" in str(mistake)
    assert ".html" in str(mistake)


@pytest.mark.parametrize("data", [b"no gzip", packed(b'{"body":"b"}\n' * 99)[:-12]])
def test_a_broken_gzip_file_is_a_mistake_that_names_it(read, data):
    assert "a.jsonl.gz: cannot be unpacked" in str(read("a.jsonl.gz", data)[-1])


def test_a_file_that_cannot_be_read_does_not_keep_the_others_back(tmp_path):
    (tmp_path / "b.txt").write_bytes(b"b")
    paths = [tmp_path / "missing", tmp_path / "b.txt", Path("-")]
    events, mistakes, _ = everything(plan_of(*paths), b'{"body":"s"}\n')
    assert [event.where for event in events] == [str(paths[1]), "standard input:1"]
    assert [str(mistake) for mistake in mistakes] == [
        f"{paths[0]}: cannot be read: No such file or directory"
    ]


def test_a_folder_is_read_by_name_and_what_is_no_page_is_counted(tmp_path):
    folder = tmp_path / ".folder"  # its own name is the user's choice
    for name in ("b.txt", "a.html", "c/d.jsonl", "c/.hidden/e.txt", ".f.txt", "g.png", "h"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'{"body":"b"}')
    (folder / "loop").symlink_to(folder)
    events, mistakes, skipped = everything(plan_of(folder))
    assert [event.where.removeprefix(f"{folder}/") for event in events] == [
        "a.html",
        "b.txt",
        "c/d.jsonl:1",
    ]
    assert mistakes == []
    assert skipped == {"HIDDEN": 2, "OTHER_FILE": 2, "NO_FILE": 1}


def test_pipes_and_broken_links_in_a_folder_are_counted_and_nothing_waits_for_them(tmp_path):
    os.mkfifo(tmp_path / "a.html")
    (tmp_path / "b.html").symlink_to(tmp_path / "missing")
    (tmp_path / "c.html").write_bytes(b"c")
    events, mistakes, skipped = everything(plan_of(tmp_path))
    assert ([event.value for event in events], mistakes, skipped) == ([b"c"], [], {"NO_FILE": 2})


def test_a_folder_that_cannot_be_looked_into_is_a_mistake(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    (tmp_path / "z.txt").write_bytes(b"z")
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    events, mistakes, _ = everything(plan_of(tmp_path))
    assert [event.value for event in events] == [b"z"]
    assert [str(mistake) for mistake in mistakes] == [f"{tmp_path}/closed: cannot be read: Permission denied"]
