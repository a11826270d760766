"""HTML or plain text."""

import re
from typing import Final

_HTML_TYPES: Final = ("text/html", "application/xhtml+xml")
_DOCUMENT: Final = re.compile(
    r"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]|<meta\s|<title[\s>]|<article[\s>]", re.IGNORECASE
)
_BEGINS_AS_DOCUMENT: Final = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_PREFACES: Final = (("<!--", "-->"), ("<?", "?>"))
_ELEMENT: Final = re.compile(
    r"<(?:p|div|span|br|h[1-6]|ul|li|table|a|img|section|main|script|style)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_HEAD_CHARS: Final = 4096
_ELEMENTS_MIN: Final = 3
"""Prose quotes a tag or two; a fragment of a page has more in its first 4 kB."""


def is_html(text: str, content_type: str | None) -> bool:
    """Whether `text` is to be read as HTML: by its media type if that says so, else by its first 4,096 characters.

    A page that is plainly a document (doctype, html, head, body) is HTML even when it was announced as text/plain,
    which servers do by default.
    """
    head = text[:_HEAD_CHARS]
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type in _HTML_TYPES:
        return True
    begins_with_comment = head.lstrip().startswith("<!--")
    if begins_with_comment or _BEGINS_AS_DOCUMENT.match(_without_prefaces(head)):
        return True
    if media_type == "text/plain":
        return False
    return bool(_DOCUMENT.search(head)) or len(_ELEMENT.findall(head)) >= _ELEMENTS_MIN


def _without_prefaces(head: str) -> str:
    """`head` from behind the XML declaration and the comments that it begins with."""
    head = head.lstrip()
    while True:
        ends = [
            head.find(close) + len(close)
            for start, close in _PREFACES
            if head.startswith(start) and close in head
        ]
        if not ends:
            return head
        head = head[ends[0] :].lstrip()
