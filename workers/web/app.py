"""The web application: its routes, and what holds for every request and every answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from importlib.resources import files
from typing import Final

import structlog
from aiohttp import web

from workers.errors import ConfigError, TransientError
from workers.web import letters, pages
from workers.web.security import HEADERS, host_of
from workers.web.site import SITE, Site

FORM_BYTES: Final = 16 * 1024
TICK_S: Final = 1.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


def application(site: Site) -> web.Application:
    """The pages of this site. Its reader and intake are started and stopped with the application."""
    app = web.Application(middlewares=[_guarded, _explained], client_max_size=FORM_BYTES)
    app[SITE] = site
    app.add_routes(pages.routes)
    app.add_routes(letters.routes)
    app.router.add_static("/static", str(files(__package__) / "static"))
    app.on_response_prepare.append(_with_headers)
    app.cleanup_ctx.append(_reading)
    return app


async def _reading(app: web.Application) -> AsyncIterator[None]:
    site = app[SITE]
    site.intake.start()
    site.reader.start()
    ticking = asyncio.create_task(_tick(site))
    yield
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    await asyncio.to_thread(site.reader.stop)
    await asyncio.to_thread(site.intake.stop)


async def _tick(site: Site) -> None:
    while True:
        site.arrivals.update(site.flow)
        await asyncio.sleep(TICK_S)


async def _with_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    is_static = request.path.startswith("/static/") and response.status in {200, 304}
    response.headers["Cache-Control"] = "no-cache" if is_static else "no-store"


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only names that the page may be asked for by, and nothing but reading, save for the replay button."""
    site = request.app[SITE]
    # A health check asks by whatever address it knows, and is told nothing of the articles.
    if (
        site.hosts is not None
        and request.path != "/health"
        and host_of(request.headers.get("Host", "")) not in site.hosts
    ):
        return site.page(request, "message.html", status=421, word="bad_host", detail="")
    may_post = request.path.startswith("/dead/") and request.path.endswith("/replay")
    if request.method not in {"GET", "HEAD"} and not (request.method == "POST" and may_post):
        response = site.page(request, "message.html", status=405, word="bad_method", detail="")
        response.headers["Allow"] = "GET, HEAD"
        return response
    return await handler(request)


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Says in words, on a page like the others, what was not found and what is away."""
    site = request.app[SITE]
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return site.page(request, "message.html", status=404, word="not_here", detail="")
    except ConfigError as error:
        return site.page(request, "message.html", status=404, word="wrong", detail=str(error))
    except TransientError as error:
        return site.page(request, "message.html", status=503, word="away", detail=str(error))
