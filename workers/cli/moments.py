"""Points in time as a user types them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import click

_AGE: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType):
    """An age (90s, 30m, 2h, 3d, 1w) or an RFC 3339 time with its zone, as an aware datetime in UTC."""

    name = "TIME"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return moment(value, datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def moment(text: str, now: datetime) -> datetime:
    """The time that `text` names, in UTC. Raises ValueError with what is wrong."""
    if match := _AGE.fullmatch(text.strip()):
        try:
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        except OverflowError:
            raise ValueError(f"{text!r} is longer ago than dates go") from None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: give an age (90s, 30m, 2h, 3d, 1w) or a time such as 2026-11-30T08:00:00Z"
        ) from None
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: end it with Z for UTC, or with an offset such as +03:00")
    return found.astimezone(UTC)
