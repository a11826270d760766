"""khabar web"""

import click

from workers.cli.context import pass_settings, services
from workers.cli.metrics import metrics_option, serving
from workers.config import Settings


@click.command("web")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8080",
    show_default=True,
    help="Where to listen; port 0: any that is free.",
)
@pass_settings
@metrics_option
def command(settings: Settings, *, listen: str) -> None:
    """Serve a web page of the flow, the newest articles, duplicates and dead letters, with search.

    It only reads, and needs no worker on this machine. With KHABAR_WEB_TOKEN set, dead letters can be replayed from it
    by those who know the token. Ctrl-C ends it.
    """
    from workers import log as logging_setup  # noqa: PLC0415
    from workers.web.serving import address_of, bound, listen_at, serve_until_signalled, warning  # noqa: PLC0415

    place = listen_at(listen)
    addresses = services(settings)
    listening = bound(place)
    logging_setup.configure(settings.log_level, settings.log_format)
    if said := warning(place):
        click.echo(f"khabar: {said}", err=True)
    click.echo(f"The web page is at {address_of(place, listening)}", err=True)
    with serving(settings.metrics):
        serve_until_signalled(settings, addresses, place, listening)
