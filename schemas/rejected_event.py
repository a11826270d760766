"""articles.rejected: events that were read and hold no article."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.cleaned_article import Source


class RejectReason(StrEnum):
    """Why there is no article in an event. A closed list: metric labels and headers use it."""

    EMPTY = "empty"
    """The body is empty or white space."""
    NO_ARTICLE = "no_article"
    """The page was read and has no main text (a list of links, a stub, an error page, a login wall)."""
    NOT_TEXT = "not_text"
    """The body is an image, an archive, or another kind of file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedEvent:
    """An event without an article, and why, in words a person understands (`detail`)."""

    id: str
    reason: RejectReason
    detail: str
    url: str | None = None
    source: Source = field(default_factory=Source)
    title: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
