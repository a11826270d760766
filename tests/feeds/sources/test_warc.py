"""WARC files: which records are pages, what is undone of HTTP, and files that are broken."""

import gzip
import io
import itertools
import os
import zlib
from functools import partial
from pathlib import Path

import brotli
import pytest

from schemas.raw_event import read_raw_event
from tests.support import warcs
from tests.support.sources import everything, goes_on_everywhere, plan_of, steps
from workers.feeds.outgoing import Mistake, Outgoing
from workers.feeds.sources.inputs import STDIN
from workers.feeds.sources.kinds import Kind

packed = partial(gzip.compress, mtime=0)
"""Without the time: bytes are part of the tests' names, which have to be the same in each process that shares them."""

URL = "https://news.example/a"
BODY = "<p>خبر عاجل من الميناء".encode("windows-1256")


@pytest.fixture
def read(tmp_path):
    """read(record, ...): what is read of a file of these records."""

    def run(*records, name="a.warc.gz", **more):
        return everything(plan_of(warcs.write(tmp_path / name, records), **more))

    return run


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_response_is_a_page_with_its_url_type_and_time(read, name, tmp_path):
    kept = warcs.record("response", warcs.http(BODY, "text/html; charset=windows-1256"), url=URL)
    ([event], mistakes, skipped) = read(kept, name=name, source="الميناء", lang="ar", url="https://other/")
    assert (mistakes, skipped) == ([], {})
    assert (event.key, event.value, event.where) == (URL.encode(), BODY, f"{tmp_path / name}@0")
    found = read_raw_event(event.value, event.headers)
    assert found.url == URL
    assert found.content_type == "text/html; charset=windows-1256"
    assert found.fetched_at == warcs.DATE
    assert (found.source, found.lang, found.body) == ("الميناء", "ar", BODY)


def test_a_resource_is_a_page_of_its_own_type(read):
    ([event], _, skipped) = read(
        warcs.record("resource", BODY, url=URL, Content_Type="text/plain; charset=windows-1256"),
        warcs.record("resource", BODY, url=URL, Content_Type="text/css"),
    )
    assert event.headers[0] == ("content-type", b"text/plain; charset=windows-1256")
    assert skipped == {"CONTENT_TYPE": 1}


@pytest.mark.parametrize("url", [f"<{URL}>", URL])
def test_the_url_stands_without_the_brackets_of_old_writers(read, url):
    ([event], _, _) = read(warcs.record("response", warcs.http(BODY), url=url))
    assert event.key == URL.encode()


@pytest.mark.parametrize(
    ("reason", "record"),
    [
        ("REQUEST", warcs.record("request", b"GET / HTTP/1.1\r\n\r\n", url=URL)),
        ("METADATA", warcs.record("metadata", b"a: b", url=URL)),
        ("WARCINFO", warcs.record("warcinfo", b"a: b")),
        ("REVISIT", warcs.record("revisit", warcs.http(b""), url=URL)),
        ("OTHER_RECORD", warcs.record("conversion", b"text", url=URL, Content_Type="text/plain")),
        ("STATUS", warcs.record("response", warcs.http(BODY, status="404 Not Found"), url=URL)),
        ("STATUS", warcs.record("response", warcs.http(BODY, status="301 Moved"), url=URL)),
        ("STATUS", warcs.record("response", b"no HTTP at all", url=URL)),
        ("STATUS", warcs.record("response", b"", url=URL)),
        ("CONTENT_TYPE", warcs.record("response", warcs.http(BODY, "image/png"), url=URL)),
        ("CONTENT_TYPE", warcs.record("response", warcs.http(BODY, ""), url=URL)),
        ("CUT", warcs.record("response", warcs.http(BODY), url=URL, WARC_Truncated="length")),
        ("CUT", warcs.record("response", warcs.http(BODY), url=URL, WARC_Segment_Number="1")),
        ("TOO_LARGE", warcs.record("response", warcs.http(bytes(3_000_000)), url=URL)),
        (
            "TOO_LARGE",
            warcs.record(
                "response",
                warcs.http(packed(bytes(3_000_000)), more=["Content-Encoding: gzip"]),
                url=URL,
            ),
        ),
    ],
)
def test_what_is_no_page_is_counted_and_the_next_record_is_read(read, reason, record):
    events, mistakes, skipped = read(record, warcs.record("response", warcs.http(BODY), url=URL))
    assert [event.value for event in events] == [BODY]
    assert mistakes == []
    assert skipped == {reason: 1}


def test_a_page_without_a_type_has_the_one_that_the_crawler_found(read):
    record = warcs.record(
        "response", warcs.http(BODY, ""), url=URL, WARC_Identified_Payload_Type="application/xhtml+xml"
    )
    ([event], _, _) = read(record)
    assert event.headers[0] == ("content-type", b"application/xhtml+xml")


def chunked(body):
    middle = len(body) // 2
    parts = (body[:middle], body[middle:])
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def raw_deflate(body):
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(body) + machine.flush()


GZIP, CHUNKED = "Content-Encoding: gzip", "Transfer-Encoding: chunked"
PACKED = packed(BODY * 20)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (chunked(BODY), [CHUNKED]),
        (packed(BODY), [GZIP]),
        (packed(BODY), ["content-encoding:  X-GZIP "]),
        (packed(BODY[:5]) + packed(BODY[5:]), [GZIP]),
        (packed(BODY) + bytes(8), [GZIP]),
        (chunked(packed(BODY)), [GZIP, CHUNKED]),
        (zlib.compress(BODY), ["Content-Encoding: deflate"]),
        (raw_deflate(BODY), ["Content-Encoding: deflate"]),
        (brotli.compress(BODY), ["Content-Encoding: br"]),
        (brotli.compress(packed(BODY)), ["Content-Encoding: gzip, br"]),
        (BODY, ["Content-Encoding: identity"]),
        (BODY, [CHUNKED]),  # from here on: the crawler has decoded it and kept the header
        (BODY, [GZIP]),
        (BODY, ["Content-Encoding: br"]),
        (BODY, ["Content-Encoding: deflate"]),
    ],
)
def test_codings_are_undone(read, body, headers):
    ([event], mistakes, _) = read(warcs.record("response", warcs.http(body, more=headers), url=URL))
    assert event.value == BODY
    assert mistakes == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (PACKED[:-12], [GZIP]),
        (PACKED[:30] + b"\xff\xff" + PACKED[32:], [GZIP]),
        (chunked(BODY * 9)[:-60], [CHUNKED]),
        (brotli.compress(bytes(range(256)) * 9)[:-20], ["Content-Encoding: br"]),
        (BODY, ["Content-Encoding: zstd"]),
    ],
)
def test_a_body_that_cannot_be_decoded_is_a_mistake_and_the_next_record_is_read(read, body, headers):
    broken = warcs.record("response", warcs.http(body, more=headers), url=URL)
    events, mistakes, _ = read(broken, warcs.record("response", warcs.http(BODY), url=URL))
    assert [event.value for event in events] == [BODY]
    [mistake] = mistakes
    assert "a.warc.gz@0: has a body that cannot be read" in str(mistake)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
def test_a_bomb_is_too_large_and_unpacks_to_no_more_than_the_limit(read, coding):
    pack = {"gzip": packed, "br": brotli.compress, "deflate": zlib.compress}[coding]
    bomb = warcs.http(pack(bytes(5_000_000)), more=[f"Content-Encoding: {coding}"])
    assert len(bomb) < 100_000
    assert read(warcs.record("response", bomb, url=URL)) == ([], [], {"TOO_LARGE": 1})


RECORDS = list(warcs.crawl(4, 300))
PLAIN, GZIPPED = b"".join(RECORDS), b"".join(packed(record) for record in RECORDS)
ENDS = {
    "a.warc": list(itertools.accumulate(map(len, RECORDS))),
    "a.warc.gz": list(itertools.accumulate(len(packed(record)) for record in RECORDS)),
}
WHOLE = {"a.warc": PLAIN, "a.warc.gz": GZIPPED}


def is_page(record):
    return b"WARC-Type: response" in record


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_file_that_breaks_off_anywhere_is_a_mistake_and_what_came_before_is_read(tmp_path, name):
    path, ends = tmp_path / name, ENDS[name]
    for cut in range(1, len(WHOLE[name]), 7):
        path.write_bytes(WHOLE[name][:cut])
        events, mistakes, skipped = everything(plan_of(path))
        whole = sum(end <= cut for end in ends)
        assert len(events) + skipped.total() in {whole, whole + 1}, (
            cut
        )  # of the cut one its line ends may be missing
        assert len(events) <= sum(map(is_page, RECORDS[: whole + 1]))
        assert len(mistakes) == (cut not in ends), cut
        if mistakes:
            assert int(mistakes[0].where.rpartition("@")[2]) == ([0, *ends][whole]), (cut, mistakes)


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_garbage_in_a_file_is_a_mistake_that_says_where(tmp_path, name):
    middle = ENDS[name][5]
    (tmp_path / name).write_bytes(WHOLE[name][:middle] + b"garbage\r\n" * 30 + WHOLE[name][middle:])
    events, [mistake], skipped = everything(plan_of(tmp_path / name))
    assert len(events) + skipped.total() == 6
    assert f"{name}@{middle}: is no WARC, or broken, from here" in str(mistake)


@pytest.mark.parametrize("data", [b"", b"<html>", packed(b"<html>"), bytes(1000)])
def test_what_is_no_warc_is_a_mistake(tmp_path, data):
    (tmp_path / "a.warc.gz").write_bytes(data)
    events, [mistake], _ = everything(plan_of(tmp_path / "a.warc.gz"))
    assert events == []
    assert "a.warc.gz@0: is no WARC, or broken" in str(mistake)


def test_a_file_that_is_packed_as_a_whole_is_read_and_a_cut_one_is_a_mistake(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(packed(PLAIN))
    events, mistakes, _ = everything(plan_of(path))
    assert (len(events), mistakes) == (4, [])
    path.write_bytes(packed(PLAIN)[:-4])
    assert len(everything(plan_of(path))[1]) == 1


def large(size):
    """More than is read at once, in a few records."""
    return b"".join(
        warcs.record("resource", os.urandom(size), url=f"{URL}/{number}", Content_Type="text/html")
        for number in range(5)
    )


@pytest.mark.parametrize(
    "data",
    [PLAIN, GZIPPED, packed(PLAIN), packed(large(90_000))],
    ids=["plain", "gzip", "as a whole", "as a whole, large"],
)
def test_reading_goes_on_after_any_record(tmp_path, data):
    (tmp_path / "a.warc.gz").write_bytes(data)
    assert goes_on_everywhere(plan_of(tmp_path / "a.warc.gz")) == (len(RECORDS) if len(data) < 90_000 else 5)


def cut_at(data):
    """Within the last page."""
    return ENDS["a.warc" if data == PLAIN else "a.warc.gz"][-2] - 40


@pytest.mark.parametrize("data", [PLAIN, GZIPPED], ids=["plain", "gzip"])
def test_a_pipe_is_read_and_a_cut_body_in_it_noticed(data):
    def piped(content):
        ours, theirs = os.pipe()
        os.write(theirs, content)
        os.close(theirs)
        with io.open(ours, "rb") as stream:  # noqa: UP020
            plan = plan_of(STDIN, kind=Kind.WARC)
            from workers.feeds.sources.inputs import read, sources

            return [step.read for source in sources(plan.paths) for step in read(plan, source, stream)]

    found = piped(data)
    assert sum(isinstance(item, Outgoing) for item in found) == 4
    cut = piped(data[: cut_at(data)])
    assert isinstance(cut[-1], Mistake)


def test_a_crawl_is_read_page_by_page_with_its_charsets(tmp_path):
    path = warcs.write(tmp_path / "a.warc.gz", warcs.crawl(60, 500))
    events, mistakes, skipped = everything(plan_of(path))
    assert mistakes == []
    assert skipped == {
        "WARCINFO": 1,
        "REQUEST": 60,
        "METADATA": 6,
        "STATUS": 2,
        "CONTENT_TYPE": 2,
    }
    for number, event in enumerate(events):
        body, content_type = warcs.page(number, 500)
        assert (event.value, event.headers[0][1].decode()) == (body, content_type)
        assert body.decode(content_type.partition("=")[2])
    assert len(events) == 60
    offsets = [step.done_bytes for step in steps(plan_of(path))]
    assert offsets == sorted(offsets)
    assert 0 < offsets[-1] < Path(path).stat().st_size
