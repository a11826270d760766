"""The article of a plain-text dump of a page: a model judges each line, marker lines and runs of text the rest.

Every line has features (dumpfeatures.py) that hold in any script, two forests (dumpmodel.py) say how likely it is
main text, and the first one when its neighbours have been judged. What stands behind the end of the first article is
left out whatever it looks like: a "read also" block may hold a complete second article.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from schemas.cleaned_article import Related
from workers.boilerplate.dumpfeatures import Column
from workers.boilerplate.dumpfields import HEAD_LINES, authors_of, behind, title_of
from workers.boilerplate.dumplines import Lines, split_lines
from workers.boilerplate.dumpmodel import DumpModel, shipped_model
from workers.boilerplate.markers import Kind, Marker, find_marker
from workers.boilerplate.page import Judged, Page
from workers.boilerplate.paragraphs import distinct, join

_KEPT: Final = 0.5
_LINES_MAX: Final = 8_000
"""Articles end long before; more lines are looked at by nobody."""
_HEADING_LINES: Final = 3
_NOTICE_LINES: Final = 30
"""An error message says so in the first lines of its page, which is short; on a long one they are its menu."""
_CLOSING: Final = frozenset({Kind.SOURCE, Kind.KEYWORDS, Kind.READ_ALSO})
_CLOSED_CHARS: Final = 300
"""So much kept text before them makes a source line or keywords, and "read also" soon after, the article's end."""
_NEAR_LINES: Final = 3
_NEVER_TEXT: Final = frozenset(Kind) - {Kind.AUTHOR, Kind.END}
"""Of 9,300 lines so marked in the training dumps, 130 belong to the main text, most of them teasers all the same."""


@dataclass(frozen=True, slots=True)
class _Decision:
    """The lines of a dump and which are kept; `end` is the line where the article is over, N when nothing ends it."""

    lines: Lines
    markers: list[Marker | None]
    scores: Column
    kept: list[bool]
    end: int

    @property
    def texts(self) -> list[str]:
        return [text for text, is_kept in zip(self.lines.texts, self.kept, strict=True) if is_kept]

    @property
    def first(self) -> int | None:
        """The line that the article begins with."""
        return self.kept.index(True) if True in self.kept else None


def read_dump(text: str, *, forest: DumpModel | None = None) -> Page:
    """The first article of a dump, and the fields that the lines around it state; `forest` is the shipped model."""
    decision = _decide(text, forest or shipped_model())
    first, lines = decision.first, decision.lines
    if first is None:
        return Page(text="", blocks=len(lines.texts))
    texts = decision.texts
    last = len(decision.kept) - 1 - decision.kept[::-1].index(True)
    found = behind(lines, decision.markers, last + 1, texts)
    return Page(
        text=join(texts),
        blocks=len(lines.texts),
        title=title_of(lines, decision.markers, first, texts),
        authors=authors_of(_head(decision, first)),
        headings=tuple(lines.texts[: min(first, _HEADING_LINES)])
        if len(lines.texts) <= _NOTICE_LINES
        else (),
        site_name=found.source,
        keywords=distinct(found.keywords),
        related=tuple(Related(title=headline) for headline in distinct(found.related)),
    )


def judge_dump(text: str, *, forest: DumpModel | None = None) -> tuple[Judged, ...]:
    """Every line of a dump in order, kept or not and why; what is kept is the text of `read_dump`."""
    decision = _decide(text, forest or shipped_model())
    return tuple(
        Judged(line, "line", decision.kept[index], _reason(decision, index), _score(decision, index))
        for index, line in enumerate(decision.lines.texts)
    )


def head_lines(text: str, *, forest: DumpModel | None = None) -> tuple[str, ...]:
    """The lines at the head of the article that are not its text: title, by-line, date, in reading order."""
    decision = _decide(text, forest or shipped_model())
    return () if decision.first is None else _head(decision, decision.first)


def _head(decision: _Decision, first: int) -> tuple[str, ...]:
    near = range(max(0, first - HEAD_LINES), min(first + _HEADING_LINES, len(decision.kept)))
    return tuple(decision.lines.texts[index] for index in near if not decision.kept[index])


def _decide(text: str, model: DumpModel) -> _Decision:
    """What is kept: the one decision that all readers of a dump share."""
    lines = split_lines(text)
    looked_at = Lines(lines.texts[:_LINES_MAX], lines.blanks[:_LINES_MAX], lines.bulleted[:_LINES_MAX])
    markers = [find_marker(line) for line in looked_at.texts]
    scores = model.probabilities(looked_at, markers)
    likely = scores > _KEPT
    for index, marker in enumerate(markers):
        if marker and marker.kind in _NEVER_TEXT:
            likely[index] = False
    end = _end(looked_at, markers, likely)
    likely[end:] = False
    beyond = len(lines.texts) - len(looked_at.texts)
    return _Decision(
        lines,
        [*markers, *[None] * beyond],
        np.append(scores, np.zeros(beyond, np.float32)),
        [*likely.tolist(), *[False] * beyond],
        end,
    )


def _end(
    lines: Lines, markers: list[Marker | None], likely: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> int:
    """The line where the first article is over: two different closing markers near each other behind enough text."""
    chars = 0
    closed: tuple[int, Kind] | None = None
    for index, marker in enumerate(markers):
        if likely[index]:
            chars += len(lines.texts[index])
            closed = None
        if marker is None or chars < _CLOSED_CHARS or marker.kind not in _CLOSING:
            continue
        if marker.kind is Kind.READ_ALSO and marker.value:
            continue
        if closed and closed[1] is not marker.kind and index - closed[0] <= _NEAR_LINES:
            return closed[0]
        closed = (index, marker.kind)
    return len(lines.texts)


def _score(decision: _Decision, index: int) -> float | None:
    is_model = decision.kept[index] or (index < decision.end and decision.scores[index] <= _KEPT)
    return round(float(decision.scores[index]), 3) if is_model else None


def _reason(decision: _Decision, index: int) -> str:
    """Why a line is kept or not, in words."""
    marker, score = decision.markers[index], float(decision.scores[index])
    if decision.kept[index]:
        return "reads like the article's text" if score > 0.8 else "more likely the article's text than not"
    if index >= _LINES_MAX:
        return f"behind the first {_LINES_MAX:,} lines"
    if marker:
        return _MARKED[marker.kind]
    if index >= decision.end:
        return "behind the end of the first article"
    first = decision.first
    if first is None:
        return "no line of this text reads like an article"
    place = "before" if index < first else "after or between the paragraphs of"
    return (
        f"does not read like the article's text, {place} it"
        if place == "before"
        else f"{place} the article, and not its text"
    )


_MARKED: Final = {
    Kind.SOURCE: "names the source",
    Kind.KEYWORDS: "keywords",
    Kind.READ_ALSO: "points to another article",
    Kind.RELATED: "heads a list of other articles",
    Kind.END: "comments or rights: the article is over",
    Kind.SUBSCRIBE: "asks to subscribe",
    Kind.SHARE: "asks to share or to follow",
    Kind.LINK: "the label of a link or an advertisement",
    Kind.AUTHOR: "names an author",
}
