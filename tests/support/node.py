"""Programs in Node, for tests: the folder has a package.json, and `npm ci` was run in it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest


def node(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Runs node in `folder` to its end. Where it cannot run, the test is skipped, or in CI fails."""
    program = shutil.which("node")
    if program is None or not (folder / "node_modules").is_dir():
        message = f"{folder.name} needs Node.js and its packages: run .ci/contract, or npm ci in {folder}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return subprocess.run(
        [program, *arguments],
        cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
