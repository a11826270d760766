"""Where a URL leads, and where a redirect does."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from workers.feeds.model import Fault, FeedError

_PORTS: Final = {"http": 80, "https": 443}
_URL_SAFE: Final = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Place:
    """A URL without its fragment and without a login, which is never sent or shown.

    `host` is as it counts for turns, `origin` as robots.txt belongs to.
    """

    url: str
    name: str
    host: str
    origin: str
    has_login: bool = False


def place(url: str, *, asked: str) -> Place:
    """Raises FeedError (FORBIDDEN_SCHEME), for the address that was asked for, when this is none to be fetched."""
    try:
        parts = urlsplit(urldefrag(url.strip()).url)
        name, port = (parts.hostname or "").rstrip("."), parts.port
        login, at, _ = parts.netloc.rpartition("@")
    except ValueError as error:
        raise FeedError(Fault.FORBIDDEN_SCHEME, f"{url!r} is no URL: {error}", url=asked) from error
    if parts.scheme not in _PORTS:
        which = f"{asked} is redirected to {url}" if url != asked else repr(url)
        raise FeedError(Fault.FORBIDDEN_SCHEME, f"{which}: only http and https are fetched", url=asked)
    if not name:
        raise FeedError(Fault.FORBIDDEN_SCHEME, f"{url!r} names no host", url=asked)
    shown = f"[{name}]" if ":" in name else name
    host = shown if port in {None, _PORTS[parts.scheme]} else f"{shown}:{port}"
    shown_url = parts._replace(netloc=parts.netloc.removeprefix(login + at)).geturl()
    return Place(shown_url, name, host, origin=f"{parts.scheme}://{host}", has_login=bool(at))


def redirected(base: str, location: bytes | None, *, asked: str) -> Place:
    """The place that a Location header names, in whatever charset; raw bytes beyond ASCII are escaped."""
    if not location:
        raise FeedError(Fault.REDIRECTS, f"{base} is redirected to nowhere (no Location)", url=asked)
    try:
        target = urljoin(base, quote(location.strip(), safe=_URL_SAFE))
    except ValueError as error:
        message = f"{base} is redirected to {location!r}, which is no URL"
        raise FeedError(Fault.FORBIDDEN_SCHEME, message, url=asked) from error
    return place(target, asked=asked)
