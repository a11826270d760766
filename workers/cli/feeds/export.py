"""khabar feeds export"""

from pathlib import Path

import click

from workers.cli.feeds.words import file_option
from workers.errors import ConfigError
from workers.feeds.feed_list import read_feed_list, write_opml


@click.command("export")
@file_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where to write it; standard output if not said."
)
def command(*, path: Path, output: Path | None) -> None:
    """Write the list as OPML 2.0, for feed readers."""
    data = write_opml(read_feed_list(path).feeds)
    if output is None:
        click.get_binary_stream("stdout").write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}") from error
