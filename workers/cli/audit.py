"""khabar audit"""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import orjson

from workers.cli.context import pass_settings, services, slow_progress
from workers.config import Settings

if TYPE_CHECKING:
    from workers.runtime.ledger import Balance

WAIT_POLL_S = 1.0


@click.command("audit")
@click.option("--json", "as_json", is_flag=True, help="The figures as one JSON object.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Wait until nothing is in flight, so long at most; the exit code is 1 if something still is.",
)
@click.pass_context
@pass_settings
def command(settings: Settings, ctx: click.Context, *, as_json: bool, wait_s: float | None) -> None:
    """Say from the topics alone what became of every event of articles.raw.

    Each ends in exactly one of published, duplicates, rejected, dead, or is in flight. The exit code is 1 when
    events were lost or ended more than once. Workers may run meanwhile.
    """
    from workers.runtime.audit import audit  # noqa: PLC0415

    addresses = services(settings)
    deadline = time.monotonic() + (wait_s or 0.0)
    with slow_progress() as show:
        while True:
            balance = audit(settings, addresses, show)
            if not balance.is_balanced or not balance.in_flight or time.monotonic() >= deadline:
                break
            time.sleep(WAIT_POLL_S)
    is_over = wait_s is None or not balance.in_flight
    if as_json:
        click.echo(orjson.dumps(asdict(balance) | {"is_balanced": balance.is_balanced}))
    else:
        click.echo("\n".join(report(balance)))
    if not is_over:
        click.echo(f"after {wait_s:g} s, {balance.in_flight:,} still in flight", err=True)
    ctx.exit(0 if balance.is_balanced and is_over else 1)


def report(balance: "Balance") -> list[str]:
    """The balance as lines for a person; the verdict comes last."""
    rows = [("events read from articles.raw", balance.events)]
    rows += [(f"  {name}", count) for name, count in balance.ended.items()]
    rows += [
        ("  in flight", balance.in_flight),
        ("  LOST", balance.lost),
        ("  ENDED TWICE", balance.duplicated),
    ]
    lines = [f"{label:<32}{count:>12,}" for label, count in rows]
    notes = (
        (balance.recovered, "dead letters were replayed, and the replay did not die"),
        (balance.expired, "output records are of raw events that are no longer kept"),
        (balance.unattributed, "output records do not say what event they are of"),
        (balance.superseded, f"output records are from before replay {balance.replay} from the beginning"),
    )
    lines += [f"{count:,} {note}" for count, note in notes if count]
    lines += [f"lost: {event}" for event in balance.lost_examples]
    for event, positions in balance.duplicated_examples.items():
        lines.append(f"ended more than once: {event} -> {', '.join(positions)}")
    if balance.is_balanced:
        lines.append("balanced" + (f"; {balance.in_flight:,} in flight" if balance.in_flight else ""))
    else:
        lines.append("NOT BALANCED: events were lost or ended more than once")
    return lines
