"""khabar feeds add"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from workers.cli.feeds.words import address, described, file_option, list_if_there
from workers.feeds.discover import Discovery, Found, discover
from workers.feeds.feed_list import add_feeds, same_feed_key
from workers.feeds.feed_list.values import language
from workers.feeds.fetch import FetchOptions, HttpFetcher
from workers.feeds.model import Fault, Feed, FeedError, Fetcher


@dataclass(frozen=True, slots=True)
class _Said:
    """What the options say of the feeds that are added."""

    source: str | None
    lang: str | None
    tags: tuple[str, ...]

    def feed(self, found: Found, site: str) -> Feed:
        is_site = same_feed_key(found.url) != same_feed_key(site)
        return Feed(
            url=found.url,
            source=self.source or found.document.title,
            site_url=site if is_site else None,
            lang=self.lang,
            tags=self.tags,
        )


def _language(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else language(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("add")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@file_option
@click.option("--source", help="Who publishes it, as readers know them; the feed's title if not said.")
@click.option("--lang", callback=_language, help="The language of its articles, as BCP 47: ar, en, fa.")
@click.option("--tag", "tags", multiple=True, help="A tag for its articles; may be said more than once.")
@click.option("--all", "every", is_flag=True, help="Add each feed that is found, not the best alone.")
@click.pass_context
def command(  # noqa: PLR0913  (one argument an option)
    ctx: click.Context,
    *,
    urls: Sequence[str],
    path: Path,
    source: str | None,
    lang: str | None,
    tags: tuple[str, ...],
    every: bool,
) -> None:
    """Find the feeds of sites, and add them to the list.

    URL is a feed, a site or a page of it. The best feed is added at the end of the file, which is made if need be;
    what stands in it stays. The exit code is 1 when no feed is found at one of them.
    """
    options = list_if_there(path).fetch
    said = _Said(source, lang, tags)
    if sys.stderr.isatty():
        click.echo(
            f"looking for feeds, {options.limits.delay_s:g} s from one request to a host to the next",
            err=True,
        )
    is_missing = False
    for site, result in asyncio.run(_discover(options, urls)):
        if isinstance(result, FeedError) or not result.feeds:
            is_missing = True
            click.echo(_nothing(site, result), err=True)
            continue
        wanted = result.feeds if every else result.feeds[:1]
        added = add_feeds(path, [said.feed(found, site) for found in wanted])
        _tell(path, result.feeds, {feed.url for feed in added}, len(wanted))
    ctx.exit(1 if is_missing else 0)


async def _discover(options: FetchOptions, urls: Sequence[str]) -> list[tuple[str, Discovery | FeedError]]:
    async with HttpFetcher(options) as fetcher:
        return await asyncio.gather(*(_found(fetcher, url) for url in urls))


async def _found(fetcher: Fetcher, url: str) -> tuple[str, Discovery | FeedError]:
    """The address that was asked, and what there is; one that was typed without http is tried with it last."""
    try:
        return address(url), await discover(fetcher, address(url))
    except FeedError as error:
        if "://" in url or error.fault not in {Fault.TLS, Fault.CONNECTION, Fault.TIMEOUT}:
            return address(url), error
    try:
        return f"http://{url}", await discover(fetcher, f"http://{url}")
    except FeedError as error:
        return f"http://{url}", error


def _tell(path: Path, found: Sequence[Found], added: set[str], wanted: int) -> None:
    for number, each in enumerate(found):
        what = "added" if each.url in added else "in the list" if number < wanted else "also found"
        click.echo(f"{what:<12} {each.url}")
        click.echo(f"{'':<12} {described(each.document)}; {each.how}")
    if added:
        click.echo(f"{'':<12} {path}: {len(added)} more. Try them as polling would: khabar feeds check")


def _nothing(site: str, result: Discovery | FeedError) -> str:
    if isinstance(result, FeedError):
        return f"no feed      {site}\n{'':<12} {result}"
    why = f"\n{'':<12} {result.error}" if result.error and "is a web page" not in str(result.error) else ""
    return (
        f"no feed      {site}\n{'':<12} {result.tried} addresses were tried: links of the page and common places. "
        f"If you know the feed's own address, add that{why}"
    )
