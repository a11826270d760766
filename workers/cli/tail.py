"""khabar tail"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

import click

from schemas.tagged_article import Entity
from schemas.wire import InvalidError, UndecodableError, encode
from workers.cli.context import pass_settings, services, stop_on_signals
from workers.config import Settings
from workers.topics import OUTCOMES, Role

if TYPE_CHECKING:
    from workers.subscribe import Received, Record, Start


@click.command("tail")
@click.option("--lang", help="Only articles in this language, such as ar.")
@click.option("--entity", help="Only articles that name this entity: an id (iso:RU) or a name.")
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
@click.option("--count", type=click.IntRange(min=1), help="End after so many records.")
@click.option("--json", "as_json", is_flag=True, help="The records themselves, one JSON object a line.")
@click.pass_context
@pass_settings
def command(  # noqa: PLR0913  (one argument an option)
    settings: Settings,
    ctx: click.Context,
    *,
    lang: str | None,
    entity: str | None,
    topics: Sequence[str],
    from_beginning: bool,
    count: int | None,
    as_json: bool,
) -> None:
    """Follow what is published, as readable cards."""
    from workers.subscribe import subscribe  # noqa: PLC0415

    roles = OUTCOMES if "all" in topics else tuple(map(Role, dict.fromkeys(topics)))
    show = _print_json if as_json else _card_printer()
    services(settings)
    with stop_on_signals() as stop:
        start: Start = "earliest" if from_beginning else "latest"
        with closing(subscribe(settings, roles, start=start, stop=stop)) as stream:
            for received, record in islice(_readable(stream, lang, entity), count):
                show(received, record)
    ctx.exit(stop.exit_code)


def _readable(
    stream: "Iterable[Received]", lang: str | None, entity: str | None
) -> "Iterator[tuple[Received, Record]]":
    for received in stream:
        try:
            record = received.record
        except (UndecodableError, InvalidError) as error:
            click.echo(
                f"{received.topic}:{received.partition}:{received.offset}: not one of Khabar's: {error}",
                err=True,
            )
            continue
        if matches(record, lang, entity):
            yield received, record


def matches(record: "Record", lang: str | None, entity: str | None) -> bool:
    """Whether the record is in the language (`ar` takes `ar-EG` too) and names the entity (by id or any name)."""
    if lang is not None:
        found = getattr(record, "lang", None) or ""
        if found != lang and not found.startswith(f"{lang}-"):
            return False
    if entity is None:
        return True
    wanted = _folded(entity)
    return any(wanted in _names(candidate) for candidate in getattr(record, "entities", ()))


def _names(entity: Entity) -> set[str]:
    names = [entity.id, entity.name, entity.name_en or "", *(mention.text for mention in entity.mentions)]
    return {_folded(name) for name in names}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _print_json(received: "Received", record: "Record") -> None:
    # A dead letter's value is the dead event, which may be anything; its record stands in a header.
    line = encode(record) if received.role is Role.DEAD else received.value
    click.echo(line)


def _card_printer() -> "Callable[[Received, Record], None]":
    from rich.console import Console  # noqa: PLC0415

    from workers.cli.card import card  # noqa: PLC0415

    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    width = console.width if console.is_terminal else None

    def show(received: "Received", record: "Record") -> None:
        console.print(card(received.topic, record, width=width), end="\n\n")
        console.file.flush()

    return show
