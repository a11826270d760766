"""The article of an HTML page, by trafilatura, and what the page says about itself."""

import re
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

import trafilatura
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from workers.boilerplate import fixed_clock
from workers.boilerplate.htmltimes import stated_times
from workers.boilerplate.page import Page
from workers.boilerplate.paragraphs import distinct, join, tidy
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
# ZERO WIDTH NON-JOINER and JOINER are spelling in Persian, Urdu and Indic scripts, and trafilatura deletes them as
# unprintable. They pass through it as two letters of Linear A, which no news page is written in.
_HIDDEN: Final = str.maketrans("\u200c\u200d", "\U00010600\U00010601")
_SHOWN: Final = str.maketrans("\U00010600\U00010601", "\u200c\u200d")
_TABLE_BARS: Final = re.compile(r"^\|(?:\s*-{3,}\s*\|)*|(?<=\s)\||\|$")
_NOT_LETTERS: Final = re.compile(r"[\W_]+")

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
        tree = document_fromstring(page.translate(_HIDDEN).encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # nothing but comments and white space
        return Page(text="", blocks=0)
    blocks = int(_BLOCKS(tree))
    times = stated_times(tree)
    canonical = _web_address(_CANONICAL(tree), url)
    lang = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang")
    document = _extract(tree, url or canonical, fetched_at)
    if document is None or not document.text:
        return Page(text="", blocks=blocks, lang=lang, problem=_parser_problem(parser))
    title = _title(document.title, document.sitename, url or canonical)
    return Page(
        text=_text(document.text, title),
        blocks=blocks,
        title=title,
        authors=distinct(_shown(document.author).split(";")),
        lang=lang,
        published_at=times.published or parse_time(document.date),
        modified_at=times.modified,
        site_name=_site_name(document.sitename),
        canonical_url=canonical,
        keywords=distinct(part for tag in document.tags or () for part in _shown(tag).split(",")),
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


def _text(extracted: str, title: str | None) -> str:
    """The paragraphs without the headline, which has a field of its own.

    Trafilatura writes list items with a dash and table cells between bars, which are not in the page.
    """
    lines = [_without_marks(tidy(line)) for line in _shown(extracted).split("\n")]
    if title and lines and _letters(lines[0]) == _letters(title):
        lines = lines[1:]
    return join(lines)


def _without_marks(line: str) -> str:
    return _TABLE_BARS.sub(" ", line) if line.startswith("|") else line.removeprefix("- ")


def _shown(value: str | None) -> str:
    return (value or "").translate(_SHOWN)


def _title(title: str | None, site: str | None, url: str | None) -> str | None:
    """The headline without the name of the site behind it ("... - The Namibian")."""
    text = tidy(_shown(title))
    tail = _TITLE_TAIL.search(text)
    if tail and (name := _letters(tail.group(1))):
        host = urlsplit(url).hostname if url else None
        if name == _letters(_shown(site)) or name in _letters(host or ""):
            text = text[: tail.start()]
    return text or None


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text).casefold()


def _site_name(name: str | None) -> str | None:
    """The name of the site as readers know it; trafilatura falls back to the host, which is no name."""
    text = tidy(_shown(name))
    return text if text and ("." not in text or " " in text) else None


def _web_address(value: str, base: str | None) -> str | None:
    try:
        address = urljoin(base or "", value.strip())
        parts = urlsplit(address)
    except ValueError:  # brackets that are no IPv6 address
        return None
    return address if value.strip() and parts.scheme in ("http", "https") and parts.hostname else None


def _parser_problem(parser: HTMLParser) -> str | None:
    for entry in parser.error_log:
        if _TOO_DEEP in entry.message.lower():
            return f"its tags are nested too deep to be read (line {entry.line})"
    return None
