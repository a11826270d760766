"""RSS and Atom, of all versions, by feedparser."""

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.sax import SAXException

import feedparser

from workers.feeds.formats import texts
from workers.feeds.formats.source import Source
from workers.feeds.model import Document, Item, Kind

_PERIODS_S: Final = {
    "hourly": 3_600.0,
    "daily": 86_400.0,
    "weekly": 7 * 86_400.0,
    "monthly": 30 * 86_400.0,
    "yearly": 365 * 86_400.0,
}
_DAMAGE: Final = "is not well-formed XML ({}); what could be read was read"
_CUT: Final = "ends within an item, which is left out"
_LAST_ITEM: Final = re.compile(r"<(?:\w+:)?(item|entry)\b", re.IGNORECASE)
_BUGS: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What feedparser raises over input that its authors have not met."""
_TEXT_TYPES: Final = {
    "text/plain": "text/plain",
    "text/html": "text/html",
    "application/xhtml+xml": "text/html",
}


def read_feed(source: Source, root: str) -> Document:
    """The feed in the repaired text. Raises FeedError (MALFORMED) when there is none in it."""
    found = _parsed(source)
    kind = Kind.ATOM if found.version.startswith("atom") else Kind.RSS
    if not found.version and not found.entries:
        raise source.malformed(f"is XML and no feed: its root element is {root[:50]}")
    problems = list(source.problems)
    if found.bozo:
        problems.append(_DAMAGE.format(_message(found)))
    entries = found.entries
    if _is_cut(source.text):
        problems.append(_CUT)
        entries = entries[:-1]
    if found.bozo and not entries:
        raise source.malformed(
            f"is a feed that is broken before the end of its first item: {found.bozo_exception}"
        )
    channel = found.feed
    return Document(
        kind=kind,
        title=texts.plain(channel.get("title")),
        lang=texts.lang(channel.get("language")),
        items=tuple(_item(entry, source) for entry in entries),
        ttl_s=_ttl_s(channel),
        problems=tuple(problems),
    )


def _parsed(source: Source) -> Any:  # noqa: ANN401  (feedparser's dict of attributes)
    """Sanitising is the affair of whoever shows the HTML; resolving its links costs four times all the rest.

    Without the feed's address feedparser leaves relative ones alone, guids above all, which it takes for links.
    """
    try:
        return feedparser.parse(
            io.BytesIO(source.text.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except _BUGS as error:
        raise source.malformed(f"is a feed so broken that it cannot be read: {error!r}") from error


def _message(found: Any) -> str:  # noqa: ANN401
    """What the strict parser objects to; its line would be one of the repaired text."""
    error = found.bozo_exception
    return str(error.getMessage() if isinstance(error, SAXException) else error)


def _is_cut(text: str) -> bool:
    """Whether the text ends before the last item does."""
    if text.endswith(">") and re.search(r"</(?:\w+:)?(?:rss|feed|rdf)\s*>\Z", text[-100:], re.IGNORECASE):
        return False
    begun = list(_LAST_ITEM.finditer(text, max(0, len(text) - 2_000_000)))
    return bool(begun) and f"</{begun[-1][0][1:]}".lower() not in text[begun[-1].end() :].lower()


def _item(entry: Any, source: Source) -> Item:  # noqa: ANN401
    # feedparser's own `get` answers "published" for "updated", with a warning.
    stated: Mapping[str, Any] = {key: dict.__getitem__(entry, key) for key in entry.keys()}  # noqa: SIM118
    url = source.absolute(stated.get("feedburner_origlink")) or _link(stated, source)
    title = texts.plain(stated.get("title"))
    summary = texts.summary(stated.get("summary"))
    content, content_type = _content(stated)
    if summary == content:
        summary = None  # feedparser fills it in
    if content is None and summary is not None and texts.is_story(stated["summary"]):
        content, content_type, summary = stated["summary"], "text/html", None
    published_at = texts.utc(stated.get("published"))
    return Item(
        id=_id(stated) or url or texts.digest(title, summary, content, published_at),
        url=url,
        title=title,
        published_at=published_at,
        updated_at=texts.utc(stated.get("updated")),
        author=_author(stated),
        tags=texts.tags(each.get("term") or each.get("label") for each in stated.get("tags", ())),
        lang=texts.lang(stated.get("language")),
        summary=summary,
        content=content,
        content_type=content_type,
    )


def _id(stated: Mapping[str, Any]) -> str | None:
    value = stated.get("id")
    return " ".join(value.split())[:2_000] or None if isinstance(value, str) else None


def _link(stated: Mapping[str, Any], source: Source) -> str | None:
    """The alternate link, else a guid that is one, else any to a page."""
    link, guid = stated.get("link"), stated.get("id")
    is_guid = link == guid and not str(link).startswith(("http://", "https://", "/"))
    if not is_guid and (url := source.absolute(link)):
        return url
    links: Iterable[Mapping[str, Any]] = stated.get("links", ())
    pages = (each.get("href") for each in links if each.get("rel") == "related")
    is_url = isinstance(guid, str) and guid.startswith(("http://", "https://"))
    found = (source.absolute(each) for each in ([guid] if is_url else pages))
    return next((url for url in found if url), None)


def _content(stated: Mapping[str, Any]) -> tuple[str | None, str]:
    """The longest of the contents that are text, and its type."""
    found = [
        (each["value"], _TEXT_TYPES[each.get("type", "text/html")])
        for each in stated.get("content", ())
        if each.get("type", "text/html") in _TEXT_TYPES and (each.get("value") or "").strip()
    ]
    return max(found, key=lambda each: len(each[0]), default=(None, "text/html"))


def _author(stated: Mapping[str, Any]) -> str | None:
    """Feedparser takes addresses out of names, and leaves parts of those under long top-level domains in them."""
    said, authors = stated.get("author"), [each for each in stated.get("authors", ()) if each]
    if len(authors) == 1 and said != f"{authors[0].get('name')} ({authors[0].get('email')})":
        return texts.name(said)
    names = [texts.name(each.get("name")) for each in authors]
    return ", ".join(dict.fromkeys(name for name in names if name)) or texts.name(said)


def _ttl_s(channel: Any) -> float | None:  # noqa: ANN401
    """RSS's ttl, in minutes, or the update period of the syndication module."""
    minutes = str(channel.get("ttl", "")).strip()
    if minutes.isascii() and minutes.isdigit():
        return float(minutes[:7]) * 60
    period_s = _PERIODS_S.get(str(channel.get("sy_updateperiod", "")).strip().lower())
    if period_s is None:
        return None
    often = str(channel.get("sy_updatefrequency", "1")).strip()
    return period_s / max(1, int(often[:5])) if often.isascii() and often.isdigit() else period_s
