"""Secrets from files: KHABAR_REDIS_FILE names a file whose content is KHABAR_REDIS, and so for each secret."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

SUFFIX: Final = "_FILE"
LIMIT_BYTES: Final = 64 << 10
"""No secret is longer; /dev/zero and a wrong path to a large file end here."""


def from_files(environ: Mapping[str, str], secrets: Iterable[str]) -> tuple[dict[str, str | None], list[str]]:
    """Each of the variables `secrets` that `environ` gives by a file, with the file's content; and the mistakes.

    None stands for a content that cannot be had. One newline at the end of a file is not part of the secret. A mistake
    names variable and file, never the content.
    """
    values: dict[str, str | None] = {}
    mistakes: list[str] = []
    for name in secrets:
        variable = name + SUFFIX
        if not (path := environ.get(variable, "").strip()):
            continue
        values[name] = None
        if environ.get(name, "").strip():
            mistakes.append(f"{variable}={_shown(path)}: {name} is set too; set one of the two")
            continue
        try:
            values[name] = read_secret(Path(path))
        except ValueError as error:
            mistakes.append(f"{variable}={_shown(path)}: {error}")
    return values, mistakes


def _shown(path: str) -> str:
    """The path, unless it looks as if the secret itself had been written there."""
    return repr(path) if "/" in path and "://" not in path else "***"


def read_secret(path: Path) -> str:
    """What the file holds. Raises ValueError, with the reason, where that is no secret."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise ValueError(message) from error
    if len(data) > LIMIT_BYTES:
        message = f"the file is larger than {LIMIT_BYTES >> 10} KiB, so it holds no secret"
        raise ValueError(message)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("the file is not UTF-8") from error
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret.strip():
        raise ValueError("the file is empty")
    return secret
