"""feeds.toml: which feeds to poll, how often, how politely. Every mistake in it is reported at once."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from w3lib.url import canonicalize_url

from workers.errors import ConfigError
from workers.feeds.feed_list import values
from workers.feeds.feed_list.mistakes import Mistakes
from workers.feeds.fetch.addresses import Allowed
from workers.feeds.fetch.options import FetchOptions, HostLimits
from workers.feeds.fetch.places import place
from workers.feeds.model import USER_AGENT, Feed, FeedError

DEFAULT_FILE: Final = Path("feeds.toml")
_PLAIN: Final = Feed(url="")
_FEED: Final = {
    "url": values.url,
    "source": values.text,
    "site": values.url,
    "lang": values.language,
    "tags": values.texts,
    "want": values.want,
    "interval": values.interval,
}
_DEFAULTS: Final = {name: read for name, read in _FEED.items() if name not in {"url", "source", "site"}}
_HOST: Final = {"delay": values.delay, "concurrency": values.concurrency}
_POLITENESS: Final = {
    **_HOST,
    "contact": values.text,
    "obey_robots": values.flag,
    "allow_private": values.places,
}
_SECTIONS: Final = ("defaults", "politeness", "hosts", "feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedList:
    """What a file says: the feeds in its order, each once, and how to fetch."""

    feeds: tuple[Feed, ...] = ()
    fetch: FetchOptions = field(default_factory=FetchOptions)


def read_feed_list(path: Path = DEFAULT_FILE) -> FeedList:
    """Raises ConfigError with all that is wrong, and where."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        message = f"There is no {path}. Make it, and put a feed into it: khabar feeds add URL"
        raise ConfigError(message) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 (byte {error.start}); TOML has to be") from error
    return parse_feed_list(text, str(path))


def parse_feed_list(text: str, name: str) -> FeedList:
    """What the text of a file says; `name` is the file's, for messages. Raises ConfigError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}") from error
    mistakes = Mistakes(name, text)
    mistakes.unknown(data, _SECTIONS)
    found = FeedList(feeds=tuple(_feeds(data, mistakes)), fetch=_options(data, mistakes))
    mistakes.report()
    return found


def same_feed_key(url: str) -> str:
    """Equal for addresses of one feed: http and https, the order of the query and a slash at the end do not matter."""
    try:
        at = place(url, asked=url)
    except FeedError:
        return url
    canonical = canonicalize_url(at.url, keep_blank_values=True, keep_fragments=False)
    return f"{at.host}/{canonical.partition('://')[2].partition('/')[2]}".removesuffix("/")


def _feeds(data: Mapping[str, Any], mistakes: Mistakes) -> Iterator[Feed]:
    defaults = _read(data.get("defaults", {}), ("defaults",), _DEFAULTS, mistakes)
    listed = data.get("feed", [])
    if not isinstance(listed, list):
        mistakes.add(("feed",), "feeds are written as [[feed]], with two brackets")
        return
    seen: dict[str, int] = {}
    for number, entry in enumerate(listed, start=1):
        place = ("feed", number)
        own = _read(entry, place, _FEED, mistakes)
        if isinstance(entry, dict) and "url" not in entry:
            mistakes.add(place, "has no url")
        if "url" not in own:
            continue
        first = seen.setdefault(same_feed_key(own["url"]), number)
        if first != number:
            mistakes.add((*place, "url"), f"is the same as that of feed {first}: {own['url']}")
        yield _feed(defaults | own)


def _feed(said: Mapping[str, Any]) -> Feed:
    low_s, high_s = said.get("interval", (_PLAIN.interval_min_s, _PLAIN.interval_max_s))
    return Feed(
        url=said["url"],
        source=said.get("source"),
        site_url=said.get("site"),
        lang=said.get("lang"),
        tags=said.get("tags", ()),
        want=said.get("want", _PLAIN.want),
        interval_min_s=low_s,
        interval_max_s=high_s,
    )


def _options(data: Mapping[str, Any], mistakes: Mistakes) -> FetchOptions:
    said = _read(data.get("politeness", {}), ("politeness",), _POLITENESS, mistakes)
    hosts = data.get("hosts", {})
    if not isinstance(hosts, dict):
        mistakes.add(("hosts",), 'hosts are written as [hosts."news.example"]')
        hosts = {}
    limits = _limits(said, HostLimits())
    contact = said.get("contact")
    networks, names = said.get("allow_private", ((), frozenset()))
    return FetchOptions(
        user_agent=f"{USER_AGENT[:-1]}; {contact})" if contact else USER_AGENT,
        limits=limits,
        hosts={
            host.lower(): _limits(_read(entry, ("hosts", host), _HOST, mistakes), limits)
            for host, entry in hosts.items()
        },
        obey_robots=said.get("obey_robots", True),
        allowed=Allowed(networks=networks, hosts=names),
    )


def _limits(said: Mapping[str, Any], otherwise: HostLimits) -> HostLimits:
    return HostLimits(
        delay_s=said.get("delay", otherwise.delay_s),
        concurrency=said.get("concurrency", otherwise.concurrency),
    )


def _read(
    table: object, place: tuple[str | int, ...], readers: Mapping[str, values.Reader], mistakes: Mistakes
) -> dict[str, Any]:
    """The values of a table that are right; what is wrong goes to `mistakes`."""
    if not isinstance(table, dict):
        mistakes.add(place, "is a table, with a name = value a line")
        return {}
    mistakes.unknown(table, readers, place)
    found: dict[str, Any] = {}
    for name, read in readers.items():
        if name in table:
            try:
                found[name] = read(table[name])
            except values.SecretValueError as error:
                mistakes.add((*place, name), str(error))
            except ValueError as error:
                mistakes.add((*place, name), f"{error}, not {table[name]!r}")
    return found
