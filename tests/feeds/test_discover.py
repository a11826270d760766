"""From the address of a site to its feeds."""

import pytest

from tests.support.feed_site import ANSWERS, HOME, FeedSite
from workers.feeds.discover import _links, discover
from workers.feeds.fetch import Allowed, FetchOptions, HostLimits, HttpFetcher
from workers.feeds.model import Answer, Fault, FeedError, Kind

OPTIONS = FetchOptions(
    limits=HostLimits(delay_s=0, concurrency=4), allowed=Allowed(networks=("127.0.0.0/8",)), read_timeout_s=1
)


@pytest.fixture(scope="module")
def site():
    with FeedSite() as running:
        yield running


async def found(site, path):
    async with HttpFetcher(OPTIONS) as fetcher:
        return await discover(fetcher, site.url(path))


def links(html, url="https://news.example/dir/page"):
    return _links(Answer(url=url, status=200, headers={"content-type": "text/html"}, body=html.encode()))


async def test_an_address_that_is_a_feed_is_the_feed(site):
    result = await found(site, "/feed.json")
    assert [(each.url, each.document.kind) for each in result.feeds] == [(site.url("/feed.json"), Kind.JSON)]
    assert result.tried == 1


async def test_the_feeds_that_a_page_names_come_in_its_order_without_that_of_comments(site):
    result = await found(site, "/")
    assert [each.url for each in result.feeds] == [site.url("/rss.xml"), site.url("/atom.xml")]
    assert len(site.asked("/comments/feed/")) == 0


async def test_what_a_page_does_not_name_is_looked_for_on_the_front_page(site):
    result = await found(site, "/story/en-comet")
    assert [each.url for each in result.feeds] == [site.url("/rss.xml"), site.url("/atom.xml")]
    assert {each.how for each in result.feeds} == {"a link in the head of the front page"}


async def test_what_no_page_names_is_looked_for_in_common_places(site, monkeypatch):
    monkeypatch.setitem(ANSWERS, "/", ANSWERS["/gone-410"])
    for path in ("/nothing/here", "/"):
        urls = [each.url for each in (await found(site, path)).feeds]
        assert urls[0] == site.url("/rss.xml")
        assert urls.count(site.url("/news-sitemap.xml")) == 1  # robots.txt names it, too


async def test_a_feed_that_has_moved_is_found_at_its_new_address(site):
    [only] = (await found(site, "/moved.xml")).feeds
    assert only.url == site.url("/moved-here.xml")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://nowhere.invalid/", Fault.DNS),
        ("http://10.0.0.1/", Fault.FORBIDDEN_ADDRESS),
        ("ftp://news.example", Fault.FORBIDDEN_SCHEME),
        ("http://127.0.0.1:1/", Fault.CONNECTION),
    ],
)
async def test_a_host_that_cannot_be_asked_is_an_error_at_once(url, fault):
    async with HttpFetcher(OPTIONS) as fetcher:
        with pytest.raises(FeedError) as caught:
            await discover(fetcher, url)
    assert caught.value.fault is fault


def test_links_are_read_as_browsers_do():
    page = HOME.replace("<head>", '<head><base href="/x/">').replace(
        'rel="alternate"', "REL='home Alternate'"
    )
    assert links(page).named == ("https://news.example/rss.xml", "https://news.example/x/atom.xml")
    assert links(page).comments == ("https://news.example/comments/feed/",)
    assert links(page).linked == ("https://news.example/feed.json",)


@pytest.mark.parametrize(
    ("link", "is_named"),
    [
        ('<link rel="alternate" type="application/rss+xml; charset=utf-8" href="/a">', True),
        ('<link rel="alternate" type="application/feed+json" href="/a">', True),
        ('<link rel="alternate" type="text/html" hreflang="en" href="/a">', False),
        ('<link rel="alternate" type="application/json+oembed" href="/a">', False),
        ('<link rel="alternate" href="/a">', False),
        ('<link rel="stylesheet" type="application/rss+xml" href="/a">', False),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:x">', False),
        ('<link rel="alternate" type="application/rss+xml" href="http://[">', False),
        ('<link rel="alternate" type="application/rss+xml">', False),
    ],
)
def test_a_link_names_a_feed_by_its_type(link, is_named):
    assert bool(links(f"<html><head>{link}</head></html>").named) == is_named


@pytest.mark.parametrize(
    ("href", "is_like_one"),
    [
        ("/rss", True), ("/ar/rss.aspx", True), ("/feed/", True), ("/feeds/posts/default", True), ("/index.rdf", True),
        ("/?feed=rss2", True), ("/news_atom.xml", True), ("/feedback", False), ("/about", False), ("/atomic-age", False),
        ("https://rss.example/about", False),
    ],
)  # fmt: skip
def test_a_link_looks_like_a_feed_by_its_path(href, is_like_one):
    assert bool(links(f'<body><a href="{href}">x</a>').linked) == is_like_one


def test_a_page_of_whatever_kind_has_links_or_none():
    for html in ("", "<", "<base href='http://['><a href=/rss>", "<a href>" * 1_000, "\x00"):
        links(html)
