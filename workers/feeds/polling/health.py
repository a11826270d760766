"""The health of a poller: a file that it writes each second, for `khabar health feeds` to judge.

As that of workers (workers/runtime/status_file.py), it is there while the poller lives.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from os import getpid
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.cleaned_article import Time
from workers.config import Settings
from workers.runtime.status_file import SILENT_S, WRITE_S, Health, Writer, path_of, read_status

if TYPE_CHECKING:  # `khabar health` is asked often, and a poller takes a second to load
    from workers.feeds.polling.patience import Patience


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a poller has in hand: feeds of its list, readings and items under way; and for how long its loop, which
    turns each second, has not.
    """

    feeds: int
    readings: int
    items: int
    still_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A Pulse with who wrote it and when; `waiting_for` is a service that is away. Without a pulse it has not begun."""

    pid: int
    time: Time
    waiting_for: str | None
    pulse: Pulse | None


def file_of(settings: Settings) -> Path:
    """Where the poller of these settings writes; two on one machine need a KHABAR_DATA_DIR each."""
    return path_of(settings, f"{settings.group}-feeds")


@asynccontextmanager
async def reported(
    path: Path, pulse: Callable[[], Pulse | None], patiences: "Sequence[Patience]"
) -> AsyncIterator[None]:
    """Writes the status as long as this lasts, from the event loop: when that is stuck, the file grows old."""
    writer = Writer(path)
    beating = asyncio.create_task(_beat(writer, pulse, patiences))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
        writer.remove()


async def _beat(writer: Writer, pulse: Callable[[], Pulse | None], patiences: "Sequence[Patience]") -> None:
    while True:
        waiting_for = next((each.waiting_for for each in patiences if each.waiting_for), None)
        writer.write(Report(pid=getpid(), time=datetime.now(UTC), waiting_for=waiting_for, pulse=pulse()))
        await asyncio.sleep(WRITE_S)


def read_health(settings: Settings) -> Health:
    """What the status file says now."""
    report = read_status(file_of(settings), Report, "no poller runs here")
    return (
        report if isinstance(report, Health) else judge(report, datetime.now(UTC), settings.stall_timeout_s)
    )


def judge(report: Report, now: datetime, stall_timeout_s: float) -> Health:
    """Healthy is a poller whose loop turns, or that says which service it waits for."""
    if (silent_s := (now - report.time).total_seconds()) > SILENT_S:
        return Health(is_good=False, why=f"the poller (pid {report.pid}) is silent since {silent_s:.0f} s")
    if report.waiting_for is not None:
        return Health(is_good=True, why=f"waiting: {report.waiting_for}")
    pulse = report.pulse
    if pulse is None:
        return Health(is_good=True, why="starting")
    if pulse.still_s > stall_timeout_s:
        return Health(is_good=False, why=f"nothing was begun since {pulse.still_s:.0f} s")
    why = f"feeds: {pulse.feeds:,} of the list, {pulse.readings:,} being read; pages in hand: {pulse.items:,}"
    return Health(is_good=True, why=why)
