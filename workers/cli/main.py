"""The command line. A command's module is imported when the command is used: `khabar --help` is quick."""

import importlib.metadata
import os
from typing import Final

import click

from workers.cli.context import State
from workers.cli.lazy import LazyGroup
from workers.errors import KhabarError

COMMANDS: Final = {
    "up": "Start Kafka, Redis and the workers on this machine, and watch articles arrive.",
    "run": "Run workers: read articles.raw, publish what comes of it.",
    "feeds": "Poll feeds and put their articles on articles.raw.",
    "send": "Put pages on articles.raw.",
    "top": "Show what flows through Khabar now, in the terminal.",
    "tail": "Follow what is published, as readable cards.",
    "web": "Serve a web page of the flow, the articles, duplicates and dead letters.",
    "process": "Turn files into records on standard output, without Kafka.",
    "explain": "Show what is taken from a page, what is left out, and why.",
    "dup": "Say why an article counts as a copy of another, or as none.",
    "audit": "Say from the topics alone that every event ended exactly once.",
    "replay": "Send a window of time through the stages again.",
    "dead": "List, show and replay events that could not be processed.",
    "dedup": "Show what the index of de-duplication holds, and empty it.",
    "topics": "Create, check and list the topics.",
    "health": "Say whether workers and services do their work.",
    "config": "Show the variables, their values, and what they do.",
}
"""Command to its line in the help."""

EXIT_FAILURE: Final = 2
EXIT_INTERRUPTED: Final = 130


class MainGroup(LazyGroup):
    """Says Khabar's errors without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KhabarError as error:
            click.echo(f"khabar: {error}", err=True)
            ctx.exit(EXIT_FAILURE)
        except KeyboardInterrupt:
            ctx.exit(EXIT_INTERRUPTED)


@click.group(
    cls=MainGroup,
    package="workers.cli",
    lines=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(importlib.metadata.version("khabar"), prog_name="khabar")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Khabar: raw news pages in, clean, tagged, de-duplicated articles out, each exactly once.

    Kafka and Redis are those of KHABAR_KAFKA and KHABAR_REDIS, or else the ones that `khabar up` has started.
    """
    ctx.obj = State(os.environ)
