"""Where a worker's CPU time goes: py-spy samples it from outside, and here its samples are added up by part.

py-spy looks at all threads of a process and its children a hundred times a second and counts those that run; the
process is not changed, and stands still for a moment at each sample. Samples show Python frames only: C code counts
for the Python function that calls it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workers.errors import ConfigError

RATE_HZ: Final = 200
STOP_TIMEOUT_S: Final = 30.0
TOP: Final = 15

PARTS: Final = (
    ("aiokafka: fetching", re.compile(r"/aiokafka/")),
    ("kafka-python: transaction", re.compile(r"/site-packages/kafka/")),
    ("Faust and mode", re.compile(r"/site-packages/(faust|mode)/")),
    ("pipe to the stage process (pebble, pickle)", re.compile(r"/(pebble|multiprocessing)/")),
    ("asyncio", re.compile(r"/asyncio/")),
    ("Khabar", re.compile(r"/(workers|tests)/")),
)
"""The part that a sample belongs to: that of the innermost frame which is in one of these files."""
OTHER: Final = "other"

_FRAME: Final = re.compile(r"(?P<function>.*) \((?P<file>[^()]*?)(:(?P<line>[0-9]+))?\)")


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts of samples: in all, by (process, part), and by (process, part, function)."""

    total: int
    by_part: Counter[str]
    by_function: Counter[str]


@contextmanager
def recording(pid: int, target: Path) -> Iterator[None]:
    """Sample the process and its children into `target` while the context lasts.

    Raises ConfigError where py-spy is missing or not allowed.
    """
    program = shutil.which("py-spy", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    if program is None:
        raise ConfigError("--profile needs py-spy: pip install -e '.[dev]'")
    command = [
        program,
        "record",
        "--pid",
        str(pid),
        "--subprocesses",
        "--rate",
        str(RATE_HZ),
        "--format",
        "raw",
    ]
    process = subprocess.Popen(
        [*command, "--full-filenames", "--threads", "--output", str(target)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
    if not target.exists():
        raise ConfigError(
            f"py-spy has recorded nothing. It may need root, or CAP_SYS_PTRACE. It says: {said.strip()[-500:]}"
        )


def read(path: Path) -> Profile:
    """The profile in py-spy's raw format: a line is frames from the outermost, separated by ";", and a count."""
    by_part: Counter[str] = Counter()
    by_function: Counter[str] = Counter()
    for line in path.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [match for frame in stack.split(";") if (match := _FRAME.fullmatch(frame))]
        process = (
            "stage process" if "/pebble/pool/process.py" in stack and "worker_process" in stack else "worker"
        )
        part, owner = _owner(frames)
        by_part[f"{process}: {part}"] += int(count)
        by_function[f"{process}: {part}: {owner}"] += int(count)
    return Profile(by_part.total(), by_part, by_function)


def _owner(frames: list[re.Match[str]]) -> tuple[str, str]:
    for frame in reversed(frames):
        for part, pattern in PARTS:
            if pattern.search(frame["file"]):
                return part, f"{Path(frame['file']).name} {frame['function']}"
    return OTHER, f"{Path(frames[-1]['file']).name} {frames[-1]['function']}" if frames else "?"


def lines(profile: Profile, cpu_us: float) -> Iterable[str]:
    """Parts and the functions that cost most, as shares of the samples and of `cpu_us`."""
    for title, counts in (("part", profile.by_part), ("function", profile.by_function)):
        yield f"{'share':>6} {'µs/event':>9}  {title}"
        for name, count in counts.most_common(TOP):
            share = count / profile.total
            yield f"{share:>6.1%} {share * cpu_us:>9.1f}  {name}"
