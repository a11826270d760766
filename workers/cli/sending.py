"""What `khabar send` says: a bar while it goes on, and what became of everything at the end."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from workers.cli.card import clean
from workers.cli.context import REFRESH_S, SLOW_AFTER_S, counted
from workers.feeds.bulk.job import Mark, Progress, Tally
from workers.feeds.outgoing import Item, Mistake, Outgoing
from workers.feeds.send import Sent
from workers.feeds.sources.inputs import Census

if TYPE_CHECKING:
    from rich import progress as rich_progress

MISTAKES_SHOWN = 20
LINE_EVERY_S = 5.0


class Screen:
    """Standard output says what was sent, standard error the rest. The bar is a terminal's; without one, `verbose`
    gives a line now and then.
    """

    def __init__(self, topic: str, *, verbose: bool, is_dry_run: bool) -> None:
        self._topic = topic
        self._verbose = verbose
        self._is_dry_run = is_dry_run
        self._tally = Tally()
        self._before = 0
        self._is_over = False
        self._is_bulk = False
        self._total_bytes: int | None = None
        self._mistakes: list[Mistake] = []
        self._began = time.monotonic()
        self._due = self._began + (SLOW_AFTER_S if sys.stderr.isatty() else LINE_EVERY_S)
        self._bar: rich_progress.Progress | None = None
        self._begun_bytes = 0

    @property
    def exit_code(self) -> int:
        return 1 if self._tally.not_sent else 0

    @property
    def _in_all(self) -> str:
        return " in all attempts" if self._before else ""

    def skipped(self, reason: str) -> None:
        self._tally.skipped[reason] += 1

    def mistake(self, mistake: Mistake) -> None:
        self._tally.not_sent += 1
        self._remember([mistake])

    def sent(self, event: Sent) -> None:
        self._tally.sent += 1
        self._show(0)
        if self._verbose:
            click.echo(f"{clean(event.where)} -> {self._topic}:{event.partition}:{event.offset}")

    def counts(self, items: Iterable[Item]) -> None:
        """A dry run: what would be sent."""
        for item in items:
            if isinstance(item, Outgoing):
                self._tally.sent += 1
                self._show(0)
            else:
                self.mistake(item)

    def begins(self, mark: Mark, found: Census, *, is_left: bool) -> None:
        """Says where a job is gone on with, or that it is over."""
        self._is_bulk = True
        self._tally, self._before = mark.tally, mark.tally.sent
        self._total_bytes, self._begun_bytes = found.size_bytes, mark.done_bytes
        self._is_over = not is_left
        if self._is_over:
            click.echo(
                f"nothing to send: all of it was sent already, {counted(self._before, 'event')}. --again sends it once more",
                err=True,
            )
        elif mark.cursor > (0,) and mark.done_bytes + self._before:
            part = f" ({mark.done_bytes / found.size_bytes:.0%})" if found.size_bytes else ""
            click.echo(f"going on after {counted(self._before, 'event')}{part}", err=True)

    def progress(self, progress: Progress) -> None:
        self._tally = progress.tally
        self._remember(progress.mistakes)
        self._show(progress.done_bytes)

    def summary(self, *, is_stopped: bool) -> None:
        """What became of everything, on both outputs."""
        self.close()
        sent, seconds = self._tally.sent - self._before, time.monotonic() - self._began
        verb = "would send" if self._is_dry_run else "sent"
        speed = f" in {seconds:,.1f} s, {sent / seconds:,.0f} a second" if seconds >= 1 and sent else ""
        whole = (
            f"; {counted(self._tally.sent, 'event')} with those sent before" if self._before and sent else ""
        )
        if not self._is_over:
            click.echo(f"{verb} {counted(sent, 'event')} to {self._topic}{speed}{whole}")
        if self._tally.skipped:
            click.echo(f"skipped{self._in_all}: {self._tally.skipped.total():,}", err=True)
            for reason, count in self._tally.skipped.most_common():
                click.echo(f"  {count:,} {reason}", err=True)
        if self._tally.not_sent:
            self._say_mistakes()
        if is_stopped and self._is_bulk:
            click.echo("stopped; the same command goes on from here", err=True)

    def _say_mistakes(self) -> None:
        click.echo(f"not sent{self._in_all}: {self._tally.not_sent:,}", err=True)
        for mistake in self._mistakes:
            click.echo(f"  {clean(str(mistake))}", err=True)
        more = self._tally.not_sent - len(self._mistakes)
        if more > 0 and self._mistakes:
            click.echo(f"  and {more:,} more", err=True)

    def _remember(self, mistakes: Iterable[Mistake]) -> None:
        self._mistakes += list(mistakes)[: MISTAKES_SHOWN - len(self._mistakes)]

    def _show(self, done_bytes: int) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        sent = self._tally.sent - self._before
        speed = sent / (now - self._began)
        if sys.stderr.isatty():
            self._due = now + REFRESH_S
            bar = self._bar or self._new_bar()
            bar.update(
                bar.task_ids[0], completed=done_bytes, events=f"{self._tally.sent:,}", speed=f"{speed:,.0f}"
            )
        elif self._verbose and self._is_bulk:
            self._due = now + LINE_EVERY_S
            part = f", {done_bytes / self._total_bytes:.0%}" if self._total_bytes else ""
            click.echo(f"{counted(self._tally.sent, 'event')}{part}, {speed:,.0f} a second", err=True)

    def _new_bar(self) -> "rich_progress.Progress":
        from rich import progress  # noqa: PLC0415  (it takes 50 ms to load)
        from rich.console import Console  # noqa: PLC0415

        columns: list[progress.ProgressColumn] = [progress.TextColumn("{task.description}")]
        if self._total_bytes:
            columns += [progress.BarColumn(), progress.DownloadColumn()]
        columns += [progress.TextColumn("{task.fields[events]} events  {task.fields[speed]}/s")]
        if self._total_bytes:
            columns += [progress.TimeRemainingColumn()]
        bar = progress.Progress(*columns, console=Console(stderr=True), transient=True)
        verb = "counting" if self._is_dry_run else "sending"
        bar.add_task(verb, total=self._total_bytes, completed=self._begun_bytes, events="0", speed="0")
        bar.start()
        self._bar = bar
        return bar

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def screen(topic: str, *, verbose: bool, is_dry_run: bool) -> Iterator[Screen]:
    """A screen whose bar is gone afterwards, whatever happens."""
    shown = Screen(topic, verbose=verbose, is_dry_run=is_dry_run)
    try:
        yield shown
    finally:
        shown.close()
