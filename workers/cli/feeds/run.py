"""khabar feeds run"""

import asyncio
import os
import signal
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workers.cli.context import counted, pass_settings
from workers.cli.metrics import metrics_option, serving
from workers.cli.moments import Moment
from workers.config import Settings
from workers.feeds.model import POLL_OUTCOMES

if TYPE_CHECKING:
    from workers.feeds.polling.service import Polling
    from workers.runtime.clients import Addresses

INTERRUPTED = 130


@click.command("run")
@click.argument("file", type=click.Path(path_type=Path), default="feeds.toml", metavar="[FEEDS.TOML]")
@click.option("--once", is_flag=True, help="Poll each feed that is due, send all its items, and end.")
@click.option("--now", is_flag=True, help="Begin with all feeds, due or not.")
@click.option(
    "--since",
    type=Moment(),
    help="Of a feed's first reading, nothing older: 12h, 2d. Default: all.",
)
@click.pass_context
@pass_settings
@metrics_option
def command(
    settings: Settings,
    ctx: click.Context,
    *,
    file: Path,
    once: bool,
    now: bool,
    since: datetime | None,
) -> None:
    """Poll the feeds of the list, and put their articles on articles.raw.

    Several of these share the work through Redis. The list is read again when it changes. SIGTERM and Ctrl-C finish
    what is in hand, a second one ends at once; nothing is lost either way. Logs are JSON lines on standard output.
    With --once the last line is a summary, and the exit code is 1 if a feed could not be read or an item was given up.
    """
    from workers import log as logging_setup  # noqa: PLC0415
    from workers.feeds.polling.service import Polling  # noqa: PLC0415
    from workers.feeds.polling.watched import ListFile  # noqa: PLC0415
    from workers.runtime.clients import resolve  # noqa: PLC0415

    listed = ListFile(file)
    addresses = resolve(settings)
    logging_setup.configure(settings.log_level, settings.log_format)
    polling = Polling(
        read_list=listed,
        fetch=listed.fetch,
        is_once=once,
        is_forced=now,
        not_before=since,
    )
    run(settings, addresses, polling)
    done = polling.metrics.totals
    if once:
        click.echo(summary(done))
        ctx.exit(int(bool(done["failed"] or done["given_up"])))


def summary(done: "Counter[str]") -> str:
    """What was done, in a line."""
    polls = sum(done[outcome] for outcome in POLL_OUTCOMES)
    parts = [
        f"polled {counted(polls, 'feed')}",
        f"{done['failed']:,} failed",
        counted(done["new"], "new item"),
    ]
    parts += [f"{done['changed']:,} changed", f"{done['sent']:,} sent"]
    for name, words in (
        ("old", "passed over"),
        ("same", "the same page"),
        ("elsewhere", "sent for another feed"),
        ("retried", "to be tried again"),
    ):
        if done[name]:
            parts.append(f"{done[name]:,} {words}")
    return ", ".join([*parts, f"{done['given_up']:,} given up"])


def run(settings: Settings, addresses: "Addresses", polling: "Polling") -> None:
    """Polls until a signal says to stop, or all is done; metrics are served meanwhile where the settings say so."""
    import structlog  # noqa: PLC0415

    log = structlog.get_logger()
    with serving(settings.metrics, polling.metrics.registry):
        log.info("feeds_started", kafka=list(addresses.kafka), pid=os.getpid())
        asyncio.run(_until_signal(settings, addresses, polling))
    log.info("feeds_stopped", **polling.metrics.totals)


async def _until_signal(settings: Settings, addresses: "Addresses", polling: "Polling") -> None:
    from workers.feeds.polling.service import poll  # noqa: PLC0415

    stopping = asyncio.Event()

    def ask() -> None:
        if stopping.is_set():
            os._exit(INTERRUPTED)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    await poll(settings, addresses, polling, stopping)
