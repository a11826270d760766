"""articles.rejected: events that were read and hold no article."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.cleaned_article import Source


class RejectReason(StrEnum):
    """Why there is no article in an event. A closed list: metric labels and headers use it."""

    EMPTY = "empty"
    """The body is empty or white space."""
    ERROR_PAGE = "error_page"
    """The page says that what was asked for is missing, moved or refused, or asks whether a robot reads it."""
    GARBLED = "garbled"
    """The text was decoded with the wrong charset before it came here (mojibake), and cannot be read."""
    LIST_PAGE = "list_page"
    """The page is a list of headlines, links or teasers."""
    LOGIN_WALL = "login_wall"
    """The page asks for a login or a subscription and shows nothing of the article."""
    NO_ARTICLE = "no_article"
    """The page was read and has no main text, for none of the other reasons."""
    NOT_TEXT = "not_text"
    """The body is an image, an archive, or another kind of file."""
    STUB = "stub"
    """The page holds a line or two, too little to be an article."""


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
