"""A poller in a thread, beside the workers of `khabar up`."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

from workers.config import Settings
from workers.errors import ConfigError, KhabarError
from workers.feeds.model import POLL_OUTCOMES, Feed, FeedError

if TYPE_CHECKING:
    from workers.feeds.fetch import FetchOptions
    from workers.feeds.polling.metrics import Metrics
    from workers.feeds.polling.service import Polling
    from workers.runtime.clients import Addresses

LAG_SEEN_S: Final = 5.0
"""The supervisor asks for the lag each second, and an answer may take some."""


class Beside:
    """Polls from `start` on, until it is stopped or has failed."""

    def __init__(self, settings: Settings, addresses: "Addresses", polling: "Polling") -> None:
        self._settings = settings
        self._addresses = addresses
        self._polling = polling
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._is_asked = False
        self._thread = Thread(target=lambda: asyncio.run(self._poll()), name="khabar-feeds", daemon=True)
        self._ended_at = float("inf")
        self.failure: KhabarError | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand, without waiting for it."""
        self._is_asked = True
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)

    def join(self) -> None:
        """Returns when it has stopped."""
        self._thread.join(self._settings.drain_timeout_s + 10)

    @property
    def is_over(self) -> bool:
        """Whether it has ended so long ago that the workers' lag has been asked for since."""
        return time.monotonic() > self._ended_at + LAG_SEEN_S

    @property
    def metrics(self) -> "Metrics":
        return self._polling.metrics

    def line(self) -> str:
        """What was done since the start."""
        metrics = self.metrics
        done = metrics.totals
        polls = sum(done[outcome] for outcome in POLL_OUTCOMES)
        parts = [
            f"{metrics.feeds:,} of the list",
            f"{polls:,} polled",
            f"{done['new'] + done['changed']:,} new",
        ]
        parts += [f"{done['sent']:,} sent", f"{metrics.waiting:,} waiting"]
        if metrics.failing:
            parts.append(f"{metrics.failing:,} failing")
        if done["given_up"]:
            parts.append(f"{done['given_up']:,} pages given up")
        return ", ".join(parts) + ("" if not self.failure else "; stopped")

    async def _poll(self) -> None:
        from workers.feeds.polling.service import poll  # noqa: PLC0415

        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        if self._is_asked:
            return
        try:
            await poll(self._settings, self._addresses, self._polling, self._stopping)
        except KhabarError as error:
            self.failure = error
        finally:
            self._ended_at = time.monotonic()


def polling_of(
    urls: Sequence[str], list_file: Path | None, *, allow_private: bool, is_once: bool
) -> "Polling":
    """What `khabar up` polls: the feeds of a list, and those of addresses, which may be a site's.

    Raises ConfigError for a wrong list, and for an address where there is no feed, saying why.
    """
    from workers.cli.feeds.words import address  # noqa: PLC0415
    from workers.feeds.fetch import Allowed, FetchOptions  # noqa: PLC0415
    from workers.feeds.polling.service import Polling  # noqa: PLC0415
    from workers.feeds.polling.watched import Given, ListFile  # noqa: PLC0415

    listed = ListFile(list_file) if list_file else Given([])
    fetch = listed.fetch if isinstance(listed, ListFile) else FetchOptions()
    if allow_private:
        fetch = replace(fetch, allowed=Allowed(private=True))
    found = asyncio.run(_discovered([address(url) for url in urls], fetch)) if urls else []

    def read_list() -> Sequence[Feed] | None:
        feeds = listed()
        return None if feeds is None else [*feeds, *(feed for feed in found if feed not in feeds)]

    return Polling(read_list=read_list, fetch=fetch, is_once=is_once)


async def _discovered(urls: Sequence[str], fetch: "FetchOptions") -> list[Feed]:
    """The best feed at each address."""
    from workers.feeds.discover import discover  # noqa: PLC0415
    from workers.feeds.fetch import HttpFetcher  # noqa: PLC0415

    feeds: list[Feed] = []
    mistakes: list[str] = []
    async with HttpFetcher(fetch) as fetcher:
        for url in urls:
            try:
                found = await discover(fetcher, url)
            except FeedError as error:
                mistakes.append(str(error))
                continue
            if found.feeds:
                feeds.append(Feed(url=found.feeds[0].url))
            else:
                why = f": {found.error}" if found.error else ""
                mistakes.append(f"--feed {url}: no feed was found there ({found.tried} addresses tried){why}")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return list(dict.fromkeys(feeds))
