"""Serving the page at an address until it is told to stop."""

import asyncio
import errno
import logging
import re
import signal
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime.clients import Addresses
from workers.web.app import application
from workers.web.security import allowed_hosts, is_loopback
from workers.web.site import make_site

DEFAULT_LISTEN: Final = "127.0.0.1:8080"
BACKLOG: Final = 128
CLOSING_S: Final = 3.0
"""So long may requests that are being answered take when the page ends."""

_LISTEN: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):(?P<port>[0-9]{1,5})")
_WHY: Final = {
    errno.EADDRINUSE: "another program listens there; choose another port with --listen",
    errno.EACCES: "this user may not; choose a port above 1023 with --listen",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    """What is no HTTP is answered with 400; it is no fault of ours, and anybody could fill the log with it."""
    return not isinstance(record.exc_info[1] if record.exc_info else None, HttpProcessingError)


class Listen(NamedTuple):
    """Where to listen; an IPv6 address is without its brackets. Port 0: any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen_at(text: str) -> Listen:
    """HOST:PORT. Raises ConfigError for anything else."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) > 65_535:
        raise ConfigError(f"--listen {text}: takes HOST:PORT, such as {DEFAULT_LISTEN} or [::1]:8080")
    return Listen(match["host"].strip("[]"), int(match["port"]))


def warning(listen: Listen) -> str | None:
    """What to know of an address beyond loopback."""
    if is_loopback(listen.host):
        return None
    return (
        f"The page listens on {listen}, beyond this machine: whoever reaches it reads every article and dead letter, "
        f"without a login. If that is not needed, listen on {DEFAULT_LISTEN}; else put a proxy that asks for a login "
        "before it"
    )


def bound(listen: Listen) -> socket.socket:
    """A socket that listens there. Raises ConfigError that says why it cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"The web page cannot listen on {listen}: {error.strerror}") from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        why = _WHY.get(error.errno or 0, error.strerror)
        raise ConfigError(f"The web page cannot listen on {listen}: {why}") from error
    return found


def address_of(listen: Listen, listening: socket.socket) -> str:
    """The page's address, for a browser on this machine."""
    port = listening.getsockname()[1]
    host = "localhost" if listen.host in {"0.0.0.0", "::"} else listen.host  # noqa: S104 - compared, not bound
    return f"http://{Listen(host, port)}/"


async def serve(
    settings: Settings,
    addresses: Addresses,
    listen: Listen,
    listening: socket.socket,
    stopping: asyncio.Event,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serves the page on the socket until `stopping` is set."""
    logging.getLogger("aiohttp.server").addFilter(_is_no_bad_request)
    site = make_site(settings, addresses, allowed_hosts(listen.host, settings.web_hosts))
    runner = web.AppRunner(
        application(site), access_log=None, handle_signals=False, shutdown_timeout=CLOSING_S
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        on_ready()
        await stopping.wait()
    finally:
        await runner.cleanup()


def serve_until_signalled(
    settings: Settings, addresses: Addresses, listen: Listen, listening: socket.socket
) -> None:
    """`serve` until SIGINT or SIGTERM."""

    async def run() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        await serve(settings, addresses, listen, listening, stopping)

    with closing(listening), suppress(KeyboardInterrupt):
        asyncio.run(run())
