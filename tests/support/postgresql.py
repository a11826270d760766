"""A PostgreSQL of the test's own, in a temporary folder, that listens on a Unix socket only."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.needs import needed

START_S = 60


def _program(name: str) -> str:
    """Debian keeps the server's programs out of PATH."""
    found = [
        shutil.which(name),
        *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), reverse=True),
    ]
    program = next(filter(None, found), "")
    needed(program, f"there is no {name}. On Debian and Ubuntu: apt-get install postgresql")
    return program


def _account() -> dict[str, int]:
    """PostgreSQL does not run as root; then as nobody."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a running server, as psycopg takes it. Where there is none, the test is skipped, or in CI fails."""
    initdb, server = _program("initdb"), _program("postgres")
    folder, account = Path(tempfile.mkdtemp(prefix="khabar-postgresql-")), _account()
    try:
        if account:
            os.chown(folder, account["user"], account["group"])
        data = folder / "data"
        making = [initdb, "--pgdata", data, "--username=test", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        subprocess.run(making, cwd=folder, check=True, capture_output=True, timeout=START_S, **account)
        options = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off"}
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [server, "-D", data, *(f"--{name}={value}" for name, value in options.items())],
                cwd=folder, stdout=log, stderr=log, **account,
            )  # fmt: skip
        try:
            address = f"host={folder} user=test dbname=postgres"
            _wait_until_ready(address, running, folder / "log")
            yield address
        finally:
            running.send_signal(signal.SIGINT)  # its "fast" shutdown: whoever is connected is cut off
            running.wait(START_S)
    finally:
        shutil.rmtree(folder)


def _wait_until_ready(address: str, running: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
