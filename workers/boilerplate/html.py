"""The article of an HTML page: its blocks are judged, and what it states of itself is read beside."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import turbohtml

from workers.boilerplate.blocks import Blocks, blocks_of
from workers.boilerplate.extent import extent_of
from workers.boilerplate.features import Array, Hints
from workers.boilerplate.maintext import Models, Why, decide, evidence, judge, paragraphs, shipped
from workers.boilerplate.metadata import Metadata, read_metadata
from workers.boilerplate.page import Judged, Page
from workers.boilerplate.paragraphs import join, weight

_RETRY_CHARS: Final = 250
"""A page with less main text is read again with its menus and footer, for those that put the article into one."""


_LINK_RATIO: Final = 0.9
"""A block is nothing but a link when so much of it is; white space between links is in none."""
_HEADLINE_CHARS: Final = 25
_MENU: Final = "stands in a menu or in the foot of the page, which are not read"

_Decided = tuple[Blocks, list[Why], Array]
"""Blocks, what decided about each, and the probability of each."""


def read_html(
    page: str, *, url: str | None, fetched_at: datetime | None, models: Models | None = None
) -> Page:
    """The main text of `page` and the fields it states; deterministic, no clock and no network.

    `models` are the shipped ones when None; the evaluation passes those that have not seen the page's site.
    """
    document = turbohtml.parse(page)
    metadata = read_metadata(document, url=url, fetched_at=fetched_at)
    blocks, whys, _ = _settled(page, document, metadata, models or shipped())
    kept = [number for number, why in enumerate(whys) if why is Why.TEXT]
    left_out = [line for line, why in zip(blocks.text, whys, strict=True) if why is not Why.TEXT]
    text = join(paragraphs(blocks, whys))
    links = [
        number
        for number, chars in enumerate(blocks.linked)
        if chars >= _LINK_RATIO * len(blocks.text[number])
    ]
    return Page(
        text=text,
        blocks=len(whys),
        title=metadata.title,
        authors=metadata.authors,
        lang=metadata.lang,
        published_at=metadata.published_at,
        published_zone=metadata.published_zone,
        modified_at=metadata.modified_at,
        modified_zone=metadata.modified_zone,
        image=metadata.image,
        extent=extent_of(text, left_out, is_paywalled=metadata.is_paywalled),
        site_name=metadata.site_name,
        canonical_url=metadata.canonical_url,
        keywords=metadata.keywords,
        related=metadata.related,
        headings=metadata.headings,
        link_ratio=_weight(blocks, set(kept) & set(links)) / max(1, _weight(blocks, kept)),
        links=sum(weight(blocks.text[number]) >= _HEADLINE_CHARS for number in links),
        asks_for_password=metadata.asks_for_password,
    )


def judge_html(page: str, *, url: str | None, models: Models | None = None) -> tuple[Judged, ...]:
    """Every block of `page` in reading order with what was decided and why, menus and footer included."""
    document = turbohtml.parse(page)
    metadata = read_metadata(document, url=url, fetched_at=None)
    blocks, whys, scores = _settled(page, document, metadata, models or shipped())
    everything = blocks_of(turbohtml.parse(page), whole=True)
    decided = iter(zip(range(len(whys)), blocks.text, strict=True))
    number, text = next(decided, (-1, ""))
    judged = []
    for each, row in zip(everything.text, everything.row, strict=True):
        kind = everything.elements.name[row]
        if number >= 0 and each == text:
            reason = whys[number].value
            if whys[number] is Why.MODEL and (more := evidence(blocks, number)):
                reason = f"{reason}: {more}"
            judged.append(Judged(each, kind, whys[number] is Why.TEXT, reason, float(scores[number])))
            number, text = next(decided, (-1, ""))
        else:
            judged.append(Judged(each, kind, kept=False, reason=_MENU))
    return tuple(judged)


def hints_of(metadata: Metadata) -> Hints:
    """What of the metadata helps to find the main text."""
    return Hints(metadata.title or "", metadata.description or "")


def _settled(page: str, document: turbohtml.Document, metadata: Metadata, models: Models) -> _Decided:
    """What is decided about the blocks of `document`, which is taken apart; where they hold hardly any text, of all of
    `page`.
    """
    first = _decided(document, metadata, models, whole=False)
    if _chars(first) >= _RETRY_CHARS:
        return first
    second = _decided(turbohtml.parse(page), metadata, models, whole=True)
    return second if _chars(second) > 2 * _chars(first) else first


def _decided(document: turbohtml.Document, metadata: Metadata, models: Models, *, whole: bool) -> _Decided:
    blocks = blocks_of(document, whole=whole)
    scores = judge(blocks, hints_of(metadata), models)
    return blocks, decide(blocks, scores, metadata.title, metadata.authors), scores


def _weight(blocks: Blocks, numbers: Iterable[int]) -> int:
    return sum(weight(blocks.text[number]) for number in numbers)


def _chars(decided: _Decided) -> int:
    blocks, whys, _ = decided
    return sum(len(text) for text, why in zip(blocks.text, whys, strict=True) if why is Why.TEXT)
