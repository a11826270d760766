"""The article of a plain-text dump of a page: a model judges each line, marker lines and runs of text the rest.

Every line has features (dumpfeatures.py) that hold in any script, two forests (dumpcontext.py) say how likely it is
main text, and the first one when its neighbours have been judged. What stands behind the end of the first article is
left out whatever it looks like: a "read also" block may hold a complete second article.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, count, islice, pairwise
from typing import Final

from schemas.cleaned_article import Related
from workers.boilerplate.dates import change_in_lines, date_in_lines
from workers.boilerplate.dumpcontext import judge
from workers.boilerplate.dumpfields import HEAD_LINES, authors_of, behind, source_of, title_of
from workers.boilerplate.dumplines import Lines, split_lines
from workers.boilerplate.extent import extent_of
from workers.boilerplate.forest import ForestPair, shipped
from workers.boilerplate.markers import Kind, Marker, find_marker
from workers.boilerplate.page import Judged, Page
from workers.boilerplate.paragraphs import distinct, is_prose

_KEPT: Final = 0.45
_KEPT_WITHIN: Final = 0.3
_WITHIN_LINES: Final = 4
"""A line is kept from the first probability on, between kept lines that are so near from the second. Chosen on the 667
training dumps, each judged by a model that has not seen its site: F1 .9261 with one bound of .5, .9307 with these and
the ends below; .4 and .25 bring .0004 more, and less precision."""
_LINES_MAX: Final = 8_000
"""Articles end long before; more lines are looked at by nobody."""
_SURE: Final = 0.8
_HEADING_LINES: Final = 3
_NOTICE_LINES: Final = 30
"""An error message says so in the first lines of its page, which is short; on a long one they are its menu."""
_LEAD_LINES: Final = 5
_EXTENDED_CHARS: Final = 40
_END_CHARS: Final = 8
"""A lead stands over by-line and date, so many lines before the first kept one. On 245 of the training dumps, as above,
F1 .9243 with what stands before and behind, .9215 without."""
_AFTER_LINES: Final = 30
"""So near behind its text a page says that there is more of it; of 1,710 dumps those that do say it in the first 10."""
_SENTENCE_WEIGHT: Final = 60
"""A dump of few lines that is no page, of which the model knows none, holds its text in lines of such a length."""
_TEASER_LINES: Final = 5
_TEASER_WORDS: Final = 6
_APART_LINES: Final = 3
_HEAD_CHARS: Final = 120
"""Such lines above an article are its headline and date. On the training dumps, as above, F1 .9310 for .9307."""
# ARABIC QUESTION MARK, FULL STOP; DEVANAGARI DANDA; IDEOGRAPHIC FULL STOP; FULLWIDTH EXCLAMATION MARK, QUESTION MARK;
# HORIZONTAL ELLIPSIS. Closing quotation marks and brackets may follow.
_SENTENCE_END: Final = re.compile(
    "[.!?:\u061f\u06d4\u0964\u3002\uff01\uff1f\u2026][\"'\u00bb\u201d\u201c)\\]]*$"
)
_DIGIT: Final = re.compile(r"\d")
"""Of any script."""
_CLOSING: Final = frozenset({Kind.SOURCE, Kind.KEYWORDS, Kind.READ_ALSO})
_CLOSED_CHARS: Final = 300
_NEAR_LINES: Final = 3
"""Two different closing markers so near each other behind so much text are the article's end."""
_ENDED_CHARS: Final = 500
_ENDED_RATIO: Final = 0.3
"""Behind so much text the heading of comments ends the article, and keywords when it is this share of all that would
be kept. Source lines and "related" do not: on the training dumps that loses as much as it brings, or more."""
_COMMENTS_CHARS: Final = 8
_NEVER_TEXT: Final = frozenset(Kind) - {Kind.AUTHOR, Kind.END}
"""Of 9,300 lines so marked in the training dumps, 130 belong to the main text, most of them teasers all the same."""


@dataclass(frozen=True, slots=True)
class _Decision:
    """The lines of a dump and which are kept; `end` is the line where the article is over, N when nothing ends it."""

    lines: Lines
    markers: list[Marker | None]
    scores: list[float]
    kept: list[bool]
    end: int

    @property
    def texts(self) -> list[str]:
        return [text for text, is_kept in zip(self.lines.texts, self.kept, strict=True) if is_kept]

    @property
    def first(self) -> int | None:
        """The line that the article begins with."""
        return self.kept.index(True) if True in self.kept else None


def read_dumps(texts: Sequence[str], *, forests: ForestPair | None = None) -> list[Page]:
    """Of each dump, in order, the first article and the fields that the lines around it state.

    What stands beside a dump changes nothing. `forests` are the shipped ones when None.
    """
    return [_page(decision) for decision in _decide(texts, forests or shipped("dump"))]


def read_dump(text: str, *, forests: ForestPair | None = None) -> Page:
    """As `read_dumps`, of one."""
    return read_dumps([text], forests=forests)[0]


def _page(decision: _Decision) -> Page:
    first, lines = decision.first, decision.lines
    headings = tuple(lines.texts[:_HEADING_LINES][:first]) if len(lines.texts) <= _NOTICE_LINES else ()
    if first is None:
        return Page(text="", blocks=len(lines.texts), headings=headings)
    texts = decision.texts
    last = len(decision.kept) - 1 - decision.kept[::-1].index(True)
    head = _head(decision, first)
    dated = [line for line in head if _DIGIT.search(line)]
    published, modified = date_in_lines(dated), change_in_lines(dated)
    found = behind(lines, decision.markers, last + 1, texts)
    return Page(
        text="\n\n".join(texts),
        blocks=len(lines.texts),
        title=title_of(lines, decision.markers, first, texts),
        authors=authors_of(head),
        published_at=published.at if published else None,
        published_zone=published.zone if published else None,
        modified_at=modified.at if modified else None,
        modified_zone=modified.zone if modified else None,
        headings=headings,
        extent=extent_of(
            lines.texts[: last + _AFTER_LINES], decision.kept[: last + _AFTER_LINES], is_paywalled=False
        ),
        site_name=found.source or source_of(head),
        keywords=distinct(found.keywords),
        related=tuple(Related(title=headline) for headline in distinct(found.related)),
    )


def judge_dump(text: str, *, forests: ForestPair | None = None) -> tuple[Judged, ...]:
    """Every line of a dump in order, kept or not and why; what is kept is the text of `read_dump`."""
    [decision] = _decide([text], forests or shipped("dump"))
    return tuple(
        Judged(line, "line", decision.kept[index], _reason(decision, index), _score(decision, index))
        for index, line in enumerate(decision.lines.texts)
    )


def _head(decision: _Decision, first: int) -> tuple[str, ...]:
    near = range(max(0, first - HEAD_LINES), min(first + _HEADING_LINES, len(decision.kept)))
    return tuple(decision.lines.texts[index] for index in near if not decision.kept[index])


def _decide(texts: Sequence[str], forests: ForestPair) -> list[_Decision]:
    """What is kept of each dump: the one decision that all readers of dumps share."""
    dumps = [split_lines(text) for text in texts]
    looked_at = [
        Lines(lines.texts[:_LINES_MAX], lines.blanks[:_LINES_MAX], lines.bulleted[:_LINES_MAX])
        for lines in dumps
    ]
    markers = [[*map(find_marker, lines.texts)] for lines in looked_at]
    judged = judge([*zip(looked_at, markers, strict=True)], forests)
    return [
        _decision(lines, first_lines, found, scores.tolist())
        for lines, first_lines, found, scores in zip(dumps, looked_at, markers, judged, strict=True)
    ]


def _decision(lines: Lines, looked_at: Lines, markers: list[Marker | None], scores: list[float]) -> _Decision:
    """What is kept of a dump, of which `looked_at` are the first lines."""
    kept = _likely(looked_at, scores, markers)
    _drop_head(looked_at, kept)
    end = _end(looked_at, markers, kept)
    kept[end:] = [False] * (len(kept) - end)
    _extend(looked_at, scores, markers, kept, end)
    _drop_repeated(looked_at, kept)
    beyond = len(lines.texts) - len(looked_at.texts)
    return _Decision(lines, markers + [None] * beyond, scores + [0.0] * beyond, kept + [False] * beyond, end)


def _likely(lines: Lines, scores: list[float], markers: list[Marker | None]) -> list[bool]:
    """The lines that the model keeps and no marker forbids; in a dump of a few lines those that are sentences."""
    allowed = [marker is None or marker.kind not in _NEVER_TEXT for marker in markers]
    likely = [score > _KEPT and is_allowed for score, is_allowed in zip(scores, allowed, strict=True)]
    _drop_repeated(lines, likely)
    sure = _true(likely)
    for one, next_one in pairwise(sure):
        if 1 < next_one - one <= _WITHIN_LINES + 1:
            for index in range(one + 1, next_one):
                likely[index] = scores[index] > _KEPT_WITHIN and allowed[index]
    if not sure and len(markers) <= _NOTICE_LINES:
        return [
            is_prose(text, _SENTENCE_WEIGHT) and is_allowed
            for text, is_allowed in zip(lines.texts, allowed, strict=True)
        ]
    return likely


def _true(flags: list[bool]) -> list[int]:
    return [index for index, flag in enumerate(flags) if flag]


def _drop_repeated(lines: Lines, likely: list[bool]) -> None:
    """Drop a teaser above the article: a line well apart from the next kept one that says nothing which that does not."""
    kept = list(islice(compress(count(), likely), _TEASER_LINES))
    for index, next_index in pairwise(kept):
        if next_index - index > _APART_LINES:
            said = set(lines.texts[index].split())
            if len(said) >= _TEASER_WORDS and said <= set(lines.texts[next_index].split()):
                likely[index] = False


def _drop_head(lines: Lines, likely: list[bool]) -> None:
    """Drop the headline, by-line and date before the first sentence: short lines that do not end like one."""
    for index in _true(likely):
        line = lines.texts[index]
        if len(line) > _HEAD_CHARS or _ends_sentence(line):
            return
        likely[index] = False


def _ends_sentence(line: str) -> bool:
    return _SENTENCE_END.search(line[-_END_CHARS:]) is not None


def _extend(
    lines: Lines, scores: list[float], markers: list[Marker | None], likely: list[bool], end: int
) -> None:
    """Keep also sentences of some probability near the first kept line, and such as follow the last one."""
    if True not in likely:
        return
    ahead = range(likely.index(True) - 1, -1, -1)
    behind_it = range(len(likely) - likely[::-1].index(True), end)
    for near, most_between in ((ahead, _LEAD_LINES), (behind_it, 1)):
        between = 0
        for index in near:
            text = lines.texts[index]
            is_sentence = len(text) > _EXTENDED_CHARS and _ends_sentence(text)
            if scores[index] > _KEPT_WITHIN and markers[index] is None and is_sentence:
                likely[index], between = True, 0
            else:
                between += 1
            if between >= most_between:
                break


def _end(lines: Lines, markers: list[Marker | None], likely: list[bool]) -> int:
    """The line where the first article is over, the number of lines when nothing ends it."""
    total, chars = sum(map(len, compress(lines.texts, likely))), 0
    closed: tuple[int, Kind] | None = None
    for index, (marker, is_likely) in enumerate(zip(markers, likely, strict=True)):
        if is_likely:
            chars += len(lines.texts[index])
            closed = None
            continue
        if marker is None or chars < _CLOSED_CHARS:
            continue
        if chars >= _ENDED_CHARS and _ends(marker, chars / total):
            return index
        if marker.kind not in _CLOSING or (marker.kind is Kind.READ_ALSO and marker.value):
            continue
        if closed and closed[1] is not marker.kind and index - closed[0] <= _NEAR_LINES:
            return closed[0]
        closed = (index, marker.kind)
    return len(markers)


def _ends(marker: Marker, ratio: float) -> bool:
    is_heading = marker.kind is Kind.END and len(marker.value) < _COMMENTS_CHARS
    return is_heading or (marker.kind is Kind.KEYWORDS and ratio > _ENDED_RATIO)


def _score(decision: _Decision, index: int) -> float | None:
    """The model's probability; None where a marker or the end of the article decided."""
    marker = decision.markers[index]
    is_ruled = index >= decision.end or (marker is not None and marker.kind in _NEVER_TEXT)
    return None if is_ruled else round(decision.scores[index], 3)


def _reason(decision: _Decision, index: int) -> str:
    """Why a line is kept or not, in words."""
    marker, score = decision.markers[index], decision.scores[index]
    if decision.kept[index]:
        return _kept_reason(score)
    if marker and marker.kind in _NEVER_TEXT:
        return _MARKED[marker.kind]
    if index >= min(decision.end, _LINES_MAX):
        return (
            f"behind the first {_LINES_MAX:,} lines"
            if index >= _LINES_MAX
            else "behind the end of the first article"
        )
    if marker:
        return _MARKED[marker.kind]
    first = decision.first
    if first is not None and index < first:
        is_head = score > _KEPT
        return (
            "heads the article: a title, a name or a date"
            if is_head
            else "does not read like an article's text"
        )
    return "does not read like the article's text"


def _kept_reason(score: float) -> str:
    if score <= _KEPT:
        return "stands between paragraphs of the article"
    return "reads like the article's text" if score > _SURE else "more likely the article's text than not"


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
