"""Commands that a user names in the configuration: found, and asked for their version."""

import shutil
import subprocess
from typing import Final

from workers.errors import ConfigError

ANSWER_TIMEOUT_S: Final = 30.0
"""For a version, on a machine that has other things to do."""


def asked_version(variable: str, command: str, option: str) -> tuple[str, str]:
    """The path of `command`, and all that it says when asked by `option`.

    Raises ConfigError, naming the variable, when there is no such command or it does not run.
    """
    path = shutil.which(command)
    if path is None:
        message = f"{variable}={command}: there is no such command, or it cannot be executed"
        raise ConfigError(message)
    try:
        answer = subprocess.run(
            [path, option],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ANSWER_TIMEOUT_S,
            check=False,
            text=True,
            errors="replace",
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{variable}={command} does not run: {error}"
        raise ConfigError(message) from error
    return path, answer


def first_line(answer: str) -> str:
    """What to quote of an answer that is not the one that was hoped for."""
    return (answer.strip().splitlines() or ["nothing"])[0]
