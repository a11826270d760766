"""khabar dup"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from workers.cli.context import pass_settings, services, slow_progress
from workers.config import Settings
from workers.errors import ConfigError
from workers.identity import is_article_id
from workers.topics import DAY_MS, Role, table

if TYPE_CHECKING:
    from workers.cli.report.dup import Explained
    from workers.runtime.lookup import Find, Found

PROGRESS_AFTER_S: Final = 2.0


def _article_id(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    value = value.strip().lower()
    if not is_article_id(value):
        raise click.BadParameter(
            "an article id has 32 hex digits: `id` of a record, the last but one line of a card"
        )
    return value


@click.command("dup")
@click.argument("article_id", callback=_article_id, metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@pass_settings
def command(settings: Settings, *, article_id: str, as_json: bool) -> None:
    """Say why an article counts as a copy of another, or as none.

    ID is the article id in a record of articles.published or articles.duplicates. Shown are the verdict, both
    articles, how much of their texts is the same, the longest passages in common, the numbers, persons and places
    that agree and that differ, and the rules that decided. An article that was sent several times has several
    records; the newest stands last. Redis is not needed: the two topics say it all, for as long as they keep records.
    """
    from workers.runtime.lookup import finding  # noqa: PLC0415

    addresses = services(settings)
    with slow_progress(PROGRESS_AFTER_S) as show, finding(settings, addresses, show) as find:
        records = find(article_id)
        if not records:
            raise ConfigError(_missing(settings, article_id))
        explained = [_explained(each, records, find) for each in records]
    if as_json:
        from workers.cli.report.dup import as_json as json_of  # noqa: PLC0415

        click.echo(json_of(article_id, explained))
    else:
        _print(explained, _kept_days(settings))


def _kept_days(settings: Settings) -> int:
    return table(settings.topic_prefix)[Role.PUBLISHED].retention_ms // DAY_MS


def _missing(settings: Settings, article_id: str) -> str:
    topics = table(settings.topic_prefix)
    return (
        f"{article_id}: no record in {topics[Role.PUBLISHED].name} or {topics[Role.DUPLICATES].name}. They keep records "
        f"for {_kept_days(settings)} days; what is not done yet, was rejected or died has none (khabar audit)"
    )


def _explained(found: "Found", same: "Sequence[Found]", find: "Find") -> "Explained":
    from workers.cli.report.dup import Explained  # noqa: PLC0415
    from workers.dedup.explain import compare  # noqa: PLC0415

    verdict = found.article.duplicate
    wanted = verdict.of or verdict.contains
    if wanted is None:
        return Explained(found)
    others = same if wanted == found.article.id else find(wanted)
    # The first record: the same page sent again is a copy of itself.
    other = next((each for each in others if each.position != found.position), None)
    if other is None:
        return Explained(found)
    return Explained(found, other, compare(found.article, other.article, verdict))


def _print(explained: "Sequence[Explained]", kept_days: int) -> None:
    from rich.console import Console  # noqa: PLC0415

    from workers.cli.report.dup import shown  # noqa: PLC0415

    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    width = console.width if console.is_terminal else None
    for number, each in enumerate(explained):
        if number:
            console.print()
        for line in shown(each, width=width, kept_days=kept_days):
            console.print(line)
