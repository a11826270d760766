"""khabar config"""

from collections.abc import Mapping

import click
import orjson

from workers.cli.context import State
from workers.config import secret_files, variables
from workers.errors import ConfigError


@click.command("config")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: variable to value, secrets as ***.")
@click.pass_obj
def command(state: State, *, as_json: bool) -> None:
    """Show every variable: its value (* where it is not the default), and what it does. Secrets show as ***."""
    try:
        values = state.settings.shown()
    except ConfigError:
        # Who made a mistake needs the list most.
        click.echo("\n".join(_lines({name: default for name, default, _ in variables()})))
        raise
    if as_json:
        click.echo(orjson.dumps(values, option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(_lines(values)))


def _lines(values: Mapping[str, str]) -> list[str]:
    lines = []
    for name, default, about in variables():
        value = values[name]
        mark = " " if value == default else "*"
        lines += [f"{mark} {name}={value}", f"      {about}" + (f" (default: {default})" if default else "")]
    return [*lines, f"  {', '.join(secret_files())}: a file that holds the secret, instead of the secret"]
