"""read_document: what an address held, whatever kind of feed it is."""

import re
import zlib
from typing import Final

from workers.boilerplate.charset import decode, kind_of_file
from workers.feeds.formats.json_feed import read_json
from workers.feeds.formats.sitemap import read_sitemap
from workers.feeds.formats.source import Source
from workers.feeds.formats.xml_feed import read_feed
from workers.feeds.formats.xml_text import check, prolog, repaired, shortened
from workers.feeds.model import FEED_MAX_BYTES, Answer, Document, Fault, FeedError

_GZIP_MAGIC: Final = b"\x1f\x8b"
_HEAD_CHARS: Final = 4_096
_SITEMAPS: Final = frozenset({"urlset", "sitemapindex"})
_OTHERS: Final = {
    "html": "a web page and no feed. Look for the site's feeds: khabar feeds add {url}",
    "opml": "a list of feeds (OPML) and no feed. Save it as a file, and: khabar feeds import FILE",
    "svg": "an image (SVG) and no feed",
}


def read_answer(answer: Answer) -> Document:
    """What the address of a feed has answered; see `read_document`."""
    return read_document(answer.body, content_type=answer.content_type, url=answer.url)


def read_document(body: bytes, *, content_type: str | None, url: str) -> Document:
    """The feed or sitemap in `body`. Relative addresses in it are relative to `url`.

    The charset is judged by the bytes, the header and the XML declaration, as of pages. What can be read of a broken
    feed is read. Takes time in proportion to the size, some seconds for 20 MB: not in an event loop.
    Raises FeedError (MALFORMED, UNSAFE_XML, TOO_LARGE) that says what the body is instead.
    """
    body = _unzipped(body, url)
    if kind := kind_of_file(body):
        raise FeedError(Fault.MALFORMED, f"{url} is {kind} and no feed", url=url)
    source = Source(decode(body, content_type).strip().removeprefix("\ufeff"), url)  # BYTE ORDER MARK
    if not source.text:
        raise source.malformed("is empty")
    if source.text[0] in "{[":
        return read_json(source)
    root = _root(source.text)
    if root is None:
        raise source.malformed("is text, neither XML nor JSON, and no feed")
    name = root.rsplit(":", 1)[-1].lower()
    if name in _OTHERS:
        raise source.malformed(f"is {_OTHERS[name].format(url=url)}")
    source = repaired(source, check(source))
    return read_sitemap(source) if name in _SITEMAPS else read_feed(shortened(source), root)


def _unzipped(body: bytes, url: str) -> bytes:
    """The body of a .xml.gz that the server sends as a file: not as a content-coding, which is undone already."""
    if not body.startswith(_GZIP_MAGIC):
        return body
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = stream.decompress(body, FEED_MAX_BYTES + 1)
    except zlib.error as error:
        raise FeedError(Fault.MALFORMED, f"{url} is no whole gzip file: {error}", url=url) from error
    if len(plain) > FEED_MAX_BYTES:
        message = f"{url} is larger than {FEED_MAX_BYTES:,} bytes when unzipped"
        raise FeedError(Fault.TOO_LARGE, message, url=url)
    return plain


def _root(text: str) -> str | None:
    """The name of the root element as it is written; of a page that begins with anything else, "html"."""
    found = prolog(text)
    if found.doctype and found.doctype["name"].lower() == "html":
        return "html"
    if found.root:
        return found.root["name"]
    return "html" if re.search(r"<(?:html|body)[\s>]", text[:_HEAD_CHARS], re.IGNORECASE) else None
