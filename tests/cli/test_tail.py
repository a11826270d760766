"""What tail shows, and in which form."""

import csv
import io
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from schemas.cleaned_article import Source
from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.tagged_article import Entity, Label, Mention
from schemas.wire import encode
from tests.support.harness import addresses_of, take_times_of_writers
from workers.cli.moments import moment
from workers.cli.rows import COLUMNS, csv_line, row
from workers.runtime.clients import producer
from workers.runtime.dead_letters import dead_headers
from workers.runtime.reading import Received
from workers.topics import Role, table

NEWS = "\u062e\u0628\u0631"  # ARABIC LETTERS KHAH, BEH, REH
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


def article(title, **more):
    fields = {"id": title, "title": title, "lang": "ar", "text": title} | more
    return PublishedArticle(duplicate=Duplicate(relation=Relation.UNIQUE, cluster="c"), **fields)


@pytest.fixture
def put(settings, topics):
    """put(record) puts a record on a topic; also bytes."""
    names = table(settings.topic_prefix)
    with producer(settings, addresses_of(settings)) as client:

        def put_record(record, role=Role.PUBLISHED, headers=(), partition=0, ago=timedelta(0)):
            value = record if isinstance(record, bytes) else encode(record)
            time_ms = int((datetime.now(UTC) - ago).timestamp() * 1000)
            client.send(
                names[role].name, value, headers=list(headers), partition=partition, timestamp_ms=time_ms
            ).get(timeout=20)

        yield put_record


@pytest.mark.integration
def test_tail_shows_cards_and_says_how_many_there_were(khabar, put):
    put(article(NEWS))
    put(article("english", lang="en"))
    put(b"not ours")
    put(article("last"))
    result = khabar("tail", "--from-beginning", "--until-now", "--lang", "ar")
    assert result.exit_code == 0
    assert (
        f"  title     \u2068{NEWS}\u2069\n" in result.stdout
    )  # FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE
    assert "english" not in result.stdout
    assert "\x1b" not in result.stdout
    assert "published:0:2: not one of Khabar's" in result.stderr
    assert result.stderr.endswith("2 records of 4 read; 1 not Khabar's\n")


@pytest.mark.integration
def test_tail_ends_after_so_many_records(khabar, put):
    for title in "abc":
        put(article(title))
    result = khabar("tail", "--from-beginning", "--count", "2", "--json")
    assert result.stdout_bytes.splitlines() == [encode(article("a")), encode(article("b"))]
    assert result.stderr == "2 records of 2 read\n"


@pytest.mark.integration
def test_tail_follows_the_topics_it_is_told_to(khabar, settings, put):
    put(article(NEWS), Role.DUPLICATES)
    letter = DeadLetter(
        reason=DeadReason.INVALID,
        message="m",
        error="E",
        stage="s",
        origin="o:0:7",
        topic="o",
        partition=0,
        offset=7,
    )
    put(b"x", Role.DEAD, dead_headers([], letter))
    both = khabar("tail", "--from-beginning", "--topic", "all", "--until-now").stdout
    assert {f"{settings.topic_prefix}.{name}" for name in ("duplicates", "dead")} <= set(both.splitlines())
    dead = khabar("tail", "--from-beginning", "--topic", "dead", "--until-now", "--format", "json").stdout
    assert orjson.loads(dead)["origin"] == "o:0:7"


RUSSIA = Entity(
    id="iso:RU", label=Label.LOC, name=NEWS, salience=1.0, mentions=(Mention(start=0, end=3, text=NEWS),)
)


@pytest.mark.integration
def test_the_filters_of_tail_hold_together(khabar, put):
    put(article("right", entities=(RUSSIA,), text="Two Words.", source=Source(domain="example.org")))
    put(article("no entity", text="two words", source=Source(domain="example.org")))
    put(article("other source", entities=(RUSSIA,), text="two words"))
    put(article("other text", entities=(RUSSIA,), source=Source(domain="example.org")))
    filters = ["--entity", "iso:FR", "--entity", NEWS, "--source", "example.org", "--text", "two words"]
    more = ["--lang", "ar", "--relation", "unique", "--relation", "near"]
    result = khabar("tail", "--from-beginning", "--until-now", "--format", "csv", *filters, *more)
    assert [each["id"] for each in csv.DictReader(io.StringIO(result.stdout))] == ["right"]
    assert result.stderr == "1 record of 4 read\n"


@pytest.mark.integration
def test_tail_begins_at_a_time(khabar, put, settings):
    take_times_of_writers(settings)
    put(article("old"), ago=timedelta(hours=3))
    put(article("new"), ago=timedelta(minutes=5))
    for since in ("2h", (datetime.now(UTC) - timedelta(hours=2)).isoformat()):
        result = khabar("tail", "--since", since, "--until-now", "--json")
        assert [orjson.loads(line)["id"] for line in result.stdout.splitlines()] == ["new"]


@pytest.mark.integration
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_tail_follows_until_a_signal_and_says_how_many_there_were(put, environ, number, code):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    more = {name: value for name, value in environ.items() if value is not None}
    put(article("first"))
    command = [sys.executable, "-c", "from workers.cli.main import main; main()"]
    with subprocess.Popen(
        [*command, "tail", "--from-beginning", "--json"],
        env=kept | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == encode(article("first")) + b"\n"
        put(article("second"))
        assert b"second" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=20) == code
        assert process.stderr.read() == b"2 records of 2 read\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "2h", "--from-beginning"),
        ("--since", "yesterday"),
        ("--since", "2026-11-30T08:00:00"),
        ("--json", "--format", "csv"),
        ("--format", "xml"),
        ("--relation", "copy"),
    ],
    ids=" ".join,
)
def test_contradictions_and_mistakes_are_said(khabar_alone, arguments):
    result = khabar_alone("tail", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        (" 3d ", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-11-29T23:00:00Z", datetime(2026, 11, 29, 23, tzinfo=UTC)),
        ("2026-11-29T23:00:00.5+03:00", datetime(2026, 11, 29, 20, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_an_age_or_rfc_3339(text, expected):
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "2", "h", "-2h", "2y", "999999w", "\u0662h", "2026-13-01T00:00:00Z", "now"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        moment(text, NOW)


def received(record, role=Role.PUBLISHED):
    return Received(
        role=role,
        topic="articles.published",
        partition=1,
        offset=2,
        timestamp_ms=0,
        key=None,
        headers=(("khabar-origin", b"articles.raw:0:9"),),
        value=encode(record),
    )


def test_a_row_of_the_table_has_a_cell_for_each_column():
    record = article(
        NEWS,
        authors=("A", "B"),
        entities=(RUSSIA,),
        published_at=NOW,
        source=Source(name="N", domain="d.org"),
        url="https://d.org/1",
    )
    found = dict(zip(COLUMNS, row(received(record), record), strict=True))
    assert found == {
        "position": "articles.published:1:2",
        "origin": "articles.raw:0:9",
        "id": NEWS,
        "relation": "unique",
        "of": "",
        "cluster": "c",
        "lang": "ar",
        "title": NEWS,
        "source": "N",
        "domain": "d.org",
        "url": "https://d.org/1",
        "published_at": "2026-11-30T08:00:00+00:00",
        "authors": "A; B",
        "entities": "iso:RU",
        "reason": "",
    }


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ('say "no", twice', 'say "no", twice'),
        ("two\r\nlines\x1b[31m", "two lines"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@here", "'@here"),
        ("+1", "'+1"),
        ("\t-1", "'-1"),
    ],
)
def test_a_cell_is_one_line_and_no_formula_and_quoted_where_it_has_to_be(title, shown):
    record = RejectedEvent(id="i", reason=RejectReason.EMPTY, detail="", title=title)
    [cells] = csv.reader(io.StringIO(csv_line(row(received(record, Role.REJECTED), record))))
    found = dict(zip(COLUMNS, cells, strict=True))
    assert (found["title"], found["reason"], found["relation"]) == (shown, "empty", "")
