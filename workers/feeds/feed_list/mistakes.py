"""What is wrong with feeds.toml, collected: the place, the line, and what it should be."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from workers.errors import ConfigError

Place = tuple[str | int, ...]
"""Keys, as in ("hosts", "slow.example", "delay"); of a feed the number, from 1, as in ("feed", 3, "url")."""

_TABLE: Final = re.compile(r"\s*\[(\[)?\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*=""")


class Mistakes:
    """All mistakes of one file."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._lines = _lines(text)
        self._found: list[tuple[int, str]] = []

    def add(self, place: Place, what: str) -> None:
        line = next((self._lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._lines), 0)
        where = f"{self._name}:{line}" if line else self._name
        self._found.append((line, f"{where}: {_shown(place)} {what}"))

    def unknown(self, table: Mapping[str, object], known: Iterable[str], place: Place = ()) -> None:
        """Each key that is not among the known ones is a mistake."""
        names = list(known)
        for key in table:
            if key not in names:
                close = difflib.get_close_matches(key, names, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
                self.add((*place, key), f"is not known; {hint}")

    def report(self) -> None:
        """Raises ConfigError with all of them, by line, if there are any."""
        if self._found:
            raise ConfigError("\n".join(message for _, message in sorted(self._found)))


def _shown(place: Place) -> str:
    parts = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in place]
    return "".join(parts).removeprefix(".")


def _lines(text: str) -> dict[Place, int]:
    """The line of each table and key that stands at the beginning of one, which is how such files are written."""
    found: dict[Place, int] = {}
    table: Place = ()
    feeds = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            feeds += bool(header[1])
            keys = [part.strip("\"' ") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", header[2])]
            table = (*keys, feeds) if header[1] else tuple(keys)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, next(filter(None, key.groups()), "")), number)
    return found
