"""khabar explain"""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from schemas.raw_event import RawEvent, read_raw_event
from schemas.wire import InvalidError, UndecodableError
from workers.cli.context import State
from workers.cli.run import entity_options
from workers.errors import ConfigError
from workers.files import Entry, Reader, Unreadable

if TYPE_CHECKING:
    from schemas.tagged_article import Entity
    from workers.boilerplate.explain import Explanation
    from workers.entities.options import Options

EXIT_NOT_READ: Final = 1


class NotReadError(click.ClickException):
    """There is no event to explain; the message says why."""

    exit_code = EXIT_NOT_READ

    def show(self, file: object = None) -> None:  # noqa: ARG002
        from workers.cli.card import clean  # noqa: PLC0415

        click.echo(clean(self.message), err=True)


@click.command("explain")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page for the browser instead, in one file. - is standard output.",
)
@click.option("--all", "is_whole", is_flag=True, help="Every dropped block in full: fold and cut nothing.")
@click.option(
    "--line", type=click.IntRange(min=1), help="Of JSON lines, the event on this line. Default: the first."
)
@click.option("--url", help="The page's address, where the file does not say it.")
@click.option("--content-type", help='The page\'s type: "text/html; charset=koi8-r".')
@click.pass_context
def command(  # noqa: PLR0913  (one argument an option)
    ctx: click.Context,
    *,
    file: Path,
    page: Path | None,
    is_whole: bool,
    line: int | None,
    url: str | None,
    content_type: str | None,
) -> None:
    """Say what is taken from a page, what is left out, and why.

    FILE is what `khabar process` reads: an HTML page or a text dump in any charset, an envelope, or JSON lines; .gz is
    unpacked, and - is standard input. First stands the verdict with the record's fields; then each block of the
    page, marked + where it is kept and - where it is dropped, with the reason and the model's probability that the
    block is the article's text.

    Of an article also who and what it names is told, each name with its id. De-duplication is not run. The exit code is 1 when FILE cannot be read.
    """
    state = ctx.find_object(State)
    assert state is not None
    entry = _entry(file, line, state.settings.max_event_bytes)
    event = _event(entry, url, content_type)
    from workers.boilerplate.explain import explain  # noqa: PLC0415  (numpy and the models take a while)

    explanation = explain(event)
    entities = _entities(explanation, entity_options(state.settings))
    name = "standard input" if str(file) == "-" else entry.where
    if page is None:
        has_colours = not state.environ.get("NO_COLOR")
        _print(explanation, event, name, entities, is_whole=is_whole, has_colours=has_colours)
        return
    from workers.cli.report.page import report  # noqa: PLC0415

    _write(page, report(explanation, event, name, entities))


def _entities(explanation: "Explanation", options: "Options") -> "tuple[Entity, ...]":
    """Who and what the article names; nothing where the event gives none."""
    from workers.cli.report.findings import article_of  # noqa: PLC0415
    from workers.entities.stage import find_entities  # noqa: PLC0415

    article = article_of(explanation)
    return find_entities(article.text, article.lang, article.title, options=options) if article else ()


def _entry(file: Path, line: int | None, max_bytes: int) -> Entry:
    """The event in `file`. Raises NotReadError where there is none."""
    if file.is_dir():
        raise NotReadError(f"{file}: is a folder; name one file in it")
    entries = iter(Reader([file], click.get_binary_stream("stdin"), max_bytes))
    found = next((each for each in entries if _is_wanted(each, line)), None)
    if isinstance(found, Unreadable):
        raise NotReadError(str(found))
    if found is None:
        raise NotReadError(f"{file}: there is no event" + (f" on line {line}" if line else " in it"))
    if found.is_cut:
        message = f"has {found.size_bytes:,} bytes; the limit is {max_bytes:,} (KHABAR_MAX_EVENT_BYTES)"
        raise NotReadError(f"{found.where}: {message}")
    if line is None and found.line is not None and next(entries, None) is not None:
        click.echo(f"{found.where}: the first event is explained; --line chooses another", err=True)
    return found


def _is_wanted(entry: Entry | Unreadable, line: int | None) -> bool:
    return isinstance(entry, Unreadable) or line is None or entry.line == line


def _event(entry: Entry, url: str | None, content_type: str | None) -> RawEvent:
    """The event as its stage gets it; what the options say stands in for what the file does not."""
    is_page = entry.line is None
    kind = content_type if is_page and content_type else entry.content_type
    headers = (("content-type", kind.encode()),) if kind else ()
    try:
        event = read_raw_event(entry.value, headers)
    except (UndecodableError, InvalidError) as error:
        raise NotReadError(f"{entry.where}: is no event: {error}") from error
    return dataclasses.replace(event, url=event.url or url, content_type=event.content_type or content_type)


def _print(
    explanation: "Explanation",
    event: RawEvent,
    name: str,
    entities: "tuple[Entity, ...]",
    *,
    is_whole: bool,
    has_colours: bool,
) -> None:
    from rich.console import Console  # noqa: PLC0415

    from workers.cli.report.terminal import shown  # noqa: PLC0415

    console = Console(
        color_system="auto" if has_colours else None,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=True,
    )
    width = console.width if console.is_terminal else None
    for line in shown(explanation, event, name, width=width, is_whole=is_whole, entities=entities):
        console.print(line)


def _write(path: Path, page: str) -> None:
    """Write the page. Raises ConfigError when that is not possible."""
    written = page.encode("utf-8", "replace")
    if str(path) == "-":
        click.get_binary_stream("stdout").write(written)
        return
    try:
        path.write_bytes(written)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(f"--html {path}: cannot be written: {why}") from error
    click.echo(f"wrote {path}", err=True)
