"""khabar replay"""

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from workers.cli.context import counted, pass_settings, services, slow_progress
from workers.cli.moments import Moment
from workers.config import Settings
from workers.errors import ConfigError, TransientError
from workers.topics import Role, table

if TYPE_CHECKING:
    from workers.runtime.replay_window import Counts, Window


@click.command("replay")
@click.option("--topic", help="The topic to send events of again; default, and the only one: articles.raw.")
@click.option(
    "--from", "begin", type=Moment(), required=True, help="Begin here: 2h, 3d, or 2026-11-30T08:00:00Z."
)
@click.option("--to", "end", type=Moment(), help="End before this; default: now.")
@click.option("--name", help="What the replay is called; default: its times.")
@click.option("--dry-run", is_flag=True, help="Count what would be sent, and send nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
@pass_settings
def command(  # noqa: PLR0913  (one argument an option)
    settings: Settings,
    ctx: click.Context,
    *,
    topic: str | None,
    begin: datetime,
    end: datetime | None,
    name: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Send the events of a window of time through the stages again, under the code that runs now.

    Times are those at which Kafka got the events; --from is in the window, --to is not. Each event keeps its identity and
    the verdict that it had. Subscribers get its record once more, with the header khabar-replay-name
    (docs/replay.md). A replay that was interrupted goes on where it was when the same one is asked for again.
    """
    from workers.runtime import replay_window  # noqa: PLC0415

    _check_topic(settings, topic)
    addresses = services(settings)
    now = datetime.now(UTC)
    window = replay_window.window_of(settings, addresses, begin, min(end or now, now), name)
    click.echo(f"replay {window.name}: at most {counted(window.offsets, 'event')} of {window.topic}")
    if dry_run:
        with slow_progress() as show:
            counts = replay_window.count(settings, addresses, window, show)
        click.echo(f"would send {counted(counts.sent, 'event')}{_left_out(counts)}")
        return
    if window.offsets and not yes:
        click.confirm("Send them again?", abort=True)
    try:
        with slow_progress() as show:
            counts = replay_window.replay(settings, addresses, window, show)
    except (KeyboardInterrupt, TransientError):
        click.echo(f"To go on where it was: {_same(window)}", err=True)
        raise
    for mistake in counts.mistakes:
        click.echo(str(mistake), err=True)
    click.echo(f"sent {counted(counts.sent, 'event')}{_left_out(counts)}")
    ctx.exit(1 if counts.mistakes else 0)


def _check_topic(settings: Settings, topic: str | None) -> None:
    raw = table(settings.topic_prefix)[Role.RAW].name
    if topic not in (None, raw, str(Role.RAW)):
        raise ConfigError(
            f"{topic}: only events of {raw} can be sent again, since the books count those. To run later stages "
            "again on all that they have read, stop them and say `khabar run STAGE --replay`"
        )


def _same(window: "Window") -> str:
    from workers.runtime.replay_window import shown  # noqa: PLC0415

    words = [
        "khabar",
        "replay",
        "--from",
        shown(window.begin),
        "--to",
        shown(window.end),
        "--name",
        window.name,
    ]
    return shlex.join(words)


def _left_out(counts: "Counts") -> str:
    text = f"; {counted(counts.repeats, 'event')} left out, which repeat others" if counts.repeats else ""
    if counts.before:
        text += f"; {counts.before:,} offsets were done by an earlier run"
    return f"{text}; {len(counts.mistakes):,} could not be sent" if counts.mistakes else text
