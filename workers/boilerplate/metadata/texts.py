"""Small pieces that all readers of metadata use: JSON values, text of attributes, addresses."""

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

from workers.boilerplate.paragraphs import letters

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_HIDDEN: Final = re.compile("[\u00ad\u200b\u2060\ufeff]")  # SOFT HYPHEN, ZERO WIDTH SPACE, WORD JOINER, BOM
_ABSOLUTE: Final = re.compile(r"https?://[a-zA-Z0-9.-]+(?::[0-9]{1,5})?(?:/[^\s\\#?]*[^\s]*)?")
"""An address that joining with another leaves as it is, but for its "..": nine of ten."""
_ROOTED: Final = re.compile(r"/(?![/.])(?:[^\s\\#?/]|/(?![/.]))*(?:[?#]\S*)?")
"""A path of the same site, without dots to resolve."""
_ORIGIN: Final = re.compile(r"https?://[a-zA-Z0-9.-]+(?::[0-9]{1,5})?(?=[/?#]|$)")
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{1000,};?")
_SHOWN_CHARS: Final = 4_000
"""Titles, names and lines are shorter."""
_ADDRESS_CHARS: Final = 4_000


@lru_cache(maxsize=1_000)
def key_of(text: str) -> str:
    """`paragraphs.letters` of a title or a name, remembered: the same few of a page are compared again and again."""
    return letters(text)


def unescaped(text: str) -> str:
    """`text` with its character references resolved; any `str` is accepted.

    Python refuses to read a number of more than 4,300 digits; one so long is no character, U+FFFD (HTML Standard,
    section 13.2.5.80).
    """
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text) if "&#" in text else text)


def shown(text: str) -> str:
    """The first 4,000 characters of `text` as a reader sees them: tidied, without tags, invisible marks and entities
    that were escaped twice.
    """
    text = text[:_SHOWN_CHARS]
    if "&" in text:
        text = unescaped(text)
    if "<" in text:
        text = _TAG.sub("", text)
    if not text.isprintable():  # nor are spaces other than the plain one
        text = _HIDDEN.sub("", text)
    text = " ".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def web_address(value: str | None, base: str | None) -> str | None:
    """`value` as an absolute http(s) URL; None when it is none."""
    written = (value or "").strip()
    if not written or len(written) > _ADDRESS_CHARS:
        return None
    if _ABSOLUTE.fullmatch(written):
        return written
    if _ROOTED.fullmatch(written) and (origin := _ORIGIN.match(base or "")):
        return origin.group() + written
    try:
        address = urljoin(base or "", written)
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets that are no IPv6 address
        return None
    return address if is_web else None


def same_address(one: str, other: str) -> bool:
    """Whether two URLs are those of one page: the same but for scheme, "www", query, fragment and last slash."""
    return bool(one and other) and _plain(one) == _plain(other)


def _plain(address: str) -> str:
    path = address[:_ADDRESS_CHARS].partition("#")[0].partition("?")[0]
    return unquote(path.partition("://")[2] or path).removeprefix("www.").rstrip("/").casefold()
