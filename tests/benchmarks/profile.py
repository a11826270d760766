"""Where a worker's CPU time goes.

The kernel says exactly what each thread has used. What a thread did meanwhile is sampled by py-spy, from outside and
without stopping the process: of each thread only the moments in which it holds the interpreter's lock, so that waiting
does not count. A thread's time is shared out over its samples. Samples show Python frames: C code and the kernel count
for the Python function that called them, the garbage collector for whatever it interrupted.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from tests.benchmarks.machine import cpu_s
from workers.errors import ConfigError

RATE_HZ: Final = 200
STOP_TIMEOUT_S: Final = 30.0
TOP_FUNCTIONS: Final = 12

PARTS: Final = (
    ("aiokafka (fetching)", re.compile(r"/site-packages/aiokafka/")),
    ("kafka-python (transactions)", re.compile(r"/site-packages/kafka/")),
    ("Faust and mode", re.compile(r"/site-packages/(faust|mode)/")),
    ("pipe to the stage process (pickle)", re.compile(r"/multiprocessing/")),
    ("asyncio", re.compile(r"/asyncio/")),
    ("Khabar", re.compile(r"/(workers|tests)/")),
)
"""A sample belongs to the part of its innermost frame that is in one of these files."""
STAGE_PROCESS: Final = "stage process"
UNKNOWN: Final = "not sampled"

_LINE: Final = re.compile(
    r"process (?P<pid>[0-9]+):.*?;thread \((?P<thread>[0-9]+)\): (?P<stack>.*) (?P<count>[0-9]+)"
)
_FRAME: Final = re.compile(r"(?P<function>.*) \((?P<file>[^()]*?)(:[0-9]+)?\)")


@dataclass(slots=True)
class Profile:
    """CPU seconds by part, function and thread; filled when `recording` ends."""

    by_part: Counter[str] = field(default_factory=Counter)
    by_function: Counter[str] = field(default_factory=Counter)
    by_thread: Counter[str] = field(default_factory=Counter)


@contextmanager
def recording(pid: int, samples: Path, result: Profile) -> Iterator[None]:
    """Fill `result` with what the process and its children do while the context lasts; `samples` is scratch.

    Raises ConfigError where py-spy is missing or not allowed.
    """
    program = shutil.which("py-spy", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    if program is None:
        raise ConfigError("--profile needs py-spy: pip install -e '.[dev]'")
    before, children_before_s = _threads_s(pid), _children_s(pid)
    command = [program, "record", "--pid", str(pid), "--rate", str(RATE_HZ), "--format", "raw", "--gil"]
    process = subprocess.Popen(
        [
            *command,
            "--nonblocking",
            "--subprocesses",
            "--full-filenames",
            "--threads",
            "--output",
            str(samples),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        spent = {thread: spent_s - before.get(thread, 0.0) for thread, spent_s in _threads_s(pid).items()}
        children_s = _children_s(pid) - children_before_s
        said = _ended(process)
    if not samples.exists():
        raise ConfigError(
            f"py-spy has recorded nothing; it may need root, or CAP_SYS_PTRACE. It says: {said.strip()[-500:]}"
        )
    _fill(result, spent, _stacks(samples.read_text(), pid))
    result.by_part[STAGE_PROCESS] = result.by_thread[STAGE_PROCESS] = children_s


def _threads_s(pid: int) -> dict[int, float]:
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process(pid).threads()}


def _children_s(pid: int) -> float:
    return sum(spent_s for child, spent_s in cpu_s(pid).items() if child != pid)


def _ended(process: subprocess.Popen[str]) -> str:
    """What py-spy has to say after it was told to finish."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=STOP_TIMEOUT_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[1]


Stacks = Mapping[int, Counter[str]]
"""Of each thread the sampled stacks: "name of the thread;outermost frame;…;innermost frame", and how often."""


def _stacks(raw: str, pid: int) -> Stacks:
    stacks: dict[int, Counter[str]] = {}
    for line in raw.splitlines():
        match = _LINE.fullmatch(line)
        if match is not None and int(match["pid"]) == pid:
            stacks.setdefault(int(match["thread"]), Counter())[match["stack"]] += int(match["count"])
    return stacks


def _fill(result: Profile, spent_s: Mapping[int, float], stacks: Stacks) -> None:
    for thread, thread_s in spent_s.items():
        samples = stacks.get(thread)
        if not samples:
            result.by_part[UNKNOWN] += thread_s
            result.by_thread[UNKNOWN] += thread_s
            continue
        name = _thread_name(samples)
        result.by_thread[name] += thread_s
        for stack, count in samples.items():
            part, function = _owner(stack)
            result.by_part[part] += thread_s * count / samples.total()
            result.by_function[f"{part}: {function}"] += thread_s * count / samples.total()


def _thread_name(stacks: Iterable[str]) -> str:
    stacks = list(stacks)
    name = stacks[0].partition(";")[0]
    if name == "MainThread":
        return "event loop (asyncio, Faust's streams, the pipeline)"
    if any("/mode/threads.py" in stack and "/aiokafka/" in stack for stack in stacks):
        return "consumer (aiokafka, in a thread of Faust's)"
    if name.startswith("asyncio_"):
        return "asyncio.to_thread (publishing, and tasks for the stage process)"
    if "network" in name:
        return "producer's network (kafka-python)"
    return name


def _owner(stack: str) -> tuple[str, str]:
    frames = [match for frame in stack.split(";") if (match := _FRAME.fullmatch(frame))]
    for frame in reversed(frames):
        for part, pattern in PARTS:
            if pattern.search(frame["file"]):
                return part, f"{frame['function']} ({Path(frame['file']).name})"
    return "Python itself", f"{frames[-1]['function']} ({Path(frames[-1]['file']).name})" if frames else "?"


def lines(profile: Profile, events: int) -> Iterable[str]:
    """Three tables of microseconds an event, most expensive first."""
    total_s = profile.by_part.total()
    for title, counts in (
        ("part", profile.by_part),
        ("thread", profile.by_thread),
        ("function", profile.by_function),
    ):
        yield f"{'µs/event':>9} {'share':>6}  {title}"
        for name, spent_s in counts.most_common(TOP_FUNCTIONS):
            yield f"{spent_s / events * 1e6:>9.1f} {spent_s / total_s:>6.1%}  {name}"
