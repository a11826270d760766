"""khabar health"""

from collections.abc import Sequence

import click

from workers.cli.context import pass_settings
from workers.cli.run import STAGES
from workers.config import Settings


@click.command("health")
@click.argument("stages", nargs=-1, type=click.Choice(STAGES), metavar="[STAGE...]")
@click.pass_context
@pass_settings
def command(settings: Settings, ctx: click.Context, *, stages: Sequence[str]) -> None:
    """Say in one line whether the workers on this machine do their work; the exit code is 0, or 1 when not.

    Judged by what they commit, from the status that `khabar run` and `khabar up` write each second; name the
    stages as in `khabar run`. Waiting for Kafka or Redis is said, and counts as healthy: the workers go on by
    themselves when it is back.
    """
    from workers.runtime.status_file import path_of, read_health  # noqa: PLC0415

    # workers.runtime.chain.group_name, without the second that loading the stages takes
    group = settings.group if tuple(stages) in {(), STAGES} else "-".join((settings.group, *stages))
    health = read_health(path_of(settings, group), group, settings.stall_timeout_s)
    click.echo(("healthy: " if health.is_good else "unhealthy: ") + health.why)
    ctx.exit(0 if health.is_good else 1)
