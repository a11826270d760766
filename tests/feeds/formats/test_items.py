"""What is taken from the items of RSS and Atom."""

import json

import pytest

from tests.feeds.formats.reading import atom, entry, item, read, rss
from workers.feeds.formats.texts import utc
from workers.feeds.model import Kind

PARAGRAPH = "<p>" + "كلام في خبر طويل عن الميناء. " * 20 + "</p>"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("خبر &amp; رأي", "خبر & رأي"),
        ("<![CDATA[خبر &amp; رأي]]>", "خبر & رأي"),
        ("<![CDATA[&#8220;خبر&#8221; <b>عاجل</b>]]>", "\u201cخبر\u201d عاجل"),
        ("AT&amp;amp;T", "AT&T"),
        ("  two \n lines ", "two lines"),
        ("1 &lt; 2", "1 < 2"),
        ("&lt;i&gt;x&lt;/i&gt; y", "x y"),
        ("", None),
        ("&nbsp;", None),
        ("Q&A", "Q&A"),
        ("caf&eacute; &copy 2", "café © 2"),
    ],
)
def test_a_title_is_plain_text(title, expected):
    assert item(f"<title>{title}</title><guid>1</guid>").title == expected


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<link>https://news.example/a</link>", "https://news.example/a"),
        ("<link>/a?utm_source=rss&amp;x=1</link>", "https://news.example/a?utm_source=rss&x=1"),
        ("<link>a b</link>", "https://news.example/dir/a%20b"),
        ("<link>\n https://news.example/a\n/b </link>", "https://news.example/a/b"),
        ("<link>//other.example/a</link>", "https://other.example/a"),
        ("<link>https://news.example/خبر</link>", "https://news.example/خبر"),
        ("<guid>https://news.example/guid</guid>", "https://news.example/guid"),
        ('<guid isPermaLink="false">https://news.example/guid</guid>', "https://news.example/guid"),
        ("<guid>17</guid>", None),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>mailto:a@b.example</link>", None),
        ("<link>http://[</link>", None),
        ('<atom:link rel="self" href="/self"/><link>/a</link>', "https://news.example/a"),
        (
            "<link>https://feeds.example/~r/1</link><feedburner:origLink>https://news.example/a</feedburner:origLink>",
            "https://news.example/a",
        ),
    ],
)
def test_an_item_s_address_is_absolute_and_of_the_web(inside, expected):
    assert item(f"<title>x</title>{inside}").url == expected


def test_the_base_of_an_atom_feed_counts():
    found = entry('<id>1</id><link href="a"/>', attributes='xml:base="https://base.example/x/"')
    assert found.url == "https://base.example/x/a"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<guid> 12\n3 </guid><link>/a</link>", "12 3"),
        ("<link>/a</link>", "https://news.example/a"),
        ("<guid></guid><link>/a</link>", "https://news.example/a"),
    ],
)
def test_the_id_is_the_feed_s_own_or_the_address(inside, expected):
    assert item(inside).id == expected


def test_an_item_with_neither_has_an_id_of_what_it_says_which_stays():
    one, again, other = (item(f"<title>{title}</title>").id for title in ("a", "a", "b"))
    assert one == again != other


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Sun, 01 Mar 2026 12:00:00 +0300", "2026-03-01T09:00:00Z"),
        ("Fri, 01 Mar 2026 12:00:00 GMT", "2026-03-01T12:00:00Z"),
        ("01 Mar 26 12:00 EST", "2026-03-01T17:00:00Z"),
        ("1 Mar 2026 12:00:00 -0000", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00.123+03:00", "2026-03-01T09:00:00Z"),
        ("2026-03-01T12:00:00+0300", "2026-03-01T09:00:00Z"),
        ("2026-03-01 12:00:00", "2026-03-01T12:00:00Z"),
        ("2026-03-01", "2026-03-01T00:00:00Z"),
        ("1772366400", "2026-03-01T12:00:00Z"),
        ("١ مارس ٢٠٢٦", "2026-03-01T00:00:00Z"),
        ("1 آذار 2026 12:30", "2026-03-01T12:30:00Z"),
        ("۱۰ اسفند ۱۴۰۴", "2026-03-01T00:00:00Z"),
        ("1 марта 2026 12:00", "2026-03-01T12:00:00Z"),
        ("Dim, 1 mars 2026 12:00:00", "2026-03-01T12:00:00Z"),
        ("Sun, 99 Mar 2026 12:00:00 GMT", None),
        ("yesterday", None),
        ("0000-00-00 00:00:00", None),
        ("", None),
        (None, None),
        ("9" * 5000, None),
    ],
)
def test_times_are_read_in_the_forms_that_feeds_have_them(value, expected):
    assert utc(value) == expected


def test_published_and_updated_are_not_taken_for_each_other():
    updated = entry("<id>1</id><updated>2026-03-01T12:00:00Z</updated>")
    assert (updated.published_at, updated.updated_at) == (None, "2026-03-01T12:00:00Z")
    published = item("<guid>1</guid><pubDate>Sun, 01 Mar 2026 12:00:00 GMT</pubDate>")
    assert (published.published_at, published.updated_at) == ("2026-03-01T12:00:00Z", None)
    assert item("<guid>1</guid><dc:date>2026-03-01T12:00:00Z</dc:date>").updated_at == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<author>desk@news.example (هالة النجار)</author>", "هالة النجار"),
        ("<author>desk@news.example</author>", "desk@news.example"),
        ("<dc:creator><![CDATA[هالة النجار]]></dc:creator>", "هالة النجار"),
        ("<dc:creator>Hala &lt;hala@news.example&gt;</dc:creator>", "Hala"),
        ("", None),
    ],
)
def test_authors_are_names(inside, expected):
    assert item(f"<guid>1</guid>{inside}").author == expected


def test_the_name_of_an_author_of_atom_is_without_the_address():
    author = (
        "<author><name>هالة</name><email>hala@news.example</email><uri>https://news.example</uri></author>"
    )
    assert entry(f"<id>1</id>{author}").author == "هالة"


def test_several_authors_stand_side_by_side():
    authors = "<author><name>A</name></author><author><name>B</name></author><author><name>A</name></author>"
    assert entry(f"<id>1</id>{authors}").author == "A, B"


def test_tags_are_plain_and_each_once():
    inside = "<category>سياسة</category><category><![CDATA[A &amp; B]]></category><category>سياسة</category><category/>"
    assert item(f"<guid>1</guid>{inside}").tags == ("سياسة", "A & B")
    assert entry('<id>1</id><category term="x" label="y"/>').tags == ("x",)


# Summary and content


def test_the_content_element_is_the_content_and_the_description_the_summary():
    inside = f"<description>ملخص</description><content:encoded><![CDATA[{PARAGRAPH}]]></content:encoded>"
    found = item(f"<guid>1</guid>{inside}")
    assert (found.summary, found.content, found.content_type) == ("ملخص", PARAGRAPH, "text/html")


def test_a_description_of_several_paragraphs_is_the_content():
    found = item(f"<guid>1</guid><description><![CDATA[{PARAGRAPH * 3}]]></description>")
    assert (found.summary, found.content) == (None, PARAGRAPH * 3)


@pytest.mark.parametrize("text", ["<p>ملخص</p>" * 3, PARAGRAPH, " ".join(["كلام"] * 1_000)])
def test_a_description_that_is_short_or_one_paragraph_is_a_summary(text):
    found = item(f"<guid>1</guid><description><![CDATA[{text}]]></description>")
    assert (found.summary, found.content) == (text, None)


def test_content_that_the_summary_repeats_is_content():
    inside = "<description>x</description><content:encoded>x</content:encoded>"
    found = item(f"<guid>1</guid>{inside}")
    assert (found.summary, found.content) == (None, "x")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('<content type="html">&lt;p&gt;x&lt;/p&gt;</content>', ("<p>x</p>", "text/html")),
        (
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></content>',
            ("<p>x</p>", "text/html"),
        ),
        ('<content type="text">1 &lt; 2</content>', ("1 < 2", "text/plain")),
        ('<content type="image/png">iVBORw0KGgo=</content>', (None, "text/html")),
        ('<content src="https://news.example/x" type="text/html"/>', (None, "text/html")),
        ("<content/>", (None, "text/html")),
    ],
)
def test_the_content_of_atom_has_its_type(content, expected):
    found = entry(f"<id>1</id>{content}")
    assert (found.content, found.content_type) == expected


# The channel


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("<ttl>60</ttl>", 3_600),
        ("<ttl> 5 </ttl>", 300),
        ("<ttl>soon</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 1_800),
        ("<sy:updatePeriod> daily\n</sy:updatePeriod>", 86_400),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3_600),
        ("<sy:updatePeriod>seldom</sy:updatePeriod>", None),
        ("", None),
    ],
)
def test_how_long_a_feed_says_that_it_stays_as_it_is(channel, expected):
    assert read(rss(channel=channel)).ttl_s == expected


@pytest.mark.parametrize(
    ("said", "expected"), [("ar", "ar"), ("ar_EG", "ar-EG"), ("en-us", "en-us"), ("Arabic", None), ("", None)]
)
def test_the_language_of_a_feed_is_a_tag_or_nothing(said, expected):
    assert read(rss(channel=f"<language>{said}</language>")).lang == expected


def test_a_feed_without_items_is_a_feed():
    assert (read(rss()).kind, read(rss()).items, read(atom()).kind) == (Kind.RSS, (), Kind.ATOM)


# JSON Feed


def json_feed(*items, **feed):
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items} | feed)


def test_an_item_of_a_json_feed():
    found = read(
        json_feed(
            {"id": 7, "url": "/a", "title": "A &amp; B", "content_html": "<p>x</p>", "content_text": "x", "summary": "s",
             "date_published": "2026-03-01T12:00:00+03:00", "tags": ["t", 3], "authors": [{"name": "N"}], "language": "ar"},
            language="fa",
        )
    )  # fmt: skip
    [only] = found.items
    assert (found.kind, found.lang, found.problems) == (Kind.JSON, "fa", ())
    assert (only.id, only.url, only.title) == ("7", "https://news.example/a", "A & B")
    assert (only.content, only.content_type, only.summary) == ("<p>x</p>", "text/html", "s")
    assert (only.published_at, only.tags, only.author, only.lang) == (
        "2026-03-01T09:00:00Z",
        ("t",),
        "N",
        "ar",
    )


def test_a_wrong_item_of_a_json_feed_costs_only_itself():
    found = read(
        json_feed({"id": "1", "title": 3}, {"id": "2", "content_text": "x", "author": {"name": "N"}}, "x")
    )
    assert [each.id for each in found.items] == ["2"]
    assert (found.items[0].content_type, found.items[0].author) == ("text/plain", "N")
    assert [problem.split()[0] for problem in found.problems] == ["items[0]", "items[2]"]


# Sitemaps


def test_a_news_sitemap():
    news = (
        "<news:news><news:publication><news:name>صحيفة</news:name><news:language>ar</news:language></news:publication>"
        "<news:publication_date>2026-03-01T12:00:00+03:00</news:publication_date><news:title>عنوان &amp; خبر</news:title>"
        "<news:keywords>مصر، نيل, ترام</news:keywords></news:news><image:image><image:loc>/i.png</image:loc></image:image>"
    )
    text = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><!-- c -->'
        f"<url><loc> https://news.example/a?x=1&y=2 </loc>{news}</url><url><loc>/b</loc><lastmod>2026-03-01</lastmod></url>"
        "<url><loc>/b</loc></url><url/></urlset>"
    )
    found = read(text)
    first, second = found.items
    assert (found.kind, first.url) == (Kind.SITEMAP, "https://news.example/a?x=1&y=2")
    assert (first.title, first.lang, first.published_at) == ("عنوان & خبر", "ar", "2026-03-01T09:00:00Z")
    assert first.tags == ("مصر", "نيل", "ترام")
    assert (second.id, second.updated_at) == ("https://news.example/b", "2026-03-01T00:00:00Z")


def test_an_index_of_sitemaps_names_its_children():
    found = read(
        "<sitemapindex><sitemap><loc>/1.xml</loc></sitemap><sitemap><loc>/2.xml.gz</loc></sitemap></sitemapindex>"
    )
    assert (found.kind, found.items) == (Kind.SITEMAP_INDEX, ())
    assert found.children == ("https://news.example/1.xml", "https://news.example/2.xml.gz")


def test_atom_in_whatever_prefix():
    text = '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry><a:id>1</a:id></a:entry></a:feed>'
    assert (read(text).kind, len(read(text).items)) == (Kind.ATOM, 1)
    assert len(read(atom("<id>1</id>", "<id>2</id>")).items) == 2
