"""Takes the pictures of the web page for the documents: `python -m tests.pictures.web`, from the repository's root.

Starts a Kafka, a Redis, a worker and the page in a temporary folder, sends the demo, and writes docs/pictures/web-*.png with
Debian's chromium.
"""

import sys
import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser

from tests.support import browser as browsers
from tests.support import harness
from workers.cli.up import put_demo
from workers.config import Settings
from workers.demo.events import demo_events
from workers.embedded.stack import Stack
from workers.runtime.chain import build_chain

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WIDE, HIGH = 1000, 560
PHONE = (360, 720)
TRAM = "/search?text=" + quote("دشّنت مدينة الإسكندرية")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="khabar-pictures-") as folder,
        Stack(Path(folder), settings=Settings()) as stack,
    ):
        settings = Settings(kafka=(stack.addresses.kafka,), redis=stack.addresses.redis)
        harness.create_topics(settings)
        with (
            browsers.served(settings, KHABAR_WEB_TOKEN="only-for-the-pictures") as address,
            browsers.chromium() as browser,
            harness.supervised(settings, partial(build_chain)),
        ):
            _take(browser, address, settings)
    for path in sorted(FOLDER.glob("web-*.png")):
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


def _take(browser: Browser, address: str, settings: Settings) -> None:
    with browsers.watching(browser, address, viewport={"width": WIDE, "height": HIGH}) as seen:
        page = seen.page
        page.goto("/?ui=en")
        page.wait_for_function("() => document.querySelectorAll('tbody tr').length == 1")
        put_demo(settings, harness.addresses_of(settings))
        page.wait_for_function(
            "count => document.querySelector('[data-live=\"read.count\"]').textContent == String(count)",
            arg=len(demo_events()),
        )
        page.wait_for_function("() => document.querySelector('[data-live$=\".lag\"]').textContent == '0'")
        page.screenshot(path=FOLDER / "web-flow.png")
        page.goto(TRAM)
        article = page.locator("article.row", has_text="unique").locator(".title a").get_attribute("href")
        page.goto("/duplicates")
        near = page.locator("article.pair", has=page.locator(".badge.near"))
        arabic = near.filter(has=page.locator(".title[lang=ar]")).locator(".verdict-line a").first
        copy = arabic.get_attribute("href")
        page.goto(f"{copy}?ui=en")
        page.set_viewport_size({"width": WIDE, "height": 640})
        page.locator(".sides").evaluate("each => scrollTo(0, each.getBoundingClientRect().top - 8)")
        page.screenshot(path=FOLDER / "web-duplicates.png")
        page.set_viewport_size({"width": WIDE, "height": 430})
        page.goto("/dead?ui=en")
        page.screenshot(path=FOLDER / "web-dead.png")
    _shot(browser, address, f"{article}&ui=ar", "web-article.png", (WIDE, 500), "light")
    _shot(browser, address, "/articles?ui=en", "web-dark.png", (WIDE, 430), "dark")
    _shot(browser, address, "/?ui=ar", "web-phone.png", PHONE, "light")


def _shot(browser: Browser, address: str, path: str, name: str, size: tuple[int, int], scheme: str) -> None:
    viewport = {"width": size[0], "height": size[1]}
    with browsers.watching(browser, address, viewport=viewport, color_scheme=scheme) as seen:
        seen.page.goto(path)
        seen.page.screenshot(path=FOLDER / name)


if __name__ == "__main__":
    main()
