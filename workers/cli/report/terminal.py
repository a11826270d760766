"""An explanation for the terminal: the verdict and the fields, then the blocks with a mark, and why.

Kept blocks are marked + and dropped ones -, so colours add nothing that is not there without them. Right-to-left text
stays in logical order between isolates, as on cards; where there is a width, it ends at the right of its column.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from schemas.raw_event import RawEvent
from schemas.tagged_article import Entity, Label
from workers.boilerplate.explain import Explanation
from workers.boilerplate.page import Judged
from workers.cli.card import ELLIPSIS, RIGHT_TO_LEFT, clean, isolated
from workers.cli.report.findings import Field, Verdict, brief, counts, entity_fields, fields, runs, verdict

_LABEL_CELLS: Final = 11
_MARK_CELLS: Final = 2
_WHY_CELLS: Final = 38
_GAP_CELLS: Final = 2
_BESIDE_CELLS: Final = 84
"""On a terminal as wide as this there is room for reasons beside the text; on others they stand below it."""
_TEXT_CELLS: Final = 88
"""Longer lines are hard to read."""
_NARROWEST_CELLS: Final = 7
_DROPPED_CHARS: Final = 150
_MISSING: Final = "\u2013"  # EN DASH
_LABEL_STYLES: Final = {
    Label.PER: "bold yellow",
    Label.ORG: "bold cyan",
    Label.LOC: "bold blue",
    Label.MISC: "bold magenta",
}
_STYLES: Final = {"article": "bold green", "rejected": "bold magenta", "dead": "bold red"}


def shown(
    explanation: Explanation,
    event: RawEvent,
    name: str,
    *,
    width: int | None,
    is_whole: bool,
    entities: Sequence[Entity] = (),
) -> Iterator[Text]:
    """The lines to print, of at most `width` cells, unbroken where that is None. `name` is the file's.

    `is_whole` shows all blocks in full; otherwise menus are folded and dropped text is cut. `entities` are listed below
    the fields, and coloured in the kept blocks by what is written there.
    """
    yield from _head(explanation, event, name, width)
    for field in entity_fields(entities):
        yield from _field(field, width)
    colour = _colouring(entities)
    was_kept: bool | None = None
    for run in runs(explanation.blocks, is_folding=not is_whole):
        is_kept = run.blocks[0][1].kept
        if is_kept or is_kept != was_kept or (width or 0) < _BESIDE_CELLS:
            yield Text()
        was_kept = is_kept
        if run.is_folded:
            yield from _note(f"{ELLIPSIS} {run.summary}", width, "dim italic")
            continue
        for _, block in run.blocks:
            for line in _block(block, width, is_whole=is_whole):
                yield colour(line) if block.kept else line


def _colouring(entities: Sequence[Entity]) -> Callable[[Text], Text]:
    """Colours names in a line, longer ones first."""
    styles = {mention.text: _LABEL_STYLES[entity.label] for entity in entities for mention in entity.mentions}
    if not styles:
        return lambda line: line
    names = re.compile("|".join(map(re.escape, sorted(styles, key=len, reverse=True))))

    def coloured(line: Text) -> Text:
        for name in names.finditer(line.plain):
            line.stylize(styles[name.group()], *name.span())
        return line

    return coloured


def _head(explanation: Explanation, event: RawEvent, name: str, width: int | None) -> Iterator[Text]:
    said = verdict(explanation)
    yield _verdict_line(said, name)
    if said.detail:
        yield from _field(Field("because", (said.detail,)), width)
    for field in fields(explanation, event):
        yield from _field(field, width)
    yield from _field(Field("blocks", (counts(explanation),)), width)


def _verdict_line(said: Verdict, name: str) -> Text:
    line = Text().append(said.name, _STYLES[said.name])
    if said.reason:
        line.append(f": {said.reason}", _STYLES[said.name])
    return line.append(f"  {clean(name)}", "dim")


def _field(field: Field, width: int | None) -> Iterator[Text]:
    room = None if width is None else width - _LABEL_CELLS - 2
    values = [clean(value) for value in field.values] or [_MISSING]
    style = "bold" if field.label == "title" else "" if field.values else "dim"
    lines = [line for value in _gathered(field, values) for line in _wrapped(value, room)]
    for number, line in enumerate(lines):
        label = field.label if number == 0 else ""
        yield Text().append(f"  {label:<{_LABEL_CELLS}}", "dim").append(isolated(line), style)


def _gathered(field: Field, values: list[str]) -> list[str]:
    """Headlines stand on lines of their own, other values beside each other."""
    if field.label == "related":
        return values
    is_arabic = any(unicodedata.bidirectional(character) == "AL" for value in values for character in value)
    return [("\u060c " if is_arabic else ", ").join(values)]  # ARABIC COMMA


def _block(block: Judged, width: int | None, *, is_whole: bool) -> Iterator[Text]:
    why_cells = _why_cells(width)
    taken = _MARK_CELLS + (why_cells + _GAP_CELLS if why_cells else 0)
    room = None if width is None else min(width - taken, _TEXT_CELLS)
    lines = _wrapped(clean(block.text) if block.kept or is_whole else _beginning(clean(block.text)), room)
    chance = "" if block.score is None else f", {block.score:.0%}"
    why, why_style = f"{brief(block)}{chance}", "green" if block.kept else "dim italic"
    whys = _wrapped(why, why_cells) if why_cells else []
    for number, (line, beside) in enumerate(zip_longest(lines, whys, fillvalue="")):
        mark, style = ("+ ", "bold green") if block.kept else ("- ", "dim")
        shown = Text().append(mark if number == 0 else "  ", style)
        shown.append(_placed(line, room, is_padded=bool(beside)), "" if block.kept else "dim")
        yield shown.append(f"  {beside}" if beside else "", why_style)
    if not why_cells:
        yield from _note(why, width, why_style)


def _why_cells(width: int | None) -> int:
    """The width of the column of reasons; 0 where they stand below the text."""
    if width is None or width < _BESIDE_CELLS:
        return 0
    return min(width // 3, _WHY_CELLS)


def _beginning(text: str) -> str:
    return text if len(text) <= _DROPPED_CHARS else text[:_DROPPED_CHARS].rstrip() + ELLIPSIS


def _placed(line: str, room: int | None, *, is_padded: bool) -> str:
    """The line in its column: right-to-left text at the right end."""
    padding = " " * (0 if room is None else room - cell_len(line))
    if _is_right_to_left(line):
        return padding + isolated(line)
    return isolated(line) + (padding if is_padded else "")


def _is_right_to_left(line: str) -> bool:
    """By the first letter, as the Unicode Bidirectional Algorithm (rule P2) tells."""
    kinds = (unicodedata.bidirectional(character) for character in line)
    return next((kind in RIGHT_TO_LEFT for kind in kinds if kind in {"L", "R", "AL"}), False)


def _note(words: str, width: int | None, style: str) -> Iterator[Text]:
    room = None if width is None else width - _MARK_CELLS
    for line in _wrapped(words, room):
        yield Text("  ").append(line, style)


_RULER: Final = Console(color_system=None, width=_TEXT_CELLS)


def _wrapped(text: str, room: int | None) -> list[str]:
    """The text in lines of at most `room` cells; a word that is longer is broken."""
    if room is None:
        return [text]
    lines = Text(text).wrap(_RULER, max(room, _NARROWEST_CELLS), justify="left", overflow="fold")
    return [line.plain.rstrip() for line in lines]
