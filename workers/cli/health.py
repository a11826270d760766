"""khabar health"""

from collections.abc import Sequence
from typing import Final

import click

from workers.cli.context import pass_settings
from workers.cli.run import STAGES
from workers.config import Settings
from workers.runtime.status_file import Health, path_of, read_health

FEEDS: Final = "feeds"


@click.command("health")
@click.argument("stages", nargs=-1, type=click.Choice([*STAGES, FEEDS]), metavar="[STAGE...|feeds]")
@click.pass_context
@pass_settings
def command(settings: Settings, ctx: click.Context, *, stages: Sequence[str]) -> None:
    """Say in one line whether the workers or the poller on this machine do their work; the exit code is 0, or 1 when not.

    Of workers it is judged by what they commit, from the status that `khabar run` and `khabar up` write each second; name
    the stages as in `khabar run`. With `feeds` it is that of `khabar feeds run`. Waiting for Kafka or Redis is said, and
    counts as healthy: the work goes on by itself when it is back.
    """
    if FEEDS in stages and len(stages) > 1:
        raise click.UsageError("feeds: ask for the health of pollers and of workers one by one")
    health = _of_poller(settings) if FEEDS in stages else _of_workers(settings, stages)
    click.echo(("healthy: " if health.is_good else "unhealthy: ") + health.why)
    ctx.exit(0 if health.is_good else 1)


def _of_workers(settings: Settings, stages: Sequence[str]) -> Health:
    # workers.runtime.chain.group_name, without the second that loading the stages takes
    group = settings.group if tuple(stages) in {(), STAGES} else "-".join((settings.group, *stages))
    return read_health(path_of(settings, group), group, settings.stall_timeout_s)


def _of_poller(settings: Settings) -> Health:
    from workers.feeds.polling import health  # noqa: PLC0415

    return health.read_health(settings)
