"""Times as pages and feeds write them, as aware UTC datetimes."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.,][0-9]{1,9})?)?\s*(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.IGNORECASE,
)


def parse_time(value: str | None) -> datetime | None:
    """The moment that an ISO 8601, RFC 3339 or RFC 5322 time names, in UTC to the second; None when it is no such time.

    A date alone is its midnight in UTC, a time without a zone is taken as UTC.
    """
    text = (value or "").strip()
    moment = _parse_iso(text) or _parse_mail(text)
    try:
        return moment.astimezone(UTC).replace(microsecond=0) if moment else None
    except OverflowError:  # year 1 or 9999, moved over the edge by its zone
        return None


def _parse_iso(text: str) -> datetime | None:
    if not (match := _ISO.match(text)):
        return None
    day, clock, seconds, zone = match.groups()
    zone = "+00:00" if not zone or zone.upper() in ("Z", "UTC", "GMT") else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock or '00:00'}{(seconds or ':00')[:3]}{zone}")
    except ValueError:  # the 31st of February
        return None


def _parse_mail(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
