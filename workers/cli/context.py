"""What the commands share: settings, services, and progress on standard error."""

import functools
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

from workers.config import Settings

if TYPE_CHECKING:
    from workers.runtime.clients import Addresses

P = ParamSpec("P")
R = TypeVar("R")

SLOW_AFTER_S = 1.0
"""A progress bar for what is done sooner would only flicker."""
REFRESH_S = 0.1


class State:
    """The environment as it was at the start; the settings in it are read when a command first asks."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    @functools.cached_property
    def settings(self) -> Settings:
        return Settings.from_env(self.environ)


def pass_settings(function: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """A command's first argument becomes the settings. Raises ConfigError when they are wrong."""

    @functools.wraps(function)
    def with_settings(*args: P.args, **kwargs: P.kwargs) -> R:
        state = click.get_current_context().find_object(State)
        assert state is not None
        return function(state.settings, *args, **kwargs)

    return with_settings


def services(settings: Settings) -> "Addresses":
    """Where Kafka and Redis are. From here on Kafka's clients log nothing: their errors are said in our own words."""
    from workers.runtime.clients import resolve  # noqa: PLC0415  (`khabar --help` needs no Kafka client)

    for client in ("kafka", "aiokafka"):
        logger = logging.getLogger(client)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    return resolve(settings)


@contextmanager
def slow_progress(after_s: float = SLOW_AFTER_S) -> Iterator[Callable[[str, int, int | None], None]]:
    """Gives show(what, done, total), to be called after each thing done; `total` may be None, not known.

    After `after_s` a bar appears on standard error, where that is a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415  (rich takes 50 ms to load)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("")
    due = time.monotonic() + after_s

    def show(what: str, done: int, total: int | None) -> None:
        nonlocal due
        if (now := time.monotonic()) >= due:
            bar.update(task, description=what, completed=done, total=total)
            bar.start()
            due = now + REFRESH_S

    try:
        yield show
    finally:
        bar.stop()


def counted(count: int, thing: str) -> str:
    """Such as: 1 event, 2,000 events."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
