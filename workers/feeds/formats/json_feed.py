"""JSON Feed 1.0 and 1.1 (jsonfeed.org)"""

from typing import Any, Final

import msgspec
import orjson

from workers.feeds.formats import texts
from workers.feeds.formats.source import Source
from workers.feeds.model import Document, Item, Kind

_VERSION: Final = "jsonfeed.org/version/"
_SHOWN_PROBLEMS: Final = 5


class _Author(msgspec.Struct, frozen=True):
    name: str | None = None


class _Item(msgspec.Struct, frozen=True):
    """An item of the standard. `id` is a string there, and a number in the wild."""

    id: str | int | float | None = None
    url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    author: _Author | None = None
    authors: list[_Author] | None = None
    tags: list[Any] | None = None
    language: str | None = None


class _Feed(msgspec.Struct, frozen=True):
    """The top level; its items are read one by one, so that a wrong one costs only itself."""

    version: Any = None
    title: Any = None
    home_page_url: Any = None
    feed_url: Any = None
    language: Any = None
    items: Any = None


def read_json(source: Source) -> Document:
    """Raises FeedError (MALFORMED) when the text is no JSON, or JSON of another kind."""
    try:
        feed = msgspec.convert(orjson.loads(source.text), _Feed)
    except orjson.JSONDecodeError as error:
        raise source.malformed(f"begins as JSON and is none: {error}") from error
    except msgspec.ValidationError as error:
        raise source.malformed("is JSON of another kind and no JSON Feed: it is no object") from error
    is_named = isinstance(feed.version, str) and _VERSION in feed.version
    if not is_named and not (feed.title or feed.home_page_url or feed.feed_url):
        raise source.malformed(f"is JSON of another kind and no JSON Feed: its `version` names no {_VERSION}")
    if not isinstance(feed.items, list):
        raise source.malformed("is a JSON Feed without `items`")
    items, problems = _items(feed.items, source)
    if feed.items and not items:
        raise source.malformed(f"is a JSON Feed of which no item can be read: {problems[0]}")
    if not is_named:
        problems = (f"its `version` names no {_VERSION}", *problems)
    return Document(
        kind=Kind.JSON,
        title=texts.plain(feed.title),
        lang=texts.lang(feed.language),
        items=tuple(items),
        problems=problems,
    )


def _items(found: list[Any], source: Source) -> tuple[list[Item], tuple[str, ...]]:
    items, problems = [], []
    for number, each in enumerate(found):
        try:
            items.append(_item(msgspec.convert(each, _Item), source))
        except msgspec.ValidationError as error:
            problems.append(f"items[{number}] cannot be read: {error}")
    if len(problems) > _SHOWN_PROBLEMS:
        problems[_SHOWN_PROBLEMS:] = [f"and {len(problems) - _SHOWN_PROBLEMS} more such items"]
    return items, tuple(problems)


def _item(each: _Item, source: Source) -> Item:
    url, title = source.absolute(each.url), texts.plain(each.title)
    content, content_type = each.content_html, "text/html"
    if not (content or "").strip():
        content, content_type = each.content_text, "text/plain"
    content = content if (content or "").strip() else None
    authors = each.authors or ([each.author] if each.author is not None else [])
    names = [texts.name(author.name) for author in authors]
    return Item(
        id=" ".join(str(each.id if each.id is not None else "").split())[:2_000]
        or url
        or texts.digest(title, each.summary, content, each.date_published),
        url=url,
        title=title,
        published_at=texts.utc(each.date_published),
        updated_at=texts.utc(each.date_modified),
        author=", ".join(dict.fromkeys(name for name in names if name)) or None,
        tags=texts.tags(each.tags or ()),
        lang=texts.lang(each.language),
        summary=texts.summary(each.summary),
        content=content,
        content_type=content_type if content else "text/html",
    )
