"""How the page's word and the feed's word become one record, and what is said when there is none."""

from datetime import UTC, datetime

import pytest

from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from workers.boilerplate.stage import VERSION, clean
from workers.identity import article_id
from workers.outcomes import Dropped, Kept

ARABIC = "أعلنت بلدية المدينة الساحلية، صباح اليوم الثلاثاء، افتتاح مكتبة عامة جديدة تضم أكثر من أربعين ألف كتاب، بعد أعمال ترميم استمرت ثلاث سنوات."
ENGLISH = "The harbour authority said on Tuesday that the last of the three old cranes will be taken down next month, ending a long dispute."


def page(head: str = "", paragraphs: int = 3) -> str:
    text = "".join(f"<p>{ENGLISH} This is paragraph {number}.</p>" for number in range(paragraphs))
    return f"<html><head>{head}</head><body><article>{text}</article></body></html>"


def record_of(event):
    [outcome] = clean([event])
    assert isinstance(outcome, Kept), outcome
    return outcome.record


def test_what_the_feed_knew_stands_in_where_a_dump_says_nothing():
    record = record_of(
        RawEvent(
            body=ARABIC, url="https://WWW.Example.org/a", source="الميناء اليوم", title=" عنوان  الخبر ",
            published_at="Sun, 13 Oct 2024 12:00:00 +0300", author="سلمى الحداد", tags=("كتب", "ثقافة", "كتب"),
            lang="ar-EG", meta={"ref": [1, {"x": None}]},
        )
    )  # fmt: skip
    assert (record.text, record.title, record.lang) == (ARABIC, "عنوان الخبر", "ar")
    assert (record.source.name, record.source.domain) == ("الميناء اليوم", "example.org")
    assert record.published_at == datetime(2024, 10, 13, 9, tzinfo=UTC)
    assert (record.authors, record.keywords) == (("سلمى الحداد",), ("كتب", "ثقافة"))
    assert record.meta == {"ref": [1, {"x": None}]}
    assert record.versions == {"boilerplate": VERSION}
    assert record.id == article_id(ARABIC, "https://WWW.Example.org/a")


@pytest.mark.parametrize(
    ("source", "url", "name", "domain"),
    [
        ("عربي21", None, "عربي21", None),
        ("عربي21", "https://www.arabi21.com/x", "عربي21", "arabi21.com"),
        ("www.arabi21.com", None, None, "arabi21.com"),
        ("arabi21.com", "https://m.arabi21.com/x", None, "m.arabi21.com"),
        (None, "https://[bad/x", None, None),
        (None, None, None, None),
    ],
    ids=["name", "name and url", "domain", "domain and url", "broken url", "nothing"],
)
def test_a_source_is_a_name_or_a_domain(source, url, name, domain):
    record = record_of(RawEvent(body=ARABIC, source=source, url=url))
    assert (record.source.name, record.source.domain) == (name, domain)


@pytest.mark.parametrize(
    ("stated", "fed", "published"),
    [
        ("2024-10-13T12:00:00+03:00", "2024-10-14T00:00:00Z", datetime(2024, 10, 13, 9, tzinfo=UTC)),
        ("2024-10-13", "2024-10-13T07:30:00Z", datetime(2024, 10, 13, 7, 30, tzinfo=UTC)),
        ("2024-10-13", "2024-10-20T07:30:00Z", datetime(2024, 10, 13, tzinfo=UTC)),
        ("2024-10-13", None, datetime(2024, 10, 13, tzinfo=UTC)),
        ("soon", "2024-10-20T07:30:00", datetime(2024, 10, 20, 7, 30, tzinfo=UTC)),
        ("", "yesterday", None),
    ],
    ids=[
        "page's time wins",
        "feed's time on the page's day",
        "page's day wins",
        "page alone",
        "feed alone",
        "none",
    ],
)
def test_the_page_dates_itself_and_the_feed_adds_the_time_of_day(stated, fed, published):
    body = page(f'<meta property="article:published_time" content="{stated}">')
    assert record_of(RawEvent(body=body, published_at=fed)).published_at == published


@pytest.mark.parametrize("stated", ["2023-03", "2023 March", "2023 10:30", "12 March"])
def test_a_date_without_a_day_is_not_filled_up(stated):
    assert record_of(RawEvent(body=page(f'<meta name="date" content="{stated}">'))).published_at is None


def test_a_dump_ends_at_its_markers_and_leaves_out_what_stands_between():
    first, second, other = (f"{ENGLISH} {ENGLISH} That was said of {what}." for what in ("one", "two", "all"))
    body = f"{first}\n\nShare on Facebook\n\nRead also: Something else\n\n{second}\n\nTags: cranes\n\n{other}"
    assert record_of(RawEvent(body=body)).text == f"{first}\n\n{second}"


def test_a_teaser_at_the_head_of_a_dump_is_not_the_article():
    article = "\n\n".join(f"{ENGLISH} Part {number}." for number in range(8))
    body = f"{ENGLISH}\n\nSubscribe now\n\nHome\n\nSport\n\n{article}\n\nComments"
    assert record_of(RawEvent(body=body)).text == article


def test_hard_wrapped_lines_are_one_paragraph():
    words = (ENGLISH * 3).split()
    rows = [" ".join(words[start : start + 11]) for start in range(0, len(words), 11)]
    assert record_of(RawEvent(body="\n".join(rows))).text == " ".join(words)


@pytest.mark.parametrize(
    ("body", "content_type", "reason", "words"),
    [
        ("", None, RejectReason.EMPTY, "empty"),
        (b" \n\t ", None, RejectReason.EMPTY, "empty"),
        ("خبر عاجل", None, RejectReason.NO_ARTICLE, "no main text: 0 words in 1 block"),
        ("<html><body><ul>" + "<li><a href='/x'>خبر</a></li>" * 30 + "</ul></body></html>", None, RejectReason.NO_ARTICLE, "no main text"),
        ("<html><!-- nothing --></html>", "text/html", RejectReason.NO_ARTICLE, "0 words in 0 blocks"),
    ],
    ids=["empty", "white space", "two words", "list of links", "no body"],
)  # fmt: skip
def test_an_event_without_an_article_is_dropped_with_a_reason_in_words(body, content_type, reason, words):
    [outcome] = clean([RawEvent(body=body, content_type=content_type)])
    assert isinstance(outcome, Dropped)
    assert outcome.reason is reason
    assert words in outcome.detail


@pytest.mark.parametrize(
    ("body", "content_type", "is_page"),
    [
        (page(), None, True),
        (page(), "text/plain", True),
        (f"<p>{ENGLISH}</p>" * 3, None, True),
        (f"<!-- x --><?xml version='1.0'?><html><body><p>{ENGLISH}</p></body></html>", "text/plain", True),
        (f"{ENGLISH} Write <p> in a page.", None, False),
        (f"<p>{ENGLISH}</p>" * 3, "text/plain", True),
    ],
    ids=[
        "document",
        "document as text",
        "fragment",
        "xhtml",
        "prose with a tag",
        "fragment as text",
    ],
)
def test_html_is_told_from_text(body, content_type, is_page):
    text = record_of(RawEvent(body=body, content_type=content_type)).text
    assert ("<p>" not in text) is is_page


def test_the_name_of_the_site_is_not_part_of_the_title():
    head = '<title>Last crane leaves - Harbour Times</title><meta property="og:site_name" content="Harbour Times">'
    assert record_of(RawEvent(body=page(head))).title == "Last crane leaves"


def test_related_pages_of_a_dump_are_headlines_only():
    body = f"{ENGLISH}\n\nRelated\n\n12 May\n\nhttps://www.example.org/2024/a-long-address\n\nFerry timetable changes from Monday\n\nComments"
    assert [related.title for related in record_of(RawEvent(body=body)).related] == [
        "Ferry timetable changes from Monday"
    ]


@pytest.mark.xfail(strict=True, reason="issue 4: the model leaves a table of four cells out")
def test_table_cells_are_kept_without_bars():
    table = "<table><tr><th>Crane</th><th>Built</th></tr><tr><td>North</td><td>1931</td></tr></table>"
    body = page().replace("</article>", f"{table}<p>{ENGLISH}</p></article>")
    text = record_of(RawEvent(body=body)).text
    assert "North 1931" in text
    assert "|" not in text
    assert "---" not in text
