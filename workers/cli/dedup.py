"""khabar dedup"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click
import orjson

from workers.cli.context import counted, pass_settings, services
from workers.config import Settings
from workers.errors import ConfigError

if TYPE_CHECKING:
    from workers.stores.census import Arrivals, Census

ARRIVALS: Final = 10_000
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@click.group("dedup")
def command() -> None:
    """Show what the index of de-duplication holds, and empty it."""


@command.command("stats")
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=ARRIVALS,
    show_default=True,
    metavar="N",
    help="Count what became of the last N arrivals of each shard.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@pass_settings
def stats(settings: Settings, *, last: int, as_json: bool) -> None:
    """Say what the index in Redis holds: articles, bytes, ages, and what became of the last arrivals.

    An arrival is an article that was asked about; it is pending until its event is committed. Only the index is read.
    """
    from workers.stores.census import take  # noqa: PLC0415
    from workers.stores.connection import connect  # noqa: PLC0415

    with connect(settings, _redis_url(settings)) as client:
        shards = take(client, settings, last)
    if as_json:
        click.echo(orjson.dumps({"retention_days": settings.dedup_days, "shards": [*map(_fields, shards)]}))
    else:
        click.echo("\n".join(report(shards, settings)))


@command.command("clear")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_settings
def clear(settings: Settings, *, yes: bool) -> None:
    """Empty the index: nothing that was published before has copies any more.

    Copies of it that come later are published once more. The topics stay as they are. Workers must not run: what they
    have in hand would be decided by half an index.
    """
    from workers.runtime.groups import deciding  # noqa: PLC0415
    from workers.stores.census import clear as clear_index  # noqa: PLC0415
    from workers.stores.census import take  # noqa: PLC0415
    from workers.stores.connection import connect  # noqa: PLC0415

    _refuse_while_they_run(deciding(settings, services(settings)))
    with connect(settings, _redis_url(settings)) as client:
        if not yes:
            held = sum(shard.held for shard in take(client, settings, 1))
            click.echo(
                f"The index holds {counted(held, 'article')}. Once it is empty, copies of what was published before are published "
                "once more."
            )
            click.confirm("Empty it?", abort=True)
            _refuse_while_they_run(deciding(settings, services(settings)))
        keys = clear_index(client, settings)
    click.echo(f"removed {keys:,} keys: the index is empty" if keys else "the index was empty already")


def _refuse_while_they_run(members: dict[str, int]) -> None:
    if members:
        groups = ", ".join(
            f"{name} ({count} members)" if count > 1 else f"{name} (1 member)"
            for name, count in members.items()
        )
        raise ConfigError(
            f"Workers run, in the consumer group {groups}: stop them first. One that was killed leaves its group after "
            "KHABAR_SESSION_TIMEOUT_S"
        )


def _redis_url(settings: Settings) -> str:
    """A Redis that is named is asked without looking for a Kafka."""
    return settings.redis or services(settings).redis_url()


def _fields(shard: "Census") -> dict[str, object]:
    arrivals = asdict(shard.arrivals) | {
        "relations": {str(relation): count for relation, count in shard.arrivals.relations.items()},
        "copies": shard.arrivals.copies,
        "copies_ratio": shard.arrivals.copies_ratio,
    }
    return asdict(shard) | {"filled_ratio": shard.filled_ratio, "arrivals": arrivals}


def report(shards: Sequence["Census"], settings: Settings) -> list[str]:
    """The figures as lines for a person: the shards, then what became of the last arrivals of each."""
    if not any(shard.held for shard in shards):
        return [
            f"The index is empty: nothing was decided yet under {settings.topic_prefix}. (KHABAR_TOPIC_PREFIX)"
        ]
    rows: list[tuple[str, ...]] = [
        ("shard", "articles", "window", "filled", "used", "when full", "oldest", "newest")
    ]
    rows += [_row(shard) for shard in shards]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    for shard in shards:
        if shard.held:
            lines += ["", *_arrivals(shard)]
    lines += ["", f"Articles older than {settings.dedup_days:g} days have no copies (KHABAR_DEDUP_DAYS)."]
    lines += [
        f"Shard {shard.shard} was made for {shard.made_for:,} articles; a larger KHABAR_DEDUP_WINDOW counts after "
        "`khabar dedup clear`."
        for shard in shards
        if shard.held and shard.made_for < settings.dedup_window
    ]
    return lines


def _row(shard: "Census") -> tuple[str, ...]:
    return (
        str(shard.shard),
        f"{shard.held:,}",
        f"{shard.window:,}",
        f"{shard.filled_ratio:.1%}",
        _megabytes(shard.used_bytes),
        _megabytes(shard.full_bytes),
        _age(shard.oldest_s),
        _age(shard.newest_s),
    )


def _arrivals(shard: "Census") -> list[str]:
    found: Arrivals = shard.arrivals
    share = f" ({found.copies_ratio:.1%})" if found.copies_ratio is not None else ""
    lines = [f"shard {shard.shard}, last {found.count:,} arrivals: {found.copies:,} copies{share}"]
    lines += [f"  {name:<14}{count:>10,}" for name, count in found.relations.items()]
    lines += [f"  {'taken back':<14}{found.withdrawn:>10,}"] if found.withdrawn else []
    return [*lines, f"  {'pending':<14}{found.pending:>10,}"]


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _age(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    name, unit = next((each for each in _UNITS if seconds >= each[1]), _UNITS[-1])
    return f"{seconds // unit} {name}"
