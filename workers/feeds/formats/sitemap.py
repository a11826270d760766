"""Sitemaps and indexes of them (sitemaps.org), with Google's elements for news."""

import io
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import iterparse

from workers.feeds.formats import texts
from workers.feeds.formats.source import Source
from workers.feeds.model import Document, Item, Kind

_DAMAGE: Final = "is not well-formed ({}); what stands before that was read"


def read_sitemap(source: Source) -> Document:
    """The items or children in the repaired text. Raises FeedError (MALFORMED) when nothing can be read."""
    items: dict[str, Item] = {}
    children: dict[str, str | None] = {}
    problems, is_index = list(source.problems), False
    try:
        for name, element in _entries(source.text):
            is_index = is_index or name in {"sitemap", "sitemapindex"}
            fields = _fields(element)
            url = source.absolute(fields.get("loc"))
            if url and name == "sitemap":
                children[url] = texts.utc(fields.get("lastmod"))
            elif url and name == "url":
                items.setdefault(url, _item(url, fields))
    except ParseError as error:
        if not items and not children:
            raise source.malformed(f"is a sitemap that is broken before its first entry: {error}") from error
        problems.append(_DAMAGE.format(error))
    return Document(
        kind=Kind.SITEMAP_INDEX if is_index else Kind.SITEMAP,
        items=tuple(items.values()),
        children=tuple(children),
        children_updated_at=tuple(children.values()),
        problems=tuple(problems),
    )


def _entries(text: str) -> Iterator[tuple[str, Element]]:
    """The name and element of each entry, and of the root; what was read is let go."""
    root: Element | None = None
    for event, element in iterparse(io.BytesIO(text.encode("utf-8", "replace")), ("start", "end")):
        name = _local(element.tag)
        if root is None:
            root = element
            yield name, Element(element.tag)
        elif event == "end" and name in {"url", "sitemap"}:
            yield name, element
            root.clear()


def _fields(entry: Element) -> dict[str, str]:
    """Texts by name: loc and lastmod of the entry, and what is in its news element. Images and videos are ignored."""
    found: dict[str, str] = {}
    for child in entry:
        if _local(child.tag) == "news":
            for each in child.iter():
                found.setdefault(f"news:{_local(each.tag)}", each.text or "")
        else:
            found.setdefault(_local(child.tag), child.text or "")
    return found


def _item(url: str, fields: dict[str, str]) -> Item:
    return Item(
        id=url,
        url=url,
        title=texts.plain(fields.get("news:title")),
        published_at=texts.utc(fields.get("news:publication_date")),
        updated_at=texts.utc(fields.get("lastmod")),
        tags=texts.tags(fields.get("news:keywords", "").replace("\u060c", ",").split(",")),  # ARABIC COMMA
        lang=texts.lang(fields.get("news:language")),
    )


def _local(tag: object) -> str:
    """The name without its namespace; comments have a function for a tag."""
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""
