"""Adding feeds to feeds.toml: at its end, so that what stands in it stays as it is, to the byte."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import tomlkit

from workers.errors import ConfigError
from workers.feeds.feed_list.reading import parse_feed_list, read_feed_list, same_feed_key
from workers.feeds.model import Feed, Want

HEAD: Final = """\
# The feeds that `khabar feeds run` polls. docs/feeds.md says more.

[defaults]                    # for all feeds; each may have its own
# interval = "2m..6h"         # often while there is news, seldom while there is none; or one time: "15m"
# want = "page"               # what becomes an event: the page of each item, or "content", the text in the feed

[politeness]
# delay = "1s"                # between two requests to a host
# concurrency = 1             # requests to a host at a time
# contact = "https://newsroom.example/bot"    # goes into the User-Agent: whom a site may ask
# obey_robots = true
# allow_private = ["10.1.0.0/16", "intranet.example"]    # what may be asked though it is not public

# [hosts."slow.example"]
# delay = "10s"
"""


def add_feeds(path: Path, feeds: Iterable[Feed]) -> list[Feed]:
    """Adds those that are not in the file yet, and gives them; makes the file where there is none.

    Raises ConfigError when the file is wrong already, and leaves it alone then.
    """
    seen = {same_feed_key(feed.url) for feed in read_feed_list(path).feeds} if path.exists() else set[str]()
    new: list[Feed] = []
    for feed in feeds:
        if (key := same_feed_key(feed.url)) not in seen:
            seen.add(key)
            new.append(feed)
    if new:
        before = path.read_text("utf-8") if path.exists() else HEAD
        text = "\n\n".join([before.rstrip("\n"), *map(_written, new)]) + "\n"
        try:
            parse_feed_list(text, str(path))
        except ConfigError as error:
            raise ConfigError(f"{path} is left as it is, for it would be wrong then:\n{error}") from error
        _replace(path, text)
    return new


def _written(feed: Feed) -> str:
    table = tomlkit.table()
    table["url"] = feed.url
    if feed.source:
        table["source"] = feed.source
    if feed.site_url:
        table["site"] = feed.site_url
    if feed.lang:
        table["lang"] = feed.lang
    if feed.tags:
        table["tags"] = list(feed.tags)
    if feed.want is not Want.PAGE:
        table["want"] = str(feed.want)
    return "[[feed]]\n" + table.as_string().strip()


def _replace(path: Path, text: str) -> None:
    """Whole or not at all; a link stays a link, and the file keeps its mode."""
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
