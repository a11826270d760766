"""htmldate without the clock.

Where a page says "2023-03", htmldate's short cut asks dateutil, which fills the day from today's date: the same
page would give another record tomorrow. `install` puts a parser in its place that knows only complete dates. The
other ways into the clock are closed by arguments (`max_date`, `min_date`) and by htmldate's own strict settings.
"""

from datetime import datetime
from typing import Final, cast

import htmldate.extractors
from dateutil.parser import parse

_FILLERS: Final = (datetime(2001, 1, 1), datetime(2004, 2, 2))  # noqa: DTZ001
"""Two days that differ in every part. Without a zone, as the dates of htmldate are."""


def complete_date(text: str, *, fuzzy: bool = False) -> datetime:
    """The date that `text` names in full. Raises ValueError when a part of it is missing or it is no date."""
    # Names of zones beyond UTC are ambiguous, dateutil warns of them, and only the day is used.
    first, second = cast(
        "list[datetime]",
        [parse(text, fuzzy=fuzzy, default=filler, tzinfos=lambda *_: 0) for filler in _FILLERS],
    )
    if first != second:
        raise ValueError(f"incomplete date: {text!r}")
    return first


def install() -> None:
    """Make htmldate use `complete_date`. May be called again."""
    htmldate.extractors.dateutil_parse = complete_date
