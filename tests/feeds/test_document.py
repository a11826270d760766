"""docs/feeds.md says what is so: the list that it shows, the faults, the limits."""

import re
from pathlib import Path

from workers.feeds.check import ADVICE
from workers.feeds.feed_list import parse_feed_list
from workers.feeds.fetch import FetchOptions, HostLimits
from workers.feeds.fetch.http import MAX_REDIRECTS
from workers.feeds.formats.xml_text import _MAX_TAGS
from workers.feeds.model import FEED_MAX_BYTES, PAGE_MAX_BYTES, Fault, Feed

TEXT = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text("utf-8")


def test_the_list_that_is_shown_is_right_and_has_the_defaults():
    [shown] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    found = parse_feed_list(shown, "docs/feeds.md")
    assert len(found.feeds) == 1
    assert found.fetch.limits == HostLimits() == HostLimits(delay_s=1, concurrency=1)
    plain = Feed(url="https://news.example/")
    [bare] = parse_feed_list(shown.split("[[feed]]")[0] + f"[[feed]]\nurl='{plain.url}'", "x").feeds
    assert (bare.interval_min_s, bare.interval_max_s, bare.want) == (
        plain.interval_min_s,
        plain.interval_max_s,
        plain.want,
    )


def test_every_fault_is_told_and_has_an_advice():
    faults = TEXT.split("\n## Faults\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", faults, re.MULTILINE) == list(Fault)
    assert list(ADVICE) == list(Fault)


def test_the_limits_are_those_of_the_code():
    options = FetchOptions()
    assert f"the first {_MAX_TAGS:,} tags" in TEXT
    assert f"A page may have {PAGE_MAX_BYTES // 2**20} MiB, a feed {FEED_MAX_BYTES // 2**20} MiB" in TEXT
    assert (options.connect_timeout_s, options.read_timeout_s, options.total_timeout_s) == (10, 20, 60)
    assert re.search(r"connection may take 10 s, a silence 20 s, an\s+answer 60 s", TEXT)
    assert MAX_REDIRECTS == 10
