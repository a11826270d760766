"""khabar run"""

import functools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from workers.cli.context import pass_settings
from workers.cli.metrics import metrics_option, serving_workers
from workers.config import Settings

if TYPE_CHECKING:
    from workers.entities.options import Options
    from workers.runtime.chain import StageName
    from workers.runtime.clients import Addresses
    from workers.runtime.supervisor import Status, Supervisor

STAGES: Final = ("boilerplate", "entities", "dedup")
"""As workers.runtime.chain has them; `khabar run --help` does not wait for the stages to load."""
WORKERS: Final = click.IntRange(1, 256)
INTERRUPTED: Final = 130
SUMMARY_S: Final = 10.0


@click.command("run")
@click.argument("stages", nargs=-1, type=click.Choice(STAGES), metavar="[STAGE...]")
@click.option(
    "--workers", type=WORKERS, help="Worker processes; default: KHABAR_WORKERS, else one for each core."
)
@click.option(
    "--replay",
    is_flag=True,
    help="Read the topic from the beginning once more, and decide about copies anew; no worker may be running.",
)
@pass_settings
@metrics_option
def command(settings: Settings, *, stages: Sequence[str], workers: int | None, replay: bool) -> None:
    """Run workers: read articles.raw, publish what comes of it.

    All stages in one chain, or those named: one or more consecutive ones of boilerplate, entities, dedup. A worker
    that ends or makes no progress is replaced. SIGTERM and Ctrl-C drain the work in flight, a second one ends at
    once; what was in flight is read again then. Logs are JSON lines on standard output.
    """
    import structlog  # noqa: PLC0415

    from workers import log as logging_setup  # noqa: PLC0415
    from workers.runtime.chain import group_name  # noqa: PLC0415
    from workers.runtime.clients import resolve  # noqa: PLC0415
    from workers.runtime.status_file import StatusFile, path_of  # noqa: PLC0415
    from workers.runtime.takeover import take_over  # noqa: PLC0415

    names = chain_of(stages)
    logging_setup.configure(settings.log_level, settings.log_format)
    addresses = resolve(settings)
    count = workers or settings.workers or os.cpu_count() or 1
    supervisor = supervisor_of(settings, addresses, names, count)
    group = group_name(settings.group, names)
    status_file = StatusFile(path_of(settings, group), group)
    log = structlog.get_logger()
    summary = Summary()

    def on_tick() -> None:
        status = supervisor.status()
        status_file.offer(status)
        summary.offer(status)

    take_over(settings, addresses, names)
    if replay:
        from workers.runtime.replay_all import replay_from_the_beginning  # noqa: PLC0415

        log.info("replay", number=replay_from_the_beginning(settings, addresses, names), group=group)
    with serving_workers(settings, addresses, supervisor), draining_on_signals(supervisor):
        kafka = list(addresses.kafka)
        log.info("started", workers=count, stages=list(names), group=group, kafka=kafka, pid=os.getpid())
        supervisor.run(on_tick)
    status_file.remove()
    log.info("stopped", committed=supervisor.status().committed)


def entity_options(settings: Settings) -> "Options":
    """What is configured of entities. Raises ConfigError for a wrong file and for a tagger that cannot be had."""
    from workers.entities.options import Options  # noqa: PLC0415
    from workers.entities.own import read_own  # noqa: PLC0415
    from workers.entities.taggers import load_taggers  # noqa: PLC0415

    taggers = settings.taggers or ()
    load_taggers(taggers)
    return Options(read_own(Path(settings.entities)) if settings.entities else (), taggers)


def chain_of(stages: Sequence[str]) -> "tuple[StageName, ...]":
    """The stages as a chain, all of them where none is named."""
    from workers.runtime.chain import ALL_STAGES, StageName, check_consecutive  # noqa: PLC0415

    names = tuple(map(StageName, stages)) or ALL_STAGES
    try:
        check_consecutive(names)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return names


def supervisor_of(
    settings: Settings,
    addresses: "Addresses",
    names: "Sequence[StageName]",
    workers: int,
    *,
    log_file: str | None = None,
) -> "Supervisor":
    """A supervisor of workers that run the chain. Raises ConfigError where a Redis is needed and none is there."""
    from workers.runtime.chain import StageName, build_chain  # noqa: PLC0415
    from workers.runtime.supervisor import Supervisor  # noqa: PLC0415

    if StageName.DEDUP in names:
        addresses.redis_url()
    # Workers end without clean-up, so that nothing acknowledges work in flight. multiprocessing's tracker cleans up
    # after them, and says so on the screen; these options reach it (and the workers) when it is started.
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    chain = functools.partial(
        build_chain, tuple(names), write_between=settings.write_between, options=entity_options(settings)
    )
    return Supervisor(settings, addresses, chain, stages=names, workers=workers, log_file=log_file)


@contextmanager
def draining_on_signals(
    supervisor: "Supervisor", on_first: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """The first SIGINT or SIGTERM asks the supervisor to stop, a second one ends all processes at once."""
    is_asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_asked
        if is_asked:
            end_at_once(supervisor)
        is_asked = True
        supervisor.stop()
        on_first()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at_once(supervisor: "Supervisor") -> None:
    """Workers do not outlive us to drain; what they had in flight is read again by the next ones."""
    for pid in supervisor.pids:
        os.kill(pid, signal.SIGKILL)
    os._exit(INTERRUPTED)


class Summary:
    """Logs what was done, every ten seconds in which something was."""

    def __init__(self) -> None:
        self._due = time.monotonic() + SUMMARY_S
        self._committed = 0
        self._outcomes: Counter[str] = Counter()

    def offer(self, status: "Status") -> None:
        """Log `status` if it is time and it differs."""
        import structlog  # noqa: PLC0415

        if (now_s := time.monotonic()) < self._due:
            return
        self._due = now_s + SUMMARY_S
        done = status.committed - self._committed
        outcomes = Counter({str(role): count for role, count in status.outcomes.items()})
        if done:
            new = {name: count - self._outcomes[name] for name, count in outcomes.items()}
            structlog.get_logger().info(
                "progress",
                committed=done,
                lag=status.lag,
                **{name: count for name, count in new.items() if count},
            )
        self._committed, self._outcomes = status.committed, outcomes
