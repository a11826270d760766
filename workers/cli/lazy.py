"""Groups whose commands are modules, each imported when it is used."""

import importlib
import importlib.util
from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """The commands are the objects `command` in PACKAGE.NAME; `lines` has the line of each for the help.

    A name without a module is left out.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        package: str,
        lines: Mapping[str, str],
        **options: object,
    ) -> None:
        super().__init__(name, **options)  # type: ignore[arg-type]  # click's own, passed on
        self._package = package
        self._lines = lines

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for name in self._lines if importlib.util.find_spec(f"{self._package}.{_module(name)}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{self._package}.{_module(cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._lines[name]) for name in self.list_commands(ctx)])


def _module(name: str) -> str:
    """`import` is a command, and a keyword."""
    return f"{name}_" if name == "import" else name
