"""How long the rules of a host are kept, and rules that would be costly."""

import time

import pytest

from workers.feeds.fetch.robots import Robots
from workers.feeds.model import Answer, Fault, FeedError

ORIGIN = "https://news.example"


class Host:
    """robots.txt of a host, and a clock."""

    def __init__(self, *, text="User-agent: *\nDisallow: /private/\n", fresh_s=None, error=None):
        self.text, self.fresh_s, self.error = text, fresh_s, error
        self.now, self.asked = 0.0, 0
        self.robots = Robots(self.get, lambda: self.now)

    async def get(self, url):
        self.asked += 1
        if self.error:
            raise FeedError(self.error, "no", url=url)
        body = self.text if isinstance(self.text, bytes) else self.text.encode()
        return Answer(url=url, status=200, headers={}, body=body, fresh_s=self.fresh_s)

    async def fault(self, path="/a"):
        try:
            await self.robots.check(ORIGIN + path, ORIGIN)
        except FeedError as error:
            return error.fault


@pytest.mark.parametrize(
    ("fresh_s", "kept_s"), [(None, 86_400), (10**7, 86_400), (3_600, 3_600), (0, 300), (1, 300)]
)
async def test_rules_are_kept_as_long_as_the_server_says_within_bounds(fresh_s, kept_s):
    host = Host(fresh_s=fresh_s)
    assert await host.fault("/private/x") is Fault.ROBOTS
    host.now = kept_s - 1
    assert await host.fault() is None
    assert host.asked == 1
    host.now = kept_s
    await host.fault()
    assert host.asked == 2


@pytest.mark.parametrize("error", [Fault.TIMEOUT, Fault.DNS, Fault.HTTP_ERROR, Fault.CONNECTION])
async def test_a_host_whose_rules_cannot_be_had_is_tried_again_soon(error):
    host = Host(error=error)
    assert [await host.fault(), await host.fault(), host.asked] == [error, error, 1]
    host.now, host.error = 120, None
    assert [await host.fault(), host.asked] == [None, 2]


@pytest.mark.parametrize("error", [Fault.GONE, Fault.REFUSED, Fault.REDIRECTS, Fault.FORBIDDEN_ADDRESS])
async def test_a_host_without_rules_allows_all(error):
    assert await Host(error=error).fault("/private/") is None


@pytest.mark.parametrize(("said", "counts"), [("2", 2), ("0.5", 0.5), ("86400", 60), ("-1", 0), ("soon", 0)])
async def test_a_crawl_delay_counts_up_to_a_minute(said, counts):
    host = Host(text=f"User-agent: *\nCrawl-delay: {said}\n")
    assert host.robots.crawl_delay_s(ORIGIN) == 0
    await host.fault()
    assert host.robots.crawl_delay_s(ORIGIN) == counts


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /private/",
        b"# \xe9\xff\nUser-agent: *\nDisallow: /private/",
        "User-agent: *\nDisallow: /خاص/\nDisallow: /private/",
    ],
)
async def test_rules_are_read_in_whatever_bytes(text):
    assert await Host(text=text).fault("/private/x") is Fault.ROBOTS


async def test_an_arabic_path_is_matched_escaped_or_not():
    host = Host(text="User-agent: *\nDisallow: /خاص/\n")
    assert await host.fault("/%D8%AE%D8%A7%D8%B5/x") is Fault.ROBOTS


async def test_rules_with_many_wildcards_cost_nothing():
    host = Host(
        text="User-agent: *\nDisallow: /"
        + "*a" * 200
        + "$\nDisallow: /private/\n"
        + "Disallow: /"
        + "*a" * 8
        + "$\n"
    )
    begun = time.process_time()
    assert await host.fault("/" + "a" * 200 + "b") is None
    assert await host.fault("/private/") is Fault.ROBOTS
    assert time.process_time() - begun < 5
