"""The list of feeds, feeds.toml: reading it, adding to it, and OPML."""

from workers.feeds.feed_list.adding import add_feeds
from workers.feeds.feed_list.opml import read_opml, write_opml
from workers.feeds.feed_list.reading import (
    DEFAULT_FILE,
    FeedList,
    parse_feed_list,
    read_feed_list,
    same_feed_key,
)

__all__ = [
    "DEFAULT_FILE",
    "FeedList",
    "add_feeds",
    "parse_feed_list",
    "read_feed_list",
    "read_opml",
    "same_feed_key",
    "write_opml",
]
