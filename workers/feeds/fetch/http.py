"""HttpFetcher: one request after the other to a host, each address checked, each redirect looked at."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver

from workers.feeds.codings import ACCEPTED
from workers.feeds.fetch.addresses import Allowed, connector, literal
from workers.feeds.fetch.coding import read_body
from workers.feeds.fetch.faults import forbidden_address, status_error, translated
from workers.feeds.fetch.headers import conditions, fresh_s, validators
from workers.feeds.fetch.options import FetchOptions
from workers.feeds.fetch.places import Place, place, redirected
from workers.feeds.fetch.robots import MAX_BYTES, Robots
from workers.feeds.fetch.turns import LocalTurns
from workers.feeds.model import NO_VALIDATORS, Answer, Fault, FeedError, Turns, Validators

MAX_REDIRECTS: Final = 10
ROBOTS_MAX_REDIRECTS: Final = 5
"""RFC 9309, section 2.3.1.2."""
MAX_HELD_S: Final = 10.0
"""A caller has better things to do than to wait for a host that is held for longer."""
_MAX_HEADER_BYTES: Final = 65_536
"""aiohttp's own 8,190 are too few for the policies and cookies of some news sites."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})
_NOT_MODIFIED: Final = 304
_ANSWERS: Final = frozenset({200, 203, _NOT_MODIFIED})
_LISTS: Final = frozenset({"cache-control", "content-encoding"})
_CHUNK_BYTES: Final = 2**16
_ACCEPT: Final = (
    "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, application/feed+json, "
    "application/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class _Request:
    """What stays the same from redirect to redirect. `cut`: what is too large counts up to the limit."""

    conditions: Mapping[str, str]
    max_bytes: int
    obey_robots: bool
    max_redirects: int = MAX_REDIRECTS
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Received:
    """An answer, or a redirect as an answer without a body, and its Location as it came."""

    answer: Answer
    location: bytes | None


class HttpFetcher:
    """The Fetcher. To be used as `async with`, in one event loop.

    `turns` are shared with other fetchers, `resolver` is another one than the system's; it is asked anew for each
    connection, and what it finds is checked all the same.
    """

    def __init__(
        self,
        options: FetchOptions | None = None,
        *,
        turns: Turns | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._options = options or FetchOptions()
        self._turns = turns or LocalTurns()
        self._resolver = resolver
        self._robots = Robots(self._get_robots)
        self._strict: aiohttp.ClientSession | None = None
        self._open: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._strict = self._session(self._options.allowed)
        self._open = self._session(Allowed(private=True))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._strict, self._open):
            if session is not None:
                await session.close()
        # TLS connections end in a callback of the loop (aiohttp's documentation, "Graceful Shutdown").
        await asyncio.sleep(0)

    async def get(
        self,
        url: str,
        *,
        validators: Validators = NO_VALIDATORS,
        max_bytes: int | None = None,
        obey_robots: bool = True,
    ) -> Answer:
        """See `Fetcher`."""
        request = _Request(
            conditions=conditions(validators),
            max_bytes=max_bytes or self._options.max_bytes,
            obey_robots=obey_robots and self._options.obey_robots,
        )
        answer = await self._follow(url, request)
        return replace(answer, validators=_newer(answer, validators)) if answer.is_unchanged else answer

    async def _get_robots(self, url: str) -> Answer:
        """RFC 9309: too long a file counts up to the limit, and 4xx as if there were none (but for 429)."""
        request = _Request({}, MAX_BYTES, obey_robots=False, max_redirects=ROBOTS_MAX_REDIRECTS, cut=True)
        return await self._follow(url, request)

    async def _follow(self, url: str, request: _Request) -> Answer:
        at, seen, is_permanent, took_s = place(url, asked=url), set[str](), True, 0.0
        while True:
            seen.add(at.url)
            try:
                received = await self._ask(at, request)
            except FeedError as error:
                if len(seen) == 1:
                    raise
                message = f"{url} is redirected: {error}"
                raise FeedError(error.fault, message, url=url, retry_after_s=error.retry_after_s) from error
            took_s += received.answer.took_s
            if received.answer.status not in _REDIRECTS:
                moved = at.url if len(seen) > 1 and is_permanent else None
                return replace(received.answer, moved_to=moved, took_s=took_s)
            is_permanent = is_permanent and received.answer.status in _PERMANENT
            at = redirected(at.url, received.location, asked=url)
            if at.url in seen:
                raise FeedError(Fault.REDIRECTS, f"{url} is redirected in a circle, at {at.url}", url=url)
            if len(seen) > request.max_redirects:
                message = f"{url} is redirected more than {request.max_redirects} times"
                raise FeedError(Fault.REDIRECTS, message, url=url)

    async def _ask(self, at: Place, request: _Request) -> _Received:
        """One request, when it is its turn: an answer or a redirect."""
        session = self._session_for(at)
        if request.obey_robots:
            await self._robots.check(at.url, at.origin)
        if (held_s := await self._turns.held_s(at.host)) > MAX_HELD_S:
            message = f"{at.url}: {at.host} has asked to wait, for another {held_s:.0f} s"
            raise FeedError(Fault.RATE_LIMITED, message, url=at.url, retry_after_s=held_s)
        limits = self._options.limits_of(at.host)
        delay_s = max(limits.delay_s, self._robots.crawl_delay_s(at.origin))
        async with self._turns.turn(at.host, delay_s=delay_s, concurrency=limits.concurrency):
            with translated(at.url, request.max_bytes):
                received = await self._exchange(session, at, request)
        answer = received.answer
        if answer.status in _ANSWERS | _REDIRECTS and (answer.status != _NOT_MODIFIED or request.conditions):
            return received
        error = status_error(at.url, answer.status, answer.headers)
        if error.fault is Fault.RATE_LIMITED and error.retry_after_s:
            await self._turns.hold(at.host, error.retry_after_s)
        raise error

    async def _exchange(self, session: aiohttp.ClientSession, at: Place, request: _Request) -> _Received:
        begun = time.monotonic()
        async with session.get(at.url, headers=request.conditions, allow_redirects=False) as response:
            headers = _headers(response)
            body = b""
            if response.status in _ANSWERS - {_NOT_MODIFIED}:
                body = await read_body(
                    response.content.iter_chunked(_CHUNK_BYTES),
                    headers.get("content-encoding"),
                    request.max_bytes,
                    cut=request.cut,
                )
        answer = Answer(
            url=at.url,
            status=response.status,
            headers=headers,
            body=body,
            validators=validators(headers),
            fresh_s=fresh_s(headers),
            took_s=time.monotonic() - begun,
        )
        raw = (value for name, value in response.raw_headers if name.lower() == b"location")
        return _Received(answer, next(raw, None))

    def _session_for(self, at: Place) -> aiohttp.ClientSession:
        """That for any address where the host's name is allowed, else that for allowed addresses."""
        assert self._strict is not None, "async with HttpFetcher(...)"
        assert self._open is not None
        allowed = self._options.allowed
        if allowed.has_host(at.name):
            return self._open
        if (address := literal(at.name)) and not allowed.has_address(address):
            raise forbidden_address(at.url, at.name, address)
        return self._strict

    def _session(self, allowed: Allowed) -> aiohttp.ClientSession:
        """Without cookies, and without what the environment says of proxies and passwords."""
        options = self._options
        return aiohttp.ClientSession(
            connector=connector(allowed, self._resolver),
            connector_owner=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": options.user_agent, "Accept": _ACCEPT, "Accept-Encoding": ACCEPTED},
            timeout=aiohttp.ClientTimeout(
                total=options.total_timeout_s,
                connect=options.connect_timeout_s,
                sock_read=options.read_timeout_s,
            ),
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
        )


def _newer(answer: Answer, sent: Validators) -> Validators:
    """Those of a 304, and those that were sent where it has none: many servers leave them out."""
    new = answer.validators
    return Validators(etag=new.etag or sent.etag, last_modified=new.last_modified or sent.last_modified)


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """By small names. Values have no surrogates, which stand for bytes that are no UTF-8 and cannot be written again.

    Of several with one name the last counts, but for those that are lists (RFC 9110, section 5.3).
    """
    found: dict[str, str] = {}
    for name, value in response.headers.items():
        clean = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        key = name.lower()
        found[key] = f"{found[key]}, {clean}" if key in found and key in _LISTS else clean
    return found
