"""articles.raw: what a feed produces, as an envelope or as a bare page."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """A page as a feed fetched it, and what the feed knew about it. Only `body` is owed.

    `body` is HTML or plain text (a dump of a whole page is usual). It is `str` in an envelope, and `bytes` of
    any charset when the Kafka value was the bare page. Times are what the feed said, RFC 3339 if it was kind.
    """

    body: str | bytes
    url: str | None = None
    source: str | None = None
    fetched_at: str | None = None
    content_type: str | None = None
    title: str | None = None
    published_at: str | None = None
    lang: str | None = None
    author: str | None = None
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
