"""Workers that join and leave every few seconds, for a minute: by kills and by drains."""

import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.khabar_run import KhabarRun
from tests.support.trial import DEADLINE_S, SESSION_TIMEOUT_S, Trial, under_load
from workers.config import Settings

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(600)]

STORM_S, EVERY_S = 60.0, 2.0
JOINERS = 3
"""So many come and go at a time, beside one that stays."""
LEAST_CHANGES = 6
"""On a machine so busy that workers take long to start, the storm lasts until so many have been there and left."""


def test_workers_that_join_and_leave_for_a_minute_lose_and_repeat_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    settings = replace(settings, session_timeout_s=SESSION_TIMEOUT_S, batch_events=50)
    joiners = [KhabarRun(settings, tmp_path / f"joiner-{number}") for number in range(JOINERS)]
    with under_load(settings, [KhabarRun(settings, tmp_path / "stays")]) as trial:
        trial.runs += joiners
        with trial.fault(f"workers join and leave for {STORM_S:g} s") as fault:
            left = storm(trial, joiners)
            for run in joiners:
                run.end()
        fault.about = f"{left} joined, had partitions, and left"
        trial.finish()


def storm(trial: Trial, joiners: list[KhabarRun]) -> int:
    """How many workers joined, had partitions, and left; every second one was killed, the others drained."""
    left, began = 0, time.monotonic()
    while time.monotonic() < began + STORM_S or left < LEAST_CHANGES:
        assert time.monotonic() < began + DEADLINE_S + STORM_S, f"only {left} workers have come and gone"
        for run in joiners:
            if run.is_at_work():
                run.signal_all(signal.SIGKILL if left % 2 else signal.SIGTERM)
                run.wait_ended()
                left += 1
            if not run.is_running:
                run.start()
            due = time.monotonic() + EVERY_S / JOINERS
            while time.monotonic() < due:
                trial.poll()
        if trial.sent - trial.ended < 500:
            trial.send(200)
    return left
