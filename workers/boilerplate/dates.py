"""Dates as pages write them, in text and in machine-readable fields, as aware UTC datetimes.

Pure: no clock. What lies after `not_after` is not taken, nor what lies outside `calendars.YEARS`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from workers.boilerplate.calendars import YEARS, Calendar, data, fold, gregorian, month_among

_TEXT_CHARS: Final = 4_000
"""How far a text is searched; by-lines and heads of dumps are shorter."""
_MAY_HOLD: Final = re.compile(r"\d{4}|\d\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2}")
"""In digits of any script."""
_LATE: Final = timedelta(days=1)
"""A page's clock may be ahead of ours by its zone."""

_ISO: Final = re.compile(
    r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]+([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,:][0-9]{1,9})?)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?)?\s*$",
    re.IGNORECASE,
)
_JAVA: Final = re.compile(
    r"\s*(?:[a-z]{3} )?([a-z]{3} [0-9]{1,2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) ([a-z]{2,5}|[+-][0-9]{4}) ([0-9]{4})\s*$",
    re.IGNORECASE,
)
"""What Java's Date and the command date print: "Sun Oct 13 17:41:00 CEST 2024"."""
_EPOCH: Final = re.compile(r"\s*([0-9]{10})(?:[0-9]{3}|\.[0-9]+)?\s*$")
_COMPACT: Final = re.compile(
    r"\s*((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?:T?([0-9]{2})([0-9]{2})(?:[0-9]{2})?)?(Z?)\s*$"
)

# All of the following read folded text. CJK IDEOGRAPH year, month, day; HANGUL SYLLABLES nyeon, wol, il.
# A look behind stands after the first digit: a pattern that begins with digits is looked for twice as fast.
_YEAR_FIRST: Final = re.compile(
    "([0-9](?<![0-9][0-9])[0-9]{3}) ?([-/.\u5e74\ub144]) ?([0-9]{1,2}) ?(?:\\2|\u6708|\uc6d4) ?([0-9]{1,2})(?![0-9])(?: ?[\u65e5\uc77c])?"
)
_YEAR_LAST: Final = re.compile(
    r"([0-9](?<![0-9][0-9])(?<![0-9][./:-][0-9])[0-9]?)( ?)([-/.]) ?([0-9]{1,2}) ?\3 ?([0-9]{4}|[0-9]{2})(?![0-9])(?![./][0-9])"
)
_DAY_NAME_YEAR: Final = re.compile(r"([0-9](?<![0-9][0-9])[0-9]?)(?=([^0-9\n]{2,32}?)([0-9]{4})(?![0-9]))")
_NAME_DAY_YEAR: Final = re.compile(
    r"(?<![^\W_])([^\W0-9_][^0-9\s]{1,19})[\s.]{1,2}([0-9]{1,2})(?:st|nd|rd|th|er|o)?(?:[\s,.]{1,3}|,? de |,? of )"
    r"([0-9]{4})(?![0-9])"
)
_YEAR_NAME_DAY: Final = re.compile(
    r"([0-9](?<![0-9][0-9])[0-9]{3})(?=([^0-9\n]{2,20}?)([0-9]{1,2})(?![0-9:]))"
)
_THANG: Final = re.compile(r"(?<![0-9])([0-9]{1,2}) thang ([0-9]{1,2}),? (?:nam )?([0-9]{4})(?![0-9])")
"""Vietnamese, whose months are numbers."""
_CLOCK: Final = (
    # HOUR and MINUTE marks: CJK IDEOGRAPHS shi, dian, fen; HANGUL SYLLABLES si, bun.
    "(?:(?P<before>{half}) ?)?(?<![0-9])(?P<hour>[0-9]{{1,2}}) ?"
    "(?:(?:[:.h\u6642\u65f6\u70b9\u9ede\uc2dc]|uhr) ?(?P<minute>[0-9]{{2}})(?![0-9]) ?[\u5206\ubd84]?"
    "(?:[:.] ?(?P<second>[0-9]{{2}})(?:[.,][0-9]+)?)?|(?= ?[ap]\\.?m(?![^\\W_])))"
    "(?: ?(?P<after>{half})(?![^\\W_]))?"
    "(?: ?\\(?(?P<zone>(?:utc|gmt) ?[+-] ?[0-9]{{1,2}}(?::?[0-9]{{2}})?|[+-][0-9]{{2}}:?[0-9]{{2}}|[^\\W0-9_]{{1,4}}(?![^\\W_])))?"
)
_BETWEEN_CHARS: Final = 24
_BEFORE_CHARS: Final = 32
_LINES_MAX: Final = 40
_SHORTEST_DATE: Final = 6
_DATE_LINE_CHARS: Final = 120
_DATE_LINE_WORDS: Final = (9, 14)
"""Without and with a mark between parts. Days in two calendars with a weekday are 9 words; a label, an author and a source
are 5 more. The lines of the golden dumps have up to 11."""
_DATE_SEPARATOR: Final = re.compile("[|:,\u060c\u00b7\u2022\u2013\u2014]|\\s-\\s|\\s\\s")
_DATE_DIGITS: Final = 4
_ANY_DIGIT: Final = re.compile(r"\d")
"""Of any script."""
_SENTENCE_ENDS: Final = (
    ".",
    "!",
    "?",
    "\u061f",
    "\u06d4",
    "\u0964",
    "\u3002",
)  # ARABIC marks, DANDA, IDEOGRAPHIC
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_NUMBER: Final = re.compile(r"[0-9]+")
"""What stands between two dates belongs to the second."""
_OFFSET: Final = re.compile(r"(?:utc|gmt)? ?([+-]) ?([0-9]{1,2}):?([0-9]{2})?$")
_IN_URL: Final = re.compile(
    r"[/_.-]((?:19|20)[0-9]{2})(?:[/_-]([0-9]{1,2}|[a-z]{3})[/_-]([0-9]{1,2})|([0-9]{2})([0-9]{2}))(?=[/_.?#-]|$)"
)
_MONTH_FIRST: Final = frozenset({"en", "en-us", "en-ph", "es-us", "fil"})
"""Languages and regions that write month/day/year (CLDR, short date format); English without a region mostly does."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A point in time as a page states it.

    `at` is aware, UTC; where no zone is written the written time is taken as UTC, and a date alone is its midnight.
    `zone` is the offset that is written ("+03:00"; "Z", "UTC" and "GMT" are "+00:00"; a name of a zone with one
    meaning, such as CEST, is its offset), None where none is.
    """

    at: datetime
    zone: str | None
    has_time: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A day in folded text, and where it stands."""

    start: int
    end: int
    day: date
    calendar: Calendar


def read_date(value: str, *, lang: str | None = None, not_after: datetime | None = None) -> Stated | None:
    """The time that a machine-readable field states: ISO 8601, RFC 2822, seconds since 1970, or as text has it.

    `lang` is a BCP 47 tag; its region decides between day/month and month/day. Years before 1995 are taken from
    ISO 8601 only.
    """
    stated = _iso(value) or _epoch(value)
    if stated is None:
        java = _JAVA.fullmatch(value[:_TEXT_CHARS])
        return find_date(java.expand(r"\1 \4 \2 \3") if java else value, lang=lang, not_after=not_after)
    return None if not_after and stated.at > not_after + _LATE else stated


def find_date(text: str, *, lang: str | None = None, not_after: datetime | None = None) -> Stated | None:
    """The first date in the first 4,000 characters of `text`, with the time of day beside it.

    A date that stands behind a word for "updated" is taken only where there is no other, and a Hijri date only where
    there is none of another calendar. `lang` is a BCP 47 tag. Linear in the length of the text.
    """
    if not _MAY_HOLD.search(text, 0, _TEXT_CHARS):
        return None
    folded = _named_zones(fold(text[:_TEXT_CHARS]))
    latest = (not_after + _LATE).date() if not_after else None
    found = sorted(_days(folded, (lang or "").lower().replace("_", "-"), latest), key=lambda each: each.start)
    if not found:
        return None
    return _with_time(
        folded, min(found, key=lambda each: (_is_update(folded, each), each.calendar is Calendar.HIJRI))
    )


def date_in_lines(
    lines: Sequence[str], *, lang: str | None = None, not_after: datetime | None = None
) -> Stated | None:
    """The publication date that one of `lines`, such as those at the head of a dump, states.

    Only a line that is little more than a date counts: with a label, a weekday, a time, a place or a source beside it,
    not a sentence that names a day. A line for publication goes before one for a change. Pure and linear.
    """
    dated = [line for line in lines[:_LINES_MAX] if _is_date_line(line)]
    stated = [(line, found) for line in dated if (found := find_date(line, lang=lang, not_after=not_after))]
    fresh = (found for line, found in stated if not _update_words().search(fold(line)))
    return next(fresh, stated[0][1] if stated else None)


def change_in_lines(
    lines: Sequence[str], *, lang: str | None = None, not_after: datetime | None = None
) -> Stated | None:
    """The date of the last change that one of `lines` states behind a word for it, on a line as in `date_in_lines`."""
    for line in filter(_is_date_line, lines[:_LINES_MAX]):
        folded = fold(line)
        word = _update_words().search(folded)
        stated = find_date(folded[word.end() :], lang=lang, not_after=not_after) if word else None
        if stated:
            return stated
    return None


def _is_date_line(line: str) -> bool:
    """Whether a line is short, holds the digits of a date, and has few words and no stop of a sentence beside them."""
    if not _SHORTEST_DATE <= len(line) <= _DATE_LINE_CHARS or line.rstrip().endswith(_SENTENCE_ENDS):
        return False
    if len(_ANY_DIGIT.findall(line)) < _DATE_DIGITS:
        return False
    return len(_LETTERS.findall(line)) <= _DATE_LINE_WORDS[bool(_DATE_SEPARATOR.search(line))]


def date_in_url(url: str, *, not_after: datetime | None = None) -> Stated | None:
    """The day that stands in the path of `url`: /2024/10/13/, /2024/oct/13/, -20241013."""
    latest = (not_after + _LATE).date() if not_after else None
    for match in _IN_URL.finditer(url[:2_000].lower()):
        year, month, day, *compact = match.groups()
        named = month_among(month, "en") if month and month.isalpha() else None
        number = named.number if named else int(month or compact[0]) if (month or compact[0]).isdigit() else 0
        found = gregorian(Calendar.GREGORIAN, int(year), number, int(day or compact[1]))
        if found and not (latest and found > latest):
            return Stated(_midnight(found), None, has_time=False)
    return None


def _iso(value: str) -> Stated | None:
    match = _ISO.match(value) or _COMPACT.match(value)
    if match is None:
        return None
    year, month, day, hour, minute, *rest = match.groups()
    second = rest[0] if len(rest) > 1 else None
    zone = _offset((rest[-1] or "").lower())
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0) % 60,
            tzinfo=UTC,
        )
    except ValueError:  # the 31st of February
        return None
    if moment.year <= 1900 or moment.date() == date(1970, 1, 1):  # what programs write for "none"
        return None
    return _stated(moment, zone, has_time=hour is not None)


def _epoch(value: str) -> Stated | None:
    match = _EPOCH.match(value)
    moment = datetime.fromtimestamp(int(match.group(1)), UTC) if match else None
    if moment is None or moment.year not in YEARS[Calendar.GREGORIAN]:
        return None
    return Stated(moment, "+00:00", has_time=True)


def _days(folded: str, lang: str, latest: date | None) -> Iterator[_Found]:
    primary = lang.partition("-")[0] or None
    for match in _YEAR_FIRST.finditer(folded):
        year, _, month, day = match.groups()
        yield from _numbered(match, int(year), ((int(month), int(day)),), latest)
    for match in _YEAR_LAST.finditer(folded):
        first, space, mark, second, year = match.groups()
        if len(year) == 4 or not space:
            orders = ((int(second), int(first)), (int(first), int(second)))
            month_first = mark == "/" and (lang in _MONTH_FIRST)
            yield from _numbered(match, _full(year), orders[::-1] if month_first else orders, latest)
    for match in _THANG.finditer(folded) if "thang" in folded else ():
        yield from _numbered(match, int(match[3]), ((int(match[2]), int(match[1])),), latest)
    for pattern, (day_at, name_at, year_at) in (
        (_DAY_NAME_YEAR, (1, 2, 3)),
        (_NAME_DAY_YEAR, (2, 1, 3)),
        (_YEAR_NAME_DAY, (3, 2, 1)),
    ):
        for match in pattern.finditer(folded):
            month_named = month_among(match[name_at], primary)
            if month_named:
                year = _full(match[year_at])
                day_found = gregorian(month_named.calendar, year, month_named.number, int(match[day_at]))
                if day_found and not (latest and day_found > latest):
                    yield _Found(
                        match.start(), max(match.end(1), match.end(3)), day_found, month_named.calendar
                    )


def _numbered(
    match: re.Match[str], year: int, orders: tuple[tuple[int, int], ...], latest: date | None
) -> Iterator[_Found]:
    """The day of the first of the (month, day) `orders` that exists and is not too late."""
    calendar = next((each for each in Calendar if year in YEARS[each]), None)
    for month, day in orders if calendar else ():
        found = gregorian(calendar, year, month, day) if calendar else None
        if calendar and found and not (latest and found > latest):
            yield _Found(match.start(), match.end(), found, calendar)
            return


def _full(year: str) -> int:
    return int(year) + 2000 if len(year) == 2 else int(year)


def _with_time(folded: str, found: _Found) -> Stated:
    """The day with the time of day that stands behind it, or before it."""
    behind = folded[found.end : found.end + 64]
    match = _clock().search(behind)
    if match and (match.start() > _BETWEEN_CHARS or _update_words().search(behind, 0, match.start())):
        match = None
    if match is None:
        ahead = folded[max(0, found.start - 40) : found.start]
        matches = list(_clock().finditer(ahead))
        match = matches[-1] if matches and len(ahead) - matches[-1].end() <= _BETWEEN_CHARS // 2 else None
    midnight = _midnight(found.day)
    if match is None or (seconds := _seconds(match)) is None:
        return Stated(midnight, None, has_time=False)
    return _stated(midnight + timedelta(seconds=seconds), _offset(match["zone"] or ""), has_time=True)


def _seconds(match: re.Match[str]) -> int | None:
    """Seconds since midnight; None when it is no time of day."""
    hour, minute, second = int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0)
    half = (match["before"] or match["after"] or "").strip(".")
    if half in _halves("pm") and hour < 12:
        hour += 12
    elif half in _halves("am") and hour == 12:
        hour = 0
    return hour * 3600 + minute * 60 + min(second, 59) if hour < 24 and minute < 60 else None


def _stated(written: datetime, zone: str | None, *, has_time: bool) -> Stated:
    """`written` is what the clock of `zone` showed, with UTC as its tzinfo."""
    if zone is None or not has_time:
        return Stated(written, None, has_time)
    sign = -1 if zone[0] == "-" else 1
    try:
        return Stated(written - sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:])), zone, has_time)
    except OverflowError:  # year 9999, moved over the edge by its zone
        return Stated(written, None, has_time)


def _offset(written: str) -> str | None:
    """The offset that a zone's name or number in lower case means, such as "+03:00"."""
    written = written.strip(" .)")
    if (minutes := data()["zones"].get(written)) is not None:
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    match = _OFFSET.match(written) if written else None
    if match is None:
        return None
    sign, hours, rest = match.groups()
    return f"{sign}{int(hours):02}:{rest or '00'}" if int(hours) <= 14 and int(rest or 0) < 60 else None


def _is_update(folded: str, found: _Found) -> bool:
    """Whether the words just before the date say that it is that of a change."""
    before = folded[max(0, found.start - _BEFORE_CHARS) : found.start]
    return bool(_update_words().search(_NUMBER.split(before)[-1]))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _named_zones(folded: str) -> str:
    """`folded` with "GMT" for its name in other languages."""
    for name in () if folded.isascii() else data()["gmt"]:
        folded = folded.replace(name, "gmt")
    return folded


@cache
def _halves(kind: str) -> frozenset[str]:
    return frozenset(fold(word) for word in data()[kind])


@cache
def _clock() -> re.Pattern[str]:
    words = sorted(_halves("pm") | _halves("am"), key=len, reverse=True)
    half = "(?:" + "|".join(map(re.escape, words)) + ")\\.?"
    return re.compile(_CLOCK.format(half=half))


@cache
def _update_words() -> re.Pattern[str]:
    words = sorted({fold(word) for word in data()["updated"]}, key=len, reverse=True)
    return re.compile("(?:" + "|".join(map(re.escape, words)) + ")")
