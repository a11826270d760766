"""What the headers of an answer say of its freshness, of later requests, and of patience."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from workers.feeds.model import Validators

MAX_RETRY_AFTER_S: Final = 86_400.0
"""A server that asks for more is asked again after a day: its clock may be wrong, or the header a mistake."""


def fresh_s(headers: Mapping[str, str]) -> float | None:
    """How long an answer stays fresh (RFC 9111, section 4.2), for a cache of one's own; None if it does not say."""
    directives = _directives(headers.get("cache-control", ""))
    if directives.keys() & {"no-store", "no-cache"}:
        return 0.0
    age_s = _whole(headers.get("age")) or 0.0
    if (max_age_s := _whole(directives.get("max-age"))) is not None:
        return max(0.0, max_age_s - age_s)
    if "expires" not in headers:
        return None
    expires, date = _moment(headers["expires"]), _moment(headers.get("date"))
    if expires is None:
        return 0.0  # section 5.3: an invalid date, "0" above all, is in the past
    return max(0.0, expires - (time.time() if date is None else date))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds from now, whether it was given so or as a date; None without a readable one."""
    value = headers.get("retry-after")
    seconds = _whole(value)
    if seconds is None and (at := _moment(value)) is not None:
        now = _moment(headers.get("date"))
        seconds = at - (time.time() if now is None else now)
    return None if seconds is None else min(max(0.0, seconds), MAX_RETRY_AFTER_S)


def validators(headers: Mapping[str, str]) -> Validators:
    """Those that can be sent back as they came."""
    return Validators(
        etag=_printable(headers.get("etag")), last_modified=_printable(headers.get("last-modified"))
    )


def conditions(known: Validators) -> dict[str, str]:
    """The headers that make a request conditional."""
    pairs = (("If-None-Match", known.etag), ("If-Modified-Since", known.last_modified))
    return {name: value for name, value in pairs if value and _printable(value)}


def _directives(value: str) -> dict[str, str]:
    parts = (part.partition("=") for part in value.split(","))
    return {name.strip().lower(): argument.strip().strip('"') for name, _, argument in parts}


def _whole(value: str | None) -> float | None:
    """Digits of ASCII: `int` takes those of other scripts, signs and underscores too."""
    value = (value or "").strip()
    return float(value[:12]) if value.isascii() and value.isdigit() else None


def _moment(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _printable(value: str | None) -> str | None:
    return value if value and value.isascii() and value.isprintable() else None
