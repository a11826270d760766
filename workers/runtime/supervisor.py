"""Runs the worker processes: starts as many as asked, restarts one that ends or makes no progress, drains them all.

Liveness is judged by what is committed. A worker is replaced when its process ends, when it falls silent (stopped,
or its event loop stuck), and when partitions of its have events to read while their committed offsets stand still
and it does not say that it waits for a service.
"""

import multiprocessing
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

import structlog

from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime.backoff import delays
from workers.runtime.chain import ALL_STAGES, INPUT_ROLES, StageName, group_name
from workers.runtime.clients import Addresses
from workers.runtime.lag import GroupLag, LagReader
from workers.runtime.stage_process import ChainFactory
from workers.runtime.tally import Tally
from workers.runtime.worker import CONFIG_EXIT, STOP_TIMEOUT_S, Heartbeat, WorkerOptions, main
from workers.topics import Role, table

POLL_S: Final = 0.2
LAG_POLL_S: Final = 1.0
STEADY_S: Final = 30.0
"""A worker that has lived so long starts again without delay."""
STARTUP_S: Final = 60.0
"""Importing takes a second or two, and much longer on a machine that has other things to do."""
GRACE_S: Final = STOP_TIMEOUT_S + 3.0
"""What a worker may take beyond its drain before it is killed: leaving the group, ending the stage process."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Slot:
    """A place for a worker. Its id goes to each worker that takes it, so a successor ends the transaction that a
    killed one has left open.
    """

    worker_id: str
    process: SpawnProcess | None = None
    heartbeats: Connection | None = None
    heartbeat: Heartbeat | None = None
    started_at: float = 0.0
    heard_at: float = 0.0
    start_at: float = 0.0
    restarts: int = 0
    delays: Iterator[float] = field(default_factory=delays)
    past_committed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the supervisor knows of its workers; counts are since it started."""

    workers: int
    alive: int
    restarts: int
    committed: int
    in_work: int
    outcomes: Mapping[Role, int]
    waiting_for: str | None
    lag: int | None


class Supervisor:
    """`run` blocks until `stop` is called (from a signal handler or another thread) and the workers have ended."""

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        chain: ChainFactory,
        *,
        stages: Sequence[StageName] = ALL_STAGES,
        workers: int,
        log_file: str | None = None,
    ) -> None:
        self._settings = settings
        self._options = WorkerOptions(
            settings=settings,
            addresses=addresses,
            chain=chain,
            stages=tuple(stages),
            worker_id="",
            log_file=log_file,
        )
        run_id = uuid.uuid4().hex[:8]
        self._slots = [_Slot(f"{run_id}-{number}") for number in range(workers)]
        self._context = multiprocessing.get_context("spawn")
        self._is_stopping = False
        group = group_name(settings.group, stages)
        self.stages: Final = tuple(stages)
        self.source: Final = table(settings.topic_prefix)[INPUT_ROLES[stages[0]]].name
        self._lag = LagReader(settings, addresses, group, self.source)
        self._stalls = Stalls(settings.stall_timeout_s)
        self._mistake: str | None = None
        self._measured = Tally()
        self._measured_lock = threading.Lock()

    def stop(self) -> None:
        """Ask for a drain; `run` returns when it is over. A signal handler may call this: it takes no lock. An Event would
        take one that the interrupted thread may have, which then waits for itself.
        """
        self._is_stopping = True

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers, in the order of their slots."""
        return [
            slot.process.pid
            for slot in self._slots
            if slot.process is not None and slot.process.pid is not None
        ]

    def status(self) -> Status:
        """A snapshot; may be called from another thread."""
        beats = [beat for beat in [slot.heartbeat for slot in self._slots] if beat is not None]
        with self._measured_lock:
            outcomes = self._measured.outcomes()
        lag = self._lag.latest
        return Status(
            workers=len(self._slots),
            alive=sum(slot.process is not None for slot in self._slots),
            restarts=sum(slot.restarts for slot in self._slots),
            committed=sum(slot.past_committed for slot in self._slots)
            + sum(beat.committed for beat in beats),
            in_work=sum(beat.in_work for beat in beats),
            outcomes=outcomes,
            waiting_for=next((beat.waiting_for for beat in beats if beat.waiting_for), None),
            lag=lag.total if lag is not None else None,
        )

    def measured(self) -> Tally:
        """A copy of what all workers have measured since the start; may be called from another thread."""
        with self._measured_lock:
            return self._measured.copy()

    @property
    def lag(self) -> GroupLag | None:
        """By partition of `source`; None while it is not known."""
        return self._lag.latest

    def waiting(self) -> list[str]:
        """What each worker waits for that waits for something, in its own words."""
        beats = [slot.heartbeat for slot in self._slots]
        return [beat.waiting_for for beat in beats if beat is not None and beat.waiting_for]

    def run(self, on_tick: Callable[[], None] = lambda: None) -> None:
        """Keep the workers running until `stop`; `on_tick` is called several times a second.

        Raises ConfigError when a worker finds the configuration wrong.
        """
        self._lag.start(LAG_POLL_S)
        try:
            while not self._is_stopping:
                for slot in self._slots:
                    self._look_after(slot)
                self._judge_progress()
                on_tick()
                time.sleep(POLL_S)
        finally:
            self._drain(on_tick)
            self._lag.stop()
        if self._mistake is not None:
            raise ConfigError(self._mistake)

    def _look_after(self, slot: _Slot) -> None:
        if slot.process is None:
            if time.monotonic() >= slot.start_at:
                self._start(slot)
            return
        self._listen(slot)
        if not slot.process.is_alive():
            self._bury(slot)
        elif (silent_s := time.monotonic() - slot.heard_at) > self._patience_s(slot):
            log.error("worker_silent", worker=slot.worker_id, seconds=round(silent_s))
            slot.process.kill()

    def _patience_s(self, slot: _Slot) -> float:
        """How long the worker may be silent; it says its first word after its imports."""
        stall_s = self._settings.stall_timeout_s
        return stall_s if slot.heartbeat is not None else max(stall_s, STARTUP_S)

    def _start(self, slot: _Slot) -> None:
        receiving, sending = self._context.Pipe(duplex=False)
        options = replace(self._options, worker_id=slot.worker_id)
        slot.process = self._context.Process(
            target=main, args=(options, sending), name=f"khabar-{slot.worker_id}"
        )
        # Until it ignores Ctrl-C, the new process is as deaf to it as we are now: a mask is inherited.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            slot.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        sending.close()
        slot.heartbeats = receiving
        slot.started_at = slot.heard_at = time.monotonic()

    def _listen(self, slot: _Slot) -> None:
        assert slot.heartbeats is not None
        try:
            while slot.heartbeats.poll():
                beat: Heartbeat = slot.heartbeats.recv()
                slot.heartbeat, slot.heard_at = beat, time.monotonic()
                with self._measured_lock:
                    self._measured.add(beat.measured)
        except (EOFError, OSError):
            return  # it is ending; the process says how

    def _bury(self, slot: _Slot) -> None:
        """Note how a worker has ended and when the next one may start."""
        assert slot.process is not None
        assert slot.heartbeats is not None
        slot.process.join()
        self._listen(slot)  # its last words
        code = slot.process.exitcode
        slot.heartbeats.close()
        if slot.heartbeat is not None:
            slot.past_committed += slot.heartbeat.committed
        if time.monotonic() - slot.started_at > STEADY_S:
            slot.delays = delays()
        slot.process = slot.heartbeats = slot.heartbeat = None
        if self._is_stopping:
            return
        if code == CONFIG_EXIT:
            self._mistake = "A worker cannot start; its log says why (worker_cannot_start)"
            self._is_stopping = True
            return
        delay_s = next(slot.delays)
        slot.start_at = time.monotonic() + delay_s
        slot.restarts += 1
        log.warning("worker_restarts", worker=slot.worker_id, exit_code=code, delay_s=round(delay_s, 2))

    def _judge_progress(self) -> None:
        lag = self._lag.latest
        if lag is None:
            return
        owners = {
            partition: (slot.worker_id, slot.restarts)
            for slot in self._slots
            if slot.heartbeat is not None
            for partition in slot.heartbeat.partitions
        }
        stalled = self._stalls.update(lag, time.monotonic(), owners)
        for slot in self._slots:
            beat = slot.heartbeat
            if slot.process is not None and beat is not None and beat.waiting_for is None:
                stuck = stalled.intersection(beat.partitions)
                if stuck and time.monotonic() - slot.started_at > self._settings.stall_timeout_s:
                    log.error("worker_makes_no_progress", worker=slot.worker_id, partitions=sorted(stuck))
                    slot.process.kill()

    def _drain(self, on_tick: Callable[[], None]) -> None:
        deadline = time.monotonic() + self._settings.drain_timeout_s + GRACE_S
        for slot in self._slots:
            if slot.process is not None:
                slot.process.terminate()
        while any(slot.process is not None for slot in self._slots):
            for slot in self._slots:
                if slot.process is not None:
                    if time.monotonic() > deadline:
                        log.error("worker_killed", worker=slot.worker_id)
                        slot.process.kill()
                        slot.process.join()
                    self._look_after(slot)
            on_tick()
            time.sleep(POLL_S / 4)


class Stalls:
    """Finds partitions that have events to read and whose committed offset stands still in the hands of one worker."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._since: dict[int, tuple[object, float]] = {}

    def update(self, lag: GroupLag, now_s: float, owners: Mapping[int, object]) -> set[int]:
        """Partitions that have stood still for the timeout, given the lag at `now_s` of the monotonic clock.

        Only those count where an event was seen: the offsets of transactions' ends are never committed. A worker has
        the whole timeout for what it was given, however long others let it wait; `owners` says whose each partition is.
        """
        still: dict[int, tuple[object, float]] = {}
        for partition in lag.seen:
            state = (lag.committed[partition], owners.get(partition))
            before, since_s = self._since.get(partition, (None, now_s))
            still[partition] = (state, since_s if before == state else now_s)
        self._since = still
        return {partition for partition, (_, since_s) in still.items() if now_s - since_s > self._timeout_s}
