"""`khabar run` as a process of a test's own: its workers and their stage processes by pid, and what it logs."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import psutil

from tests.support.harness import wait_for
from workers.config import Settings

PROGRAM = ("-c", "from workers.cli.main import main; main()")
STARTED_S = 90.0
"""For imports on a machine that has other things to do; they take two seconds."""
ROUTINE = {"started", "worker_started", "committed_offsets", "progress", "stopped", "created_topics"}
"""What is logged without any fault."""


class KhabarRun:
    """One `khabar run`, in a session and process group of its own. `start` may be called again after its end."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        stages: Sequence[str] = (),
        workers: int = 1,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = "-".join((settings.group, *stages))
        self._arguments = [*stages, "--workers", str(workers)]
        self._workers = workers
        base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
        own = {name: value for name, value in settings.shown().items() if value}
        self._environ = base | own | {"KHABAR_DATA_DIR": str(folder)} | dict(environ or {})
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "log"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *PROGRAM, "run", *self._arguments],
                env=self._environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def workers(self) -> list[int]:
        """Pids of the workers, oldest first; some may be ending."""
        return [child.pid for child in _children(self.pid) if _runs(child, "spawn_main")]

    def stage_processes(self) -> list[int]:
        """Pids of the processes that the workers have the chain run in."""
        servers = [
            child for worker in self.workers() for child in _children(worker) if _runs(child, "forkserver")
        ]
        return [child.pid for server in servers for child in _children(server.pid)]

    def processes(self) -> dict[str, int]:
        """The process of each kind, by pid, for a run of one worker; kinds that are just being replaced are left out."""
        found = {"supervisor": self.pid}
        for kind, pids in (("worker", self.workers()), ("stage process", self.stage_processes())):
            if len(pids) == 1:
                found[kind] = pids[0]
        return found

    def signal_all(self, number: signal.Signals) -> None:
        """To every process of it, as a terminal or a service manager does."""
        os.killpg(self.pid, number)

    def events(self) -> list[dict]:
        """What was logged, oldest first; lines that are no JSON (a traceback's) under "event" as they are."""
        lines = self._log.read_bytes().splitlines() if self._log.exists() else []
        return [_event(line) for line in lines]

    def has_said(self, event: str, times: int = 1) -> bool:
        return sum(each["event"] == event for each in self.events()) >= times

    def is_at_work(self) -> bool:
        """Whether, since it or a worker of it was last started, all have been, and partitions assigned to one."""
        events = self.events()
        starts = [
            number for number, each in enumerate(events) if each["event"] in {"started", "worker_restarts"}
        ]
        if not starts or not self.is_running:
            return False
        latest = events[starts[-1] :]
        begun = sum(each["event"] == "worker_started" for each in latest)
        wanted = self._workers if latest[0]["event"] == "started" else 1
        return begun >= wanted and any(
            each["event"] == "committed_offsets" and each["partitions"] for each in latest
        )

    def wait_at_work(self) -> None:
        assert wait_for(self.is_at_work, STARTED_S), self.tail()

    def wait_ended(self, timeout_s: float = 60.0) -> int:
        assert self._process is not None
        return self._process.wait(timeout_s)

    def drain(self) -> None:
        """End it as an operator does; it must do so in good order."""
        os.kill(self.pid, signal.SIGTERM)
        assert self.wait_ended() == 0, self.tail()

    def end(self) -> None:
        """By force, whatever state it is in, and with everything that it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self) -> str:
        return "\n".join(str(event) for event in self.events()[-30:])


def said(runs: Sequence[KhabarRun], before: Sequence[int]) -> Counter[str]:
    """How often each event was logged by `runs` since they had logged `before` lines. Left out is routine, and what
    libraries say, in words.
    """
    return Counter(
        event["event"]
        for run, skipped in zip(runs, before, strict=True)
        for event in run.events()[skipped:]
        if event["event"] not in ROUTINE and event["event"].isidentifier()
    )


def crashes(runs: Sequence[KhabarRun], before: Sequence[int]) -> str:
    """The last words of workers that ended by an error that was not expected, since `before`."""
    return "; ".join(
        event["exception"].strip().splitlines()[-1]
        for run, skipped in zip(runs, before, strict=True)
        for event in run.events()[skipped:]
        if event["event"] == "worker_crashed"
    )


def _children(pid: int) -> list[psutil.Process]:
    try:
        return sorted(psutil.Process(pid).children(), key=lambda child: child.create_time())
    except psutil.NoSuchProcess:
        return []


def _runs(process: psutil.Process, word: str) -> bool:
    try:
        return any(word in part for part in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _event(line: bytes) -> dict:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {"event": line.decode("utf-8", "replace")}
    return (
        event if isinstance(event, dict) and "event" in event else {"event": line.decode("utf-8", "replace")}
    )
