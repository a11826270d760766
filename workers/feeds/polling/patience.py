"""Waiting for a service that is away."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from workers.errors import TransientError
from workers.runtime.backoff import delays

T = TypeVar("T")
log = structlog.get_logger()


class Patience:
    """Tries again, less and less often, for as long as a service is away; the log says once that it is.

    Once `stopping` is set nothing is waited for any more, and TransientError is raised as it comes.
    """

    def __init__(self, service: str, stopping: asyncio.Event) -> None:
        self._service = service
        self._stopping = stopping
        self.waiting_for: str | None = None
        """What is wrong with the service, while it is away."""

    async def __call__(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What `attempt` gives, once it does not raise TransientError."""
        waits = delays()
        while True:
            try:
                result = await attempt()
            except TransientError as error:
                if self._stopping.is_set():
                    raise
                if self.waiting_for is None:
                    log.warning("feeds_waiting", service=self._service, error=str(error))
                self.waiting_for = str(error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), next(waits))
                continue
            if self.waiting_for is not None:
                self.waiting_for = None
                log.info("feeds_going_on", service=self._service)
            return result
