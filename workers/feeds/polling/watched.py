"""The list of feeds as the poller looks at it: again and again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from workers.errors import ConfigError
from workers.feeds.feed_list import read_feed_list
from workers.feeds.model import Feed

ReadList = Callable[[], Sequence[Feed] | None]
"""Gives the feeds when they are new or have changed, None when they have not."""

log = structlog.get_logger()


class ListFile:
    """A list of feeds in a file, read again when the file changes. A mistake in a new one is logged, the old one stays.

    `fetch` is what it said at first of how to fetch; that does not change. Raises ConfigError where the file is wrong
    from the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._signature()
        first = read_feed_list(path)
        self._new: Sequence[Feed] | None = first.feeds
        self.fetch: Final = first.fetch

    def __call__(self) -> Sequence[Feed] | None:
        """The feeds, or None where nothing has changed."""
        if (seen := self._signature()) != self._seen:
            self._seen = seen
            self._read_again()
        feeds, self._new = self._new, None
        return feeds

    def _read_again(self) -> None:
        try:
            found = read_feed_list(self._path)
        except ConfigError as error:
            log.warning("feeds_list_wrong", file=str(self._path), error=str(error))
            return
        if found.fetch != self.fetch:
            log.warning("feeds_restart_needed", file=str(self._path), sections=["politeness", "hosts"])
        self._new = found.feeds

    def _signature(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return (0, 0, 0)  # what is wrong, reading says
        return (status.st_mtime_ns, status.st_size, status.st_ino)


class Given:
    """A list of feeds that does not change."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds: Sequence[Feed] | None = feeds

    def __call__(self) -> Sequence[Feed] | None:
        """The feeds, at the first call."""
        feeds, self._feeds = self._feeds, None
        return feeds
