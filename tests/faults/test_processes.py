"""SIGKILL, SIGSTOP and SIGTERM of every kind of process, amid the work of two `khabar run`."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.khabar_run import KhabarRun
from tests.support.trial import SESSION_TIMEOUT_S, Trial, under_load
from workers.config import Settings

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(600)]

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, session_timeout_s=SESSION_TIMEOUT_S, batch_events=100, event_timeout_s=3.0)


def strike(run: KhabarRun, kind: str, number: signal.Signals, trial: Trial) -> None:
    """Returns at the end of the fault: when a stopped process goes on, when a supervisor has its successor."""
    if kind == "khabar run":
        run.signal_all(number)
    else:
        pid = run.processes()[kind]
        os.kill(pid, number)
    if number is signal.SIGSTOP:
        time.sleep(SESSION_TIMEOUT_S + 3)
        if kind == "khabar run":
            run.signal_all(signal.SIGCONT)
        else:
            os.kill(pid, signal.SIGCONT)
    elif kind in {"khabar run", "supervisor"}:
        run.wait_ended()
        run.start()


@pytest.mark.parametrize("kind", ["worker", "stage process", "supervisor", "khabar run"])
def test_signals_to_a_process_amid_the_work_lose_and_repeat_nothing(
    settings: Settings, tmp_path: Path, kind: str
) -> None:
    runs = [KhabarRun(settings, tmp_path / name) for name in "ab"]
    with under_load(settings, runs) as trial:
        for number in SIGNALS:
            with trial.fault(f"{kind}: {number.name}"):
                strike(runs[0], kind, number, trial)
        trial.finish()
