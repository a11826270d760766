"""One server process: started, awaited, stopped, killed, started again on the same port and data."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workers.embedded.locks import close_private, keep_private
from workers.errors import ConfigError

GUARD = Path(__file__).with_name("guard.py")
_TAIL_LINES = 12
_TAIL_BYTES = 16_384
_POLL_S = 0.02


class Server:
    """A server under guard (see guard.py). Its output goes to `log`; the log of the start before is `log`.1.

    `command` gives the argument list anew at each start, `is_ready` asks the server whether it takes requests,
    `lock` is a descriptor that the process keeps open while it lives. `after_stop` runs after an end in good order.
    """

    def __init__(  # noqa: PLR0913 - all but the name by keyword
        self,
        name: str,
        *,
        command: Callable[[], list[str]],
        is_ready: Callable[[], bool],
        log: Path,
        lock: int,
        after_stop: Callable[[], None] = lambda: None,
        start_timeout_s: float = 60.0,
        stop_timeout_s: float = 15.0,
    ) -> None:
        self.name = name
        self.log = log
        self.start_timeout_s = start_timeout_s
        self.stop_timeout_s = stop_timeout_s
        self._command = command
        self._is_ready = is_ready
        self._lock = lock
        self._after_stop = after_stop
        self._process: subprocess.Popen[bytes] | None = None
        self._life_line = -1

    @property
    def pid(self) -> int | None:
        """The server's own pid while it runs."""
        return self._process.pid if self._process is not None and self.is_running else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, unless it runs, and wait until it takes requests. Raises ConfigError with its log's end."""
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Start it, unless it runs, and do not wait."""
        if self.is_running:
            return
        self._forget()
        command = self._command()
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        watched, life_line = os.pipe()
        keep_private(life_line)
        try:
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(GUARD), str(watched), str(self._lock), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(watched, self._lock),
                    # Ctrl-C in the terminal reaches the program alone, which drains before it stops its servers.
                    start_new_session=True,
                )
        except BaseException:
            close_private(life_line)
            raise
        finally:
            os.close(watched)
        self._life_line = life_line

    def wait_ready(self) -> None:
        """Wait until it takes requests. Raises ConfigError with the end of its log; it is stopped then."""
        deadline = time.monotonic() + self.start_timeout_s
        while self.is_running:
            if self._is_ready():
                return
            if time.monotonic() > deadline:
                self.kill()
                raise self._failure(f"did not take requests within {self.start_timeout_s:g} s")
            time.sleep(_POLL_S)
        ended = self._process.returncode if self._process else None
        self._forget()
        raise self._failure(f"ended at its start (exit status {ended})")

    def stop(self) -> None:
        """End it in good order; after `stop_timeout_s` by force. Does nothing when it does not run."""
        self.ask_to_stop()
        self.wait_stopped()

    def ask_to_stop(self) -> None:
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)
            self._process.send_signal(signal.SIGCONT)  # a stopped process takes no SIGTERM

    def wait_stopped(self) -> None:
        if self._process is not None:
            try:
                self._process.wait(self.stop_timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
            else:
                self._after_stop()
        self._forget()

    def kill(self) -> None:
        """End it as a power failure would: SIGKILL, nothing flushed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._forget()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _forget(self) -> None:
        """After its end: let its watcher go."""
        if self._life_line >= 0:
            close_private(self._life_line)
            self._life_line = -1

    def _failure(self, what: str) -> ConfigError:
        lines = tail(self.log)
        quoted = "".join(f"\n  | {line}" for line in lines) or "\n  | (nothing)"
        return ConfigError(f"The embedded {self.name} {what}. The end of its log, {self.log}:{quoted}")


def tail(log: Path) -> list[str]:
    """The last lines of `log`, none when it does not exist."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-_TAIL_LINES:]
