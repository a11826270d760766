"""What polling feeds is about: a feed, its items, a page that was fetched, and why one could not be."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from workers.errors import KhabarError

USER_AGENT: Final = "Khabar (+https://github.com/khabar-news/khabar)"

PAGE_MAX_BYTES: Final = 10 * 2**20
"""Without content-coding. What is over it is no article; the longest page of our samples has 4 MB."""
FEED_MAX_BYTES: Final = 32 * 2**20
"""The same of a feed or sitemap: 5,000 items with whole texts are 20 MB."""


class Kind(StrEnum):
    """What a feed's document turned out to be."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"
    SITEMAP = "sitemap"
    SITEMAP_INDEX = "sitemap_index"


class Want(StrEnum):
    """What becomes the body of an item's event."""

    PAGE = "page"
    """The page that the item links to; what the feed carries where that cannot be had."""
    CONTENT = "content"
    """What the feed carries; the page where it carries nothing. For feeds with whole texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed to poll, as the list of feeds states it. Times are in seconds. `site_url` is the page for readers."""

    url: str
    source: str | None = None
    site_url: str | None = None
    lang: str | None = None
    tags: tuple[str, ...] = ()
    want: Want = Want.PAGE
    interval_min_s: float = 120.0
    interval_max_s: float = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article as a feed announces it.

    `id` is the feed's own (guid, atom:id), else the URL, else a digest of what it says; stable between two readings.
    URLs are absolute. Times are RFC 3339 in UTC where the feed's could be read, else None. `content` is the HTML or
    text that the feed carries of the article itself (not a summary of a few words: that is `summary`).
    """

    id: str
    url: str | None = None
    title: str | None = None
    published_at: str | None = None
    updated_at: str | None = None
    author: str | None = None
    tags: tuple[str, ...] = ()
    lang: str | None = None
    summary: str | None = None
    content: str | None = None
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a feed's address held. Items in the feed's order.

    `children` are the sitemaps that an index names, `children_updated_at` what it says of the age of each (none where
    it says nothing of any), `ttl_s` how long the feed says that it stays as it is, and
    `problems` what was wrong with it, in sentences, though it could be read.
    """

    kind: Kind
    title: str | None = None
    lang: str | None = None
    items: tuple[Item, ...] = ()
    children: tuple[str, ...] = ()
    children_updated_at: tuple[str | None, ...] = ()
    ttl_s: float | None = None
    problems: tuple[str, ...] = ()

    @property
    def newest(self) -> str | None:
        """The time of the newest item, RFC 3339; None where none has one."""
        times = [item.published_at or item.updated_at for item in self.items]
        return max((time for time in times if time), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request for the same address conditional (RFC 9110, section 13)."""

    etag: str | None = None
    last_modified: str | None = None


NO_VALIDATORS: Final = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of 200 or 304.

    `url` is where it came from after redirects, `moved_to` the new address when every redirect on the way was a
    permanent one. `headers` have small names. `body` is without content-coding, in whatever charset; empty with 304.
    `fresh_s` is how long the server says that the answer stays fresh (Cache-Control, Expires), None if it says nothing.
    `validators` are for the next request; of a 304 those that were sent, where it has none. `took_s` is the time that the
    requests took, without the waiting for turns.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    validators: Validators = NO_VALIDATORS
    fresh_s: float | None = None
    moved_to: str | None = None
    took_s: float = 0.0

    @property
    def is_unchanged(self) -> bool:
        return self.status == 304

    @property
    def content_type(self) -> str | None:
        """The Content-Type header as the server sent it, charset and all."""
        return self.headers.get("content-type")


class Fault(StrEnum):
    """Why something could not be had. A closed list: label of a metric, and column of `khabar feeds status`."""

    DNS = "dns"
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    FORBIDDEN_ADDRESS = "forbidden_address"
    """A private, loopback, link-local or otherwise special address that is not allowed (any redirect's too)."""
    FORBIDDEN_SCHEME = "forbidden_scheme"
    """Neither http nor https, or a URL that is none."""
    REDIRECTS = "redirects"
    """Too many of them, or in a circle."""
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    """The content-coding (gzip, brotli) cannot be undone."""
    ROBOTS = "robots"
    """The site's robots.txt asks not to."""
    RATE_LIMITED = "rate_limited"
    """429, or 503 with Retry-After."""
    GONE = "gone"
    """404 or 410."""
    REFUSED = "refused"
    """401, 402, 403, 407, 451."""
    HTTP_ERROR = "http_error"
    """Any other status that is no answer, 5xx mostly."""
    MALFORMED = "malformed"
    """Not a feed, or one so broken that nothing in it can be read."""
    UNSAFE_XML = "unsafe_xml"
    """External entities or an expansion bomb."""
    EMPTY = "empty"
    """An item with neither an address nor content."""


RETRIED: Final = frozenset(
    {
        Fault.DNS,
        Fault.CONNECTION,
        Fault.TLS,
        Fault.TIMEOUT,
        Fault.RATE_LIMITED,
        Fault.HTTP_ERROR,
        Fault.BAD_ENCODING,
    }
)
"""What may pass by itself; an item with another fault is not tried again."""


POLL_OUTCOMES: Final = ("read", "unchanged", "failed")
"""What a poll of a feed comes to; each is counted under its name."""
ITEM_OUTCOMES: Final = (
    "new", "changed", "old", "sent", "from_feed", "same", "elsewhere", "retried", "given_up",
)  # fmt: skip
"""What is counted of items: docs/feeds.md says which end as which."""


class FeedError(KhabarError):
    """Something could not be had. `str()` says what, where and what to do; `retry_after_s` is what the server asks for."""

    def __init__(self, fault: Fault, message: str, *, url: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.url = url
        self.retry_after_s = retry_after_s


class Turns(Protocol):
    """Who may ask a host next. All that fetch for one deployment share it, so that a host sees one polite visitor.

    `host` is what stands in the URL, with the port where it is not the scheme's own: "news.example", "127.0.0.2:8080".
    """

    def turn(self, host: str, *, delay_s: float, concurrency: int) -> AbstractAsyncContextManager[None]:
        """Waits for a turn, and has it for the body of the `async with`.

        At most `concurrency` have a turn at a time; one begins `delay_s` after the one before it has begun at the
        earliest, and not before the host is let go where it is held.
        """

    async def hold(self, host: str, seconds: float) -> None:
        """Nobody gets a turn for so long (Retry-After). The longest of several counts."""

    async def held_s(self, host: str) -> float:
        """For how long nobody gets a turn; 0 where the host is not held. No promise that a turn is free then."""


class Fetcher(Protocol):
    """Getting one address, politely and safely."""

    async def get(
        self,
        url: str,
        *,
        validators: Validators = NO_VALIDATORS,
        max_bytes: int | None = None,
        obey_robots: bool = True,
    ) -> Answer:
        """The answer to GET. Follows redirects, waits for its turn at the host.

        `obey_robots` is for pages; feeds and sitemaps are made for machines, and are read without asking robots.txt.
        The Crawl-delay of robots.txt counts for both, once the file was read. Raises FeedError for all that is
        neither 200 nor 304; RATE_LIMITED at once, without a request, where the host is held for long.
        """
