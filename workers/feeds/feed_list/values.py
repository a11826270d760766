"""The values of feeds.toml. Each reader gives the value, or raises ValueError that says what it takes."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, Final

from workers.feeds.fetch.places import place
from workers.feeds.model import FeedError, Want

Reader = Callable[[object], Any]


class SecretValueError(ValueError):
    """The value is not to be shown with the message."""


_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")
_LANG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_HOST: Final = re.compile(r"[^\s/:@?#]{1,253}")
_MIN_INTERVAL_S: Final = 10.0
"""No feed changes more often, and a host that is asked for nothing else would still see six requests a minute."""
_MAX_INTERVAL_S: Final = 7 * 86_400.0
_MAX_DELAY_S: Final = 3_600.0
_MAX_CONCURRENCY: Final = 16


def text(value: object) -> str:
    if isinstance(value, str) and (value := " ".join(value.split())):
        return value
    raise ValueError("takes a text")


def texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value):
        return tuple(dict.fromkeys(" ".join(each.split()) for each in value))
    raise ValueError('takes a list of texts, ["politics", "egypt"]')


def flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("takes true or false")


def url(value: object) -> str:
    """A URL of the web, without a password: it would stand in logs and on topics."""
    if not isinstance(value, str):
        raise ValueError("takes a URL")  # noqa: TRY004  (one kind of error for all mistakes)
    try:
        found = place(value, asked=value)
    except FeedError as error:
        raise ValueError(f"takes a URL that begins with http:// or https:// ({error})") from error
    if found.has_login:
        raise SecretValueError("takes a URL without user name and password, which would be shown everywhere")
    return found.url


def language(value: object) -> str:
    if isinstance(value, str) and _LANG.fullmatch(value):
        return value
    raise ValueError("takes a language as BCP 47 has it, such as ar, fa or pt-BR")


def want(value: object) -> Want:
    try:
        return Want(value)  # type: ignore[arg-type]  # anything else is a ValueError too
    except ValueError as error:
        raise ValueError(f"takes {' or '.join(Want)}") from error


def interval(value: object) -> tuple[float, float]:
    """The shortest and the longest time between two polls, in seconds."""
    low, dots, high = value.partition("..") if isinstance(value, str) else ("", "", "")
    found = _seconds(low), _seconds(high if dots else low)
    if None in found or not _MIN_INTERVAL_S <= found[0] <= found[1] <= _MAX_INTERVAL_S:  # type: ignore[operator]
        raise ValueError('takes a time such as "15m", or two such as "2m..6h", from 10s to 7d')
    return found  # type: ignore[return-value]


def delay(value: object) -> float:
    found = _seconds(value) if isinstance(value, str) else None
    if found is None or found > _MAX_DELAY_S:
        raise ValueError('takes a time up to 1h, such as "1s" or "500ms"')
    return found


def concurrency(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MAX_CONCURRENCY:
        return value
    raise ValueError(f"takes a whole number from 1 to {_MAX_CONCURRENCY}")


def places(value: object) -> tuple[tuple[str, ...], frozenset[str]]:
    """Networks, and names of hosts."""
    networks: list[str] = []
    hosts: set[str] = set()
    for each in value if isinstance(value, list) else [""]:
        try:
            networks.append(str(ip_network(each, strict=False)))
        except ValueError as error:
            if not isinstance(each, str) or not _HOST.fullmatch(each) or re.fullmatch(r"[0-9./]+", each):
                raise ValueError(
                    'takes a list of networks and hosts, ["10.1.0.0/16", "intranet.example"]'
                ) from error
            hosts.add(each.lower().rstrip("."))
    return tuple(networks), frozenset(hosts)


def _seconds(value: str) -> float | None:
    parts = _PART.findall(value.strip())
    if not parts or "".join(number + unit for number, unit in parts) != value.strip():
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)
