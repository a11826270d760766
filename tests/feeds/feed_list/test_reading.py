"""feeds.toml: what it says, and every mistake in it at once."""

import pytest

from workers.errors import ConfigError
from workers.feeds.feed_list import parse_feed_list, read_feed_list, same_feed_key
from workers.feeds.feed_list.adding import HEAD
from workers.feeds.model import USER_AGENT, Want

WHOLE = """
[defaults]
interval = "5m..1h30m"
lang = "ar"
tags = ["news"]

[politeness]
delay = "500ms"
concurrency = 2
contact = "https://newsroom.example/bot"
obey_robots = false
allow_private = ["10.1.0.0/16", "fd00::1", "Intranet.Example."]

[hosts."Slow.example"]
delay = "10s"

[[feed]]
url = "https://news.example/rss"
source = "عربي ٢١"
site = "https://news.example/"

[[feed]]
url = "https://other.example/rss#top"
lang = "fa"
tags = []
want = "content"
interval = "15m"
"""
WRONG = """
[defaults]
intervall = "2m"            # line 3
want = "pages"
[politeness]
delay = 1                   # line 6
concurrency = 99
allow_private = ["10.0.0.0/99"]
obey_robots = "no"
[hosts."slow.example"]
delay = "10x"               # line 11
[[feed]]
url = "ftp://news.example"  # line 13
[[feed]]
source = "x"                # line 15
[[feed]]
url = "https://news.example/rss"
interval = "1h..2m"         # line 18
lang = "arabic"
tags = "x"
[[feed]]
url = "http://NEWS.example:80/rss/#x"   # line 22
[[feed]]
url = "https://user:secret@news.example/2"  # line 24
[nonsense]
x = 1
"""


def mistakes(text):
    with pytest.raises(ConfigError) as caught:
        parse_feed_list(text, "feeds.toml")
    return str(caught.value).splitlines()


def test_a_whole_list():
    found = parse_feed_list(WHOLE, "feeds.toml")
    first, second = found.feeds
    assert (first.url, first.source, first.site_url) == (
        "https://news.example/rss",
        "عربي ٢١",
        "https://news.example/",
    )
    assert (first.lang, first.tags, first.want) == ("ar", ("news",), Want.PAGE)
    assert (first.interval_min_s, first.interval_max_s) == (300, 5_400)
    assert (second.url, second.lang, second.tags, second.want) == (
        "https://other.example/rss",
        "fa",
        (),
        Want.CONTENT,
    )
    assert (second.interval_min_s, second.interval_max_s) == (900, 900)


def test_politeness_and_safety():
    fetch = parse_feed_list(WHOLE, "feeds.toml").fetch
    assert fetch.user_agent == f"{USER_AGENT[:-1]}; https://newsroom.example/bot)"
    assert (fetch.limits.delay_s, fetch.limits.concurrency, fetch.obey_robots) == (0.5, 2, False)
    assert fetch.limits_of("slow.example:8080").delay_s == fetch.limits_of("slow.example").delay_s == 10
    assert fetch.limits_of("slow.example").concurrency == 2
    assert fetch.limits_of("news.example") == fetch.limits
    assert [fetch.allowed.has_address(each) for each in ("10.1.2.3", "fd00::1", "10.2.0.1")] == [
        True,
        True,
        False,
    ]
    assert fetch.allowed.has_host("intranet.example")


def test_an_empty_list_and_the_head_of_a_new_one_say_nothing():
    for text in ("", HEAD):
        found = parse_feed_list(text, "x")
        assert (found.feeds, found.fetch.allowed.networks, found.fetch.limits.delay_s) == ((), (), 1.0)


def test_what_the_head_of_a_new_list_proposes_is_right():
    lines = [
        line.removeprefix("# ") if " = " in line or line.startswith("# [") else line
        for line in HEAD.splitlines()
    ]
    found = parse_feed_list("\n".join(lines), "x")
    assert found.fetch.hosts["slow.example"].delay_s == 10
    assert found.fetch.allowed.hosts == {"intranet.example"}


def test_every_mistake_is_said_at_once_with_its_line():
    found = mistakes(WRONG)
    assert [(line.split(": ")[0], line.split(": ")[1].split()[0]) for line in found] == [
        ("feeds.toml:3", "defaults.intervall"),
        ("feeds.toml:4", "defaults.want"),
        ("feeds.toml:6", "politeness.delay"),
        ("feeds.toml:7", "politeness.concurrency"),
        ("feeds.toml:8", "politeness.allow_private"),
        ("feeds.toml:9", "politeness.obey_robots"),
        ("feeds.toml:11", "hosts.slow.example.delay"),
        ("feeds.toml:13", "feed[1].url"),
        ("feeds.toml:14", "feed[2]"),
        ("feeds.toml:18", "feed[3].interval"),
        ("feeds.toml:19", "feed[3].lang"),
        ("feeds.toml:20", "feed[3].tags"),
        ("feeds.toml:22", "feed[4].url"),
        ("feeds.toml:24", "feed[5].url"),
        ("feeds.toml:25", "nonsense"),
    ]


def test_mistakes_say_what_is_meant():
    found = "\n".join(mistakes(WRONG))
    assert "did you mean interval?" in found
    assert "takes page or content, not 'pages'" in found
    assert "is the same as that of feed 3" in found
    assert "secret" not in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[feed]\n", "is not TOML"),
        ("[feed]\nurl='https://a.example'", "with two brackets"),
        ("feed = ['https://a.example']", "is a table"),
        ("defaults = 3", "is a table"),
        ("hosts = 3", '[hosts."news.example"]'),
        ("[hosts]\n'a.example' = '10s'", "is a table"),
        ("[[feed]]\nurl = 3", "takes a URL"),
        ("[politeness]\ndelay = '2h'", "up to 1h"),
        ("[defaults]\ninterval = '1s'", "from 10s to 7d"),
        ("[defaults]\ninterval = '٥m'", "takes a time"),
    ],
)
def test_other_mistakes(text, said):
    assert said in mistakes(text)[0]


def test_a_file_that_is_not_there_or_no_text_is_said(tmp_path):
    with pytest.raises(ConfigError, match="khabar feeds add URL"):
        read_feed_list(tmp_path / "feeds.toml")
    (tmp_path / "feeds.toml").write_bytes("[[feed]]\nsource = 'خبر'".encode("windows-1256"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read_feed_list(tmp_path / "feeds.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_feed_list(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://news.example/rss",
        "HTTPS://News.Example:443/rss",
        "https://news.example/rss/",
        "https://news.example/rss#x",
    ],
)
def test_addresses_of_one_feed_are_the_same(url):
    assert same_feed_key(url) == same_feed_key("https://news.example/rss")


@pytest.mark.parametrize(
    "url", ["https://news.example/rss?x=1", "https://news.example/RSS", "https://a.news.example/rss"]
)
def test_addresses_of_other_feeds_are_not(url):
    assert same_feed_key(url) != same_feed_key("https://news.example/rss")
