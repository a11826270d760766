"""Ports on the loopback interface: chosen free, and kept from run to run where that is possible."""

import random
import socket
from pathlib import Path

from workers.embedded.files import write_atomically
from workers.errors import ConfigError

LOOPBACK = "127.0.0.1"
_LOW, _HIGH = 20_000, 30_000
"""Below the ephemeral ports of Linux (32768 up) and macOS (49152 up): a client that reconnects to a server
which is down could otherwise be given that very port for its own end, connect to itself, and keep the server out."""
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: connections of an earlier run that linger in TIME_WAIT are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def kept_port(file: Path) -> int:
    """The port in `file` if it is free, else a free one, written to `file`."""
    kept = file.read_text(encoding="utf-8", errors="replace").strip() if file.exists() else ""
    if kept.isascii() and kept.isdigit() and int(kept) < 1 << 16 and is_free(int(kept)):
        return int(kept)
    port = free_port()
    write_atomically(file, f"{port}\n")
    return port


def free_port() -> int:
    for _ in range(_ATTEMPTS):
        if is_free(port := random.randrange(_LOW, _HIGH)):
            return port
    raise ConfigError(f"No free port was found on {LOOPBACK} from {_LOW} to {_HIGH}")
