"""The web page in a real browser: `khabar web` as a process, and Debian's chromium, driven by Playwright."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.needs import needed
from workers.config import Settings

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 60_000
"""A page takes some 50 ms; a machine that has other things to do is waited for."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. Where there is none the test is skipped, or in CI fails."""
    program = shutil.which("chromium")
    needed(program, "there is no chromium: run .ci/debian-packages, or apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=WAIT_MS)
        yield browser
        browser.close()


@contextmanager
def served(settings: Settings, **variables: str) -> Iterator[str]:
    """`khabar web` on a port of its own; its address, without the slash at its end."""
    assert settings.kafka
    assert settings.redis
    own = {
        "KHABAR_KAFKA": ",".join(settings.kafka),
        "KHABAR_REDIS": settings.redis,
        "KHABAR_GROUP": settings.group,
        "KHABAR_TOPIC_PREFIX": settings.topic_prefix,
    }
    base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    command = "from workers.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", command, "web", "--listen", "127.0.0.1:0"],
        env=base | own | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr
            said = process.stderr.readline()
            found = re.fullmatch(r"The web page is at (http://127\.0\.0\.1:[0-9]+)/\n", said)
            assert found, said + process.stderr.read()
            yield found[1]
        finally:
            process.terminate()


@dataclass
class Watched:
    """A browser's window, and what went wrong in it."""

    page: Page
    context: BrowserContext
    wrong: list[str] = field(default_factory=list)


@contextmanager
def watching(browser: Browser, base: str, **options: Any) -> Iterator[Watched]:
    """A window on `base`. Fails at its end where a script failed or a dialog came up, where the page broke its own
    Content-Security-Policy, and where anything was asked of another place.
    """
    context = browser.new_context(base_url=base, **options)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    watched = Watched(page, context)

    def on_dialog(dialog: Any) -> None:
        watched.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def on_console(message: Any) -> None:
        # The browser says of each answer that is no 200 that it is none; tests look at those themselves.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            watched.wrong.append(f"console: {message.text}")

    def on_request(request: Any) -> None:
        if not request.url.startswith(f"{base}/"):
            watched.wrong.append(f"request: {request.url}")

    page.on("dialog", on_dialog)
    page.on("console", on_console)
    page.on("pageerror", lambda error: watched.wrong.append(f"script: {error}"))
    context.on("request", on_request)
    try:
        yield watched
    finally:
        context.close()
    assert watched.wrong == []
