"""The programs in examples/, started as a user starts them, and imported to look at what they have stored."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from workers.config import Settings

FOLDER = Path(__file__).parents[2] / "examples"


def environ(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a program that is to talk to the test's Kafka and topics."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    assert settings.kafka is not None
    return {
        **own,
        "PYTHONUTF8": "1",
        "KHABAR_KAFKA": ",".join(settings.kafka),
        "KHABAR_TOPIC_PREFIX": settings.topic_prefix,
        "KHABAR_SESSION_TIMEOUT_S": f"{settings.session_timeout_s:g}",
        **more,
    }


def start(settings: Settings, name: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """The example as a process of its own, its output piped."""
    return subprocess.Popen(
        [sys.executable, str(FOLDER / name), *arguments],
        env=environ(settings, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(settings: Settings, name: str, *arguments: str, **more: str) -> str:
    """What the example prints; it has to end well."""
    program = start(settings, name, *arguments, **more)
    printed, complained = program.communicate(timeout=60)
    assert (program.returncode, complained) == (0, "")
    return printed


def module(name: str) -> ModuleType:
    """The example as a module; it imports what stands beside it, as a program does."""
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return import_module(name)
