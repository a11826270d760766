"""The article id: a digest of a page's content and URL."""

import re
from hashlib import blake2b

_DIGEST_BYTES = 16
"""128 bits: two of 10^12 pages share an id with a probability below 10^-14 (birthday bound)."""


def article_id(body: str | bytes, url: str | None) -> str:
    """32 hex digits that name a page: its content, as it came, and its URL.

    The same page has the same id whether it came as text in an envelope or as UTF-8 bytes. Lone surrogates are
    digested as they stand. A page in another charset is other bytes, and has another id.
    """
    digest = blake2b(digest_size=_DIGEST_BYTES, person=b"khabar-article")
    address = _octets(url or "")
    # The length in front keeps (url, body) apart from any other split of the same bytes.
    digest.update(len(address).to_bytes(8, "big") + address)
    digest.update(_octets(body))
    return digest.hexdigest()


def is_article_id(value: str) -> bool:
    """Whether `value` has the form of an article id."""
    return re.fullmatch(r"[0-9a-f]{32}", value) is not None


def _octets(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
