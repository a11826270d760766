"""A port of this machine that passes on to a server, and does to the connections what networks do."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from workers.embedded.ports import LOOPBACK


class Proxy:
    """Passes on to `target`, a port; each answer comes `delay_s` late. Both may be changed at any time.

    `cut` ends all connections and accepts no new ones that last; `silence` keeps them open, and what is sent over
    them arrives only after `heal`, as through a network that drops packets and one day does not.
    """

    def __init__(self, target: int, listener: socket.socket) -> None:
        self.target = target
        self.delay_s = 0.0
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    def lead_to(self, target: int) -> None:
        """New connections go there; those that there are end."""
        self.target = target
        self._end_connections()

    def cut(self) -> None:
        self._is_cut = True
        self._end_connections()

    def silence(self) -> None:
        self._flows.clear()

    def heal(self) -> None:
        """As if nothing had been cut, silenced or delayed."""
        self.delay_s = 0.0
        self._is_cut = False
        self._flows.set()

    def _end_connections(self) -> None:
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                if self._is_cut:
                    client.close()
                else:
                    threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection((LOOPBACK, self.target)) as server,
        ):
            self._open |= {client, server}
            questions = threading.Thread(target=self._pump, args=(client, server), daemon=True)
            questions.start()
            self._pump(server, client, is_delayed=True)
            client.shutdown(socket.SHUT_RDWR)
            questions.join()

    def _pump(self, source: socket.socket, sink: socket.socket, *, is_delayed: bool = False) -> None:
        with contextlib.suppress(OSError):
            while received := source.recv(1 << 16):
                if is_delayed:
                    time.sleep(self.delay_s)
                self._flows.wait()
                sink.sendall(received)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        self._open.discard(source)


@contextmanager
def proxy_to(target: int) -> Iterator[Proxy]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        proxy = Proxy(target, listener)
        threading.Thread(target=proxy.serve, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.heal()
            proxy.lead_to(target)
            listener.shutdown(socket.SHUT_RDWR)
