"""From the address of a site or a page to its feeds, each tried."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import turbohtml

from workers.boilerplate.charset import decode
from workers.feeds.feed_list.reading import same_feed_key
from workers.feeds.formats import read_answer
from workers.feeds.model import FEED_MAX_BYTES, Answer, Document, Fault, FeedError, Fetcher, Kind

_FEED_TYPES: Final = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
     "application/json", "application/xml", "text/xml"}
)  # fmt: skip
_PLACES: Final = (
    "/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds", "/feed.json", "/?feed=rss2",
    "/news-sitemap.xml", "/sitemap-news.xml",
)  # fmt: skip
"""Where feeds are that nothing links to: WordPress, Ghost, Hugo and Jekyll, Blogger, and news sitemaps."""
_LOOKS_LIKE_A_FEED: Final = re.compile(
    r"(?:^|[/._=?-])(?:rss|atom|feeds?|rdf)[0-9]?(?:[/._?-]|$)", re.IGNORECASE
)
_COMMENTS: Final = re.compile(r"\bcomments?\b", re.IGNORECASE)
_ANSWERED: Final = frozenset(
    {Fault.MALFORMED, Fault.GONE, Fault.REFUSED, Fault.HTTP_ERROR, Fault.TOO_LARGE, Fault.BAD_ENCODING}
)
"""Faults of one address, beside which there may be feeds; with others there is no host to ask."""
_MAX_LINKS: Final = 10
"""Of the links of a page so many are tried: a site with more has an index of its feeds, and they are alike."""
_MAX_SITEMAPS: Final = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that could be read. `how` says where it was named."""

    url: str
    document: Document
    how: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """The feeds, best first; where there are none, `error` says what the address itself gave. `tried` were asked."""

    feeds: tuple[Found, ...]
    tried: int
    error: FeedError | None = None


async def discover(fetcher: Fetcher, url: str) -> Discovery:
    """The feeds of the site or page at `url`: itself, those that it links to, or else those elsewhere.

    Elsewhere is what the front page names, then common places, then the feeds of comments that the page names.
    Robots.txt is not asked for leave: a person looks, once. Raises FeedError where the host cannot be asked.
    """
    search = _Search(fetcher)
    page, links, error = None, _Links(), None
    try:
        page = await search.get(url)
        return Discovery(
            (Found(page.url, await asyncio.to_thread(read_answer, page), "the address itself"),), tried=1
        )
    except FeedError as failure:
        if failure.fault not in _ANSWERED:
            raise
        error = failure
    if page is not None:
        links = await asyncio.to_thread(_links, page)
    found = await search.read_all(links.named, "a link in the page's head")
    found = found or await search.read_all(links.linked, "a link on the page")
    here = page.url if page else url
    found = found or await search.read_all(await search.front(here), "a link in the head of the front page")
    if not found:
        found = await search.read_all(await search.places(here), "a common place")
    found = found or await search.read_all(links.comments, "a link in the page's head, to comments")
    return Discovery(tuple(found), search.tried, None if found else error)


@dataclass(frozen=True, slots=True)
class _Links:
    """The addresses that a page gives: as its feeds, as its comments', and of what may be one."""

    named: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


class _Search:
    """Asks for each address once."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._seen: set[str] = set()
        self.tried = 0

    async def get(self, url: str) -> Answer:
        self._seen.add(same_feed_key(url))
        self.tried += 1
        return await self._fetcher.get(url, max_bytes=FEED_MAX_BYTES, obey_robots=False)

    async def read_all(self, urls: Iterable[str], how: str) -> list[Found]:
        """Those that are feeds, in order, each once though it has two addresses."""
        found: dict[str, Found] = {}
        for url in urls:
            if same_feed_key(url) in self._seen:
                continue
            try:
                answer = await self.get(url)
                document = await asyncio.to_thread(read_answer, answer)
            except FeedError:
                continue
            if how != "a common place" or _is_of_news(document):
                found.setdefault(same_feed_key(answer.url), Found(answer.moved_to or url, document, how))
        return list(found.values())

    async def front(self, url: str) -> tuple[str, ...]:
        """What the front page of the host names as its feeds, unless that was looked at."""
        root = urljoin(url, "/")
        if same_feed_key(root) in self._seen:
            return ()
        try:
            page = await self.get(root)
        except FeedError:
            return ()
        return (await asyncio.to_thread(_links, page)).named

    async def places(self, url: str) -> list[str]:
        """Beside the address, at the root of its host, and the sitemaps that robots.txt names, news first."""
        beside = url.split("?", maxsplit=1)[0].rstrip("/")
        root = urljoin(url, "/").rstrip("/")
        paths = [f"{beside}/feed", *(root + place for place in _PLACES)]
        try:
            robots = await self._fetcher.get(f"{root}/robots.txt", obey_robots=False)
        except FeedError:
            return paths
        lines = (line.partition(":") for line in robots.body.decode("utf-8", "replace").splitlines())
        sitemaps = [rest.strip() for name, _, rest in lines if name.strip().lower() == "sitemap"]
        sitemaps.sort(key=lambda address: "news" not in address.lower())
        return [*paths, *sitemaps[:_MAX_SITEMAPS]]


def _is_of_news(document: Document) -> bool:
    """A sitemap that nobody has named lists the pages of years, unless it is one for news, which has titles."""
    if document.kind is Kind.SITEMAP_INDEX:
        return any("news" in child.lower() for child in document.children)
    return document.kind is not Kind.SITEMAP or any(item.title for item in document.items)


def _links(page: Answer) -> _Links:
    """The feeds that a page names in its head, and the links of its body that look like one."""
    tree = turbohtml.parse(decode(page.body, page.content_type))
    base = next((str(each.attrs["href"]) for each in tree.select("base[href]")), "")
    base = _joined(page.url, base) or page.url
    named: dict[str, None] = {}
    comments: dict[str, None] = {}
    for link in tree.select("link[rel~=alternate][href]"):
        kind = str(link.attrs.get("type") or "").split(";")[0].strip().lower()
        if kind in _FEED_TYPES and (url := _joined(base, str(link.attrs["href"]))):
            is_comments = _COMMENTS.search(f"{link.attrs.get('title') or ''} {url}")
            (comments if is_comments else named)[url] = None
    return _Links(tuple(named)[:_MAX_LINKS], tuple(comments)[:1], tuple(_linked(tree, base))[:_MAX_LINKS])


def _linked(tree: turbohtml.Document, base: str) -> Iterator[str]:
    seen: set[str] = set()
    for link in tree.select("a[href]"):
        url = _joined(base, str(link.attrs["href"]))
        if url and url not in seen and _LOOKS_LIKE_A_FEED.search(urlsplit(url)._replace(netloc="").geturl()):
            seen.add(url)
            yield url


def _joined(base: str, address: str) -> str | None:
    try:
        url = urljoin(base, address.strip())
        return url if urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None
