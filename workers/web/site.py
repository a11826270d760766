"""What all pages share: the settings, the window, the readers, and how a page is made of a template."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from aiohttp import web

from workers.config import Settings
from workers.runtime.clients import Addresses
from workers.runtime.flow import Flow, FlowReader
from workers.runtime.reading import Received
from workers.web.arrows import Arrivals
from workers.web.intake import Intake
from workers.web.rendering import render
from workers.web.security import Csrf
from workers.web.window import Window
from workers.web.words import Ui

T = TypeVar("T")

UI_COOKIE: Final = "khabar_ui"
YEAR_S: Final = 365 * 24 * 3600
STUCK_S: Final = 60.0
"""A reader that has said nothing for so long hangs: connecting to a broker and to a Redis that do not answer takes it
some 25 s, and then it says so.
"""
MOST_PAGES: Final = 100_000
SLOW_AT_ONCE: Final = 2
"""So many requests may read Kafka, each with a client of its own, or compare texts at a time."""


@dataclass(slots=True)
class Site:
    """The pages of one Khabar."""

    settings: Settings
    addresses: Addresses
    window: Window
    intake: Intake
    arrivals: Arrivals
    reader: FlowReader
    hosts: frozenset[str] | None
    csrf: Csrf = field(default_factory=Csrf)
    slow: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SLOW_AT_ONCE))
    guessing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def flow(self) -> Flow:
        return self.reader.latest

    def is_stuck(self) -> bool:
        """Whether the reader has died or hangs."""
        silent_s = (datetime.now(UTC) - self.flow.at).total_seconds()
        return not (self.reader.is_alive and self.intake.is_alive) or silent_s > STUCK_S

    async def slowly(self, work: Callable[[], T]) -> T:
        """What `work` returns; it runs in a thread, for it may take a while."""
        async with self.slow:
            return await asyncio.to_thread(work)

    def html(self, request: web.Request, name: str, *, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401
        """The template as HTML, in the language that the reader wants."""
        ui = ui_of(request)
        articles, size_bytes = self.window.size()
        frame = {
            "path": request.path,
            "switch": _switch(request, ui),
            "articles_held": articles,
            "bytes_held": size_bytes,
            "window": self.window,
            "hours": self.settings.web_hours,
        }
        text = render(name, ui, frame | values)
        return web.Response(text=text, content_type="text/html", status=status)

    def page(self, request: web.Request, name: str, **values: Any) -> web.Response:  # noqa: ANN401
        """`html`, and the browser keeps the language that was chosen."""
        response = self.html(request, name, **values)
        if "ui" in request.query:
            response.set_cookie(UI_COOKIE, ui_of(request), max_age=YEAR_S, httponly=True, samesite="Lax")
        return response


def attachment(data: bytes, name: str) -> web.Response:
    """Bytes of strangers, to be saved under this name; never to be shown by the browser."""
    return web.Response(
        body=data,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


SITE: Final = web.AppKey("site", Site)


def make_site(settings: Settings, addresses: Addresses, hosts: frozenset[str] | None) -> Site:
    """A site whose reader and intake are to be started."""
    window = Window(settings.web_articles, settings.web_bytes)
    now_s = time.time()
    arrivals, intake = Arrivals(now_s * 1000), Intake(window)

    def take(received: Received) -> None:
        arrivals.add(received)
        intake.put(received)

    since = datetime.fromtimestamp(now_s - settings.web_hours * 3600, UTC)
    reader = FlowReader(settings, addresses, on_record=take, since=since)
    return Site(settings, addresses, window, intake, arrivals, reader, hosts)


def ui_of(request: web.Request) -> Ui:
    """The language of the interface: what the request asks for, what was chosen before, what the browser prefers."""
    for wanted in (request.query.get("ui"), request.cookies.get(UI_COOKIE)):
        if wanted in list(Ui):
            return Ui(wanted)
    return Ui.AR if request.headers.get("Accept-Language", "").lower().startswith("ar") else Ui.EN


def page_number(request: web.Request) -> int:
    """Which page of a list is asked for, from 1."""
    given = request.query.get("page", "1")
    return (
        min(max(1, int(given)), MOST_PAGES) if given.isascii() and given.isdigit() and len(given) < 9 else 1
    )


def _switch(request: web.Request, ui: Ui) -> str:
    """The same page in the other language, relative to it."""
    other = Ui.EN if ui is Ui.AR else Ui.AR
    query = [(name, value) for name, value in request.query.items() if name != "ui"]
    return "?" + urlencode([*query, ("ui", other)], errors="replace")
