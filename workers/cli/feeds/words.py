"""What `khabar feeds add` and `check` share: their options, and how a feed is described."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from workers.cli.context import counted
from workers.errors import ConfigError
from workers.feeds.feed_list import DEFAULT_FILE, FeedList, read_feed_list
from workers.feeds.model import Document, Kind

file_option = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_FILE,
    show_default=True,
    help="The list of feeds.",
)

_KINDS: Final = {
    Kind.RSS: "RSS",
    Kind.ATOM: "Atom",
    Kind.JSON: "JSON Feed",
    Kind.SITEMAP: "sitemap",
    Kind.SITEMAP_INDEX: "index of sitemaps",
}
_AGES: Final = ((86_400 * 2, 86_400, "days"), (3_600 * 2, 3_600, "h"), (0, 60, "min"))


def list_if_there(path: Path) -> FeedList:
    """What the file says, or the defaults where there is none. Raises ConfigError when it is wrong."""
    return read_feed_list(path) if path.exists() else FeedList()


def address(text: str) -> str:
    """A URL as people type it. Raises ConfigError for one with a login, which would stand in logs and on topics."""
    url = text if "://" in text else f"https://{text}"
    scheme, _, rest = url.partition("://")
    login, at, _ = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
    if at:
        shown = f"{scheme}://***@{rest.removeprefix(login + at)}"
        raise ConfigError(
            f"{shown}: takes a URL without user name and password, which would be shown everywhere"
        )
    return url


def described(document: Document) -> str:
    """Such as: RSS, 20 items, newest 3 h ago."""
    parts = [_KINDS[document.kind]]
    if document.kind is Kind.SITEMAP_INDEX:
        parts.append(counted(len(document.children), "sitemap"))
    else:
        parts.append(counted(len(document.items), "item"))
    if document.newest:
        parts.append(f"newest {_ago(document.newest)}")
    return ", ".join(parts)


def _ago(time: str) -> str:
    age_s = (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    if age_s < 0:
        return "in the future"
    count, unit = next((age_s // unit_s, name) for least_s, unit_s, name in _AGES if age_s >= least_s)
    return f"{count:,.0f} {unit} ago"
