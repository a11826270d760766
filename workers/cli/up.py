"""khabar up"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from workers.cli.context import pass_settings
from workers.cli.feeds.beside import Beside
from workers.cli.metrics import metrics_option, serving_workers
from workers.cli.page import open_in_browser, page_beside
from workers.cli.run import WORKERS, end_at_once, supervisor_of
from workers.config import Settings
from workers.errors import ConfigError
from workers.topics import Role, table

if TYPE_CHECKING:
    from rich.console import Console

    from workers.cli.panel import Facts, Screen, View, Watcher
    from workers.embedded.stack import Stack
    from workers.feeds.polling.service import Polling
    from workers.runtime.clients import Addresses
    from workers.runtime.supervisor import Supervisor

REFRESH_S: Final = 0.25
SHOW_CURSOR: Final = b"\x1b[?25h"  # DECTCEM


@click.command("up")
@click.option(
    "--demo", is_flag=True, help="Put the demo's articles on articles.raw, once for each data folder."
)
@click.option(
    "--workers", type=WORKERS, help="Worker processes; default: KHABAR_WORKERS, else 2, or 1 on one core."
)
@click.option(
    "--until-idle", is_flag=True, help="End when every event has been dealt with, and say the totals."
)
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    metavar="URL",
    help="Poll this feed too, or the feed of this site; several times for several.",
)
@click.option("--feeds", "list_file", type=click.Path(path_type=Path), help="Poll the feeds of this list.")
@click.option(
    "--allow-private", is_flag=True, help="Of --feed: also addresses that are not on the public Internet."
)
@click.option("--no-web", is_flag=True, help="Serve no web page.")
@click.option("--no-browser", is_flag=True, help="Do not open the web page in a browser.")
@pass_settings
@metrics_option
def command(  # noqa: PLR0913  (one argument an option)
    settings: Settings,
    *,
    demo: bool,
    workers: int | None,
    until_idle: bool,
    feeds: Sequence[str],
    list_file: Path | None,
    allow_private: bool,
    no_web: bool,
    no_browser: bool,
) -> None:
    """Start Kafka, Redis and the workers on this machine, and watch articles arrive, here and on a web page.

    Data stays in KHABAR_DATA_DIR (default: your data folder): the next start goes on from there. Services that
    KHABAR_KAFKA and KHABAR_REDIS name are used instead of own ones. Ctrl-C drains the work in flight and stops
    all that was started; a second Ctrl-C ends at once.
    """
    from rich.console import Console  # noqa: PLC0415

    from workers.embedded.stack import Stack, default_directory  # noqa: PLC0415
    from workers.runtime.clients import Addresses  # noqa: PLC0415

    polling = _polling(feeds, list_file, allow_private=allow_private, is_once=until_idle)
    directory = default_directory(settings)
    count = workers or settings.workers or min(2, os.cpu_count() or 1)
    console = Console(markup=False, highlight=False, emoji=False)
    with _stopping() as stop, _announcing() as announce:
        with Stack(directory, settings=settings, on_progress=announce) as stack:
            kafka = tuple(stack.addresses.kafka.split(","))
            with _logging(settings, directory / "workers.log") as log_file:
                addresses = Addresses(kafka, stack.addresses.redis)
                beside = Beside(settings, addresses, polling) if polling else None
                create_topics(settings, addresses)
                with page_beside(settings, addresses, log_file, is_wanted=not (no_web or until_idle)) as page:
                    if page and not no_browser:
                        open_in_browser(page)
                    up = _Up(settings, addresses, stack, stop, log_file, beside)
                    up.run(console, announce, count, demo=demo, until_idle=until_idle, page=page)
            announce("Stopping what was started")
        announce("Stopped")


class _Stopping:
    """The first SIGINT or SIGTERM interrupts the start, or asks `supervisor` to drain; a second one ends at once."""

    def __init__(self) -> None:
        self.is_asked = False
        self.supervisor: Supervisor | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_asked:
            if sys.stdout.isatty():
                os.write(sys.stdout.fileno(), SHOW_CURSOR)
            if self.supervisor is not None:
                end_at_once(self.supervisor)
            os._exit(130)
        self.is_asked = True
        if self.supervisor is None:
            raise KeyboardInterrupt


@contextmanager
def _stopping() -> Iterator[_Stopping]:
    stop = _Stopping()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _announcing() -> Iterator[Callable[[str], None]]:
    """Gives announce(what is going on): one line on standard error that changes, or lines where it is no terminal."""
    if not sys.stderr.isatty():
        yield lambda text: click.echo(text, err=True)
        return

    def announce(text: str) -> None:
        click.echo(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}", err=True, nl=False)

    try:
        yield announce
    finally:
        click.echo(err=True)


@contextmanager
def _logging(settings: Settings, path: Path) -> Iterator[str]:
    """Our own log lines, and those of the workers, go to a file: the terminal is for the panel."""
    from workers import log as logging_setup  # noqa: PLC0415

    if path.exists():
        path.replace(path.with_name(f"{path.name}.1"))
    with path.open("a", encoding="utf-8") as stream:
        logging_setup.configure(settings.log_level, settings.log_format, stream)
        yield str(path)


class _Up:
    """A run of the workers under the panel, from the first record to the end of the drain."""

    def __init__(
        self,
        settings: Settings,
        addresses: "Addresses",
        stack: "Stack",
        stop: _Stopping,
        log_file: str,
        beside: Beside | None = None,
    ) -> None:
        self._settings = settings
        self._addresses = addresses
        self._stack = stack
        self._stop = stop
        self._log_file = log_file
        self._beside = beside
        self._idle_since: float | None = None

    def run(
        self,
        console: "Console",
        announce: Callable[[str], None],
        workers: int,
        *,
        demo: bool,
        until_idle: bool,
        page: str = "",
    ) -> None:
        """Blocks until it is told to stop, or all is done with `until_idle`. Raises ConfigError as workers do."""
        from workers.cli.panel import LiveScreen, PlainScreen, Watcher, totals  # noqa: PLC0415
        from workers.runtime.chain import ALL_STAGES  # noqa: PLC0415

        watcher = Watcher(self._settings, self._addresses)
        watcher.start()
        try:
            if demo and (sent := put_demo(self._settings, self._addresses)):
                announce(f"Put {sent} demo articles on {table(self._settings.topic_prefix)[Role.RAW].name}")
            supervisor = supervisor_of(
                self._settings, self._addresses, ALL_STAGES, workers, log_file=self._log_file
            )
            self._stop.supervisor = supervisor
            show: Screen = (LiveScreen if console.is_terminal else PlainScreen)(console, self._facts(page))
            if console.is_terminal:
                announce("")
            polled = self._beside.metrics.registry if self._beside else None
            serving = serving_workers(self._settings, self._addresses, supervisor, polled)
            with (
                serving,
                _supervising(supervisor, self._settings) as thread,
                _polling_beside(self._beside),
                show,
            ):
                self._watch(supervisor, thread, watcher, show, until_idle=until_idle)
            if not console.is_terminal:
                console.print(totals(watcher.counts))
        finally:
            watcher.stop()

    def _facts(self, page: str) -> "Facts":
        from workers.cli.panel import Facts  # noqa: PLC0415

        redis = self._settings.shown()["KHABAR_REDIS"] if self._settings.redis else self._addresses.redis
        return Facts(",".join(self._addresses.kafka), redis or "", self._log_file, program_name(), page)

    def _watch(
        self,
        supervisor: "Supervisor",
        thread: Thread,
        watcher: "Watcher",
        screen: "Screen",
        *,
        until_idle: bool,
    ) -> None:
        """Show what goes on until the workers have drained."""
        from workers.cli.panel import View  # noqa: PLC0415
        from workers.runtime.rate import Rate  # noqa: PLC0415

        rate = Rate()
        note = ""
        fallen: list[str] = []
        while True:
            is_over = not thread.is_alive()
            now = time.monotonic()
            # Counting what earlier runs have left is not work that is done now.
            is_counted = watcher.caught_up_at > float("-inf")
            view = View(
                counts=watcher.counts.copy(),
                rate=rate.update(watcher.counts.total(), now) if is_counted else 0.0,
                status=supervisor.status(),
                note=note,
                feeds=self._beside.line() if self._beside else "",
            )
            screen.show(*watcher.new(), view)
            if is_over:
                break
            if not note:
                fallen = self._stack.fallen()
                is_failed = bool(self._beside and self._beside.failure)
                is_done = until_idle and self._is_idle(view, watcher, now)
                if self._stop.is_asked or fallen or is_failed or is_done:
                    note = "draining ..."
                    if self._beside:
                        self._beside.stop()
                    supervisor.stop()
            thread.join(REFRESH_S)
        if fallen:
            raise ConfigError("\n".join(self._with_log(line) for line in fallen))
        if self._beside and self._beside.failure:
            raise self._beside.failure

    def _is_idle(self, view: "View", watcher: "Watcher", now: float) -> bool:
        """Whether nothing is to be read or in work, and the watcher has since read all that came of it."""
        is_polling = self._beside is not None and not self._beside.is_over
        if is_polling or view.status.lag != 0 or view.status.in_work:
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._idle_since = now
        return watcher.caught_up_at > self._idle_since

    def _with_log(self, line: str) -> str:
        from workers.embedded.server import tail  # noqa: PLC0415

        server = self._stack.kafka if "Kafka" in line else self._stack.redis
        return "\n".join([line, *(f"  | {said}" for said in tail(server.log))])


@contextmanager
def _supervising(supervisor: "Supervisor", settings: Settings) -> Iterator[Thread]:
    """The supervisor in a thread; drained at the end. Raises what the supervisor has raised."""
    from workers.runtime.chain import ALL_STAGES, group_name  # noqa: PLC0415
    from workers.runtime.status_file import StatusFile, path_of  # noqa: PLC0415

    group = group_name(settings.group, ALL_STAGES)
    status_file = StatusFile(path_of(settings, group), group)
    failures: list[Exception] = []

    def run() -> None:
        try:
            supervisor.run(lambda: status_file.offer(supervisor.status()))
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            failures.append(error)

    thread = Thread(target=run, name="khabar-supervisor")
    thread.start()
    try:
        yield thread
    finally:
        supervisor.stop()
        thread.join()
        status_file.remove()
    if failures:
        raise failures[0]


@contextmanager
def _polling_beside(beside: Beside | None) -> Iterator[None]:
    if beside is None:
        yield
        return
    beside.start()
    try:
        yield
    finally:
        beside.stop()
        beside.join()


def _polling(
    feeds: Sequence[str], list_file: Path | None, *, allow_private: bool, is_once: bool
) -> "Polling | None":
    """What is polled beside the workers, None where nothing is asked for. Raises ConfigError for a wrong list."""
    if not feeds and list_file is None:
        return None
    from workers.cli.feeds.beside import polling_of  # noqa: PLC0415

    return polling_of(feeds, list_file, allow_private=allow_private, is_once=is_once)


def program_name() -> str:
    """What a person types to run this program again."""
    name = Path(sys.argv[0]).name
    if shutil.which(name) is not None:
        return name
    try:
        return str(Path(sys.argv[0]).relative_to(Path.cwd()))
    except ValueError:
        return sys.argv[0]


def create_topics(settings: Settings, addresses: "Addresses") -> None:
    """The topics that are missing, if we may."""
    from workers.runtime.clients import admin  # noqa: PLC0415
    from workers.runtime.topics_admin import create  # noqa: PLC0415

    if settings.create_topics:
        with closing(admin(settings, addresses)) as client:
            create(client, settings)


def put_demo(settings: Settings, addresses: "Addresses") -> int:
    """Send the demo's events unless this Kafka has had them; how many were sent.

    One transaction holds the events and a mark: an offset, committed for a group of its own, whose metadata is the
    digest of the events. So an interrupted run has sent all of them or none.
    """
    from kafka import ConsumerGroupMetadata, OffsetAndMetadata, TopicPartition  # noqa: PLC0415

    from workers.demo.events import demo_events  # noqa: PLC0415
    from workers.runtime.clients import consumer, producer, speaking_to  # noqa: PLC0415

    events = demo_events()
    group = f"{settings.group}-demo"
    topic = table(settings.topic_prefix)[Role.RAW].name
    mark = blake2b(repr(events).encode(), digest_size=16).hexdigest()
    place = TopicPartition(topic, 0)
    with (
        closing(producer(settings, addresses, transactional_id=group)) as client,
        speaking_to(addresses),
    ):
        client.init_transactions()  # from here on, no earlier run can commit any more
        with closing(consumer(settings, addresses, group_id=group)) as reader:
            # Unlike the admin client, it waits for a coordinator that a new Kafka has still to choose.
            found = reader.committed(place, metadata=True)
        if found is not None and found.metadata == mark:
            return 0
        client.begin_transaction()
        for event in events:
            client.send(topic, event.value, event.key, list(event.headers))
        member = ConsumerGroupMetadata(group, -1, "", None)
        client.send_offsets_to_transaction({place: OffsetAndMetadata(0, mark, -1)}, member)
        client.commit_transaction()
    return len(events)
