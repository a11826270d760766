"""khabar feeds check"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from workers.cli.context import counted, slow_progress
from workers.cli.feeds.words import address, described, file_option, list_if_there
from workers.errors import ConfigError
from workers.feeds.check import ADVICE, OTHER_PAGE_ADVICE, PAGE_ADVICE, Finding, check_all
from workers.feeds.feed_list import read_feed_list
from workers.feeds.fetch import FetchOptions, HttpFetcher
from workers.feeds.model import Feed


@click.command("check")
@click.argument("what", nargs=-1, metavar="[FILE or URL]...")
@file_option
@click.option("-q", "--quiet", is_flag=True, help="Only what is wrong.")
@click.pass_context
def command(ctx: click.Context, *, what: Sequence[str], path: Path, quiet: bool) -> None:
    """Try each feed, and say what is wrong with it.

    Each feed of the list, or of the lists and addresses named, is asked for as polling would, twice, and the page of
    its first item once. Nothing is sent. The exit code is 1 when a feed is wrong.
    """
    options, feeds = _feeds(what, path)
    if not feeds:
        raise ConfigError(f"{path} has no feeds. Add one: khabar feeds add URL")
    wrong = asyncio.run(_check(options, feeds, quiet=quiet))
    click.echo(f"{counted(len(feeds), 'feed')}, " + (f"{wrong:,} wrong" if wrong else "all right"))
    ctx.exit(1 if wrong else 0)


def _feeds(what: Sequence[str], path: Path) -> tuple[FetchOptions, list[Feed]]:
    """How to fetch, as the last list says, and what."""
    if not what:
        listed = read_feed_list(path)
        return listed.fetch, list(listed.feeds)
    options, feeds = list_if_there(path).fetch, list[Feed]()
    for each in what:
        if each.endswith(".toml") or Path(each).is_file():
            listed = read_feed_list(Path(each))
            options = listed.fetch
            feeds += listed.feeds
        else:
            feeds.append(Feed(url=address(each)))
    return options, feeds


async def _check(options: FetchOptions, feeds: Sequence[Feed], *, quiet: bool) -> int:
    """Says of each feed how it is, in the order of the list, and gives how many are wrong."""
    ready: dict[int, Finding] = {}
    said, wrong = 0, 0
    with slow_progress() as show:
        async with HttpFetcher(options) as fetcher:
            async for number, finding in check_all(fetcher, feeds):
                ready[number] = finding
                wrong += finding.is_wrong
                show("checking", len(ready), len(feeds))
                while said in ready:
                    if ready[said].is_wrong or not quiet:
                        click.echo(_lines(ready[said]))
                    said += 1
    return wrong


def _lines(finding: Finding) -> str:
    mark = "WRONG" if finding.is_wrong else "ok"
    head = f"{mark:<6} {finding.feed.url}"
    lines = []
    if finding.document:
        parts = [described(finding.document)]
        parts.append("304 when unchanged" if finding.is_conditional else "no 304")
        parts.append(
            "page fetched" if finding.has_page else "text in the feed" if finding.has_content else "no page"
        )
        parts.append(finding.feed.lang or finding.document.lang or "no language said")
        lines.append(", ".join(parts))
    if finding.error:
        lines += [f"{finding.error.fault}: {finding.error}", f"-> {ADVICE[finding.error.fault]}"]
    if finding.page_error:
        advice = PAGE_ADVICE.get(finding.page_error.fault, OTHER_PAGE_ADVICE)
        lines += [f"{finding.page_error.fault}, of its first page: {finding.page_error}", f"-> {advice}"]
    lines += finding.notes
    return "\n".join([head, *(f"{'':<6} {line}" for line in lines)])
