"""The article of an HTML page, by trafilatura, and what the page says about itself."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

import trafilatura
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from workers.boilerplate import fixed_clock, htmlparts
from workers.boilerplate.authors import plain_name
from workers.boilerplate.htmltimes import stated_times
from workers.boilerplate.markers import Kind, find_marker
from workers.boilerplate.page import Page
from workers.boilerplate.paragraphs import distinct, is_prose, join, letters, tidy, weight
from workers.boilerplate.times import parse_time

_LATEST_DAY: Final = "2100-01-01"
"""htmldate takes no date after this one where the feed did not say when it fetched the page. A constant, since
the default is today, and a record may not depend on the day it was made."""
_EARLIEST_DAY: Final = "1995-01-01"
_BLOCKS: Final = etree.XPath("count(//p|//li|//h1|//h2|//h3|//h4|//td|//blockquote|//pre)")
_CANONICAL: Final = etree.XPath(
    "string((//link[@rel='canonical']/@href | //meta[@property='og:url']/@content)[1])"
)
_TOO_DEEP: Final = "excessive depth"
_TITLE_TAIL: Final = re.compile(r"\s+[|\u00b7\u2013\u2014-]\s+([^|]{2,40})$")  # MIDDLE DOT, EN DASH, EM DASH
_TABLE_BARS: Final = re.compile(r"^\|(?:\s*-{3,}\s*\|)*|(?<=\s)\||\|$")
_LABEL_CHARS: Final = 60
_HEAD_LINES: Final = 4
"""Section, headline and by-line stand in so many first lines when trafilatura takes them for text."""
_NAME_CHARS: Final = 4
_STOP: Final = re.compile("[.!?\u061f]$")  # ARABIC QUESTION MARK
_LINE_CHARS: Final = 160
_HEADS_OTHERS: Final = frozenset(
    {Kind.RELATED, Kind.READ_ALSO, Kind.END, Kind.SHARE, Kind.LINK, Kind.KEYWORDS, Kind.AUTHOR}
)
"""Kinds of lines that are left out when nothing but the marker stands on them."""

fixed_clock.install()


class _Document(Protocol):
    """What is used of trafilatura's result, which carries no types."""

    text: str | None
    title: str | None
    author: str | None
    """Several are separated by semicolons."""
    date: str | None
    sitename: str | None
    tags: list[str] | None


def read_html(page: str, *, url: str | None, fetched_at: datetime | None) -> Page:
    """The main text of `page` and the fields it states; deterministic, no clock and no network.

    Raises ValueError, RecursionError or lxml.etree.LxmlError where a parser gives up on the page.
    """
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(page.translate(htmlparts.HIDDEN).encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # nothing but comments and white space
        return Page(text="", blocks=0)
    stated = _stated(tree, url)
    links = htmlparts.link_texts(tree)
    htmlparts.remove_newsletter_boxes(tree)
    document = _extract(tree, url or stated.canonical_url, fetched_at)
    if document is None or not document.text:
        return replace(stated, problem=_parser_problem(parser))
    title = _title(document.title, document.sitename, url or stated.canonical_url)
    authors = distinct(plain_name(name) for name in _shown(document.author).split(";"))
    text = _text(document.text, title, authors, links)
    tags = (part for tag in document.tags or () for part in _shown(tag).split(","))
    return replace(
        stated,
        text=text,
        title=title,
        authors=authors,
        published_at=stated.published_at or parse_time(document.date),
        site_name=_site_name(document.sitename),
        keywords=distinct((*tags, *stated.keywords)),
        link_ratio=htmlparts.link_ratio(text, links),
    )


def _stated(tree: HtmlElement, url: str | None) -> Page:
    """What the page states outside its text, which is left empty."""
    times = stated_times(tree)
    canonical = htmlparts.web_address(_CANONICAL(tree), url)
    return Page(
        text="",
        blocks=int(_BLOCKS(tree)),
        lang=tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        published_at=times.published,
        modified_at=times.modified,
        canonical_url=canonical,
        keywords=htmlparts.keywords(tree),
        related=htmlparts.related(tree, url or canonical),
        headings=htmlparts.headings(tree),
        asks_for_password=htmlparts.asks_for_password(tree),
    )


def _extract(tree: HtmlElement, url: str | None, fetched_at: datetime | None) -> _Document | None:
    document: _Document | None = trafilatura.bare_extraction(
        tree,
        url=url,
        fast=False,
        include_comments=False,
        include_tables=True,  # F1 on the dev sets: wcxb .940 (.927 without), traf .921 (.918), daniel .874 (.881)
        with_metadata=True,
        date_extraction_params={
            "original_date": True,
            "extensive_search": True,
            "min_date": _EARLIEST_DAY,
            "max_date": fetched_at.date().isoformat() if fetched_at else _LATEST_DAY,
        },
    )
    return document


def _text(extracted: str, title: str | None, authors: Sequence[str], links: frozenset[str]) -> str:
    """The paragraphs, without the headline and by-line above them, which have fields of their own, and without
    lines that point to other pages.

    Trafilatura writes list items with a dash and table cells between bars, which are not in the page.
    """
    lines = [line for line in (_without_marks(tidy(line)) for line in _shown(extracted).split("\n")) if line]
    lines = [line for line in _without_head(lines, title, authors) if not _is_furniture(line, links)]
    return join(lines)


def _without_head(lines: list[str], title: str | None, authors: Sequence[str]) -> list[str]:
    """The lines from behind the headline, when only labels precede it, and without the by-line that follows."""
    for index, line in enumerate(lines[:_HEAD_LINES]):
        if title and letters(line) == letters(title):
            lines = lines[index + 1 :]
            break
        if weight(line) > _LABEL_CHARS or is_prose(line, 0):
            break
    if lines and any(_is_byline(lines[0], author) for author in authors):
        lines = lines[1:]
    return lines


def _is_byline(line: str, author: str) -> bool:
    name = letters(author)
    is_label = weight(line) <= len(author) + _LABEL_CHARS and not _STOP.search(line)
    return len(name) >= _NAME_CHARS and is_label and letters(line).startswith(name)


def _is_furniture(line: str, links: frozenset[str]) -> bool:
    """Whether a line is no part of the article: "Read also: ...", "Subscribe ...", a label of a list or button.

    With it and without the boxes of newsletters, F1 on the dev sets: wcxb .940 (.938 before), fundus .956 (.955),
    daniel .866 (.866), and on traf's segments .920 (.918).
    """
    marker = find_marker(line)
    if marker is None:
        return False
    if not marker.value:
        return marker.kind in _HEADS_OTHERS or marker.kind is Kind.SUBSCRIBE
    if marker.kind is Kind.LINK:
        return letters(marker.value) in links
    return marker.kind in (Kind.READ_ALSO, Kind.SUBSCRIBE) and len(line) <= _LINE_CHARS


def _without_marks(line: str) -> str:
    return _TABLE_BARS.sub(" ", line) if line.startswith("|") else line.removeprefix("- ")


def _shown(value: str | None) -> str:
    return (value or "").translate(htmlparts.SHOWN)


def _title(title: str | None, site: str | None, url: str | None) -> str | None:
    """The headline without the name of the site behind it ("... - The Namibian")."""
    text = tidy(_shown(title))
    tail = _TITLE_TAIL.search(text)
    if tail and (name := letters(tail.group(1))):
        host = urlsplit(url).hostname if url else None
        if name == letters(_shown(site)) or name in letters(host or ""):
            text = text[: tail.start()]
    return text or None


def _site_name(name: str | None) -> str | None:
    """The name of the site as readers know it; trafilatura falls back to the host, which is no name."""
    text = tidy(_shown(name))
    return text if text and ("." not in text or " " in text) else None


def _parser_problem(parser: HTMLParser) -> str | None:
    for entry in parser.error_log:
        if _TOO_DEEP in entry.message.lower():
            return f"its tags are nested too deep to be read (line {entry.line})"
    return None
