"""OPML 2.0 (opml.org), in which feed readers hand their lists on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from workers.errors import ConfigError
from workers.feeds.feed_list import values
from workers.feeds.model import Feed

_MAX_DEPTH = 20
"""Folders within folders; readers allow a few."""


@dataclass(frozen=True, slots=True)
class Opml:
    """The feeds of a file, and in sentences what could not be read."""

    feeds: tuple[Feed, ...]
    problems: tuple[str, ...] = ()


def read_opml(data: bytes, name: str) -> Opml:
    """The feeds in the file `name`: a title becomes the source, the titles of folders and the categories tags.

    Raises ConfigError when it is no OPML.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise ConfigError(f"{name} has a DTD, which may be unsafe and which OPML has no use for") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ConfigError(f"{name} is not well-formed XML: {error}") from error
    body = root.find("body")
    if root.tag != "opml" or body is None:
        raise ConfigError(f"{name} is no OPML: it has no <opml> with a <body>")
    feeds, problems = list[Feed](), list[str]()
    for outline, folders in _outlines(body, (), 0):
        try:
            feeds.append(_feed(outline, folders))
        except ValueError as error:
            problems.append(f"xmlUrl {outline.get('xmlUrl')!r}: {error}")
    return Opml(tuple(feeds), tuple(problems))


def write_opml(feeds: Iterable[Feed], *, title: str = "Feeds of Khabar") -> bytes:
    """An OPML 2.0 file, in which tags are categories, as nothing says which of them is a folder."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = title
    body = SubElement(root, "body")
    for feed in feeds:
        name = feed.source or feed.url
        outline = SubElement(body, "outline", type="rss", text=name, title=name, xmlUrl=feed.url)
        if feed.site_url:
            outline.set("htmlUrl", feed.site_url)
        if feed.lang:
            outline.set("language", feed.lang)
        if feed.tags:
            outline.set("category", ",".join(tag.replace(",", " ") for tag in feed.tags))
    indent(root)
    data: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _outlines(
    parent: Element, folders: tuple[str, ...], depth: int
) -> Iterator[tuple[Element, tuple[str, ...]]]:
    """The outlines that are feeds, each with the titles of the folders that it is in."""
    for outline in parent.iterfind("outline"):
        is_feed = bool(outline.get("xmlUrl"))
        if is_feed:
            yield outline, folders
        title = "" if is_feed else _title(outline)
        if depth < _MAX_DEPTH:
            yield from _outlines(outline, (*folders, title) if title else folders, depth + 1)


def _feed(outline: Element, folders: tuple[str, ...]) -> Feed:
    categories = (each.strip("/ ") for each in outline.get("category", "").split(","))
    tags = dict.fromkeys(tag for tag in (*folders, *categories) if tag)
    lang = outline.get("language", "").replace("_", "-")
    url = values.url(outline.get("xmlUrl", "").strip())
    title = _title(outline)
    return Feed(
        url=url,
        source=title if title and title != url else None,
        site_url=_right(values.url, outline.get("htmlUrl", "").strip()),
        lang=_right(values.language, lang),
        tags=tuple(tags),
    )


def _right(read: values.Reader, value: str) -> str | None:
    """A value that a feed can do without: readers write "unknown" and the like."""
    try:
        return str(read(value))
    except ValueError:
        return None


def _title(outline: Element) -> str:
    return " ".join((outline.get("title") or outline.get("text") or "").split())
