"""What `khabar up` shows."""

import dataclasses
import io
import re

import pytest
from rich.console import Console

from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.wire import encode
from workers.cli.panel import Facts, LiveScreen, PlainScreen, View, panel, totals
from workers.runtime.reading import Received
from workers.runtime.supervisor import Status
from workers.topics import Role

SALAM = "\u0633\u0644\u0627\u0645"  # ARABIC LETTERS SEEN, LAM, ALEF, MEEM
FACTS = Facts("127.0.0.1:9092", "redis://127.0.0.1:6379/0", "/data/workers.log", ".venv/bin/khabar")
COUNTS = {Role.PUBLISHED: 1200, Role.DUPLICATES: 30, Role.REJECTED: 4, Role.DEAD: 1}


def status(**changes):
    known = {"workers": 2, "alive": 2, "restarts": 0, "committed": 0, "in_work": 0, "outcomes": {}}
    return Status(**(known | {"waiting_for": None, "lag": 0} | changes))


def view(counts=COUNTS, note="", **changes):
    return View(counts=counts, rate=12.4, status=status(**changes), note=note)


def received(title=SALAM, value=None):
    article = PublishedArticle(
        id="i", title=title, lang="ar", text="x", duplicate=Duplicate(relation=Relation.UNIQUE, cluster="i")
    )
    return Received(
        role=Role.PUBLISHED,
        topic="articles.published",
        partition=0,
        offset=3,
        timestamp_ms=0,
        key=None,
        headers=(),
        value=encode(article) if value is None else value,
    )


def rendered(shown, width=100):
    console = Console(file=io.StringIO(), width=width)
    console.print(shown)
    return console.file.getvalue()


def test_the_panel_names_the_web_page_where_there_is_one():
    page = "http://127.0.0.1:8080/"
    with_page = rendered(panel(dataclasses.replace(FACTS, page=page), view()))
    assert f"web page  {page}" in " ".join(with_page.split("\n"))
    assert "web page" not in rendered(panel(FACTS, view()))


def test_the_panel_shows_counts_rate_lag_and_where_things_are():
    text = " ".join(rendered(panel(FACTS, view(lag=1234))).split())
    for words in (
        "read 1,235",
        "published 1,200",
        "duplicates 30",
        "rejected 4",
        "dead 1",
        "events/s 12",
        "lag 1,234",
        "2 of 2 alive",
        "127.0.0.1:9092",
        "redis://127.0.0.1:6379/0",
        "/data/workers.log",
        ".venv/bin/khabar send page.html",
        "Ctrl-C",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alive": 1, "restarts": 2}, "1 of 2 alive, 2 restarted"),
        ({"waiting_for": "Redis at x is \x1b[2Jaway"}, "2 of 2 alive; waiting: Redis at x is away"),
        ({"note": "draining ..."}, "2 of 2 alive; draining ..."),
    ],
    ids=["restarted", "waiting", "draining"],
)
def test_the_panel_says_how_the_workers_are(changes, words):
    assert words in rendered(panel(FACTS, view(**changes)))


def test_an_unknown_lag_is_no_zero():
    assert "lag ?" in rendered(panel(FACTS, view(lag=None)))


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_of_the_panel_is_wider_than_the_terminal(width):
    assert max(map(len, rendered(panel(FACTS, view()), width).splitlines())) <= width


def test_plain_lines_have_a_card_for_each_record_and_the_state_when_it_changes():
    console = Console(file=io.StringIO(), width=20)
    with PlainScreen(console, FACTS) as screen:
        screen.show([received(), received("two")], 0, view())
        screen.show([], 0, view())
    text = console.file.getvalue()
    assert text.startswith("Kafka 127.0.0.1:9092, Redis redis://127.0.0.1:6379/0, log /data/workers.log\n")
    assert text.count("articles.published\n  title ") == 2
    assert SALAM in text
    assert text.count("read 1,235, published 1,200, duplicates 30, rejected 4, dead 1, lag 0") == 1
    assert "\x1b" not in text


def test_what_is_not_shown_is_counted():
    console = Console(file=io.StringIO(), width=20)
    with PlainScreen(console, FACTS) as screen:
        screen.show([received()], 1234, view())
    assert "and 1,234 more records; `.venv/bin/khabar tail --topic all`" in console.file.getvalue()


def test_a_record_that_is_none_of_ours_is_said_to_be_none():
    console = Console(file=io.StringIO(), width=20)
    with PlainScreen(console, FACTS) as screen:
        screen.show([received(value=b"{")], 0, view())
    assert "articles.published:0:3: not one of Khabar's: not JSON" in console.file.getvalue()


def test_the_live_panel_lets_cards_scroll_and_gives_the_cursor_back():
    console = Console(file=io.StringIO(), width=100, height=30, force_terminal=True)
    with LiveScreen(console, FACTS) as screen:
        screen.show([received()], 0, view())
    text = console.file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert plain.index(SALAM) < plain.rindex("Khabar")


def test_totals_are_one_line():
    assert totals({Role.DEAD: 1}) == "read 1, published 0, duplicates 0, rejected 0, dead 1"


def test_the_panel_says_what_is_polled_where_something_is():
    polled = View(counts={}, rate=0.0, status=status(), feeds="1 of the list, 3 new")
    assert "1 of the list, 3 new" in rendered(panel(FACTS, polled))
    assert "feeds" not in rendered(panel(FACTS, view()))
