"""The web page beside the workers of `khabar up`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from workers.cli.context import State
from workers.config import Settings

if TYPE_CHECKING:
    from workers.runtime.clients import Addresses


@contextmanager
def page_beside(
    settings: Settings, addresses: "Addresses", log_file: str, *, is_wanted: bool
) -> Iterator[str]:
    """Serves the page, in a process of its own, and gives its address; an empty one where none is wanted."""
    if not is_wanted:
        yield ""
        return
    from workers.web.beside import Beside  # noqa: PLC0415

    beside = Beside(settings, addresses, log_file)
    beside.start()
    try:
        yield beside.address
    finally:
        beside.stop()


def open_in_browser(address: str) -> None:
    """Show the page, where a person sits at a terminal of a machine with a browser."""
    from workers.web import beside  # noqa: PLC0415

    state = click.get_current_context().find_object(State)
    assert state is not None
    beside.open_in_browser(address, state.environ)
