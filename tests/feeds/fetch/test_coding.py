"""Content-codings are undone as they come, and never beyond the limit."""

import contextlib
import gzip
import tracemalloc
import zlib
from functools import partial

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.feeds.codings import BadCodingError, TooLargeError
from workers.feeds.fetch.coding import read_body

TEXT = "خبر عاجل من الإسكندرية. ".encode() * 400
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(TEXT) + RAW.flush()
ENCODED = {
    None: TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]) + bytes(9),
    "deflate": zlib.compress(TEXT),
    " DEFLATE ": RAW_DEFLATE,
    "br": brotli.compress(TEXT),
    "gzip, br": brotli.compress(gzip.compress(TEXT)),
}


async def pieces(data, size):
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize("encoding", ENCODED)
async def test_each_coding_is_undone_however_it_comes_in_pieces(encoding, size):
    assert await read_body(pieces(ENCODED[encoding], size), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("size", [7, 65_536])
@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", partial(brotli.compress, quality=5))],
)
async def test_a_page_that_packs_well_is_read_to_its_end(encoding, pack, size):
    """All of it has been handed over long before all of it has come out."""
    text = b"".join(b"<li>item %d of many</li>" % number for number in range(50_000))
    assert await read_body(pieces(pack(text), size), encoding, len(text)) == text


@pytest.mark.parametrize("behind", [bytes(20), b"<!-- served by cache 7 -->"], ids=["zeros", "words"])
async def test_what_stands_behind_gzip_is_passed_over(behind):
    assert await read_body(pieces(ENCODED["gzip"] + behind, 65_536), "gzip", len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ENCODED)
async def test_one_byte_over_the_limit_is_too_large_or_is_cut(encoding):
    with pytest.raises(TooLargeError):
        await read_body(pieces(ENCODED[encoding], 999), encoding, len(TEXT) - 1)
    cut = await read_body(pieces(ENCODED[encoding], 999), encoding, 1000, cut=True)
    assert cut == TEXT[:1000]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", TEXT),
        ("br", TEXT),
        ("deflate", b"\x78" + TEXT),
        ("gzip", ENCODED["gzip"][:-9]),
        ("gzip", ENCODED["gzip"][:-4] + b"0000"),
        ("deflate", RAW_DEFLATE[:-5]),
        ("br", ENCODED["br"][:-5]),
        ("br", ENCODED["br"] + b"more"),
        ("zstd", TEXT),
        ("gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(TEXT)))),
    ],
)
async def test_a_coding_that_is_broken_or_unknown_is_said(encoding, data):
    with pytest.raises(BadCodingError):
        await read_body(pieces(data, 100), encoding, 10**6)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
async def test_an_empty_body_is_empty_in_every_coding(encoding):
    """Servers name a coding for an answer without a body, too."""
    assert await read_body(pieces(b"", 10), encoding, 10) == b""


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", gzip.compress(bytes(2**28))),
        ("br", brotli.compress(bytes(2**28), quality=5)),
        ("gzip, gzip", gzip.compress(gzip.compress(bytes(2**28)))),
    ],
)
async def test_a_bomb_costs_no_more_than_the_limit_and_a_step(encoding, bomb):
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            await read_body(pieces(bomb, 65_536), encoding, 2**20)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@given(st.sampled_from(sorted(filter(None, ENCODED))), st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
async def test_any_bytes_give_a_body_or_an_error(encoding, data):
    with contextlib.suppress(BadCodingError, TooLargeError):
        assert len(await read_body(pieces(data, 50), encoding, 10**6)) <= 10**6
