"""khabar feeds import"""

from pathlib import Path

import click

from workers.cli.feeds.words import file_option
from workers.errors import ConfigError
from workers.feeds.feed_list import add_feeds, read_opml


@click.command("import")
@click.argument("opml", type=click.Path(path_type=Path, allow_dash=True))
@file_option
@click.pass_context
def command(ctx: click.Context, *, opml: Path, path: Path) -> None:
    """Add the feeds of an OPML file to the list.

    OPML is a file's name, or - for standard input. Titles become sources, folders and categories tags. What is in
    the list already stays as it is there. The exit code is 1 when a feed of the file cannot be read.
    """
    try:
        with click.open_file(str(opml), "rb") as file:
            found = read_opml(file.read(), str(opml))
    except OSError as error:
        raise ConfigError(f"{opml} cannot be read: {error.strerror}") from error
    added = add_feeds(path, found.feeds)
    click.echo(f"added {len(added):,} of {len(found.feeds):,} feeds to {path}")
    for problem in found.problems:
        click.echo(f"  left out: {problem}", err=True)
    ctx.exit(1 if found.problems else 0)
