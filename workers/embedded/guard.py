"""Becomes a server that cannot outlive its owner: python guard.py PIPE LOCK COMMAND...

PIPE is the reading end of a pipe whose other end only the owner has. This process turns into the server, so
its pid is the server's; its child waits for the pipe to close, which it does however the owner ends, and then
ends the server. (Linux's parent-death signal would fire when the *thread* that started the server ends, and
macOS has none.) LOCK, an open lock file, stays with the server: while it is held, the server lives.

Run as a file by the interpreter in isolated mode, so it imports nothing of Khabar.
"""

import os
import signal
import sys
import time

GRACE_S = 5.0
"""SIGTERM, then SIGKILL after so long: enough for either server to flush what it holds."""
_POLL_S = 0.05


def watch(pipe: int, server: int) -> None:
    """Wait for the owner's end, then end the parent process `server`, if it is still our parent."""
    os.read(pipe, 1)
    for signal_number, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 0.0)):
        if os.getppid() != server:  # it ended before, and its pid may be another process's by now
            return
        os.kill(server, signal_number)
        deadline = time.monotonic() + patience_s
        while os.getppid() == server and time.monotonic() < deadline:
            time.sleep(_POLL_S)


def main() -> None:
    pipe, lock, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    server = os.getpid()
    if os.fork() == 0:
        os.close(lock)
        watch(pipe, server)
        os._exit(0)
    os.close(pipe)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
