"""Turns at hosts, shared by all pollers through Redis. The keys: workers/stores/feed_state.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

from workers.errors import TransientError
from workers.stores.connection import Client
from workers.stores.feed_state import Script

ASK_AGAIN_MOST_S: Final = 1.0
"""So late, at most, it is noticed that a host is free or held."""


class RedisTurns:
    """Implements workers.feeds.model.Turns. A turn of a poller that is gone is free again after `lease_s`."""

    def __init__(self, client: Client, prefix: str, *, lease_s: float) -> None:
        self._script = Script(client, "turns", prefix)
        self._lease_ms = round(lease_s * 1000)
        self._lease_s = lease_s

    @asynccontextmanager
    async def turn(self, host: str, *, delay_s: float, concurrency: int) -> AsyncIterator[None]:
        """See Turns.turn. Raises TransientError when Redis is away."""
        token = uuid4().hex
        arguments = (token, round(delay_s * 1000), concurrency, self._lease_ms)
        wait_s = await self._ask("turn", host, *arguments)
        while wait_s > 0:
            await asyncio.sleep(min(wait_s, ASK_AGAIN_MOST_S))
            wait_s = await self._ask("turn", host, *arguments)
        renewing = asyncio.create_task(self._renew(host, token))
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(TransientError):  # the lease ends by itself
                await asyncio.shield(self._ask("done", host, token))

    async def hold(self, host: str, seconds: float) -> None:
        """See Turns.hold."""
        await self._ask("hold", host, round(seconds * 1000))

    async def held_s(self, host: str) -> float:
        """See Turns.held_s."""
        return await self._ask("held", host)

    async def _renew(self, host: str, token: str) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            with suppress(TransientError):
                await self._ask("renew", host, token, self._lease_ms)

    async def _ask(self, operation: str, host: str, *arguments: str | int) -> float:
        wait_ms = await asyncio.to_thread(self._script, operation, host, *arguments)
        return float(wait_ms) / 1000
