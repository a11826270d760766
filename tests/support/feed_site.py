"""A news site on loopback, with everything that real ones do to those who poll them.

    with FeedSite() as site:
        site.url("/rss.xml")             # on the first of its hosts
        site.url("/rss.xml", host=1)     # its hosts are ports: each counts as a host of its own
        site.asked("/rss.xml")           # the requests, with time, headers and status

It runs in a thread of its own, so tests may be of either kind. `FEEDS` and `PAGES` (feed_outcomes.py) say for each path what is expected
of a fetcher and reader, as data. The articles are those of the demo; `story(slug)` has their titles and texts.
Everything is deterministic but the clock. `change()` puts the next version of /changing.xml and its page in place.
"""

import asyncio
import gzip
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

import brotli
from aiohttp import web

from tests.support import feed_documents as documents
from tests.support.feed_documents import story
from tests.support.feed_outcomes import FEEDS, MANY, PAGES
from tests.support.texts import page as made_up_page

HOSTS = 3
POLITENESS = '[politeness]\ndelay = "0s"\nconcurrency = 4\nallow_private = ["127.0.0.0/8"]\n'
"""Head of a list of feeds for this site."""
LAST_MODIFIED = format_datetime(datetime(2026, 3, 1, 12, tzinfo=UTC), usegmt=True)
RETRY_AFTER_S = 2
CHANGING = "fa-saffron"


ROBOTS = "User-agent: *\nDisallow: /forbidden/\nSitemap: {base}/news-sitemap.xml\n"
HOME = """<!doctype html><html><head><title>Invented news</title>
<link rel="alternate" type="application/rss+xml" title="News" href="/rss.xml">
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed/">
<link rel="alternate" type="application/atom+xml" title="Atom" href="atom.xml"></head>
<body><a href="/feed.json">JSON Feed</a></body></html>"""


@dataclass(frozen=True)
class Request:
    """A request as the site saw it; times are of the monotonic clock."""

    host: int
    path: str
    begun_at: float
    ended_at: float
    headers: dict[str, str]
    status: int

    @property
    def is_conditional(self) -> bool:
        return bool(self.headers.keys() & {"if-none-match", "if-modified-since"})


@dataclass
class FeedSite:
    """See the head of the module."""

    requests: list[Request] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    version: int = 1
    robots: str | int = ROBOTS
    """The text of robots.txt, or the status that it has instead."""

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def url(self, path: str, host: int = 0) -> str:
        return f"http://127.0.0.1:{self.ports[host]}{path}"

    def asked(self, path: str | None = None, host: int | None = None) -> list[Request]:
        """The requests so far, in the order of their ends."""
        return [
            each for each in list(self.requests) if path in {None, each.path} and host in {None, each.host}
        ]

    def change(self) -> None:
        """The page /changing has another text from now on, and its feed says so."""
        self.version += 1

    async def _start(self):
        self._runners = []
        for host in range(HOSTS):
            app = web.Application(middlewares=[self._recording(host)])
            app.router.add_get("/{path:.*}", self._answer)
            runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.ports.append(site._server.sockets[0].getsockname()[1])
            self._runners.append(runner)

    async def _stop(self):
        for runner in self._runners:
            await runner.cleanup()
        waiting = asyncio.all_tasks() - {asyncio.current_task()}  # those that never answer
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _recording(self, host: int):
        @web.middleware
        async def record(request, handler):
            begun_at, status = time.monotonic(), 0
            try:
                response = await handler(request)
                status = response.status
            finally:
                headers = {name.lower(): value for name, value in request.headers.items()}
                done = Request(host, request.path, begun_at, time.monotonic(), headers, status)
                self.requests.append(done)
            return response

        return record

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path, base = request.path, f"http://{request.host}"
        for prefix, made in (("/story/", _story), ("/many/", _made_up), ("/endless", _endless)):
            if path.startswith(prefix):
                return made(path.removeprefix(prefix))
        if path in SLOW:
            return await SLOW[path](request)
        answer = self._answers().get(path) or ANSWERS.get(path) or _always(404)
        return answer(request, base)

    def _answers(self) -> "dict[str, Answer]":
        """The answers that depend on what has happened, or on the site's hosts."""
        return {
            "/robots.txt": lambda _request, base: _robots(self.robots, base),
            "/flaky": lambda *_: (
                _story("en-match") if len(self.asked("/flaky")) >= 2 else web.Response(status=503)
            ),
            "/changing": lambda request, base: _changing(request, base, self.version),
            "/changing.xml": lambda request, base: _changing(request, base, self.version),
            "/other-host.xml": lambda *_: _redirect(302, self.url("/other-host-here.xml", host=1)),
        }


def _response(body: str | bytes, content_type: str = "application/xml", **headers: str) -> web.Response:
    body = body if isinstance(body, bytes) else body.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(body=body, headers={"Content-Type": content_type, **named})


def _redirect(status: int, target: str) -> web.Response:
    return web.Response(status=status, headers={"Location": target})


def _cached(request: web.Request, response: web.Response, *, etag: bool = True) -> web.Response:
    """304 where the request says that it has this answer."""
    validators = {"Last-Modified": LAST_MODIFIED}
    if etag:
        validators["ETag"] = f'"{hashlib.sha256(response.body).hexdigest()[:16]}"'
    wanted = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
    if (etag and wanted[0] == validators["ETag"]) or (not etag and wanted[1] == LAST_MODIFIED):
        return web.Response(status=304, headers=validators)
    response.headers.update(validators)
    return response


def _robots(robots: str | int, base: str) -> web.Response:
    if isinstance(robots, int):
        return web.Response(status=robots)
    return _response(robots.replace("{base}", base), "text/plain")


def _story(slug: str) -> web.Response:
    each = story(slug)
    return _response(each.page, f"text/html; charset={each.charset}")


def _made_up(number: str) -> web.Response:
    return _response(made_up_page(int(number)), "text/plain; charset=utf-8")


def _endless(number: str) -> web.Response:
    return _redirect(302, f"/endless{int(number.strip('.xml') or 0) + 1}")


def _changing(request: web.Request, base: str, version: int) -> web.Response:
    """The page has its last paragraph from the second version on."""
    each = story(CHANGING)
    if request.path == "/changing":
        paragraphs = each.paragraphs if version > 1 else each.paragraphs[:-1]
        return _response(documents.page_of(each.title, paragraphs), "text/html; charset=utf-8")
    feed = documents.atom(base, [CHANGING], updated=each.at.replace(hour=12, minute=version))
    return _cached(request, _response(feed.replace(f"story/{CHANGING}", "changing"), "application/atom+xml"))


async def _silent(_request: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    return web.Response()


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/xml"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.1)


async def _hang_up(request: web.Request) -> web.Response:
    request.transport.close()
    return web.Response()


async def _short(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/xml", "Content-Length": "100000"})
    await response.prepare(request)
    await response.write(documents.rss(f"http://{request.host}", ["en-comet"]).encode())
    request.transport.close()
    return response


SLOW = {"/silent.xml": _silent, "/drip.xml": _drip, "/hang-up.xml": _hang_up, "/short.xml": _short}

Answer = Callable[[web.Request, str], web.Response]


def _always(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request, _base: web.Response(status=status, headers=named)


def _encoded(encoding: str | None, charset: str | None, *slugs: str, declared: str | None = None) -> Answer:
    def answer(_request: web.Request, base: str) -> web.Response:
        text = documents.rss(base, list(slugs)).replace('<?xml version="1.0" encoding="utf-8"?>\n', "")
        body = text.encode(charset or "utf-8")
        packed = {"gzip": gzip.compress, "br": brotli.compress, None: bytes}[encoding](body)
        extra = {"Content_Encoding": encoding} if encoding else {}
        return _response(packed, f"application/xml; charset={declared or charset or 'utf-8'}", **extra)

    return answer


def _feed(
    made: Callable[[str], str | bytes], content_type: str = "application/xml", **headers: str
) -> Answer:
    return lambda _request, base: _response(made(base), content_type, **headers)


def _rss(*slugs: str) -> Callable[[str], str]:
    return lambda base: documents.rss(base, list(slugs))


ANSWERS: dict[str, Answer] = {
    "/": _feed(lambda _: HOME, "text/html; charset=utf-8"),
    "/rss.xml": lambda request, base: _cached(request, _response(_rss(*FEEDS["/rss.xml"].stories)(base))),
    "/atom.xml": lambda request, base: _cached(
        request, _response(documents.atom(base, list(FEEDS["/atom.xml"].stories))), etag=False
    ),
    "/comments/feed/": _feed(lambda base: documents.links(base, ["/story/en-comet#comment-1"])),
    "/feed.json": _feed(lambda base: documents.json_feed(base, ["en-match", "ar-library"]), "application/feed+json"),
    "/rdf.xml": _feed(lambda base: documents.rdf(base, ["fr-passerelle"])),
    "/old.xml": _feed(
        lambda base: documents.rss(base, ["en-trade"], version="0.91").replace(
            "\n", '\n<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
            '"http://my.netscape.com/publish/formats/rss-0.91.dtd">\n', 1,
        )
    ),
    "/news-sitemap.xml": _feed(lambda base: documents.news_sitemap(base, ["ru-metro", "fr-dakar"])),
    "/more-sitemap.xml.gz": _feed(
        lambda base: gzip.compress(documents.news_sitemap(base, ["fa-football"]).encode()), "application/gzip"
    ),
    "/sitemap-index.xml": _feed(
        lambda base: documents.sitemap_index(base, ["/news-sitemap.xml", "/more-sitemap.xml.gz"])
    ),
    "/gzip.xml": _encoded("gzip", None, "fa-railway"),
    "/brotli.xml": _encoded("br", None, "ar-football"),
    "/windows-1256.xml": _encoded(None, "windows-1256", "ar-trade"),
    "/windows-1251.xml": _encoded(None, "windows-1251", "ru-trade"),
    "/wrong-charset.xml": _encoded(None, "windows-1256", "ar-weather-monday", declared="utf-8"),
    "/full.xml": _feed(lambda base: documents.full_rss(base, "ar-olives", path="/down")),
    "/full-gone.xml": _feed(lambda base: documents.full_rss(base, "en-library", path="/gone")),
    "/full-and-page.xml": _feed(lambda base: documents.full_rss(base, "fr-pommes", path="/story/fr-pommes")),
    "/moved.xml": lambda _request, _base: _redirect(301, "/moved-2.xml"),
    "/moved-2.xml": lambda _request, base: _redirect(308, f"{base}/moved-here.xml#fragment"),
    "/moved-here.xml": _feed(_rss("ru-apples")),
    "/other-host-here.xml": _feed(_rss("ar-weather-sunday")),
    "/many.xml": lambda request, base: _cached(request, _response(documents.many(base, MANY))),
    "/ampersands.xml": _feed(
        lambda base: documents.rss(base, ["en-comet"]).replace("<title>Two", "<title>Bread&nbsp;& Two")
    ),
    "/truncated.xml": _feed(lambda base: documents.rss(base, ["ar-tram", "en-comet"])[:-90]),
    "/page-faults.xml": _feed(lambda base: documents.links(base, list(PAGES)[:5])),
    "/flaky-page.xml": _feed(lambda base: documents.links(base, ["/flaky"])),
    "/private-page.xml": _feed(lambda _: documents.links("http://10.0.0.1", ["/story"])),
    "/html.xml": _feed(lambda _: HOME),
    "/empty.xml": _feed(lambda _: b""),
    "/other.json": _feed(lambda _: '{"stories": []}', "application/json"),
    "/billion-laughs.xml": _feed(lambda _: documents.BILLION_LAUGHS),
    "/billion-laughs-utf16.xml": _feed(lambda _: documents.BILLION_LAUGHS.encode("utf-16")),
    "/quadratic.xml": _feed(lambda _: documents.QUADRATIC),
    "/external.xml": _feed(lambda _: documents.EXTERNAL),
    "/bomb.xml": _feed(lambda _: documents.BOMB, Content_Encoding="gzip"),
    "/broken-gzip.xml": _feed(lambda _: gzip.compress(bytes(1000))[:-9], Content_Encoding="gzip"),
    "/no-gzip.xml": _feed(_rss("en-comet"), Content_Encoding="gzip"),
    "/circle.xml": lambda _request, _base: _redirect(302, "/circle-2.xml"),
    "/circle-2.xml": lambda _request, _base: _redirect(302, "/circle.xml"),
    "/to-private.xml": lambda _request, _base: _redirect(302, "http://10.0.0.1/rss.xml"),
    "/to-file.xml": lambda _request, _base: _redirect(302, "file:///etc/passwd"),
    "/limited.xml": _always(429, Retry_After=str(RETRY_AFTER_S)),
    "/busy.xml": _always(503, Retry_After=str(RETRY_AFTER_S)),
    "/down.xml": _always(500),
    "/login.xml": _always(401),
    "/unasked-304.xml": _always(304),
    "/gone-410": _always(410),
    "/down": _always(503),
    "/oversized": _feed(lambda _: b"<html>" + bytes(11 * 2**20), "text/html"),
    "/forbidden/story": _feed(lambda _: HOME, "text/html"),
}  # fmt: skip
"""What a path answers; others answer 404."""
