"""A small file system of a test's own, which can be filled and freed. It takes root, and the right to mount."""

import contextlib
import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.needs import needed

BLOCK = bytes(1 << 16)


class SmallDisk:
    """A tmpfs at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Until not a byte more can be written."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (len(BLOCK), 4096, 1):
                with _until_full():
                    while True:
                        ballast.write(BLOCK[:size])

    def free(self) -> None:
        self._ballast.unlink()


@contextmanager
def _until_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[SmallDisk]:
    """Mounted while the block runs. Where it cannot be, the test is skipped; in CI it fails."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    needed(
        mounted.returncode == 0,
        f"a full disk needs root and the right to mount a tmpfs: {mounted.stderr.strip()}",
    )
    try:
        yield SmallDisk(folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            (folder / "ballast").unlink()
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
