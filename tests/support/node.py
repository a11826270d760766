"""Programs in Node, for tests: the folder has a package.json, and `npm ci` was run in it."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.needs import needed


def node(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Runs node in `folder` to its end. Where it cannot run, the test is skipped, or in CI fails."""
    program = shutil.which("node")
    needed(
        program is not None and (folder / "node_modules").is_dir(),
        f"{folder.name} needs Node.js and its packages: run .ci/contract, or npm ci in {folder}",
    )
    return subprocess.run(
        [program, *arguments],
        cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
