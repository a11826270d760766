"""--metrics: serving the numbers of a command to Prometheus."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from workers.config import Settings, listening_address

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from workers.runtime.clients import Addresses
    from workers.runtime.supervisor import Supervisor

Command = TypeVar("Command", bound=Callable[..., Any])


class ListeningAddress(click.ParamType):
    """HOST:PORT."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """`value`, found right."""
        try:
            return listening_address(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def metrics_option(command: Command) -> Command:
    """Adds --metrics, which is given as `metrics`."""
    return click.option(
        "--metrics",
        type=ListeningAddress(),
        metavar="HOST:PORT",
        help="Serve /metrics for Prometheus here; port 0: any that is free. Default: KHABAR_METRICS.",
    )(command)


@contextmanager
def serving(address: str | None, *collectors: "Collector") -> Iterator[None]:
    """Serves what the collectors have where there is an address, and logs the port."""
    if address is None:
        yield
        return
    import structlog  # noqa: PLC0415
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    from workers.metrics_server import served  # noqa: PLC0415

    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    with served(address, registry) as port:
        structlog.get_logger().info("metrics_served", address=address, port=port)
        yield


@contextmanager
def serving_workers(
    settings: Settings, addresses: "Addresses", supervisor: "Supervisor", *more: "Collector"
) -> Iterator[None]:
    """Serves the numbers of a supervisor, and what else there is, where `settings.metrics` says so."""
    if settings.metrics is None:
        yield
        return
    from workers.runtime.chain import StageName  # noqa: PLC0415
    from workers.runtime.metrics import WorkerMetrics  # noqa: PLC0415
    from workers.runtime.occupancy_reader import OccupancyReader  # noqa: PLC0415

    with ExitStack() as stack:
        occupancy = None
        if StageName.DEDUP in supervisor.stages:
            occupancy = OccupancyReader(settings, addresses)
        workers = WorkerMetrics(supervisor, settings.published_relations, occupancy)
        stack.enter_context(serving(settings.metrics, workers, *more))
        if occupancy is not None:
            occupancy.start()
            stack.callback(occupancy.stop)
        yield
