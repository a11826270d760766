"""The status file: what a supervisor knows of its workers, each second, for `khabar health` to judge.

One file for each consumer group, in KHABAR_DATA_DIR or else in a folder of the user's among the temporary files. It
is there while the supervisor lives, and replaced atomically.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from os import getpid, getuid
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

import structlog

from schemas.cleaned_article import Time
from schemas.wire import InvalidError, UndecodableError, decode, encode
from workers.config import Settings
from workers.embedded.files import write_atomically
from workers.topics import Role

if TYPE_CHECKING:  # `khabar health` is asked often, and the stages take a second to load
    from workers.runtime.supervisor import Status

WRITE_S: Final = 1.0
SILENT_S: Final = 10.0
"""A status older than this is that of a supervisor which is stopped, stuck or gone."""
SHORT_HANDED_S: Final = 30.0
"""A worker that ended starts again within 10 s (backoff.py), so one that is away for longer does not come back."""

log = structlog.get_logger()
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A Status with who wrote it and when; `moved_at` is when an event was committed last, or there was none to
    read, `complete_at` when all workers were alive last.
    """

    pid: int
    group: str
    time: Time
    moved_at: Time
    complete_at: Time
    workers: int
    alive: int
    restarts: int
    committed: int
    in_work: int
    outcomes: dict[Role, int]
    waiting_for: str | None
    lag: int | None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the workers do their work, and why not, or what they do, in one line."""

    is_good: bool
    why: str


def path_of(settings: Settings, group: str) -> Path:
    """Where the status of the consumer group `group` stands."""
    if settings.data_dir:
        folder = Path(settings.data_dir).expanduser()
    else:
        folder = Path(gettempdir()) / f"khabar-{getuid()}"
    return folder / f"status-{quote(group, safe='')}.json"


class Writer:
    """Writes a status once a second, however often it is due; a folder that cannot be written is said once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._due = 0.0
        self._has_failed = False

    def is_due(self) -> bool:
        """Whether it is time; if so, it is not for the next second."""
        if (now_s := time.monotonic()) < self._due:
            return False
        self._due = now_s + WRITE_S
        return True

    def write(self, report: object) -> None:
        """Replace what stands there."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self._path, encode(report).decode())
        except OSError as error:
            if not self._has_failed:
                log.warning("status_not_written", path=str(self._path), error=str(error))
            self._has_failed = True

    def remove(self) -> None:
        """All has ended in good order: there is no status any more."""
        self._path.unlink(missing_ok=True)


class StatusFile:
    """The status of a supervisor."""

    def __init__(self, path: Path, group: str) -> None:
        self._writer = Writer(path)
        self._group = group
        self._committed = 0
        self._moved_at = self._complete_at = datetime.now(UTC)

    def offer(self, status: "Status") -> None:
        """Write `status` if it is time."""
        if self._writer.is_due():
            self._writer.write(self._report(status, datetime.now(UTC)))

    def remove(self) -> None:
        """The workers have ended in good order."""
        self._writer.remove()

    def _report(self, status: "Status", now: datetime) -> Report:
        if status.committed != self._committed or status.lag == 0:
            self._moved_at = now
        if status.alive >= status.workers:
            self._complete_at = now
        self._committed = status.committed
        return Report(
            pid=getpid(),
            group=self._group,
            time=now,
            moved_at=self._moved_at,
            complete_at=self._complete_at,
            workers=status.workers,
            alive=status.alive,
            restarts=status.restarts,
            committed=status.committed,
            in_work=status.in_work,
            outcomes=dict(status.outcomes),
            waiting_for=status.waiting_for,
            lag=status.lag,
        )


def read_health(path: Path, group: str, stall_timeout_s: float) -> Health:
    """What the status file says now."""
    report = read_status(path, Report, f"no workers of group {group} run here")
    return report if isinstance(report, Health) else judge(report, datetime.now(UTC), stall_timeout_s)


def read_status(path: Path, kind: type[R], missing: str) -> R | Health:
    """The status in the file; bad health where there is none, which means that `missing`, or none can be read."""
    try:
        return decode(kind, path.read_bytes())
    except FileNotFoundError:
        return Health(is_good=False, why=f"{missing}: there is no {path}")
    except OSError as error:
        return Health(is_good=False, why=f"{path} cannot be read: {error.strerror}")
    except (UndecodableError, InvalidError) as error:
        return Health(is_good=False, why=f"{path} is not a status that this version wrote: {error}")


def judge(report: Report, now: datetime, stall_timeout_s: float) -> Health:
    """Progress, not mere life, is health. Waiting for Kafka or Redis is no fault of the workers, and is said."""
    if (silent_s := (now - report.time).total_seconds()) > SILENT_S:
        return Health(
            is_good=False, why=f"the supervisor (pid {report.pid}) is silent since {silent_s:.0f} s"
        )
    if report.waiting_for is not None:
        return Health(is_good=True, why=f"waiting: {report.waiting_for}")
    short_s = (now - report.complete_at).total_seconds()
    if short_s > SHORT_HANDED_S:
        missing = f"{report.workers - report.alive} of {report.workers} workers"
        return Health(is_good=False, why=f"{missing} not alive since {short_s:.0f} s; their log says why")
    still_s = (now - report.moved_at).total_seconds()
    if report.lag and still_s > stall_timeout_s:
        why = f"nothing committed since {still_s:.0f} s, with {report.lag:,} events to read"
        return Health(is_good=False, why=why)
    lag = "lag not known yet" if report.lag is None else f"lag {report.lag:,}"
    restarts = f", {report.restarts} restarts" if report.restarts else ""
    workers = f"{report.alive} of {report.workers} workers"
    return Health(is_good=True, why=f"{workers}{restarts}, {report.committed:,} events committed, {lag}")
