"""--metrics: serving the numbers of a command to Prometheus."""

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

from workers.config import Settings, listening_address

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from workers.runtime.clients import Addresses
    from workers.runtime.supervisor import Supervisor

P = ParamSpec("P")
R = TypeVar("R")


class ListeningAddress(click.ParamType):
    """HOST:PORT."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """`value`, found right."""
        try:
            return listening_address(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def metrics_option(command: Callable[Concatenate[Settings, P], R]) -> Callable[Concatenate[Settings, P], R]:
    """Adds --metrics; the command finds it in its settings. Stands below @pass_settings."""

    @functools.wraps(command)
    def with_metrics(settings: Settings, /, *args: P.args, **kwargs: P.kwargs) -> R:
        address = kwargs.pop("metrics")
        assert address is None or isinstance(address, str)
        return command(replace(settings, metrics=address or settings.metrics), *args, **kwargs)

    return click.option(
        "--metrics",
        type=ListeningAddress(),
        metavar="HOST:PORT",
        help="Serve /metrics for Prometheus here; port 0: any that is free. Default: KHABAR_METRICS.",
    )(with_metrics)


@contextmanager
def serving(address: str | None, *collectors: "Collector") -> Iterator[None]:
    """Serves what the collectors have, and what this process takes, where there is an address; logs the port."""
    if address is None:
        yield
        return
    import structlog  # noqa: PLC0415
    from prometheus_client import CollectorRegistry, ProcessCollector  # noqa: PLC0415

    from workers.metrics_server import served  # noqa: PLC0415

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    with served(address, registry) as port:
        structlog.get_logger().info("metrics_served", address=address, port=port)
        yield


@contextmanager
def serving_workers(
    settings: Settings,
    addresses: "Addresses",
    supervisor: "Supervisor",
    more: "Collector | None" = None,
) -> Iterator[None]:
    """Serves the numbers of a supervisor, and `more` with them, where `settings.metrics` says so."""
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
        stack.enter_context(serving(settings.metrics, workers, *([more] if more else [])))
        if occupancy is not None:
            occupancy.start()
            stack.callback(occupancy.stop)
        yield
