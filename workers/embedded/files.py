"""Writing small files so that a reader, or a crash, never sees half of one."""

import os
from pathlib import Path


def write_atomically(file: Path, text: str) -> None:
    """Replace `file` by `text`, readable by the user alone."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as stream:
        stream.write(text)
    draft.replace(file)
