"""Serves /metrics for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server

from workers.config import host_and_port
from workers.errors import ConfigError


@contextmanager
def served(address: str, registry: CollectorRegistry) -> Iterator[int]:
    """What `registry` collects, under http://HOST:PORT/metrics of `address`, to whoever can reach it; gives the port,
    which 0 leaves open. Raises ConfigError where nothing can listen there.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # gauges of when each counter began; `resets()` finds restarts
    host, port = host_and_port(address)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigError(
            f"Metrics cannot be served on {address}: {error.strerror}. Name another address or port in KHABAR_METRICS "
            "or --metrics; port 0 is any that is free"
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
