"""Texts as HTML: what is between the tags is exactly the span, and nothing of a stranger's becomes a tag."""

from html import unescape

import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from schemas.tagged_article import Label
from tests.support.web import named
from workers.web.markup import (
    Span,
    direction,
    entity_spans,
    harmless,
    language,
    marked,
    paragraphs,
    safe_link,
    shown,
)

OVERRIDE, ISOLATE = "\u202e", "\u2067"  # RIGHT-TO-LEFT OVERRIDE, RIGHT-TO-LEFT ISOLATE
RLM = "\u200f"  # RIGHT-TO-LEFT MARK


def inside(html):
    return [each.text for each in turbohtml.parse(html).select("mark")]


def spans(*places):
    return [Span(start, end, "<mark>", "</mark>") for start, end in places]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("جزء وصل هدية من مصر، ثم لمصر", "مصر"),
        ("وصل إلى لمصر اليوم", "مصر"),
        ("𝔘𝔫𝔦 then Cairo 🎉 and on", "Cairo"),
        ("قاهِرَةُ المعزّ", "قاهِرَةُ"),
        ("A <b>&amp; Cairo", "<b>&amp;"),
    ],
    ids=["arabic", "behind a proclitic", "beyond the BMP", "combining marks", "markup"],
)
def test_what_is_highlighted_is_the_mention_to_the_code_point(text, name):
    html = marked(text, entity_spans([named(text, name)]))
    assert inside(html) == [name]
    assert turbohtml.parse(f"<p>{html}</p>").select("p")[0].text == text


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([(0, 10), (4, 10)], ["0123456789", "456789"]),
        ([(4, 10), (0, 10), (0, 4)], ["0123456789", "0123", "456789"]),
        ([(0, 5), (3, 8)], ["01234"]),
        ([(2, 2), (-1, 3), (5, 99)], []),
        ([(0, 9), (1, 3), (4, 6), (5, 6)], ["012345678", "12", "45", "5"]),
    ],
    ids=["nested", "nested at both ends", "crossing", "empty and outside", "deep"],
)
def test_spans_may_nest_and_those_that_cannot_be_are_left_out(places, found):
    html = marked("0123456789", spans(*places))
    assert sorted(inside(html)) == sorted(found)
    assert turbohtml.parse(f"<p>{html}</p>").select("p")[0].text == "0123456789"


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(-2, 32), st.integers(-2, 32)), max_size=6))
def test_any_text_and_any_spans_give_the_text_back(text, places):
    html = marked(text, [Span(start, end, "", "") for start, end in places])
    assert unescape(html) == harmless(text)
    parts = paragraphs(text, [Span(start, end, "", "") for start, end in places])
    assert [unescape(each) for each in parts] == [harmless(each) for each in text.split("\n\n")]


def test_a_span_over_two_paragraphs_is_cut_in_two():
    assert paragraphs("ab\n\ncd\n\nef", spans((1, 5), (6, 7))) == [
        "a<mark>b</mark>",
        "<mark>c</mark>d",
        "ef",
    ]


def test_what_reorders_a_page_is_taken_out_and_what_does_not_stays():
    assert shown(f"a{OVERRIDE}b{ISOLATE}c{RLM}\x00\ud800<") == f"abc{RLM}&lt;"


def test_an_entity_cannot_break_out_of_its_title():
    entity = named("x Cairo", "Cairo", entity_id='"><script>alert(1)</script>', label=Label.PER)
    page = turbohtml.parse(marked("x Cairo", entity_spans([entity])))
    assert not page.select("script")
    assert page.select("mark.per")[0].attrs["title"].endswith("<script>alert(1)</script>")


@pytest.mark.parametrize(
    ("lang", "text", "found"),
    [
        ("ar", "BBC", "rtl"),
        ("fa-IR", "", "rtl"),
        ("en", "مصر", "ltr"),
        ("und", "مصر 2025", "rtl"),
        ("und", "Cairo", "ltr"),
        ('en" onload="x', "مصر", "rtl"),
    ],
)
def test_the_direction_is_the_languages_and_else_the_letters(lang, text, found):
    assert direction(lang, [text]) == found
    assert "onload" not in language(lang, [text])


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://news.example/a?b=1#c", True),
        ("http://مثال.example/خبر", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,<script>", False),
        ("//evil.example/", False),
        ("https:///nothing", False),
        ("https:\\\\evil.example", False),
        ("http://[bad", False),
        (f"https://news.example/{OVERRIDE}", False),
        ("https://news.example/" + "a" * 3000, False),
        (None, False),
    ],
)
def test_only_http_addresses_become_links(url, is_link):
    assert safe_link(url) == (url if is_link else None)
