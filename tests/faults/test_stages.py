"""Each stage run apart, from topic to topic: the worker of each killed, terminated and stopped amid its work."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.khabar_run import KhabarRun
from tests.support.trial import SESSION_TIMEOUT_S, under_load
from workers.config import Settings
from workers.runtime.chain import ALL_STAGES, INPUT_ROLES, group_name

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(900)]


def test_stages_run_apart_lose_and_repeat_nothing_when_their_workers_are_struck(
    settings: Settings, tmp_path: Path
) -> None:
    settings = replace(settings, session_timeout_s=SESSION_TIMEOUT_S, batch_events=100)
    runs = {stage: KhabarRun(settings, tmp_path / stage, stages=[stage]) for stage in ALL_STAGES}
    with under_load(settings, list(runs.values())) as trial:
        for stage, run in runs.items():
            for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP):
                with trial.fault(f"worker of {stage}, run apart: {number.name}", burst=1000, rest=200):
                    pid = run.processes()["worker"]
                    os.kill(pid, number)
                    if number is signal.SIGSTOP:
                        time.sleep(SESSION_TIMEOUT_S + 2)
                        os.kill(pid, signal.SIGCONT)
        trial.finish({group_name(settings.group, [stage]): INPUT_ROLES[stage] for stage in ALL_STAGES})
