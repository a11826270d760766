"""What a figure has to be told with, and the CPU time of processes."""

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import psutil

from workers.embedded.jars import KAFKA_VERSION

ROOT = Path(__file__).parents[2]
PACKAGES = ("faust-streaming", "aiokafka", "kafka-python", "confluent-kafka")


def cpu_s(pid: int) -> dict[int, float]:
    """User and system CPU seconds so far of the process and each of its descendants, by pid."""
    process = psutil.Process(pid)
    spent: dict[int, float] = {}
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent[each.pid] = times.user + times.system
    return spent


def facts() -> Mapping[str, str]:
    """Commit, machine and versions, each as a short text."""
    return {
        "commit": _commit(),
        "cpu": f"{_cpu_model()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": ", ".join([f"Kafka {KAFKA_VERSION}", *(f"{name} {version(name)}" for name in PACKAGES)]),
        "load": load(),
    }


def load() -> str:
    """The load averages of the last 1, 5 and 15 minutes."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def lines(facts_: Mapping[str, str]) -> Iterable[str]:
    return (f"{name:<9} {value}" for name, value in facts_.items())


def _commit() -> str:
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "workers", "schemas")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + (" with changes" if changed else "")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def _cpu_model() -> str:
    try:
        entries = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in entries if line.startswith("model name")), "?")
