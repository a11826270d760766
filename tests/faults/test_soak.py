"""A steady load for ten minutes, or KHABAR_TEST_SOAK_S seconds, and random faults from a seed that is printed."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from tests.support.footprint import MIB, Footprints
from tests.support.khabar_run import KhabarRun
from tests.support.trial import SESSION_TIMEOUT_S, Trial, under_load
from workers.config import Settings
from workers.embedded.stack import Stack

SOAK_S = float(os.environ.get("KHABAR_TEST_SOAK_S", "600"))
SEED = int(os.environ.get("KHABAR_TEST_SOAK_SEED") or random.SystemRandom().randrange(1 << 32))

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(SOAK_S + 600)]

RATE_PER_S = 40
"""A tenth of what two workers do on two cores (docs/benchmarks.md), so that faults are made up for in between."""
FAULT_EVERY_S = (10.0, 25.0)
SAMPLE_EVERY_S = 3.0
WINDOW = 4096
"""Articles that the index remembers: full within the first quarter of ten minutes."""
MOST_GROWTH_MIB = 12.0
"""Three times the most that was seen (4 MiB, of a worker's 84: buffers that had not been as full before), in runs of
four and ten minutes. What leaves 2 kB behind for each event shows in ten minutes, what leaves 400 bytes in an hour.
"""
MOST_DESCRIPTORS, MOST_THREADS = 6, 2
"""Connections that are just being replaced, and the threads that do it."""


class Faults:
    """Made one at a time, to the first run; a stopped worker is woken when the next one is due."""

    def __init__(self, run: KhabarRun, stack: Stack, rng: random.Random) -> None:
        self._run = run
        self._stack = stack
        self._rng = rng
        self._stopped: int | None = None
        self.made: list[str] = []

    def make(self) -> None:
        self.wake()
        faults: dict[str, Callable[[], None]] = {
            "worker killed": lambda: self._signal("worker", signal.SIGKILL),
            "worker terminated": lambda: self._signal("worker", signal.SIGTERM),
            "worker stopped": self._stop,
            "stage process killed": lambda: self._signal("stage process", signal.SIGKILL),
            "supervisor killed": self._kill_supervisor,
            "Redis restarted": self._stack.redis.restart,
            "Redis killed": self._kill_redis,
        }
        name = self._rng.choice(sorted(faults))
        self.made.append(name)
        print(f"soak: {name}")
        faults[name]()

    def pause_s(self) -> float:
        """Until the next one."""
        return self._rng.uniform(*FAULT_EVERY_S)

    def wake(self) -> None:
        if self._stopped is not None:
            with contextlib.suppress(ProcessLookupError):  # its supervisor has replaced it
                os.kill(self._stopped, signal.SIGCONT)
        self._stopped = None

    def _signal(self, kind: str, number: signal.Signals) -> None:
        if pid := self._run.processes().get(kind):
            os.kill(pid, number)

    def _stop(self) -> None:
        self._stopped = self._run.processes().get("worker")
        if self._stopped:
            os.kill(self._stopped, signal.SIGSTOP)

    def _kill_supervisor(self) -> None:
        os.kill(self._run.pid, signal.SIGKILL)
        self._run.wait_ended()
        self._run.start()

    def _kill_redis(self) -> None:
        self._stack.redis.kill()
        self._stack.redis.start()


def test_a_soak_under_random_faults_balances_and_takes_no_more_and_more_of_the_machine(
    settings: Settings, stack: Stack, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """Faults strike one of two runs, and Redis; the processes of the other live throughout, and are measured."""
    print(f"soak: KHABAR_TEST_SOAK_S={SOAK_S:g} KHABAR_TEST_SOAK_SEED={SEED}")
    settings = replace(settings, session_timeout_s=SESSION_TIMEOUT_S, dedup_window=WINDOW)
    struck, spared = (KhabarRun(settings, tmp_path / name) for name in ("struck", "spared"))
    with under_load(settings, [struck, spared]) as trial:
        faults = Faults(struck, stack, random.Random(SEED))
        footprints = Footprints()
        soak(trial, faults, lambda: footprints.take(spared.processes()))
        faults.wake()
        trial.until_all()
        growths = footprints.growths(SOAK_S * 0.7)
        # Redis was empty at the start: what other tests leave there does not count.
        index_mib = redis_client.info("memory")["used_memory"] / MIB
        about = ", ".join([*map(str, growths), f"Redis {index_mib:.0f} MiB"])
        print(f"soak: {about}")
        trial.note(
            f"soak of {SOAK_S / 60:g} minutes at {RATE_PER_S}/s, {len(faults.made)} random faults",
            about=about,
        )
        trial.finish()
    assert growths, "no process has lived long enough to be measured"
    for growth in growths:
        assert growth.grown_mib < MOST_GROWTH_MIB, growth
        assert growth.descriptors < MOST_DESCRIPTORS, growth
        assert growth.threads < MOST_THREADS, growth
    assert index_mib < 64


def soak(trial: Trial, faults: Faults, sample: Callable[[], None]) -> None:
    began = time.monotonic()
    fault_due, sample_due = began + FAULT_EVERY_S[1], began + SAMPLE_EVERY_S
    while (now := time.monotonic()) < began + SOAK_S:
        if (owed := int((now - began) * RATE_PER_S) - trial.sent) > RATE_PER_S:
            trial.send(owed)
        trial.poll()
        if now >= sample_due:
            sample()
            sample_due = now + SAMPLE_EVERY_S
        if now >= fault_due:
            faults.make()
            fault_due = time.monotonic() + faults.pause_s()
