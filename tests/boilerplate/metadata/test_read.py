"""What a page states, from each place where pages state it; Arabic first."""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cleaned_article import Related
from tests.boilerplate.metadata.reading import metadata_of, views_of
from workers.boilerplate.metadata import Metadata, read_metadata
from workers.boilerplate.metadata.jsonld import parse

URL = "https://news.example.org/2024/10/13/library"
TITLE = "البلدية تفتتح مكتبة عامة في مبنى البريد القديم"
ARTICLE = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": TITLE,
    "datePublished": "2024-10-13T17:41:00+03:00",
    "dateModified": "2024-10-13T18:00:00+03:00",
    "author": [{"@type": "Person", "name": "ليلى حداد"}, {"@type": "Person", "name": "سامي قاسم"}],
    "publisher": {"@type": "Organization", "name": "جريدة المثال"},
    "image": {"@type": "ImageObject", "url": "/photos/library.jpg"},
    "keywords": ["مكتبات", "بلديات", "مكتبات"],
    "inLanguage": "ar-LB",
}


def read(html: str, url: str | None = URL) -> Metadata:
    return metadata_of(html, url, datetime(2024, 10, 20, tzinfo=UTC))


def script(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f'<script type="application/ld+json">{text}</script>'


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_everything_that_json_ld_states():
    found = read(script(ARTICLE) + f"<h1>{TITLE}</h1>")
    assert found.title == TITLE
    assert found.authors == ("ليلى حداد", "سامي قاسم")
    assert (found.published_at, found.published_zone) == (at(2024, 10, 13, 14, 41), "+03:00")
    assert (found.modified_at, found.modified_zone) == (at(2024, 10, 13, 15, 0), "+03:00")
    assert found.site_name == "جريدة المثال"
    assert found.image == "https://news.example.org/photos/library.jpg"
    assert found.keywords == ("مكتبات", "بلديات")
    assert found.lang == "ar"
    assert found.page_types == ("NewsArticle",)
    assert found.headings == (TITLE,)


WHOLE = json.dumps(ARTICLE, ensure_ascii=False)
BROKEN = {
    "raw newline in a string": WHOLE.replace("البلدية تفتتح", "البلدية\nتفتتح"),
    "CDATA": f"//<![CDATA[\n{WHOLE}\n//]]>",
    "HTML comment": f"<!-- {WHOLE} -->",
    "trailing comma": WHOLE[:-1] + ",}",
    "semicolon behind it": WHOLE + ";",
    "a second value behind it": WHOLE + '{"@type": "WebSite"}',
    "escaped apostrophe": WHOLE[:-1] + r', "alternativeHeadline": "the mayor\'s library"}',
    "escaped for HTML": WHOLE.replace('"', "&quot;"),
    "bare quotation mark, fields by pattern": WHOLE[:-1] + ', "description": "the "old" post"}',
    "cut off, fields by pattern": WHOLE[:-1] + ', "description": "a lib',
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_json_ld_is_read(name):
    found = read(script(BROKEN[name]))
    assert found.title == TITLE
    assert found.published_at == at(2024, 10, 13, 14, 41)
    assert found.authors[0] == "ليلى حداد"


def test_the_node_of_the_page_is_told_from_those_of_teasers():
    teaser = {
        "@type": "NewsArticle",
        "headline": "Bridge closed",
        "datePublished": "2024-10-19",
        "url": "/bridge",
    }
    own = {**ARTICLE, "mainEntityOfPage": {"@id": f"{URL}?utm_source=x#top"}}
    found = read(script({"@type": "ItemList", "itemListElement": [teaser]}) + script([teaser, own]))
    assert found.title == TITLE
    assert found.published_at == at(2024, 10, 13, 14, 41)


def test_references_within_a_graph_are_followed():
    graph = [
        {**ARTICLE, "author": {"@id": "#lh"}, "publisher": {"@id": "#paper"}},
        {"@type": "Person", "@id": "#lh", "name": "ليلى حداد"},
        {"@type": "Organization", "@id": "#paper", "name": "جريدة المثال"},
    ]
    found = read(script({"@graph": graph}))
    assert found.authors == ("ليلى حداد",)
    assert found.site_name == "جريدة المثال"


def test_everything_that_meta_elements_state():
    found = read(
        '<html lang="en-GB"><meta property="og:title" content="A library in the post office | Example Times">'
        '<meta property="og:site_name" content="Example Times"><meta property="og:type" content="article">'
        '<meta property="article:published_time" content="2024-10-13T14:41:00Z">'
        '<meta property="article:modified_time" content="2024-10-13T15:00:00Z">'
        '<meta name="author" content="Layla Haddad and Sami Kassem"><meta name="news_keywords" content="books, towns">'
        '<meta property="og:image" content="https://img.example.org/lead.jpg">'
        '<link rel="canonical" href="/2024/10/13/library">'
        "<title>A library in the post office | Example Times</title>"
    )
    assert found.title == "A library in the post office"
    assert found.authors == ("Layla Haddad", "Sami Kassem")
    assert (found.published_at, found.published_zone) == (at(2024, 10, 13, 14, 41), "+00:00")
    assert found.modified_at == at(2024, 10, 13, 15, 0)
    assert (found.site_name, found.lang) == ("Example Times", "en")
    assert found.keywords == ("books", "towns")
    assert found.image == "https://img.example.org/lead.jpg"
    assert found.canonical_url == URL
    assert found.page_types == ("article",)


BYLINES = {
    "ar": ("بقلم: ليلى حداد", ("ليلى حداد",)),
    "ar, two": ("كتبت ليلى حداد و سامي قاسم", ("ليلى حداد", "سامي قاسم")),
    "en": ("By Layla Haddad and Sami Kassem, Staff Writer", ("Layla Haddad", "Sami Kassem")),
    "en, address": ("By Layla Haddad (layla@example.org)", ("Layla Haddad",)),
    "de": ("Von Layla Haddad und Sami Kassem", ("Layla Haddad", "Sami Kassem")),
    "fr": ("Par Layla Haddad et Sami Kassem", ("Layla Haddad", "Sami Kassem")),
    "es": ("Por Layla Haddad y Sami Kassem", ("Layla Haddad", "Sami Kassem")),
    "ru": ("Автор: Лейла Хаддад", ("Лейла Хаддад",)),
    "tr": ("Yazar: Leyla Haddad ve Sami Kasım", ("Leyla Haddad", "Sami Kasım")),
    "initials stay together": ("Von lh/sk", ("lh/sk",)),
}


@pytest.mark.parametrize("name", BYLINES)
def test_a_line_below_the_headline_names_the_authors(name):
    line, expected = BYLINES[name]
    found = read(
        f"<article><h1>Library opened in the old post office</h1><p>{line}</p><p>Text.</p></article>"
    )
    assert found.authors == expected


def test_the_time_below_the_headline_is_read_where_nothing_else_is():
    found = read(
        f'<html lang="ar"><h1>{TITLE}</h1><span>الأحد 13 تشرين الأول 2024</span> <span>05:41 م</span>',
        url=None,
    )
    assert (found.published_at, found.published_zone) == (at(2024, 10, 13, 17, 41), None)


def test_a_day_is_completed_by_a_less_trusted_time_of_the_same_day():
    found = read(
        '<meta name="date" content="2024-10-13"><h1>Library opened</h1><time datetime="2024-10-13T14:41:00Z">today</time>'
    )
    assert (found.published_at, found.published_zone) == (at(2024, 10, 13, 14, 41), "+00:00")


def test_a_time_in_a_comment_or_a_teaser_is_not_that_of_the_page():
    found = read(
        '<h1>Library opened</h1><div class="comments"><time datetime="2024-10-15T10:00:00Z"></time></div>'
        '<aside><time datetime="2024-10-16T10:00:00Z"></time></aside>'
    )
    assert found.published_at == at(2024, 10, 13)  # of the address


def test_times_after_the_page_was_fetched_are_left_out():
    assert read(script({**ARTICLE, "datePublished": "2031-01-01T00:00:00Z"}), url=None).published_at is None


def test_the_site_is_an_author_only_where_nobody_else_is():
    site = (
        '<meta property="og:site_name" content="Example Times"><meta name="author" content="Example Times">'
    )
    assert read(site + "<h1>Library opened</h1><p>By Layla Haddad</p>").authors == ("Layla Haddad",)
    assert read(site + "<h1>Library opened</h1><p>Text</p>").authors == ("Example Times",)


TITLES = {
    "site behind it": ("<title>Library opened in the old post office - Example</title>", "Library opened in the old post office"),
    "site before it": ("<title>Example | Library opened in the old post office</title>", "Library opened in the old post office"),
    "a dash of its own": ("<title>Library opened - at last - in the post office</title>", "Library opened - at last - in the post office"),
    "a section as heading": ("<h1>News</h1><title>Library opened in the old post office - Example</title>", "Library opened in the old post office"),
    "the kicker in the heading": (
        '<meta property="og:title" content="Library opened in the old post office"><h1>Books: Library opened in the old post office</h1>',
        "Library opened in the old post office",
    ),
    "titles for social networks": (
        ('<meta property="og:title" content="You will not believe this library in a post office">'
        '<meta name="twitter:title" content="You will not believe this library in a post office">'
        "<title>Library opened in the old post office</title><h1>Library opened in the old post office</h1>"),
        "Library opened in the old post office",
    ),
    "a kicker over the headline": (
        ('<meta property="og:title" content="Library opened in the old post office">'
        "<h1><span>Post</span> <span>Old office, new books: the library</span></h1>"),
        "Library opened in the old post office",
    ),
    "two kickers before one headline": (
        ('<meta property="og:title" content="The town: Library opened in the old post office">'
        "<h1>Books - Library opened in the old post office</h1>"),
        "Library opened in the old post office",
    ),
    "a title for search engines": (
        ('<meta property="og:title" content="Library opened in the old post office">'
        '<meta name="twitter:title" content="Library opened in the old post office">'
        "<title>Library town office opening</title><h1>LIVE: post office library opened by mayor</h1>"),
        "Library opened in the old post office",
    ),
    "a section stuck to it": (
        "<title>Library opened in the old post office-Culture\u3163Example</title>",
        "Library opened in the old post office",
    ),
    "escaped twice": (script({**ARTICLE, "headline": "Tom &amp; Ann&#8217;s library"}), "Tom & Ann\u2019s library"),
    "a breadcrumb as h1": (
        "<ul><li><h1>Library: short</h1></li></ul><article><header><h2>Library opened in the old post office</h2></header>",
        "Library opened in the old post office",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TITLES)
def test_the_title_is_the_headline_without_the_site(name):
    html, expected = TITLES[name]
    assert read('<meta property="og:site_name" content="Example">' + html).title == expected


@pytest.mark.parametrize(
    ("html", "lang"),
    [
        ('<html lang="ar-EG">', "ar"),
        ('<html lang=""><meta property="og:locale" content="ar_AR">', "ar"),
        (script({**ARTICLE, "inLanguage": "ar"}), "ar"),
        ('<meta http-equiv="content-language" content="fa">', "fa"),
        ('<html lang="nb-NO">', "no"),
        ('<html lang="iw">', "he"),
        ('<html lang="english">', None),
        ("<p>text", None),
    ],
)
def test_the_language_that_the_page_claims(html, lang):
    assert read(html).lang == lang


def test_related_headlines_and_their_links():
    found = read(
        '<p>اقرأ أيضا: <a href="/bridge">إغلاق جسر المدينة القديم أسبوعين للصيانة</a></p>'
        '<h3>Related articles</h3><ul><li><a href="https://example.org/a">The museum opens a second house</a></li>'
        '<li><a href="/b">Short</a></li></ul><h3>Contact</h3><a href="/c">Write to the whole editorial office</a>'
    )
    assert set(found.related) == {
        Related(title="إغلاق جسر المدينة القديم أسبوعين للصيانة", url="https://news.example.org/bridge"),
        Related(title="The museum opens a second house", url="https://example.org/a"),
    }


@pytest.mark.parametrize("rel", ["tag", "category tag", "nofollow tag"])
def test_links_to_keywords_are_read_where_nothing_else_states_them(rel):
    tags = (
        f'<a rel="{rel}" href="/t/1">#مكتبات</a> <a rel="{rel}" href="/t/2">بلديات</a> <a rel="x">أخبار</a>'
    )
    assert read(f"<h1>{TITLE}</h1><p>{tags}").keywords == ("مكتبات", "بلديات")
    assert read(script(ARTICLE) + f"<h1>{TITLE}</h1><p>{tags}").keywords == ("مكتبات", "بلديات")


@pytest.mark.parametrize(
    ("html", "is_paywalled"),
    [
        (script({**ARTICLE, "isAccessibleForFree": False}), True),
        (script({**ARTICLE, "isAccessibleForFree": "False"}), True),
        (script({**ARTICLE, "isAccessibleForFree": "http://schema.org/True"}), False),
        ('<meta property="article:content_tier" content="locked">', True),
        ('<meta property="article:content_tier" content="metered">', False),
        ("<p>text", False),
    ],
)
def test_the_page_says_whether_it_is_closed(html, is_paywalled):
    assert read(html).is_paywalled is is_paywalled


def test_a_password_field_in_the_menu_is_none():
    assert not read("<header><input type=password></header>").asks_for_password
    assert read("<main><input type=password></main>").asks_for_password


def test_a_logo_is_no_lead_image():
    html = (
        '<meta property="og:image" content="/logo.png"><meta name="twitter:image" content="/photos/lead.jpg">'
    )
    assert read(html).image == "https://news.example.org/photos/lead.jpg"


def test_values_of_the_wrong_kind_are_left_out():
    wrong = {
        "@type": ["NewsArticle", 3],
        "headline": {"a": 1},
        "author": [[["x"]], None, 3, {"name": [1, "Jo Do"]}],
    }
    found = read(
        script({**wrong, "datePublished": [1, None], "image": [[1]], "keywords": [1, [2]], "url": [1]}),
        url=None,
    )
    assert (found.authors, found.title, found.published_at) == (("Jo Do",), None, None)


@given(st.text())
def test_any_page_is_accepted(text):
    for html in (
        text,
        script(text),
        f'<meta name="author" content="{text}"><h1>{text}</h1><time>{text}</time>',
    ):
        read(html)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["@type", "@id", "@graph", "headline", "author", "name", "datePublished", "image", "url", "keywords",
                     "publisher", "isAccessibleForFree", "inLanguage", "mainEntityOfPage"]), inner)))  # fmt: skip
def test_any_json_ld_is_accepted(value):
    read(script(value))
    read(
        script(
            [
                {
                    "@type": "NewsArticle",
                    "author": value,
                    "headline": value,
                    "datePublished": value,
                    "image": value,
                }
            ]
        )
    )


def test_what_is_no_json_is_none():
    assert parse("var a = 1") is None
    assert parse("[" * 100_000) is None


HOSTILE = {
    "nested author boxes": '<div class="author">' * 100_000 + "By A B",
    "nested headlines": "<h1>" * 100_000 + "x",
    "100,000 headlines": "<h1>abc def ghi jkl</h1>" * 100_000,
    "100,000 authors": '<a rel="author" href="/author/x">Jo Do</a>' * 100_000,
    "100,000 meta elements": '<meta name="author" content="A, B and C">' * 100_000,
    "100,000 labels": "<p>Related</p>" * 100_000 + "<a href=x>y</a>",
    "lists of links": "<div><h3>Related</h3><a href='/x'>A long headline of words</a>" * 30_000,
    "nested JSON": script("[" * 1_000_000),
    "100,000 nodes": script(
        "[" + ",".join(['{"@type":"NewsArticle","headline":"A","url":"https://x.org"}'] * 100_000) + "]"
    ),
    "broken JSON": script('{"@type":"NewsArticle",' + '"headline":"x",' * 200_000),
    "bars in a title": '<meta property="og:title" content="'
    + "a | " * 700_000
    + '"><title>'
    + "a | " * 700_000,
    "spaces in JSON": script('{"@type":"NewsArticle"' + " " * 3_000_000 + ",}"),
    "commas": script('{"@type":"NewsArticle",' + "," * 2_000_000),
    "open CDATA": script("<![CDATA[" * 300_000),
    "open authors": script('"NewsArticle"' + '"author":{' * 200_000),
    "keywords": script({"@type": "NewsArticle", "keywords": "a," * 1_000_000}),
    "numbers below the headline": "<h1>x</h1>" + "<p>13 oct " * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_are_read_in_time(name):
    [view] = views_of([HOSTILE[name]])
    began = time.perf_counter()
    read_metadata(view, url=URL, fetched_at=None)
    assert time.perf_counter() - began < 2.0
