"""khabar send"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workers.cli.context import pass_settings, services, slow_progress
from workers.config import Settings
from workers.errors import ConfigError
from workers.topics import Role, Topic, table

if TYPE_CHECKING:
    from workers.feeds.send import Item, Mistake, Sent

MISTAKES_SHOWN = 20


@click.command("send")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE... [-]")
@click.option("--demo", is_flag=True, help="The invented events of the demo, instead of files.")
@click.option("--url", help="The page's address.")
@click.option("--source", help="Who published it, as readers know them.")
@click.option("--lang", help="Its language, as BCP 47: ar, en, fa.")
@click.option("--content-type", help='Send any file as one page of this type: "text/html; charset=koi8-r".')
@click.option("--topic", "topic_name", help="Another topic than articles.raw.")
@click.option("-v", "--verbose", is_flag=True, help="Say of each event where it stands.")
@click.pass_context
@pass_settings
def command(  # noqa: PLR0913  (one argument an option)
    settings: Settings,
    ctx: click.Context,
    *,
    files: Sequence[Path],
    demo: bool,
    url: str | None,
    source: str | None,
    lang: str | None,
    content_type: str | None,
    topic_name: str | None,
    verbose: bool,
) -> None:
    """Put pages on articles.raw.

    .html, .htm, .txt: the page as it is, in any charset. .json: one envelope. .jsonl, .ndjson and - (standard
    input): an envelope a line. What is wrong is listed and the rest is sent; the exit code is 1 then.
    """
    from workers.feeds.send import Known, Mistake, demo_items, read_files  # noqa: PLC0415

    known = Known(url=url, source=source, lang=lang, content_type=content_type)
    if bool(files) == demo or (demo and known != Known()):
        raise click.UsageError("Name FILEs (- for standard input), or say --demo and nothing of its pages.")
    topic = _topic(settings, topic_name)
    items = demo_items() if demo else read_files(files, click.get_binary_stream("stdin"), known)
    partitions: Counter[int] = Counter()
    mistakes: list[Mistake] = []
    with slow_progress() as show:
        for number, result in enumerate(_send(settings, topic, items), start=1):
            show("sending", number, None)
            if isinstance(result, Mistake):
                mistakes.append(result)
                continue
            partitions[result.partition] += 1
            if verbose:
                click.echo(f"{result.where} -> {topic.name}:{result.partition}:{result.offset}")
    sent = partitions.total()
    events = "1 event" if sent == 1 else f"{sent:,} events"
    click.echo(f"sent {events} to {topic.name}" + (f" ({len(partitions)} partitions)" if sent > 1 else ""))
    if mistakes:
        click.echo(f"not sent: {len(mistakes):,}", err=True)
        for mistake in mistakes[:MISTAKES_SHOWN]:
            click.echo(f"  {mistake}", err=True)
        if len(mistakes) > MISTAKES_SHOWN:
            click.echo(f"  and {len(mistakes) - MISTAKES_SHOWN:,} more", err=True)
        ctx.exit(1)


def _topic(settings: Settings, name: str | None) -> Topic:
    topics = table(settings.topic_prefix)
    if name is None:
        return topics[Role.RAW]
    by_name = {topic.name: topic for topic in topics.values()}
    if name not in by_name:
        raise ConfigError(f"--topic {name}: Khabar's topics are {', '.join(by_name)}")
    return by_name[name]


def _send(settings: Settings, topic: Topic, items: "Iterable[Item]") -> "Iterator[Sent | Mistake]":
    from workers.feeds.send import checked, produce  # noqa: PLC0415
    from workers.runtime.clients import admin, producer, speaking_to  # noqa: PLC0415

    addresses = services(settings)
    with admin(settings, addresses) as client, speaking_to(addresses):
        if topic.name not in client.list_topics():
            raise ConfigError(
                f"Kafka has no topic {topic.name}. Create what is missing: khabar topics create"
            )
    with closing(producer(settings, addresses)) as client, speaking_to(addresses):
        yield from produce(client, topic.name, (checked(item, topic) for item in items))
