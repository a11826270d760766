"""Short ways to feeds for the tests of this folder."""

import pytest

from workers.feeds.formats import read_document
from workers.feeds.model import FeedError

URL = "https://news.example/dir/feed.xml"
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
)


def read(body, content_type=None, url=URL):
    body = body if isinstance(body, bytes) else body.encode()
    return read_document(body, content_type=content_type, url=url)


def fault(body, **arguments):
    with pytest.raises(FeedError) as caught:
        read(body, **arguments)
    assert caught.value.url == URL
    assert str(caught.value).startswith(URL)
    return caught.value


def rss(*items, channel=""):
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0" {NAMESPACES}><channel><title>T</title>{channel}{inside}</channel></rss>'


def item(inside, **channel):
    """The one item of an RSS feed."""
    [found] = read(rss(inside, **channel)).items
    return found


def atom(*entries, attributes=""):
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>T</title>{inside}</feed>'


def entry(inside, **arguments):
    [found] = read(atom(inside, **arguments)).items
    return found
