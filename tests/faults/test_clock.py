"""The wall clock of a worker jumps by hours, ahead and back: leases and timeouts are measured by other clocks.

Every process of a `khabar run` imports a module that shifts time.time by what a file says at that moment. (libfaketime
0.9.10, which would shift the C library's clocks, makes every time.sleep of Python 3.11 fail when monotonic clocks are
to be left alone, as a jump leaves them.)
"""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.khabar_run import KhabarRun
from tests.support.trial import SESSION_TIMEOUT_S, under_load
from workers.config import Settings

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(600)]

HOUR_S, DAY_S = 3600, 86_400
JUMPS = (
    ("three hours ahead", 3 * HOUR_S),  # the broker takes what is an hour ahead of it, by default
    ("a day back", -DAY_S),
    ("40 days back", -40 * DAY_S),  # articles.published is kept for 30
    ("right again", 0),
)

HOOK = """
import time

real, real_ns = time.time, time.time_ns


def off_s():
    with open({file!r}) as file:
        return float(file.read())


time.time = lambda: real() + off_s()
time.time_ns = lambda: real_ns() + int(off_s() * 1e9)
"""


class Clock:
    """The clock of Python processes that are started in `environ`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.jump(0)
        hooks = folder / "hooks"
        hooks.mkdir()
        (hooks / "sitecustomize.py").write_text(HOOK.format(file=str(self._file)))
        self.environ = {"PYTHONPATH": str(hooks)}

    def jump(self, off_s: float) -> None:
        written = self._file.with_suffix(".new")
        written.write_text(str(off_s))
        written.replace(self._file)


def test_a_wall_clock_that_jumps_loses_and_repeats_nothing(settings: Settings, tmp_path: Path) -> None:
    """That of one of two runs."""
    settings = replace(settings, session_timeout_s=SESSION_TIMEOUT_S, batch_events=100)
    clock = Clock(tmp_path)
    runs = [KhabarRun(settings, tmp_path / "a", environ=clock.environ), KhabarRun(settings, tmp_path / "b")]
    with under_load(settings, runs) as trial:
        for name, off_s in JUMPS:
            with trial.fault(f"wall clock of one of two: {name}") as fault:
                clock.jump(off_s)
            assert not fault.seen  # no worker restarts, no batch is refused
        trial.finish()
