"""khabar send"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from workers.cli.context import pass_settings, services
from workers.config import Settings
from workers.errors import ConfigError
from workers.feeds.sources.kinds import FORMATS
from workers.stopping import Stop, stop_on_signals
from workers.topics import Role, Topic, table

if TYPE_CHECKING:
    from workers.cli.sending import Screen
    from workers.feeds.bulk.job import BulkSender
    from workers.feeds.bulk.pace import Pace
    from workers.feeds.outgoing import Item
    from workers.feeds.sources.inputs import Plan
    from workers.feeds.sources.pages import Known
    from workers.runtime.clients import Addresses


@click.command("send")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE... [-]")
@click.option("--demo", is_flag=True, help="The invented events of the demo, instead of files.")
@click.option("--url", help="The page's address.")
@click.option("--source", help="Who published it, as readers know them.")
@click.option("--lang", help="Its language, as BCP 47: ar, en, fa.")
@click.option("--content-type", help='Send any file as one page of this type: "text/html; charset=koi8-r".')
@click.option(
    "--format",
    "format_name",
    type=click.Choice([kind.value for kind in FORMATS]),
    help="What the files are, whatever their names.",
)
@click.option("--rate", metavar="RATE", help="No more than so many events: 200/s, 10/m, 5/h.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N events.")
@click.option(
    "--resume", is_flag=True, help="Send pages and JSON lines as folders are sent: each event once."
)
@click.option("--again", is_flag=True, help="Begin anew what was sent, or begun, before.")
@click.option("--dry-run", is_flag=True, help="Read and count, and send nothing.")
@click.option("--topic", "topic_name", help="Another topic than articles.raw.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Say of each event where it stands; of many, how far it is."
)
@click.pass_context
@pass_settings
def command(  # noqa: PLR0913  (one argument an option)
    settings: Settings,
    ctx: click.Context,
    *,
    files: Sequence[Path],
    demo: bool,
    format_name: str | None,
    rate: str | None,
    limit: int | None,
    resume: bool,
    again: bool,
    dry_run: bool,
    topic_name: str | None,
    verbose: bool,
    url: str | None,
    source: str | None,
    lang: str | None,
    content_type: str | None,
) -> None:
    """Put pages on articles.raw.

    \b
    .html .htm .xhtml .txt         the page as it is, in any charset
    .json, .jsonl .ndjson          an envelope, an envelope a line; - is standard input, an envelope a line
    .warc .warc.gz                 the pages that a crawler fetched (HTML or text, status 200)
    .tar .tar.gz .tgz .zip ...     the pages and envelopes in the archive; nothing is unpacked to the disk
    a folder                       all of these in it and in the folders in it, by name

    Pages and envelopes may be packed with gzip (.html.gz, .jsonl.gz). What is wrong is listed and the rest is sent; the
    exit code is 1 then. What is no page is counted.

    Folders, archives and WARC files are sent exactly once: after an interruption, Ctrl-C or worse, the same command
    goes on where it was, and when all was sent, it sends nothing. Files that are named one by one, and standard input,
    are sent each time; --resume treats such files like a folder.
    """  # noqa: D301 - click reads the backspace as "leave these lines as they are"
    from workers.cli.sending import screen  # noqa: PLC0415
    from workers.feeds.sources.inputs import STDIN  # noqa: PLC0415
    from workers.feeds.sources.pages import Known  # noqa: PLC0415

    known = Known(url=url, source=source, lang=lang, content_type=content_type)
    if bool(files) == demo or (demo and known != Known()):
        raise click.UsageError("Name FILEs (- for standard input), or say --demo and nothing of its pages.")
    topic = _topic(settings, topic_name)
    plan = _plan(files, topic, format_name, known, resume=resume)
    # Reading from a pipe or a terminal may take for ever: there, a signal ends the command at once.
    signals = nullcontext(Stop(Event())) if STDIN in files else stop_on_signals()
    with signals as stop, screen(topic.name, verbose=verbose, is_dry_run=dry_run) as shown:
        pace = _pace(rate, stop)
        addresses = None if dry_run else services(settings)
        if addresses is not None:
            topic, plan = _as_it_is(settings, addresses, topic, plan)
        items = _some(_items(plan, shown, demo=demo), topic, pace, stop, limit)
        if addresses is None:
            shown.counts(items)
        elif resume or plan.is_bulk:
            with _bulk_sender(settings, addresses, topic, plan, shown, again=again) as sender:
                for progress in sender.run(pace, stop.event, limit):
                    shown.progress(progress)
        else:
            _send(settings, addresses, topic, items, shown)
    shown.summary(is_stopped=stop())
    ctx.exit(stop.exit_code or shown.exit_code)


def _topic(settings: Settings, name: str | None) -> Topic:
    topics = table(settings.topic_prefix)
    if name is None:
        return topics[Role.RAW]
    by_name = {topic.name: topic for topic in topics.values()}
    if name not in by_name:
        raise ConfigError(f"--topic {name}: Khabar's topics are {', '.join(by_name)}")
    return by_name[name]


def _plan(
    files: Sequence[Path], topic: Topic, format_name: str | None, known: "Known", *, resume: bool
) -> "Plan":
    from workers.feeds.outgoing import BATCH_OVERHEAD_BYTES  # noqa: PLC0415
    from workers.feeds.sources.inputs import STDIN, Plan  # noqa: PLC0415
    from workers.feeds.sources.kinds import Kind  # noqa: PLC0415

    if format_name and known.content_type:
        raise click.UsageError("--format and --content-type both say what the files are: say one of them.")
    if resume and (STDIN in files or not files):
        raise click.UsageError("--resume is for files: standard input cannot be read a second time.")
    return Plan(
        paths=tuple(files),
        max_bytes=topic.max_message_bytes - BATCH_OVERHEAD_BYTES,
        format=Kind(format_name) if format_name else None,
        known=known,
    )


def _pace(rate: str | None, stop: Stop) -> "Pace":
    from workers.feeds.bulk.pace import Pace, parse_rate  # noqa: PLC0415

    try:
        return Pace(parse_rate(rate) if rate else None, stop.event)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--rate") from error


def _items(plan: "Plan", shown: "Screen", *, demo: bool) -> "Iterator[Item]":
    """The events and mistakes; what is skipped is counted."""
    from workers.feeds.send import demo_items  # noqa: PLC0415
    from workers.feeds.sources.inputs import read, sources  # noqa: PLC0415
    from workers.feeds.sources.step import Skipped  # noqa: PLC0415

    if demo:
        yield from demo_items()
        return
    stdin = click.get_binary_stream("stdin")
    for source in sources(plan.paths):
        for step in read(plan, source, stdin):
            if isinstance(step.read, Skipped):
                shown.skipped(step.read.reason.value)
            else:
                yield step.read


def _some(
    items: "Iterable[Item]", topic: Topic, pace: "Pace", stop: Stop, limit: int | None
) -> "Iterator[Item]":
    """At the pace, until a stop is asked for or `limit` events have gone."""
    from workers.feeds.outgoing import Outgoing  # noqa: PLC0415
    from workers.feeds.send import checked  # noqa: PLC0415

    left = limit
    for found in items:
        item = checked(found, topic)
        if isinstance(item, Outgoing):
            pace.wait()
            left = None if left is None else left - 1
        if stop():
            return
        yield item
        if left == 0:
            return


def _as_it_is(settings: Settings, addresses: "Addresses", topic: Topic, plan: "Plan") -> "tuple[Topic, Plan]":
    """What the cluster's topic takes, which may be less than Khabar's."""
    from workers.feeds.outgoing import BATCH_OVERHEAD_BYTES  # noqa: PLC0415
    from workers.runtime.topics_admin import as_it_is  # noqa: PLC0415

    topic = as_it_is(settings, addresses, topic)
    return topic, replace(plan, max_bytes=topic.max_message_bytes - BATCH_OVERHEAD_BYTES)


def _send(
    settings: Settings, addresses: "Addresses", topic: Topic, items: "Iterable[Item]", shown: "Screen"
) -> None:
    from workers.feeds.outgoing import Mistake  # noqa: PLC0415
    from workers.feeds.send import produce  # noqa: PLC0415
    from workers.runtime.clients import producer, speaking_to  # noqa: PLC0415

    with closing(producer(settings, addresses)) as client, speaking_to(addresses):
        for result in produce(client, topic.name, items):
            if isinstance(result, Mistake):
                shown.mistake(result)
            else:
                shown.sent(result)


@contextmanager
def _bulk_sender(
    settings: Settings, addresses: "Addresses", topic: Topic, plan: "Plan", shown: "Screen", *, again: bool
) -> "Iterator[BulkSender]":
    """At where the job stands, which is shown; at its end where nothing is left."""
    from workers.feeds.bulk.chunks import collect_less  # noqa: PLC0415
    from workers.feeds.bulk.job import BulkSender  # noqa: PLC0415
    from workers.feeds.sources.inputs import census  # noqa: PLC0415

    found = census(plan)
    with BulkSender(settings, addresses, topic, plan, found) as sender:
        is_left = sender.take_over(again=again)
        shown.begins(sender.mark, found, is_left=is_left)
        if is_left:
            collect_less()
        yield sender
