"""The index in memory, for `khabar process` and evaluations: the script of the Redis index, on a store of its own."""

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from lupa.lua51 import LuaRuntime

from schemas.published_article import Duplicate
from workers.dedup.index import Candidate
from workers.dedup.rules import RULES, Rules
from workers.stores.layout import Retention
from workers.stores.script import SCRIPT, Shards


class MemoryIndex:
    """Implements workers.dedup.index.Index; safe between threads. `clock` gives seconds since 1970."""

    def __init__(
        self,
        *,
        window: int,
        days: float = 3650,
        shards: int = 1,
        rules: Rules = RULES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._shards = Shards("memory", shards, Retention(window=window, days=days), rules)
        self._store = _Store(clock)
        self._lua: Any = LuaRuntime(encoding=None)
        self._lua.globals()[b"redis"] = self._lua.table_from({b"call": self._call})
        self._run: Any = self._lua.eval(b"function(KEYS, ARGV) " + SCRIPT + b" end")
        self._lock = Lock()

    def decide(
        self, candidates: Sequence[Candidate], *, withdrawn: Sequence[str] = (), own: Mapping[str, int] = {}
    ) -> list[Duplicate]:
        """See Index.decide; of errors it raises PendingError only."""
        with self._lock:
            return self._shards.decide(self._script, candidates, withdrawn, own)

    def committed(self, offsets: Mapping[str, int]) -> None:
        """See Index.committed."""
        with self._lock:
            self._shards.committed(self._script, offsets)

    def _script(self, key: str, arguments: Sequence[bytes]) -> list[bytes]:
        answer = self._run(self._lua.table_from([key.encode()]), self._lua.table_from(arguments))
        return list(answer.values())

    def _call(self, command: bytes, *arguments: Any) -> Any:  # noqa: ANN401  (Lua's values)
        answer = getattr(self._store, command.decode().lower())(*arguments)
        return self._lua.table_from(answer) if isinstance(answer, list) else answer


class _Store:
    """The few commands of Redis that the script calls; values are bytes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._strings: dict[bytes, bytearray] = {}
        self._hashes: dict[bytes, dict[bytes, bytes]] = {}

    def time(self) -> list[bytes]:
        return [b"%d" % self._clock(), b"0"]

    def exists(self, key: bytes) -> int:
        return int(key in self._strings)

    def getrange(self, key: bytes, start: float, end: float) -> bytes:
        return bytes(self._strings.get(key, b"")[int(start) : int(end) + 1])

    def setrange(self, key: bytes, start: float, value: bytes) -> None:
        string, first = self._strings.setdefault(key, bytearray()), int(start)
        string.extend(bytes(max(0, first + len(value) - len(string))))
        string[first : first + len(value)] = value

    def hmget(self, key: bytes, *names: bytes) -> list[bytes | bool]:
        return [self._hashes.get(key, {}).get(name, False) for name in names]

    def hgetall(self, key: bytes) -> list[bytes]:
        return [part for pair in self._hashes.get(key, {}).items() for part in pair]

    def hset(self, key: bytes, *pairs: bytes | float) -> None:
        texts = [b"%d" % part if isinstance(part, int | float) else part for part in pairs]
        self._hashes.setdefault(key, {}).update(zip(texts[::2], texts[1::2], strict=True))
