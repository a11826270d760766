"""Trying a feed as polling would use it, and saying what is wrong with it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from workers.feeds.formats import read_answer
from workers.feeds.model import (
    FEED_MAX_BYTES,
    NO_VALIDATORS,
    Answer,
    Document,
    Fault,
    Feed,
    FeedError,
    Fetcher,
    Item,
    Kind,
    Want,
)

AT_A_TIME: Final = 8
"""Feeds of different hosts; those of one host wait for their turns anyway."""

ADVICE: Final = {
    Fault.DNS: "Is the name right? If it was, the site is gone",
    Fault.CONNECTION: "Try again later; if it stays so, the site refuses this machine or is gone",
    Fault.TLS: "The site has to renew its certificate",
    Fault.TIMEOUT: "Try again later",
    Fault.FORBIDDEN_ADDRESS: "If it is your own, name it under allow_private",
    Fault.FORBIDDEN_SCHEME: "Write a URL with http:// or https://",
    Fault.REDIRECTS: "Open it in a browser, and use the address where that ends",
    Fault.TOO_LARGE: "Look for a shorter feed of the site: khabar feeds add URL",
    Fault.BAD_ENCODING: "The site's server is broken; try again later",
    Fault.ROBOTS: "Ask the site for leave",
    Fault.RATE_LIMITED: "Try again later, and give the host a longer delay under [hosts]",
    Fault.GONE: "Look for the site's new feed: khabar feeds add URL",
    Fault.REFUSED: "The site lets no machine in: name a contact under [politeness], and ask the site",
    Fault.HTTP_ERROR: "Try again later",
    Fault.MALFORMED: "Look for another feed of the site: khabar feeds add URL",
    Fault.UNSAFE_XML: "Look for another feed of the site: khabar feeds add URL",
    Fault.EMPTY: "Nothing can be made of it: take it off the list",
}
"""What to do about a feed's fault."""
PAGE_ADVICE: Final = {
    Fault.ROBOTS: "Ask the site for leave",
    Fault.RATE_LIMITED: ADVICE[Fault.RATE_LIMITED],
    Fault.REFUSED: ADVICE[Fault.REFUSED],
    Fault.FORBIDDEN_ADDRESS: ADVICE[Fault.FORBIDDEN_ADDRESS],
    Fault.EMPTY: ADVICE[Fault.EMPTY],
}
"""The same of a page's fault, where it is another one than OTHER_PAGE_ADVICE."""
OTHER_PAGE_ADVICE: Final = (
    "The feed carries no text either. Try again later; if it stays so, take it off the list"
)


@dataclass(slots=True)
class Finding:
    """What was found of a feed. `error` makes it unusable, `page_error` one of its pages, `notes` are for reading.

    `has_page`: the page of its first item was fetched; `has_content`: it has to be in the feed, and is.
    """

    feed: Feed
    document: Document | None = None
    error: FeedError | None = None
    page_error: FeedError | None = None
    has_page: bool = False
    has_content: bool = False
    is_conditional: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        return self.error is not None or self.page_error is not None


async def check_all(fetcher: Fetcher, feeds: Sequence[Feed]) -> AsyncIterator[tuple[int, Finding]]:
    """The place of each feed in `feeds` and what was found, as it becomes ready."""
    free = asyncio.Semaphore(AT_A_TIME)

    async def one(number: int, feed: Feed) -> tuple[int, Finding]:
        async with free:
            return number, await check(fetcher, feed)

    tasks = [asyncio.create_task(one(number, feed)) for number, feed in enumerate(feeds)]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for each in tasks:
            each.cancel()


async def check(fetcher: Fetcher, feed: Feed) -> Finding:
    """Asks for the feed, for the feed again if it changed, and for the page of its first item."""
    finding = Finding(feed)
    try:
        answer = await fetcher.get(feed.url, max_bytes=FEED_MAX_BYTES, obey_robots=False)
        finding.document = document = await asyncio.to_thread(read_answer, answer)
        finding.is_conditional = await _is_conditional(fetcher, answer)
        if document.kind is Kind.SITEMAP_INDEX and document.children:
            child = await fetcher.get(document.children[0], max_bytes=FEED_MAX_BYTES, obey_robots=False)
            document = await asyncio.to_thread(read_answer, child)
            finding.notes.append(f"{len(finding.document.children)} sitemaps, of which the first was tried")
    except FeedError as error:
        finding.error = error
        return finding
    if answer.moved_to:
        finding.notes.append(f"has moved for good: write {answer.moved_to}")
    if not finding.is_conditional:
        finding.notes.append("answers in full each time, though nothing has changed: poll it less often")
    finding.notes += document.problems
    if not document.items:
        finding.notes.append("has no items at present")
    else:
        await _try_page(fetcher, document.items[0], finding)
    return finding


async def _is_conditional(fetcher: Fetcher, answer: Answer) -> bool:
    """Whether the server answers 304 to one who knows the answer already."""
    if answer.validators == NO_VALIDATORS:
        return False
    again = await fetcher.get(
        answer.url, validators=answer.validators, max_bytes=FEED_MAX_BYTES, obey_robots=False
    )
    return again.is_unchanged


async def _try_page(fetcher: Fetcher, item: Item, finding: Finding) -> None:
    """Whether the item's page can be had; that is wrong only where the feed carries no text of its own."""
    if finding.feed.want is Want.CONTENT and item.content is not None:
        finding.has_content = True
        return
    try:
        if item.url is None:
            message = f"{finding.feed.url}: its items have no address"
            raise FeedError(Fault.EMPTY, message, url=finding.feed.url)  # noqa: TRY301  (one way for both)
        await fetcher.get(item.url)
        finding.has_page = True
    except FeedError as error:
        if item.content is None:
            finding.page_error = error
        else:
            finding.notes.append(f"the page cannot be had, but the feed carries the text: {error}")
