"""Asks Redis how full it is, for the metrics: in a thread of its own, so that nobody waits for a Redis that is away."""

import threading
from contextlib import closing
from typing import Final

import structlog

from workers.config import Settings
from workers.errors import KhabarError
from workers.runtime.backoff import delays
from workers.runtime.clients import Addresses
from workers.stores.connection import Client, connect
from workers.stores.occupancy import Occupancy, look

ASK_S: Final = 5.0
"""Prometheus asks every 15 s by the configuration in deploy/; INFO takes Redis some 50 microseconds."""

log = structlog.get_logger()


class Watch:
    """How full Redis was when `renew` asked last; `latest` is None, and `problem` says why, while it is away or refuses."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings
        self._url = url
        self._client: Client | None = None
        self.latest: Occupancy | None = None
        self.problem: str | None = None

    def renew(self) -> None:
        """Waits for the answer."""
        try:
            client = self._client = self._client or connect(self._settings, self._url)
            self.latest, self.problem = look(client, self._settings), None
        except KhabarError as error:
            self.problem = str(error)
            self.close()

    def close(self) -> None:
        """Let go of the connection; the next question makes another."""
        self.latest = None
        if self._client is not None:
            self._client.close()
        self._client = None


class OccupancyReader:
    """`latest` is None until it is known, and while Redis is away or refuses."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self._watch = Watch(settings, addresses.redis_url())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="khabar-occupancy", daemon=True)

    @property
    def latest(self) -> Occupancy | None:
        return self._watch.latest

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait for that no longer than for an answer that comes."""
        self._stop.set()
        self._thread.join(ASK_S)

    def _run(self) -> None:
        waits = delays()
        is_away = False
        with closing(self._watch):
            while not self._stop.is_set():
                self._watch.renew()
                problem = self._watch.problem
                if problem is None:
                    waits = delays()
                elif not is_away:
                    log.warning("occupancy_unknown", error=problem)
                is_away = problem is not None
                self._stop.wait(next(waits) if is_away else ASK_S)
