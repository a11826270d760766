"""Why the boilerplate stage takes from an event what it takes: its outcome, and what was decided about each block."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from schemas.cleaned_article import CleanedArticle
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from workers.boilerplate.charset import decode, scrub, with_newlines
from workers.boilerplate.html import Html, judge_html
from workers.boilerplate.page import Judged
from workers.boilerplate.paragraphs import tidy
from workers.boilerplate.sniff import is_html
from workers.boilerplate.stage import clean
from workers.boilerplate.textdump import judge_dump
from workers.outcomes import Dropped, Failed, Outcome

Form = Literal["html", "text"]

_UNREAD: Final = frozenset({RejectReason.EMPTY, RejectReason.NOT_TEXT, RejectReason.GARBLED})
"""The stage rejects these before it looks at blocks."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The stage's outcome for one event, and the blocks that it comes from, in reading order.

    The kept blocks are the paragraphs of the record's text, where the cells of one table row are one paragraph.
    There are no blocks where the stage looked at none: an empty, binary or garbled body, or one that it failed on.
    """

    outcome: Outcome[CleanedArticle]
    blocks: tuple[Judged, ...]
    form: Form


def explain(event: RawEvent) -> Explanation:
    """What becomes of `event` and why; pure and deterministic, as the stage is."""
    [outcome] = clean([event])
    if isinstance(outcome, Dropped) and outcome.reason in _UNREAD - {RejectReason.GARBLED}:
        return Explanation(outcome, (), "text")
    text = decode(event.body, event.content_type)
    form: Form = "html" if is_html(text, event.content_type) else "text"
    if isinstance(outcome, Failed) or (isinstance(outcome, Dropped) and outcome.reason in _UNREAD):
        return Explanation(outcome, (), form)
    return Explanation(outcome, _blocks(text, form, event.url), form)


def _blocks(text: str, form: Form, url: str | None) -> tuple[Judged, ...]:
    """The blocks, their text written as the record has it: NFC, one space between words."""
    address = tidy(scrub(url or "")) or None
    blocks = judge_html(Html(text, address)) if form == "html" else judge_dump(with_newlines(text))
    return tuple(replace(block, text=tidy(block.text)) for block in blocks)
