"""Feeds of every kind about the demo's invented articles, whole ones and broken ones."""

import gzip
import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from importlib.resources import files

_CHARSETS = {"ar-library": "windows-1256", "ru-metro": "windows-1251"}
"""Pages that are not UTF-8; their charset is in the HTTP header."""
_NEWEST = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """An article: a page of the demo, or (`paragraphs`) a text of it that a feed carries."""

    slug: str
    title: str
    page: bytes
    charset: str
    at: datetime
    paragraphs: tuple[str, ...] = ()

    @property
    def lang(self):
        return self.slug[:2]

    @property
    def content(self):
        """The whole text, as a feed carries it."""
        return "".join(f"<p>{html.escape(each)}</p>" for each in self.paragraphs)


@cache
def story(slug: str) -> Story:
    """The demo's page of that name; from "ar-olives" and other texts an HTML page is made."""
    folder, charset = files("workers.demo") / "pages", _CHARSETS.get(slug, "utf-8")
    at = _NEWEST - timedelta(minutes=sum(slug.encode()))
    if (folder / f"{slug}.txt").is_file():
        title, *paragraphs = (folder / f"{slug}.txt").read_text("utf-8").strip().split("\n\n")
        return Story(slug, title, page_of(title, paragraphs), charset, at, tuple(paragraphs))
    page = (folder / f"{slug}.html").read_bytes()
    title = re.search(r"<title>(.*?)(?: [|–—-] .*)?</title>", page.decode(charset), re.DOTALL)[1]
    return Story(slug, html.unescape(title.strip()), page, charset, at)


def page_of(title: str, paragraphs) -> bytes:
    body = "".join(f"<p>{html.escape(each)}</p>" for each in paragraphs)
    head = f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title></head>'
    return f"{head}<body><article><h1>{title}</h1>{body}</article></body></html>".encode()


def rss(
    base: str, slugs: list[str], *, title: str = "Invented news", extra: str = "", version: str = "2.0"
) -> str:
    """RSS 2.0, or what of it 0.91 has; links are BASE/story/SLUG."""
    items = "".join(
        f"<item><title>{html.escape(each.title)}</title><link>{base}/story/{each.slug}</link>"
        + (f'<guid isPermaLink="false">{each.slug}</guid>' if version == "2.0" else "")
        + f"<pubDate>{format_datetime(each.at)}</pubDate></item>\n"
        for each in map(story, slugs)
    )
    return _rss(f"<title>{title}</title><link>{base}/</link>{extra}", items, version)


def full_rss(base: str, slug: str, *, path: str) -> str:
    """RSS 2.0 that carries the whole text of a story whose page is at `path`."""
    each = story(slug)
    item = (
        f"<item><title>{html.escape(each.title)}</title><link>{base}{path}</link>"
        f"<guid isPermaLink='false'>{slug}-full</guid><pubDate>{format_datetime(each.at)}</pubDate>"
        f"<description>{html.escape(each.paragraphs[0][:120])}</description>"
        f"<content:encoded><![CDATA[{each.content}]]></content:encoded></item>"
    )
    return _rss(f"<title>Whole texts</title><link>{base}/</link>", item)


def _rss(head: str, items: str, version: str = "2.0") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="{version}" '
        f'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>{head}{items}</channel></rss>'
    )


def links(base: str, paths: list[str]) -> str:
    """RSS 2.0 with an item a path, that says nothing else."""
    items = "".join(f"<item><title>Story at {path}</title><link>{base}{path}</link></item>" for path in paths)
    return _rss("<title>Links</title>", items)


def rdf(base: str, slugs: list[str]) -> str:
    """RSS 1.0"""
    items = "".join(
        f'<item rdf:about="{base}/story/{each.slug}"><title>{html.escape(each.title)}</title>'
        f"<link>{base}/story/{each.slug}</link><dc:date>{each.at.isoformat()}</dc:date></item>"
        for each in map(story, slugs)
    )
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="{base}/"><title>RDF</title>'
        f"<link>{base}/</link></channel>{items}</rdf:RDF>"
    )


def atom(base: str, slugs: list[str], *, updated: datetime | None = None) -> str:
    """Atom with relative links."""
    entries = "".join(
        f"<entry><id>tag:news.example,2026:{each.slug}</id><title>{html.escape(each.title)}</title>"
        f'<link href="story/{each.slug}"/><published>{each.at.isoformat()}</published>'
        f"<updated>{(updated or each.at).isoformat()}</updated><author><name>Invented Author</name></author></entry>"
        for each in map(story, slugs)
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{base}/"><title>Atom</title><id>{base}/atom.xml</id>'
        f"<updated>{_NEWEST.isoformat()}</updated>{entries}</feed>"
    )


def json_feed(base: str, slugs: list[str]) -> str:
    items = [
        {"id": each.slug, "url": f"{base}/story/{each.slug}", "title": each.title, "language": each.lang,
         "date_published": each.at.isoformat(), "content_text": "\n\n".join(each.paragraphs) or each.title}
        for each in map(story, slugs)
    ]  # fmt: skip
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "JSON",
        "home_page_url": base,
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False)


def news_sitemap(base: str, slugs: list[str]) -> str:
    urls = "".join(
        f"<url><loc>{base}/story/{each.slug}</loc><news:news><news:publication><news:name>Invented</news:name>"
        f"<news:language>{each.lang}</news:language></news:publication><news:publication_date>{each.at.isoformat()}"
        f"</news:publication_date><news:title>{html.escape(each.title)}</news:title></news:news></url>"
        for each in map(story, slugs)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    )


def sitemap_index(base: str, paths: list[str]) -> str:
    maps = "".join(f"<sitemap><loc>{base}{path}</loc></sitemap>" for path in paths)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{maps}</sitemapindex>'


@cache
def many(base: str, count: int) -> str:
    """RSS 2.0 of so many items, each with a page at /many/NUMBER."""
    items = "".join(
        f"<item><title>Story {number} of the day</title><link>{base}/many/{number}</link><guid>{number}</guid>"
        f"<description>&lt;p&gt;What story {number} is about.&lt;/p&gt;</description></item>"
        for number in range(count)
    )
    return _rss("<title>Many</title>", items)


BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><rss version='2.0'><channel><title>&a9;</title></channel></rss>"
)
QUADRATIC = (
    f'<!DOCTYPE rss [<!ENTITY a "{"a" * 50_000}">]><rss version="2.0"><channel><title>'
    + "&a;" * 50_000
    + "</title></channel></rss>"
)
EXTERNAL = (
    '<!DOCTYPE rss [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    "<rss version='2.0'><channel><title>&secret;</title></channel></rss>"
)
BOMB = gzip.compress(bytes(10 * 2**20)) * 30
"""300 MiB of zeros in 300 kB, as 30 members of a gzip stream: so it takes no time to make."""
