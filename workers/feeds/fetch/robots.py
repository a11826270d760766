"""robots.txt of hosts (RFC 9309), read once a day."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from protego import Protego

from workers.feeds.model import RETRIED, Answer, Fault, FeedError

PRODUCT: Final = "Khabar"
"""The product token that robots.txt files name."""
MAX_BYTES: Final = 512 * 1024
"""RFC 9309, section 2.5, asks for 500 KiB at least; what is behind is not read."""
MAX_AGE_S: Final = 86_400.0
"""Section 2.4: not longer than a day."""
MIN_AGE_S: Final = 300.0
"""A file that may not be cached is not asked for with every page."""
UNREACHABLE_S: Final = 120.0
"""So long the pages of a host count as disallowed when its file could not be had (section 2.3.1.4)."""
MAX_CRAWL_DELAY_S: Final = 60.0
"""No directive of the RFC's. Larger ones, up to days, are meant for crawlers of whole sites."""
MAX_WILDCARDS: Final = 8
"""A line with more is left out: matching one costs the length of the URL to the power of their number."""
_KEPT_HOSTS: Final = 2_048

Get = Callable[[str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a host until a time of the monotonic clock: its rules, or why there are none."""

    until: float
    rules: Protego | None = None
    error: FeedError | None = None


class Robots:
    """The rules of many hosts. `get` fetches a robots.txt and may raise FeedError."""

    def __init__(self, get: Get, clock: Callable[[], float] = time.monotonic) -> None:
        self._get = get
        self._clock = clock
        self._hosts: OrderedDict[str, _Known] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    async def check(self, url: str, origin: str) -> None:
        """Raises FeedError where the page is not to be fetched: ROBOTS, or why the rules could not be had."""
        known = await self._known(origin)
        if known.error is not None:
            message = (
                f"{origin}/robots.txt could not be read, so its pages are left alone for now: {known.error}"
            )
            raise FeedError(known.error.fault, message, url=url, retry_after_s=known.until - self._clock())
        if known.rules is not None and not known.rules.can_fetch(url, PRODUCT):
            message = f"{origin}/robots.txt asks {PRODUCT} not to fetch {url}"
            raise FeedError(Fault.ROBOTS, message, url=url)

    def crawl_delay_s(self, origin: str) -> float:
        """What a robots.txt that was read asks for between two requests, up to MAX_CRAWL_DELAY_S."""
        known = self._hosts.get(origin)
        if known is None or known.rules is None:
            return 0.0
        return min(max(0.0, known.rules.crawl_delay(PRODUCT) or 0.0), MAX_CRAWL_DELAY_S)

    async def _known(self, origin: str) -> _Known:
        lock = self._locks.setdefault(origin, asyncio.Lock())
        try:
            async with lock:
                known = self._hosts.get(origin)
                if known is None or known.until <= self._clock():
                    known = await self._read(origin)
                    self._hosts[origin] = known
                    while len(self._hosts) > _KEPT_HOSTS:
                        self._hosts.popitem(last=False)
                self._hosts.move_to_end(origin)
                return known
        finally:
            if not lock.locked():
                self._locks.pop(origin, None)

    async def _read(self, origin: str) -> _Known:
        try:
            answer = await self._get(f"{origin}/robots.txt")
        except FeedError as error:
            now = self._clock()
            if error.fault in RETRIED:
                return _Known(now + max(UNREACHABLE_S, error.retry_after_s or 0.0), error=error)
            return _Known(
                now + MAX_AGE_S
            )  # not there, or not to be had: everything is allowed (section 2.3.1.3)
        age_s = MAX_AGE_S if answer.fresh_s is None else min(max(answer.fresh_s, MIN_AGE_S), MAX_AGE_S)
        return _Known(self._clock() + age_s, rules=Protego.parse(_readable(answer.body)))


def _readable(body: bytes) -> str:
    lines = body.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()  # BYTE ORDER MARK
    return "\n".join(line for line in lines if line.count("*") <= MAX_WILDCARDS)
