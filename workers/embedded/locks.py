"""File locks and file descriptors that tell who is alive: the system releases them however a process ends."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_POLL_S = 0.05

_private: set[int] = set()
"""Descriptors that mean "the owner is alive". A forked child must not keep them open after its parent's death."""


def _close_private() -> None:
    for descriptor in _private:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _private.clear()


os.register_at_fork(after_in_child=_close_private)


def keep_private(descriptor: int) -> int:
    """Have `descriptor` closed in every forked child; exec'ed programs do not see it anyway."""
    _private.add(descriptor)
    return descriptor


def close_private(descriptor: int) -> None:
    _private.discard(descriptor)
    os.close(descriptor)


class FileLock:
    """An exclusive flock on a file, which stays on disk: removing a lock file would let two holders in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor: int | None = None

    def acquire(self, timeout_s: float) -> bool:
        """Whether the lock was had within `timeout_s` (0: one attempt)."""
        descriptor = keep_private(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    close_private(descriptor)
                    return False
                time.sleep(_POLL_S)
            else:
                self.descriptor = descriptor
                return True

    def release(self) -> None:
        """Let go of this process's hold. Processes that were passed the descriptor keep the lock held."""
        if self.descriptor is not None:
            close_private(self.descriptor)
            self.descriptor = None

    @classmethod
    @contextlib.contextmanager
    def held(cls, path: Path, timeout_s: float) -> Iterator["FileLock"]:
        """Raises TimeoutError when the lock is not had within `timeout_s`."""
        lock = cls(path)
        if not lock.acquire(timeout_s):
            raise TimeoutError(f"{path} stayed locked by another process for {timeout_s:g} s")
        try:
            yield lock
        finally:
            lock.release()


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock `path`."""
    if not path.exists():
        return False
    probe = FileLock(path)
    had = probe.acquire(0)
    probe.release()
    return not had
