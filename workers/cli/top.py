"""khabar top"""

import select
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click
import orjson

from workers.cli.context import pass_settings, services
from workers.config import Settings
from workers.stopping import stop_on_signals

if TYPE_CHECKING:
    from rich.console import Console

    from workers.cli.flow_view import FlowView
    from workers.runtime.reading import Received

PATIENCE_S: Final = 20.0
"""A broker that is there has answered by then, on a busy machine too."""
KEEPS: Final = 60
"""As many of the newest records as a tall terminal shows."""
ENDING_KEYS: Final = {"q", "Q", "\x1b"}


@click.command("top")
@click.option("--once", is_flag=True, help="Print the state once, as it is done where there is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print the state once, as a JSON object.")
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(min=0.2, max=60),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Show it anew so often.",
)
@pass_settings
def command(settings: Settings, *, once: bool, as_json: bool, interval_s: float) -> None:
    """Show what flows through Khabar now: articles a second, what waits, the index, and what came last.

    It is seen from Kafka and Redis, so all workers are in it, wherever they run. q or Ctrl-C ends it.
    """
    from rich.console import Console  # noqa: PLC0415

    from workers import log as logging_setup  # noqa: PLC0415
    from workers.cli.flow_view import FlowView  # noqa: PLC0415
    from workers.runtime.flow import FlowReader  # noqa: PLC0415

    # What is away is said on the screen; log lines would go across it.
    logging_setup.configure("error", settings.log_format, sys.stderr)
    newest: deque[Received] = deque(maxlen=KEEPS)
    reader = FlowReader(settings, services(settings), on_record=newest.append)
    console = Console(highlight=False, markup=False, emoji=False)
    reader.start()
    try:
        if as_json:
            reader.wait_for_rates(PATIENCE_S)
            click.echo(orjson.dumps(asdict(reader.latest), option=orjson.OPT_NON_STR_KEYS))
        elif once or not console.is_terminal:
            reader.wait_for_rates(PATIENCE_S)
            console.print(FlowView(settings, reader, newest).shown())
        else:
            _follow(console, FlowView(settings, reader, newest), interval_s)
    finally:
        reader.stop()


def _follow(console: "Console", view: "FlowView", interval_s: float) -> None:
    from rich.live import Live  # noqa: PLC0415

    with (
        stop_on_signals() as is_stopped,
        _keys() as pressed,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while not is_stopped():
            live.update(view.shown(console.height), refresh=True)
            if pressed(interval_s) in ENDING_KEYS:
                return


def _no_key(wait_s: float) -> str:
    time.sleep(wait_s)
    return ""


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Gives pressed(seconds): the key that was pressed within that time, "" for none. Ctrl-C stays a signal."""
    if not sys.stdin.isatty():
        yield _no_key
        return
    import termios  # noqa: PLC0415
    import tty  # noqa: PLC0415

    before = termios.tcgetattr(sys.stdin)

    def pressed(wait_s: float) -> str:
        is_ready, _, _ = select.select([sys.stdin], [], [], wait_s)
        return sys.stdin.read(1) if is_ready else ""

    try:
        tty.setcbreak(sys.stdin)
        yield pressed
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
