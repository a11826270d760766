"""Any bytes give a document or a FeedError, in a time that grows with their number and no faster."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.feeds.formats.reading import URL, atom, rss
from workers.feeds.formats import read_document
from workers.feeds.model import FeedError

BYTES = 60_000
LIMIT_S = 15
"""Of processor time; the slowest takes 2 s on a busy machine."""

PIECES = [
    "<", ">", "&", "&amp;", "&#", "&#x110000;", "]]>", "<![CDATA[", "<!--", "-->", "<?", "?>", "<!DOCTYPE x [", "<!ENTITY a 'b'>",
    "<rss version='2.0'>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "<link href='//'/>", "<guid>",
    "<pubDate>", "<entry>", "<content type='xhtml'>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<urlset>", "<url><loc>",
    "<sitemapindex>", "{", '{"items":[', '"', "خبر", "\u202e", "\x00", "\ufffe", "\ud7ff", "9" * 30, " ", "\n", "a", "=",
]  # fmt: skip


def read(body, content_type=None):
    try:
        document = read_document(body, content_type=content_type, url=URL)
    except FeedError:
        return
    for item in document.items:
        assert item.id
        assert item.url is None or item.url.startswith(("http://", "https://"))
        repr(item).encode()  # no lone surrogates: an event could not be written


@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.sampled_from(["utf-8", "utf-16", "windows-1256"]),
)
@example("<rss version='2.0'><channel><item><title>&#" + "9" * 5_000 + ";", "utf-8")
@settings(max_examples=300, deadline=None)
def test_any_pieces_of_feeds_give_a_document_or_an_error(text, charset):
    read(text.encode(charset, "replace"))


@given(st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=50)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_document_or_an_error(body, content_type):
    read(body, content_type)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_feed_cut_or_damaged_anywhere_gives_a_document_or_an_error(data):
    feed = data.draw(
        st.sampled_from([rss("<title>خبر</title><link>/a</link>" * 2), atom("<id>1</id><title>x</title>")])
    ).encode()
    start = data.draw(st.integers(0, len(feed)))
    end = data.draw(st.integers(start, len(feed)))
    read(feed[:start] + data.draw(st.binary(max_size=9)) + feed[end:])


@pytest.mark.parametrize(
    "piece",
    [
        "<", "<a>", "<a ", "<!--", "<!", "<?xml ", "<!DOCTYPE x [", "<!DOCTYPE x>", "[", '{"a":', "&", "&#", "\n", "<rss",
        "<rss version='2.0'><channel>|<item>", "<rss version='2.0'><channel><item>|<title>",
        "<rss version='2.0'><channel><item><title>|&", "<rss version='2.0'><channel><item><title>|<![CDATA[",
        "<rss version='2.0'><channel><item><title>|]]>", "<rss version='2.0'><channel><item><title>|<![CDATA[x]]>",
        "<rss version='2.0'><channel><item><description>|&lt;p ", "<rss version='2.0'><channel><item><description>|<p ",
        "<rss version='2.0'><channel><item><title>|<a b='", "<rss version='2.0'><channel><item>|<category>x</category>",
        "<rss |a='b' ", "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'>|<div>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry>|<link href='x'/>", "<urlset>|<url>", "<urlset>|<url><loc>x</loc></url>",
    ],
)  # fmt: skip
def test_what_repeats_without_end_takes_time_in_proportion(piece):
    before, _, repeated = piece.rpartition("|")
    body = (before + repeated * (BYTES // len(repeated))).encode()
    begun = time.process_time()
    read(body)
    assert time.process_time() - begun < LIMIT_S
