"""The fetcher on the test site: conditions, redirects, politeness, robots.txt, and what is never sent."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.support.feed_site import RETRY_AFTER_S, FeedSite
from workers.feeds.fetch import HostLimits, HttpFetcher, LocalTurns
from workers.feeds.model import USER_AGENT, Fault, FeedError, Validators


@pytest.fixture
def site():
    """A site of the test's own, for its requests are counted."""
    with FeedSite() as running:
        yield running


async def fault(fetcher, url, **arguments):
    with pytest.raises(FeedError) as caught:
        await fetcher.get(url, **arguments)
    return caught.value


@pytest.mark.parametrize("path", ["/rss.xml", "/atom.xml"])
async def test_what_is_known_is_not_sent_again(site, options, path):
    async with HttpFetcher(options) as fetcher:
        first = await fetcher.get(site.url(path), obey_robots=False)
        second = await fetcher.get(site.url(path), validators=first.validators, obey_robots=False)
    assert (first.status, first.is_unchanged, len(first.body) > 500) == (200, False, True)
    assert (second.status, second.is_unchanged, second.body) == (304, True, b"")
    assert second.validators == first.validators
    assert [each.is_conditional for each in site.asked(path)] == [False, True]


async def test_validators_that_a_304_leaves_out_are_those_that_were_sent(site, options):
    async with HttpFetcher(options) as fetcher:
        first = await fetcher.get(site.url("/atom.xml"), obey_robots=False)
        sent = Validators(etag='"a"', last_modified=first.validators.last_modified)
        second = await fetcher.get(site.url("/atom.xml"), validators=sent, obey_robots=False)
    assert first.validators.etag is None
    assert (second.is_unchanged, second.validators) == (True, sent)


async def test_tls_where_the_server_has_none_is_said(site, options):
    async with HttpFetcher(options) as fetcher:
        url = site.url("/rss.xml").replace("http:", "https:")
        assert (await fault(fetcher, url, obey_robots=False)).fault is Fault.TLS


async def test_the_charset_that_the_server_names_is_kept(site, options):
    async with HttpFetcher(options) as fetcher:
        answer = await fetcher.get(site.url("/story/ar-library"))
    assert answer.content_type == "text/html; charset=windows-1256"
    assert "مكتبة".encode("windows-1256") in answer.body


async def test_permanent_redirects_say_where_the_feed_has_moved_to(site, options):
    async with HttpFetcher(options) as fetcher:
        moved = await fetcher.get(site.url("/moved.xml#here"), obey_robots=False)
        lent = await fetcher.get(site.url("/other-host.xml"), obey_robots=False)
    assert moved.url == moved.moved_to == site.url("/moved-here.xml")
    assert lent.url == site.url("/other-host-here.xml", host=1)
    assert lent.moved_to is None


async def test_redirects_end_after_ten_and_at_a_circle(site, options):
    async with HttpFetcher(options) as fetcher:
        endless = await fault(fetcher, site.url("/endless.xml"), obey_robots=False)
        assert len(site.requests) == 11
        circle = await fault(fetcher, site.url("/circle.xml"), obey_robots=False)
    assert (endless.fault, circle.fault) == (Fault.REDIRECTS, Fault.REDIRECTS)
    assert "more than 10 times" in str(endless)
    assert "in a circle" in str(circle)


@pytest.mark.parametrize(
    "url", ["ftp://news.example/", "file:///etc/passwd", "news.example/rss", "http://", "http://[", ""]
)
async def test_what_is_no_url_of_the_web_is_refused(options, url):
    async with HttpFetcher(options) as fetcher:
        assert (await fault(fetcher, url)).fault is Fault.FORBIDDEN_SCHEME


async def test_a_name_that_does_not_exist_is_said(options):
    async with HttpFetcher(options) as fetcher:
        error = await fault(fetcher, "http://nowhere.invalid/rss", obey_robots=False)
    assert error.fault is Fault.DNS
    assert "nowhere.invalid" in str(error)


async def test_it_says_who_it_is_and_sends_neither_cookies_nor_passwords(site, options):
    named = replace(options, user_agent="Khabar (+https://newsroom.example/bot)")
    for each, agent in ((options, USER_AGENT), (named, named.user_agent)):
        async with HttpFetcher(each) as fetcher:
            url = site.url("/rss.xml").replace("://", "://user:secret@")
            answer = await fetcher.get(url, obey_robots=False)
        assert "secret" not in answer.url
        headers = site.requests[-1].headers
        assert headers["user-agent"] == agent
        assert headers["accept-encoding"] == "gzip, deflate, br"
        assert not headers.keys() & {"cookie", "authorization", "referer", "if-none-match"}


# Politeness


async def test_a_host_is_asked_once_at_a_time_and_not_before_the_delay_is_over(site, options):
    polite = replace(options, limits=HostLimits(delay_s=0.2, concurrency=1))
    async with HttpFetcher(polite) as fetcher:
        paths = [f"/many/{number}" for number in range(4)]
        await asyncio.gather(*(fetcher.get(site.url(path), obey_robots=False) for path in paths))
    asked = sorted(site.requests, key=lambda each: each.begun_at)
    assert all(later.begun_at >= earlier.ended_at for earlier, later in pairwise(asked))
    # Three delays; how long the first connection takes shortens the first of them as the site sees it.
    assert asked[-1].begun_at - asked[0].begun_at > 0.4


async def test_hosts_do_not_wait_for_one_another_and_may_have_limits_of_their_own(site, options):
    slow = site.url("", host=1).removeprefix("http://")
    limits = replace(options, hosts={slow: HostLimits(delay_s=3600)})
    async with HttpFetcher(limits) as fetcher:
        await fetcher.get(site.url("/many/1", host=1), obey_robots=False)
        waiting = asyncio.create_task(fetcher.get(site.url("/many/2", host=1), obey_robots=False))
        for _ in range(3):
            await fetcher.get(site.url("/many/3"), obey_robots=False)
        assert not waiting.done()
        waiting.cancel()
    assert len(site.asked(host=1)) == 1


@pytest.mark.parametrize("path", ["/limited.xml", "/busy.xml"])
async def test_a_host_that_asks_to_wait_is_left_alone_with_all_its_addresses(site, options, path):
    turns = LocalTurns()
    async with HttpFetcher(options, turns=turns) as fetcher:
        error = await fault(fetcher, site.url(path), obey_robots=False)
        host = site.url("").removeprefix("http://")
        assert RETRY_AFTER_S - 1 < await turns.held_s(host) <= RETRY_AFTER_S
        await fetcher.get(site.url("/rss.xml", host=1), obey_robots=False)
        await fetcher.get(site.url("/rss.xml"), obey_robots=False)
    assert (error.fault, error.retry_after_s) == (Fault.RATE_LIMITED, RETRY_AFTER_S)
    [limited], [after] = site.asked(path), site.asked("/rss.xml", host=0)
    assert after.begun_at - limited.ended_at > RETRY_AFTER_S - 0.1


async def test_a_host_that_is_held_for_long_is_not_waited_for(site, options):
    turns = LocalTurns()
    async with HttpFetcher(options, turns=turns) as fetcher:
        await turns.hold(site.url("").removeprefix("http://"), 600)
        error = await fault(fetcher, site.url("/rss.xml"), obey_robots=False)
    assert error.fault is Fault.RATE_LIMITED
    assert 590 < error.retry_after_s <= 600
    assert site.requests == []


# robots.txt


async def test_robots_are_asked_once_for_pages_and_obeyed(site, options):
    async with HttpFetcher(options) as fetcher:
        await asyncio.gather(*(fetcher.get(site.url(f"/many/{number}")) for number in range(3)))
        error = await fault(fetcher, site.url("/forbidden/story"))
        allowed = await fetcher.get(site.url("/forbidden/story"), obey_robots=False)
    assert error.fault is Fault.ROBOTS
    assert allowed.status == 200
    assert len(site.asked("/robots.txt")) == 1
    assert len(site.asked("/forbidden/story")) == 1


async def test_robots_can_be_ignored_by_choice_and_are_not_asked_for_feeds(site, options):
    async with HttpFetcher(options) as fetcher:
        await fetcher.get(site.url("/rss.xml"), obey_robots=False)
    async with HttpFetcher(replace(options, obey_robots=False)) as fetcher:
        await fetcher.get(site.url("/forbidden/story"))
    assert site.asked("/robots.txt") == []


async def test_the_robots_of_the_host_that_a_redirect_leads_to_count(site, options):
    site.robots = "User-agent: *\nDisallow: /other-host-here.xml"
    async with HttpFetcher(options) as fetcher:
        assert (await fault(fetcher, site.url("/other-host.xml"))).fault is Fault.ROBOTS
    assert site.asked("/other-host-here.xml") == []


async def test_a_group_for_khabar_counts_before_that_for_all(site, options):
    site.robots = "User-agent: *\nDisallow: /\n\nUser-agent: khabar\nDisallow: /forbidden/\n"
    async with HttpFetcher(options) as fetcher:
        assert (await fetcher.get(site.url("/many/1"))).status == 200
        assert (await fault(fetcher, site.url("/forbidden/story"))).fault is Fault.ROBOTS


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, None), (403, None), (401, None), (500, Fault.HTTP_ERROR), (429, Fault.RATE_LIMITED)],
)
async def test_robots_that_are_not_there_allow_all_and_those_that_cannot_be_had_nothing_for_now(
    site, options, status, expected
):
    site.robots = status
    async with HttpFetcher(options) as fetcher:
        if expected is None:
            assert (await fetcher.get(site.url("/many/1"))).status == 200
            return
        for _ in range(2):
            error = await fault(fetcher, site.url("/many/1"))
            assert (error.fault, error.retry_after_s > 0) == (expected, True)
    assert site.asked("/many/1") == []
    assert len(site.asked("/robots.txt")) == 1


async def test_a_crawl_delay_counts_for_pages_and_feeds_of_the_host(site, options):
    site.robots = "User-agent: *\nCrawl-delay: 0.3\n"
    async with HttpFetcher(options) as fetcher:
        await fetcher.get(site.url("/many/1"))
        await fetcher.get(site.url("/many/2"))
        await fetcher.get(site.url("/rss.xml"), obey_robots=False)
    pages = [each.begun_at for each in site.requests if each.path != "/robots.txt"]
    assert pages[2] - pages[0] > 0.4
