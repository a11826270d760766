"""HTML or plain text."""

import re
from typing import Final

from workers.boilerplate.charset import with_newlines

_HTML_TYPES: Final = ("text/html", "application/xhtml+xml")
_BEGINS_AS_DOCUMENT: Final = re.compile(r"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_BEGINS_AS_MACHINERY: Final = re.compile(r"<(?:script|style|meta|link|title|base)[\s>/]", re.IGNORECASE)
_PREFACES: Final = (("<!--", "-->"), ("<?", "?>"))
_TAG: Final = re.compile(
    r"</?(?:p|div|span|br|hr|h[1-6]|ul|ol|li|dl|dt|dd|table|tr|td|th|a|b|i|em|strong|img|figure|blockquote|pre"
    r"|section|article|main|header|footer|nav|aside|script|style|iframe|form|input|button|font|center|html|head"
    r"|body|meta|link|title)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(
    r"&(?:amp|quot|lt|gt|nbsp|[rl][sd]quo|#[0-9]{2,5}|#x[0-9a-f]{2,5});", re.IGNORECASE
)
_BLANK: Final = "\ufeff\u200b \t\n\r\f\v\x00"
_BLANK_CHARS: Final = 1_000
"""Of so many the first is no blank on any page of the development data; they are cheaper to look at than all."""
_READ_CHARS: Final = 20_000
_SEARCHED_CHARS: Final = 200_000
_TAGS_MIN: Final = 3
"""Prose quotes a tag or two."""
_TAGGED_SHARE: Final = 0.2
"""Share of a text in lines with tags from which it is HTML. Of 12,286 dumps and articles of the development data 37 have
three tags, pasted code and the like, and 34 of these a share of at most 0.16; bodies cut from 737 pages have 0.2 at the
5th percentile and 0.9 in the median."""


def is_html(text: str, content_type: str | None) -> bool:
    """Whether `text` is to be read as HTML, by how it begins, its media type, and its first 20,000 characters.

    A page that is plainly a document (doctype, html, head, body, scripts) is HTML even when it was announced as
    text/plain, which servers do by default. Text without a single tag or
    character reference is none even when it was announced as HTML:
    its lines are its paragraphs.
    """
    begin = _begin(text)
    if _begins_as_document(text, begin) or text.startswith("<!--", begin):
        return True
    start = with_newlines(text[begin : begin + 2 * _READ_CHARS])[:_READ_CHARS]  # CR LF is two characters
    body = _without_prefaces(start)
    if _begins_as_document(body):
        return True
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type in _HTML_TYPES:
        looked_at = with_newlines(text[: 2 * _SEARCHED_CHARS])[:_SEARCHED_CHARS]
        return _TAG.search(looked_at) is not None or _REFERENCE.search(looked_at) is not None
    begins_with_tag = _TAG.match(body) is not None
    if media_type == "text/plain" and not begins_with_tag:
        return False
    return _is_tagged(start, 0.0 if begins_with_tag else _TAGGED_SHARE)


def _begins_as_document(text: str, at: int = 0) -> bool:
    return any(pattern.match(text, at) for pattern in (_BEGINS_AS_DOCUMENT, _BEGINS_AS_MACHINERY))


def _begin(text: str) -> int:
    """Where `text` begins, behind white space and marks."""
    for head in (text[:_BLANK_CHARS], text):
        if begun := head.lstrip(_BLANK):
            return len(head) - len(begun)
    return len(text)


def _is_tagged(text: str, share: float) -> bool:
    """Whether more than `share` (0..1) of `text` stands in lines with tags."""
    if "<" not in text:
        return False
    tagged, tags = 0, 0
    for line in text.split("\n"):
        if "<" in line and (found := len(_TAG.findall(line))):
            tags += found
            tagged += len(line)
    return tags >= _TAGS_MIN and tagged > share * len(text)


def _without_prefaces(start: str) -> str:
    """`start` from behind the XML declaration and the comments that it begins with."""
    while True:
        ends = [
            start.find(close) + len(close)
            for begin, close in _PREFACES
            if start.startswith(begin) and close in start
        ]
        if not ends:
            return start
        start = start[ends[0] :].lstrip()
