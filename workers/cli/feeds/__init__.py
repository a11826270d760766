"""khabar feeds"""

from typing import Final

import click

from workers.cli.lazy import LazyGroup

COMMANDS: Final = {
    "add": "Find the feeds of sites, and add them to the list.",
    "check": "Try each feed, and say what is wrong with it.",
    "run": "Poll the feeds of the list until it is stopped.",
    "status": "Show of each feed how polling it goes.",
    "import": "Add the feeds of an OPML file to the list.",
    "export": "Write the list as OPML.",
}
"""Command to its line in the help; the modules are beside this one."""


@click.group("feeds", cls=LazyGroup, package=__name__, lines=COMMANDS)
def command() -> None:
    """Poll feeds and put their articles on articles.raw.

    The feeds stand in a file, feeds.toml in the working directory unless another is named.
    """
