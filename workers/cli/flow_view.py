"""The flow as `khabar top` shows it: the chains, the outcomes, the index, and what came last."""

from collections.abc import Iterator, MutableSequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from schemas.dead_letter import DeadLetter
from schemas.published_article import PublishedArticle, Relation
from schemas.rejected_event import RejectedEvent
from schemas.wire import InvalidError, UndecodableError
from workers.cli.card import COLOURS, clean, isolated
from workers.cli.context import counted
from workers.config import Settings
from workers.runtime.chain import INPUT_ROLES
from workers.runtime.flow import Flow, FlowReader, GroupFlow
from workers.runtime.reading import Received
from workers.stores.occupancy import Occupancy
from workers.topics import OUTCOMES, table

BAR_CELLS: Final = 24
BYTES_A_MB: Final = 1e6
ARROW: Final = " \u2500\u25ba "  # BOX DRAWINGS LIGHT HORIZONTAL, BLACK RIGHT-POINTING POINTER
FULL_CELL: Final = "\u2588"  # FULL BLOCK
FRACTIONS: Final = ("", *map(chr, range(0x258F, 0x2587, -1)))  # LEFT ONE EIGHTH BLOCK to FULL BLOCK


class FlowView:
    """Lays out what a reader of the flow knows; `newest` are records as they came, oldest first."""

    def __init__(self, settings: Settings, reader: FlowReader, newest: MutableSequence[Received]) -> None:
        self._names = {role: topic.name for role, topic in table(settings.topic_prefix).items()}
        self._reader = reader
        self._newest = newest

    def shown(self, height: int | None = None) -> RenderableType:
        """All of it, in `height` lines where the terminal has no more."""
        flow = self._reader.latest
        parts = list(self._parts(flow))
        used = 10 + max(1, len(flow.groups)) + len(flow.problems) + (flow.index is not None) * 2
        room = len(self._newest) if height is None else max(0, height - used)
        records = list(self._newest)[-room:] if room else []
        if records:
            parts += [Text(), *map(self._line, reversed(records))]
        return Group(*parts)

    def _parts(self, flow: Flow) -> Iterator[RenderableType]:
        yield Rule(f"Khabar  {flow.at:%H:%M:%S} UTC", align="left", style="cyan")
        for problem in flow.problems:
            yield Text(f"! {clean(problem)}", "bold red", overflow="ellipsis", no_wrap=True)
        yield self._chains(flow)
        yield Text()
        yield self._outcomes(flow)
        if flow.index is not None:
            yield Text()
            yield _index(flow.index)

    def _chains(self, flow: Flow) -> RenderableType:
        if not flow.groups:
            return Text("No workers have read anything here yet: khabar run starts some", "dim")
        rows = _table("reads from", "stages", ">a second", ">waiting", ">workers")
        for group in flow.groups:
            rows.add_row(
                self._names[INPUT_ROLES[group.stages[0]]], ARROW.join(group.stages), *_numbers(group)
            )
        return rows

    def _outcomes(self, flow: Flow) -> RenderableType:
        total = sum(flow.topics[role].count for role in OUTCOMES if role in flow.topics)
        rows = _table("ends in", ">a second", f">since {self._reader.began_at:%H:%M:%S}", ">share", "")
        for role in OUTCOMES:
            found = flow.topics.get(role)
            count, per_s = (found.count, found.per_s) if found else (0, 0.0)
            share_ratio = count / total if total else 0.0
            rows.add_row(
                Text(self._names[role], COLOURS[role]),
                f"{per_s:,.1f}",
                f"{count:,}",
                f"{share_ratio:.0%}",
                Text(bar(share_ratio), COLOURS[role]),
            )
        return rows

    def _line(self, received: Received) -> Text:
        """A record in one line: when, which outcome, what it is."""
        moment = datetime.fromtimestamp(received.timestamp_ms / 1000, UTC)
        return Text.assemble(
            (f"{moment:%H:%M:%S}  ", "dim"),
            (f"{received.role:<11}", COLOURS[received.role]),
            summary(received),
            overflow="ellipsis",
            no_wrap=True,
        )


def summary(received: Received) -> str:
    """What a record is about, without anything that steers a terminal."""
    try:
        record = received.record
    except (UndecodableError, InvalidError) as error:
        return clean(f"not one of Khabar's: {error}")
    match record:
        case PublishedArticle(duplicate=duplicate):
            relation = "" if duplicate.relation is Relation.UNIQUE else f"{duplicate.relation}: "
            return relation + isolated(clean(record.title or record.text[:200]))
        case RejectedEvent():
            return f"{record.reason}: " + isolated(clean(record.title or record.url or record.detail or ""))
        case DeadLetter():
            return clean(f"{record.reason} in {record.stage}: {record.error}")
        case _:
            return ""


def bar(ratio: float, cells: int = BAR_CELLS) -> str:
    """A bar of at most `cells` characters, exact to an eighth of one."""
    eighths = round(min(max(ratio, 0.0), 1.0) * cells * 8)
    return FULL_CELL * (eighths // 8) + FRACTIONS[eighths % 8]


def _numbers(group: GroupFlow) -> tuple[RenderableType, ...]:
    waiting = Text("?", "dim") if group.lag is None else Text(f"{group.lag:,}", "bold" if group.lag else "")
    members = Text(f"{group.members}") if group.members else Text("none", "bold red")
    return Text(f"{group.per_s:,.1f}"), waiting, members


def _index(index: Occupancy) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_row(
        Text("index", "dim"),
        f"{counted(index.articles, 'article')} of {index.window:,}",
        bar(index.filled_ratio),
    )
    if index.used_bytes is None:  # the account may not ask
        return rows
    used = f"{index.used_bytes / BYTES_A_MB:,.0f} MB"
    if index.limit_bytes:
        rows.add_row(
            Text("Redis", "dim"),
            f"{used} of {index.limit_bytes / BYTES_A_MB:,.0f} MB",
            bar(index.memory_used_ratio or 0.0),
        )
    else:
        rows.add_row(Text("Redis", "dim"), f"{used}, no limit", "")
    return rows


def _table(*columns: str) -> Table:
    """A table without lines; columns whose name begins with > are of numbers."""
    found = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in columns:
        found.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left")
    return found
