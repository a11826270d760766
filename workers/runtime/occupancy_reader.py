"""Asks Redis how full it is, for the metrics: in a thread of its own, so that nobody waits for a Redis that is away."""

import threading
from typing import Final

import structlog

from workers.config import Settings
from workers.errors import KhabarError
from workers.runtime.backoff import delays
from workers.runtime.clients import Addresses
from workers.stores.connection import Client, connect
from workers.stores.occupancy import Occupancy, look

LOOK_S: Final = 5.0
"""Prometheus asks every 15 s by the configuration in deploy/; INFO takes Redis some 50 microseconds."""

log = structlog.get_logger()


class OccupancyReader:
    """`latest` is None until it is known, and while Redis is away or refuses."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self._settings = settings
        self._url = addresses.redis_url()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="khabar-occupancy", daemon=True)
        self.latest: Occupancy | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait for that no longer than for an answer that comes."""
        self._stop.set()
        self._thread.join(LOOK_S)

    def _run(self) -> None:
        waits = delays()
        is_away = False
        while not self._stop.is_set():
            try:
                client = connect(self._settings, self._url)
                with client:
                    waits, is_away = delays(), False
                    self._follow(client)
            except KhabarError as error:
                if not is_away:
                    log.warning("occupancy_unknown", error=str(error))
                is_away = True
                self.latest = None
                self._stop.wait(next(waits))

    def _follow(self, client: Client) -> None:
        while not self._stop.is_set():
            self.latest = look(client, self._settings)
            self._stop.wait(LOOK_S)
