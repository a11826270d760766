"""khabar dead"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import orjson

from schemas.dead_letter import DeadReason
from workers.cli.context import counted, pass_settings, services, slow_progress
from workers.config import Settings
from workers.hexadecimal import hex_rows

if TYPE_CHECKING:
    from workers.runtime.clients import Addresses
    from workers.runtime.reading import Received
    from workers.runtime.replays import Dead

SHOWN_BYTES = 256
SHOWN_CHARS = 400
REASONS = [reason.value for reason in DeadReason]


@click.group("dead")
def command() -> None:
    """List, show and replay events that could not be processed."""


@command.command("ls")
@click.option("--reason", type=click.Choice(REASONS), help="Only those that died of this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_settings
def ls(settings: Settings, *, reason: str | None, as_json: bool) -> None:
    """List dead letters: position, reason, stage, origin, size, message."""
    from workers.cli.card import clean, isolated  # noqa: PLC0415

    reasons: Counter[str] = Counter()
    for dead in _letters(settings, services(settings), reason):
        letter = dead.letter
        reasons[letter.reason] += 1
        if as_json:
            click.echo(
                orjson.dumps({"position": dead.position, "size_bytes": dead.size_bytes} | asdict(letter))
            )
        else:
            message = isolated(clean(letter.message))
            fixed = (
                f"{dead.position:<10} {letter.reason:<16} {clean(letter.stage):<12} {clean(letter.origin)}"
            )
            click.echo(f"{fixed}  {dead.size_bytes:,} bytes  {message}")
    if not as_json:
        counts = ", ".join(f"{name} {count:,}" for name, count in reasons.most_common())
        click.echo(counted(reasons.total(), "dead letter") + (f": {counts}" if counts else ""))


@command.command("show")
@click.argument("name", metavar="POSITION|ORIGIN")
@click.option("--raw", is_flag=True, help="The original bytes to standard output, and nothing else.")
@pass_settings
def show(settings: Settings, *, name: str, raw: bool) -> None:
    """Show why and where an event died, its headers, and how it begins.

    POSITION is PARTITION:OFFSET as `khabar dead ls` shows it; ORIGIN is TOPIC:PARTITION:OFFSET of the raw event.
    """
    from workers.runtime.replays import find_dead_letter  # noqa: PLC0415

    received, dead = find_dead_letter(settings, services(settings), name)
    if raw:
        click.get_binary_stream("stdout").write(received.value)
    else:
        click.echo("\n".join(described(received, dead)))


@command.command("replay")
@click.argument("name", required=False, metavar="[POSITION|ORIGIN]")
@click.option("--all", "is_all", is_flag=True, help="All dead letters.")
@click.option("--reason", type=click.Choice(REASONS), help="All that died of this.")
@click.option("--again", is_flag=True, help="Also those that were replayed before.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
@pass_settings
def replay(  # noqa: PLR0913  (one argument an option)
    settings: Settings,
    ctx: click.Context,
    *,
    name: str | None,
    is_all: bool,
    reason: str | None,
    again: bool,
    yes: bool,
) -> None:
    """Send dead events once more, as they were, to where they were read.

    An event keeps its identity: it gets the verdict which it would have had. What was replayed already is left out,
    for a second replay would publish a second record.
    """
    if sum((name is not None, is_all, reason is not None)) != 1:
        raise click.UsageError("say which: POSITION, ORIGIN, --all, or --reason REASON")
    from workers.feeds.send import Mistake  # noqa: PLC0415
    from workers.runtime import replays  # noqa: PLC0415

    addresses = services(settings)
    if name is not None:
        chosen = [replays.find_dead_letter(settings, addresses, name)[1]]
    else:
        chosen = replays.latest(_letters(settings, addresses, reason))
    chosen = _not_yet_replayed(settings, addresses, chosen, again=again)
    if not chosen:
        click.echo("nothing to replay")
        return
    topics = ", ".join(sorted({dead.letter.topic for dead in chosen}))
    if not yes:
        click.confirm(f"Send {counted(len(chosen), 'event')} to {topics} again?", abort=True)
    sent = 0
    for topic, result in replays.send_again(settings, addresses, chosen):
        if isinstance(result, Mistake):
            click.echo(str(result), err=True)
            continue
        sent += 1
        click.echo(f"{result.where} -> {topic}:{result.partition}:{result.offset}")
    click.echo(f"replayed {counted(sent, 'event')}")
    ctx.exit(0 if sent == len(chosen) else 1)


def _not_yet_replayed(
    settings: Settings, addresses: "Addresses", chosen: "Sequence[Dead]", *, again: bool
) -> "list[Dead]":
    from workers.runtime.replays import replayed  # noqa: PLC0415

    if again or not chosen:
        return list(chosen)
    with slow_progress() as show:
        before = replayed(
            settings, addresses, chosen, lambda read: show("looking for earlier replays", read, None)
        )
    if before:
        click.echo(
            f"left out, replayed before (--again sends them all the same): {counted(len(before), 'event')}"
        )
    return [dead for dead in chosen if dead.position not in before]


def _letters(settings: Settings, addresses: "Addresses", reason: str | None) -> "Iterator[Dead]":
    from workers.runtime.replays import dead_letters  # noqa: PLC0415

    for received, dead in dead_letters(settings, addresses):
        if isinstance(dead, str):
            click.echo(f"{received.topic}:{received.partition}:{received.offset}: {dead}", err=True)
        elif reason is None or dead.letter.reason == reason:
            yield dead


def described(received: "Received", dead: "Dead") -> list[str]:
    """A dead letter in full, but for what is after the first bytes of its value."""
    from workers.cli.card import clean, isolated  # noqa: PLC0415

    letter = dead.letter
    fields = {
        "position": f"{received.topic}:{dead.position}",
        "reason": letter.reason,
        "message": letter.message,
        "error": letter.error,
        "stage": letter.stage,
        "read from": f"{letter.topic}:{letter.partition}:{letter.offset}",
        "origin": letter.origin,
        "versions": ", ".join(f"{name} {version}" for name, version in letter.versions.items()),
        "key": "none" if received.key is None else received.key.decode("utf-8", "backslashreplace"),
        "size": f"{dead.size_bytes:,} bytes",
    }
    lines = [f"{name:<10} {isolated(clean(value))}" for name, value in fields.items()]
    lines.append("headers")
    for name, content in received.headers:
        shown = clean(content.decode("utf-8", "backslashreplace"))[:SHOWN_CHARS]
        lines.append(f"  {clean(name)}: {isolated(shown)}")
    lines += ["begins", *(f"  {row}" for row in hex_rows(received.value[:SHOWN_BYTES]))]
    text = clean(received.value[: 4 * SHOWN_CHARS].decode("utf-8", "replace"))[:SHOWN_CHARS]
    return [*lines, "as text", f"  {isolated(text)}"]
