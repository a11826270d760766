"""khabar tail"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from schemas.published_article import Relation
from schemas.wire import encode
from workers.cli.context import counted, pass_settings, services
from workers.cli.moments import Moment
from workers.config import Settings
from workers.stopping import stop_on_signals
from workers.topics import OUTCOMES, Role

if TYPE_CHECKING:
    from workers.runtime.reading import Received, Record
    from workers.subscribe import Position

FORMATS = ("card", "json", "csv")


@click.command("tail")
@click.option("--lang", "langs", multiple=True, help="Only articles in this language, such as ar.")
@click.option(
    "--source", "sources", multiple=True, help="Only what this source published: a domain or a name."
)
@click.option(
    "--entity",
    "entities",
    multiple=True,
    help="Only articles that name this entity: an id (iso:RU) or a name.",
)
@click.option("--text", help="Only what has these words, together, in its title or text.")
@click.option(
    "--relation",
    "relations",
    multiple=True,
    type=click.Choice([each.value for each in Relation]),
    help="Only with this relation.",
)
@click.option(
    "--topic",
    "topics",
    type=click.Choice([*(role.value for role in OUTCOMES), "all"]),
    multiple=True,
    default=[Role.PUBLISHED.value],
    show_default=True,
    help="What to follow; may be given several times.",
)
@click.option("--from-beginning", is_flag=True, help="Begin with what is there already.")
@click.option("--since", type=Moment(), help="Begin with what came since: 2h, 3d, or 2026-11-30T08:00:00Z.")
@click.option("--until-now", is_flag=True, help="End when what is there now has been shown.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many records.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Cards to read (default), JSON lines, or a table."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
@pass_settings
def command(  # noqa: PLR0913  (one argument an option)
    settings: Settings,
    ctx: click.Context,
    *,
    langs: Sequence[str],
    sources: Sequence[str],
    entities: Sequence[str],
    text: str | None,
    relations: Sequence[str],
    topics: Sequence[str],
    from_beginning: bool,
    since: datetime | None,
    until_now: bool,
    count: int | None,
    form: str | None,
    as_json: bool,
) -> None:
    """Follow what is published, as readable cards.

    Filters of different kinds have to hold together; one given several times is an "or". How many records there were
    is said at the end, on standard error.
    """
    if from_beginning and since is not None:
        raise click.UsageError("--from-beginning or --since, not both")
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json or --format {form}, not both")
    from workers.subscribe import subscribe  # noqa: PLC0415

    services(settings)
    show = _PRINTERS["json" if as_json else form or "card"]()
    unreadable = _Unreadable()
    shown = 0
    with (
        stop_on_signals() as stop,
        subscribe(
            list(OUTCOMES if "all" in topics else topics),
            lang=langs,
            source=sources,
            entities=entities,
            text=text,
            relations=relations,
            start=since or ("earliest" if from_beginning else "latest"),
            until_now=until_now,
            on_unreadable=unreadable,
            stop=stop,
            signals=False,
            settings=settings,
        ) as records,
    ):
        try:
            for record in islice(records, count):
                show(records.received, record)
                shown += 1
        finally:
            click.echo(_summary(shown, records.read_count, unreadable.count), err=True)
    ctx.exit(stop.exit_code)


class _Unreadable:
    """Says which records are not Khabar's, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, position: "Position", error: Exception) -> None:
        self.count += 1
        click.echo(f"{position}: not one of Khabar's: {error}", err=True)


def _summary(shown: int, read: int, unreadable: int) -> str:
    text = f"{counted(shown, 'record')} of {read:,} read"
    return f"{text}; {unreadable:,} not Khabar's" if unreadable else text


def _json_printer() -> "Callable[[Received, Record], None]":
    def show(received: "Received", record: "Record") -> None:
        # A dead letter's value is the dead event, which may be anything; its record stands in a header.
        click.echo(encode(record) if received.role is Role.DEAD else received.value)

    return show


def _csv_printer() -> "Callable[[Received, Record], None]":
    from workers.cli.rows import COLUMNS, csv_line, row  # noqa: PLC0415

    def write(cells: tuple[str, ...]) -> None:
        click.echo(csv_line(cells).encode(), nl=False)  # UTF-8, whatever the terminal's charset

    def show(received: "Received", record: "Record") -> None:
        write(row(received, record))

    write(COLUMNS)
    return show


def _card_printer() -> "Callable[[Received, Record], None]":
    from rich.console import Console  # noqa: PLC0415

    from workers.cli.card import card  # noqa: PLC0415

    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    width = console.width if console.is_terminal else None

    def show(received: "Received", record: "Record") -> None:
        console.print(card(received.topic, record, width=width), end="\n\n")
        console.file.flush()

    return show


_PRINTERS = {"card": _card_printer, "json": _json_printer, "csv": _csv_printer}
