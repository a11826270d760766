"""The pages of dead letters, and the one thing that the page can do: replay one."""

import asyncio
import re
from typing import Any, Final

from aiohttp import web

from schemas.dead_letter import DeadReason
from workers.hexadecimal import hex_rows
from workers.runtime.replays import find_dead_letter
from workers.web.pages import PAGE_ENTRIES
from workers.web.replaying import replay
from workers.web.security import CSRF_COOKIE, is_same_origin, same
from workers.web.site import SITE, Site, attachment, page_number

SHOWN_BYTES: Final = 512
SHOWN_CHARS: Final = 2000
WRONG_TOKEN_S: Final = 1.0
"""One wrong token is answered a second, whoever asks: a guesser has 31 million a year, of 2^95."""

_POSITION: Final = re.compile(r"[0-9]{1,9}:[0-9]{1,18}")

routes = web.RouteTableDef()


@routes.get("/dead")
async def letters(request: web.Request) -> web.Response:
    site, number = request.app[SITE], page_number(request)
    wanted = request.query.get("reason")
    reason = wanted if wanted in list(DeadReason) else None
    found = site.window.dead(reason)
    begin = (number - 1) * PAGE_ENTRIES
    return site.page(
        request,
        "dead.html",
        letters=found[begin : begin + PAGE_ENTRIES],
        total=len(found),
        has_more=len(found) > begin + PAGE_ENTRIES,
        number=number,
        reason=reason,
        reasons=list(DeadReason),
        query={"reason": reason} if reason else {},
    )


@routes.get("/dead/{position}")
async def letter(request: web.Request) -> web.Response:
    site, position = request.app[SITE], _position(request)
    received, dead = await site.slowly(lambda: find_dead_letter(site.settings, site.addresses, position))
    headers = [
        (name, content[: 4 * SHOWN_CHARS].decode("utf-8", "backslashreplace")[:SHOWN_CHARS])
        for name, content in received.headers
    ]
    cookie = request.cookies.get(CSRF_COOKIE) or site.csrf.cookie()
    response = site.page(
        request,
        "letter.html",
        dead=dead,
        headers=headers,
        key=None if received.key is None else received.key.decode("utf-8", "backslashreplace")[:SHOWN_CHARS],
        rows=list(hex_rows(received.value[:SHOWN_BYTES])),
        text=received.value[: 4 * SHOWN_CHARS].decode("utf-8", "replace")[:SHOWN_CHARS],
        csrf=site.csrf.token(cookie) if site.settings.web_token else None,
    )
    if site.settings.web_token:
        response.set_cookie(CSRF_COOKIE, cookie, httponly=True, samesite="Strict", path="/dead")
    return response


@routes.get("/dead/{position}/bytes")
async def original(request: web.Request) -> web.Response:
    """The dead event as it was."""
    site, position = request.app[SITE], _position(request)
    received, _ = await site.slowly(lambda: find_dead_letter(site.settings, site.addresses, position))
    return attachment(received.value, f"dead-{position.replace(':', '-')}.bin")


@routes.post("/dead/{position}/replay")
async def replay_letter(request: web.Request) -> web.Response:
    site, position = request.app[SITE], _position(request)
    wanted = site.settings.web_token
    if wanted is None:
        raise web.HTTPNotFound
    form = await request.post()
    if not is_same_origin(request) or not site.csrf.is_right(request, _field(form.get("csrf"))):
        return site.page(request, "message.html", status=403, word="bad_origin", detail="")
    if not same(_field(form.get("token")), wanted):
        return await _wrong_token(site, request)
    is_again = form.get("again") == "1"
    done = await site.slowly(lambda: replay(site.settings, site.addresses, position, again=is_again))
    return site.page(request, "replayed.html", position=position, done=done)


async def _wrong_token(site: Site, request: web.Request) -> web.Response:
    async with site.guessing:
        await asyncio.sleep(WRONG_TOKEN_S)
    return site.page(request, "message.html", status=403, word="bad_token", detail="")


def _field(value: Any) -> str:  # noqa: ANN401  (a str, or an upload)
    return value if isinstance(value, str) else ""


def _position(request: web.Request) -> str:
    position = request.match_info["position"]
    if not _POSITION.fullmatch(position):
        raise web.HTTPNotFound
    return position
