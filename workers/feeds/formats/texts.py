"""Short texts and times of feeds, as the rest of Khabar has them."""

import hashlib
import html
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from workers.boilerplate.dates import read_date

_SHORT_CHARS: Final = 2_000
"""What titles, names and tags are cut to before they are looked into; longer ones are mistakes."""
_SUMMARY_CHARS: Final = 20_000
_TAG: Final = re.compile(r"<(?:/|!--)?\s?[A-Za-z][^<>]{0,500}>")
_MAILBOX: Final = re.compile(
    r"(?:(?P<before>[^<>@]{1,200}) <)?[^ <>@]{1,99}@[^ <>@]{1,99}>?(?: \((?P<after>.{1,200})\))?"
)
_BREAK: Final = re.compile(r"<(?:p|div)\b|<br\s*/?>\s*<br\b|\n\s*\n", re.IGNORECASE)
_RFC_822: Final = re.compile(r"\s*(?:[A-Za-z]{2,9},?\s*)?[0-9]{1,2}[\s-][A-Za-z]{3}")
_LANG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_DATE_CHARS: Final = 100
_MANY_TAGS: Final = 50
_STORY_PARAGRAPHS: Final = 3
_STORY_CHARS: Final = 1_000
"""A description of so many paragraphs and characters is the article and no summary of it. A judgement: summaries of
news sites are a paragraph of up to 500 characters, the shortest whole reports have three and 1,000."""


def plain(text: object) -> str | None:
    """A title, name or tag without markup and character references, with single spaces; None when nothing is left."""
    if not isinstance(text, str):
        return None
    text = text[:_SHORT_CHARS]
    return " ".join(html.unescape(_TAG.sub(" ", text) if "<" in text else text).split()) or None


def name(value: object) -> str | None:
    """Who is meant by an author of RSS 2.0, "address (name)", or by any other."""
    text = plain(value)
    if text and (found := _MAILBOX.fullmatch(text)):
        return found["after"] or found["before"] or text
    return text


def summary(text: object) -> str | None:
    """A description as it is, markup and all; None when there is no text in it."""
    return text[:_SUMMARY_CHARS] if isinstance(text, str) and plain_chars(text[:_SUMMARY_CHARS]) else None


def plain_chars(text: str) -> int:
    """About how many characters of text are in some HTML."""
    return len(" ".join(_TAG.sub(" ", text).split()))


def is_story(text: str) -> bool:
    """Whether a description is long enough to be the article itself."""
    if len(text) < _STORY_CHARS or len(_BREAK.findall(text)) + 1 < _STORY_PARAGRAPHS:
        return False
    return plain_chars(text) >= _STORY_CHARS


def tags(values: Iterable[object]) -> tuple[str, ...]:
    """Each once, in order."""
    found = (plain(value) for value in values)
    return tuple(dict.fromkeys(tag for tag in found if tag))[:_MANY_TAGS]


def lang(value: object) -> str | None:
    """A language tag (BCP 47), or None when it is none."""
    text = value.strip().replace("_", "-") if isinstance(value, str) else ""
    return text if _LANG.fullmatch(text) else None


def utc(value: object) -> str | None:
    """A time in whatever form feeds have it (RFC 822 with a wrong day of the week, ISO 8601, words) as RFC 3339."""
    if not isinstance(value, str) or not (text := value.strip()[:_DATE_CHARS]):
        return None
    if _RFC_822.match(text):
        try:
            return _written(parsedate_to_datetime(text))
        except (ValueError, TypeError, IndexError, OverflowError):
            pass
    stated = read_date(text)
    return _written(stated.at) if stated else None


def digest(*parts: str | None) -> str:
    """An id for an item that has none of its own."""
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()[:32]


def _written(at: datetime) -> str | None:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
