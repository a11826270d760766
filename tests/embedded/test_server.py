"""One server process: its start, its end, and what is said when either fails."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.embedded.locks import FileLock, is_locked
from workers.embedded.server import Server
from workers.errors import ConfigError

STUBBORN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[FileLock]:
    with FileLock.held(tmp_path / "servers.lock", 0) as held:
        yield held


def _server(lock: FileLock, *command: str, **options: object) -> Server:
    assert lock.descriptor is not None
    options = {"is_ready": lambda: False, "start_timeout_s": 0.3, "stop_timeout_s": 0.2, **options}
    return Server(
        "Redis",
        command=lambda: list(command),
        log=lock.path.with_name("log"),
        lock=lock.descriptor,
        **options,
    )


def test_a_server_that_ends_at_its_start_is_reported_with_the_end_of_its_log(lock: FileLock) -> None:
    server = _server(
        lock, sys.executable, "-c", "print('port is taken'); raise SystemExit(3)", start_timeout_s=20.0
    )
    with pytest.raises(
        ConfigError, match=r"Redis ended at its start \(exit status 3\)(.|\n)*/log:\n  \| port is taken"
    ):
        server.start()
    assert server.pid is None


def test_a_command_that_cannot_be_executed_is_named(lock: FileLock) -> None:
    with pytest.raises(ConfigError, match=r"/nowhere/server: No such file or directory"):
        _server(lock, "/nowhere/server", start_timeout_s=20.0).start()


def test_a_server_that_never_takes_requests_is_ended(lock: FileLock) -> None:
    server = _server(lock, "sleep", "60")
    with pytest.raises(ConfigError, match=r"did not take requests within 0\.3 s"):
        server.start()
    assert not server.is_running


def test_a_server_deaf_to_sigterm_is_killed_in_bounded_time(lock: FileLock, tmp_path: Path) -> None:
    server = _server(
        lock,
        *(sys.executable, "-c", STUBBORN, str(tmp_path / "up")),
        is_ready=(tmp_path / "up").exists,
        start_timeout_s=20.0,
    )
    server.start()
    server.stop()
    assert not server.is_running


def test_stopping_twice_or_before_the_start_does_nothing(lock: FileLock) -> None:
    server = _server(lock, "sleep", "60", is_ready=lambda: True)
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert server.pid is None


def test_the_pid_is_the_servers_own_and_its_lock_is_held_while_it_lives(lock: FileLock) -> None:
    server = _server(
        lock, sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    )
    server._is_ready = lambda: server.log.stat().st_size > 0
    server.start_timeout_s = 20.0
    server.start()
    lock.release()
    assert int(server.log.read_text()) == server.pid
    assert is_locked(lock.path)
    server.kill()
    assert not is_locked(lock.path)


def test_a_restart_keeps_the_log_of_the_run_before(lock: FileLock) -> None:
    server = _server(lock, "sleep", "60", is_ready=lambda: True)
    server.start()
    server.log.write_text("first run")
    server.restart()
    server.stop()
    assert server.log.with_name("log.1").read_text() == "first run"


def test_no_descriptor_is_left_open_by_starts_and_stops(lock: FileLock) -> None:
    server = _server(lock, "sleep", "60", is_ready=lambda: True)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        server.start()
        server.kill()
    assert len(list(Path("/dev/fd").iterdir())) == before
