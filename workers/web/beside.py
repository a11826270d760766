"""The page in a process of its own, beside the workers of `khabar up`: it cannot hold them up, and ends with them."""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Mapping
from multiprocessing.context import SpawnProcess
from typing import Final

import structlog

from workers import log as logging_setup
from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime.clients import Addresses
from workers.web.serving import DEFAULT_LISTEN, Listen, address_of, bound, listen_at, serve

NICENESS: Final = 10
"""The workers and the services come first; reading a day's articles at the start takes a core for a while."""
STOP_S: Final = 15.0
"""The page's own ends (workers.web.serving.CLOSING_S, and its reader's threads) take less."""

log = structlog.get_logger()


class Beside:
    """Serves the page from `start` to `stop`, on the default address, or where that is taken on another port."""

    def __init__(self, settings: Settings, addresses: Addresses, log_file: str) -> None:
        self._settings = settings
        self._addresses = addresses
        self._log_file = log_file
        self._process: SpawnProcess | None = None
        self.address = ""

    def start(self) -> None:
        """Returns when a browser can connect, though the first answer may take a second or two."""
        listen = listen_at(DEFAULT_LISTEN)
        try:
            listening = bound(listen)
        except ConfigError:
            listening = bound(listen._replace(port=0))
        self.address = address_of(listen, listening)
        arguments = (self._settings, self._addresses, listen, listening, self._log_file)
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=main, args=arguments, name="khabar-web", daemon=True)
        self._process.start()
        listening.close()

    def stop(self) -> None:
        """Returns when the process has ended."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(STOP_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def main(
    settings: Settings, addresses: Addresses, listen: Listen, listening: socket.socket, log_file: str
) -> None:
    """Serve until SIGTERM, or until the process that started this one has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; `stop` says when to end
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, name="khabar-web-parent", daemon=True).start()
    with open(log_file, "a", encoding="utf-8") as stream:  # noqa: PTH123
        logging_setup.configure(settings.log_level, settings.log_format, stream)
        asyncio.run(_serve(settings, addresses, listen, listening))


async def _serve(settings: Settings, addresses: Addresses, listen: Listen, listening: socket.socket) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await serve(settings, addresses, listen, listening, stopping)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def open_in_browser(address: str, environ: Mapping[str, str]) -> None:
    """Show the page where a person sits at a terminal of a machine with a browser; otherwise nothing happens."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or "SSH_CONNECTION" in environ or "CI" in environ:
        return
    has_screen = sys.platform == "darwin" or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if has_screen:  # without one, `webbrowser` finds browsers that take the terminal
        threading.Thread(target=webbrowser.open, args=(address,), name="khabar-browser", daemon=True).start()
