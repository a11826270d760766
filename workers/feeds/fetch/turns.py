"""Turns at hosts within one process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

_KEPT_HOSTS: Final = 4_096
"""Hosts that are remembered though nobody waits there and nothing holds them back; more are looked through."""


@dataclass(slots=True)
class _Host:
    """Times are of the monotonic clock. `waiting` counts those who have a turn or wait for one.

    `freed` is set, and replaced by another, when a turn ends.
    """

    next_at: float = 0.0
    held_until: float = 0.0
    busy: int = 0
    waiting: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class LocalTurns:
    """Turns for all fetchers of one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, *, delay_s: float, concurrency: int) -> AsyncIterator[None]:
        state = self._host(host)
        state.waiting += 1
        try:
            await self._begin(state, delay_s, concurrency)
            try:
                yield
            finally:
                state.busy -= 1
                state.freed.set()
                state.freed = asyncio.Event()
        finally:
            state.waiting -= 1

    async def hold(self, host: str, seconds: float) -> None:
        state = self._host(host)
        state.held_until = max(state.held_until, self._clock() + seconds)

    async def held_s(self, host: str) -> float:
        state = self._hosts.get(host)
        return 0.0 if state is None else max(0.0, state.held_until - self._clock())

    async def _begin(self, state: _Host, delay_s: float, concurrency: int) -> None:
        while True:
            if state.busy >= concurrency:
                await state.freed.wait()
                continue
            now = self._clock()
            wait_s = max(state.next_at, state.held_until) - now
            if wait_s <= 0:
                state.next_at = now + delay_s
                state.busy += 1
                return
            await asyncio.sleep(wait_s)

    def _host(self, name: str) -> _Host:
        if name not in self._hosts and len(self._hosts) >= _KEPT_HOSTS:
            now = self._clock()
            self._hosts = {
                key: state
                for key, state in self._hosts.items()
                if state.waiting or max(state.next_at, state.held_until) > now
            }
        return self._hosts.setdefault(name, _Host())
