"""khabar feeds status"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from workers.cli.context import pass_settings, services
from workers.config import Settings
from workers.feeds.model import ITEM_OUTCOMES, POLL_OUTCOMES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from workers.stores.feed_state import FeedState

WIDTH: Final = 100
"""Where there is no terminal."""
PAGES_SHOWN: Final = 3
LATE_S: Final = 600.0
"""Polled by nobody: a poller is minutes late at most, with all its hands full."""
ORDER: Final = ("failing", "late", "not polled", "ok")


@click.command("status")
@click.option("--failed", is_flag=True, help="Only feeds that fail, or of which pages could not be had.")
@click.option("--json", "as_json", is_flag=True, help="Everything that is known, one JSON object a feed.")
@click.pass_context
@pass_settings
def command(settings: Settings, ctx: click.Context, *, failed: bool, as_json: bool) -> None:
    """Show of each feed how polling it goes, the worst first.

    The numbers are of all pollers, since the feed was first listed. The exit code is 1 if a feed fails now.
    """
    from workers.stores.connection import connect  # noqa: PLC0415
    from workers.stores.feed_state import FeedStore  # noqa: PLC0415

    url = services(settings).redis_url()
    with closing(connect(settings, url)) as client:
        store = FeedStore(client, settings.topic_prefix, lease_s=settings.session_timeout_s)
        reports = sorted((report(state) for state in store.status()), key=_badness)
    shown = [each for each in reports if not failed or each["faults"] or each["state"] == "failing"]
    if as_json:
        for each in shown:
            click.echo(orjson.dumps(each))
    else:
        _print(shown, any_known=bool(reports))
    ctx.exit(int(any(each["state"] == "failing" for each in reports)))


def report(state: "FeedState") -> dict[str, Any]:
    """What is known of a feed, as `--json` gives it. Ages and waits are in seconds."""
    counts = state.counts
    failures = int(state.number("failures") or 0)
    next_in_s = None if (age := state.age_s("next_at")) is None else -age
    is_late = next_in_s is not None and next_in_s < -LATE_S
    polled = "ok" if state.text("polled_at") else "not polled"
    return {
        "url": state.text("url") or state.feed,
        "state": "failing" if failures else "late" if is_late else polled,
        "title": state.text("title"),
        "kind": state.text("kind"),
        "moved_to": state.text("moved_to"),
        "last_success_s": _rounded(state.age_s("read_at")),
        "interval_s": _rounded(state.number("interval_s")),
        "next_in_s": _rounded(next_in_s),
        "polls": sum(counts.get(name, 0) for name in POLL_OUTCOMES),
        "unchanged": counts.get("unchanged", 0),
        **{name: counts.get(name, 0) for name in ITEM_OUTCOMES},
        "pending": state.waiting,
        "failures_in_a_row": failures,
        "fault": state.text("fault"),
        "message": state.text("message"),
        "problems": state.text("problems"),
        "faults": {
            what: {
                name.removeprefix(f"{what}_"): counts[name] for name in counts if name.startswith(f"{what}_")
            }
            for what in ("feed", "page")
            if any(name.startswith(f"{what}_") for name in counts)
        },
        "page_message": state.text("page_message"),
        "given_up_pages": [orjson.loads(failure) for failure in state.failures],
    }


def _badness(report: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        ORDER.index(report["state"]),
        -report["failures_in_a_row"],
        -report["given_up"],
        -report["pending"],
        report["url"],
    )


def _print(reports: Sequence[Mapping[str, Any]], *, any_known: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    if not reports:
        console.print(
            "No feed fails."
            if any_known
            else "No feed was polled yet: `khabar feeds run` polls those of feeds.toml."
        )
        return
    console.print(table(reports))
    for each in reports:
        for line in troubles(each):
            console.print(line, soft_wrap=True)


def table(reports: Sequence[Mapping[str, Any]]) -> "RenderableType":
    """A row a feed, 100 columns wide."""
    from rich.table import Table  # noqa: PLC0415

    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    made.add_column("feed", overflow="fold", ratio=1)
    made.add_column("state", no_wrap=True)
    for name in ("last ok", "every", "next", "unchanged", "new", "changed", "pending", "failed"):
        made.add_column(name, justify="right", no_wrap=True)
    for each in reports:
        made.add_row(
            each["url"].partition("://")[2] or each["url"],
            each["state"],
            _time(each["last_success_s"], "never"),
            _time(each["interval_s"], "-"),
            "now" if (each["next_in_s"] or 0) <= 0 else _time(each["next_in_s"], "now"),
            *(f"{each[name]:,}" for name in ("unchanged", "new", "changed", "pending", "given_up")),
        )
    return made


def troubles(report: Mapping[str, Any]) -> list[str]:
    """What is wrong with a feed and its pages, in lines."""
    lines = []
    if report["fault"]:
        lines.append(
            f"  {report['fault']}, {_times(report['failures_in_a_row'])} in a row: {report['message']}"
        )
    if report["moved_to"]:
        lines.append(f"  has moved to {report['moved_to']}: change it in the list")
    if report["problems"]:
        lines.append(f"  {report['problems']}")
    if pages := report["faults"].get("page"):
        counts = ", ".join(f"{name} {count:,}" for name, count in sorted(pages.items()))
        lines.append(f"  pages that could not be had: {counts}. The last ones:")
        lines += [f"    {_page(each)}" for each in report["given_up_pages"][:PAGES_SHOWN]]
    elif report["retried"] and report["pending"] and report["page_message"]:
        lines.append(f"  pages are tried again; the last one: {report['page_message']}")
    return [report["url"], *lines] if lines else []


def _page(failure: Mapping[str, str]) -> str:
    """Most messages name the address."""
    url, message = failure["url"], failure["message"]
    return message if url in message else f"{url}: {message}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _rounded(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _time(seconds: int | None, otherwise: str) -> str:
    if seconds is None:
        return otherwise
    for unit, length_s in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds // length_s} {unit}"
    return f"{max(0, seconds)} s"
