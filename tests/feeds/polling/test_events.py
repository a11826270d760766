"""From items and pages to raw events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.raw_event import read_raw_event
from workers.feeds.model import Answer, Fault, Feed, Item
from workers.feeds.polling.events import event_of

ARABIC = "\u062e\u0628\u0631"  # ARABIC LETTERS KHAH, BEH, REH
NOW = "2026-01-02T03:04:05Z"
FEED = Feed(url="https://n.example/feed", source=ARABIC, lang="ar", tags=("press",))
texts = st.text(st.characters(), max_size=20)
surrogates = st.text(st.characters(categories=["Cs", "L"]), max_size=5)


def answer(body=b"<p>", url="https://n.example/1", content_type="text/html"):
    return Answer(url=url, status=200, headers={"content-type": content_type}, body=body)


def read(event):
    return read_raw_event(event.value, event.headers)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (f"<p>{ARABIC}".encode("windows-1256"), "text/html; charset=windows-1256"),
        (b"%PDF-1.7 \x00\xff", "application/pdf"),
        (b'{"body": "no envelope"}', "text/html"),
        (b"", "text/html"),
    ],
)
def test_a_page_goes_as_its_bytes_under_the_type_that_its_server_said(body, content_type):
    event = event_of(
        FEED,
        Item(id="1", url="https://n.example/1"),
        answer(body, content_type=content_type),
        fetched_at=NOW,
    )
    assert event.value == body
    assert (read(event).body, read(event).content_type) == (body, content_type)


@pytest.mark.parametrize("content_type", ["application/json", "text/json; x=y", "application/ld+json", ""])
def test_a_page_of_json_cannot_pass_for_an_envelope(content_type):
    body = b' {"body": "words", "source": "somebody else"}'
    event = event_of(
        FEED,
        Item(id="1", url="https://n.example/1"),
        answer(body, content_type=content_type),
        fetched_at=NOW,
    )
    assert read(event).body == body
    assert read(event).source == ARABIC


def test_what_feed_and_item_know_goes_in_headers():
    item = Item(
        id="guid-1",
        url="https://n.example/1",
        title=ARABIC,
        published_at="2026-01-01T00:00:00Z",
        author="A. Writer",
        tags=("sea, land", "press"),
        lang="en",
    )
    found = read(event_of(FEED, item, answer(), fetched_at=NOW))
    assert (found.title, found.source, found.author) == (ARABIC, ARABIC, "A. Writer")
    assert (found.published_at, found.fetched_at) == ("2026-01-01T00:00:00Z", NOW)
    assert found.tags == ("press", "sea  land")
    assert found.lang == "ar"  # what the list of feeds says goes first
    assert found.meta == {"feed": {"url": "https://n.example/feed", "item": "guid-1", "body": "page"}}


def test_the_address_is_where_the_page_came_from_and_the_key_what_the_feed_said():
    event = event_of(
        FEED,
        Item(id="1", url="https://go.example/x"),
        answer(url="https://n.example/final"),
        fetched_at=NOW,
    )
    assert event.key == b"https://go.example/x"
    assert read(event).url == "https://n.example/final"
    assert read(event).meta["feed"]["item_url"] == "https://go.example/x"


def test_what_the_feed_carries_goes_without_a_page_and_says_so():
    item = Item(id="1", url="https://n.example/1", content=f"<p>{ARABIC}")
    event = event_of(FEED, item, None, fetched_at=NOW, fault=Fault.GONE)
    found = read(event)
    assert event.value.decode() == f"<p>{ARABIC}"
    assert (found.url, found.content_type) == ("https://n.example/1", "text/html; charset=utf-8")
    assert found.meta["feed"]["body"] == "feed"
    assert found.meta["feed"]["fault"] == "gone"


def test_an_item_without_an_address_has_its_id_as_the_key():
    assert event_of(FEED, Item(id="tag:1", content="x"), None, fetched_at=NOW).key == b"tag:1"


@given(texts, texts, texts | surrogates, st.lists(texts | surrogates, max_size=3))
def test_whatever_a_feed_says_makes_an_event_that_can_be_read(title, author, content, tags):
    item = Item(id="1", title=title, author=author, content=content, tags=tuple(tags))
    found = read(event_of(FEED, item, None, fetched_at=NOW))
    assert isinstance(found.body, bytes)
    assert found.meta["feed"]["item"] == "1"
