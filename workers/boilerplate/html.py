"""The article of an HTML page: its blocks are judged, and what it states of itself is read beside."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import compress, islice
from typing import Final

import turbohtml

from schemas.cleaned_article import Extent
from workers.boilerplate.blocks import Blocks, blocks_of
from workers.boilerplate.extent import extent_of, is_long, leads_to_more
from workers.boilerplate.features import Array, Hints
from workers.boilerplate.maintext import Models, Why, decide, evidence, judge, paragraphs, shipped
from workers.boilerplate.metadata import Metadata, read_metadata
from workers.boilerplate.page import Judged, Page
from workers.boilerplate.paragraphs import join, tidy, weight

_RETRY_CHARS: Final = 250
"""A page with less main text is read again with its menus and footer, for those that put the article into one."""


_LINK_RATIO: Final = 0.8
"""A block is nothing but a link when so much of it is; white space between links is in none, nor is the time of day
before a headline."""
_HEADLINE_CHARS: Final = 25
_LINKS_MAX: Final = 1_000
_LABEL_CHARS: Final = 200
_ENDING_CHARS: Final = 40
"""Enough of the last paragraph to know it again."""
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
        extent=_extent(document, blocks, whys, is_paywalled=metadata.is_paywalled),
        site_name=metadata.site_name,
        canonical_url=metadata.canonical_url,
        keywords=metadata.keywords,
        related=metadata.related,
        headings=metadata.headings,
        link_ratio=_weight(blocks, set(kept) & set(links)) / max(1, _weight(blocks, kept)),
        links=sum(weight(blocks.text[number]) >= _HEADLINE_CHARS for number in links),
        under_links=_under_links(blocks, kept, set(links)),
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


def _extent(
    document: turbohtml.Document, blocks: Blocks, whys: Sequence[Why], *, is_paywalled: bool
) -> Extent:
    """How much of the article the blocks are; the label of a link to the rest is often too short to be one of them."""
    is_kept = [why is Why.TEXT for why in whys]
    extent = extent_of(blocks.text, is_kept, is_paywalled=is_paywalled)
    kept = list(compress(blocks.text, is_kept))
    if extent is not Extent.FULL or not kept or is_long(kept):
        return extent
    labels = (
        link for link in document.find_all("a", limit=_LINKS_MAX) if leads_to_more(link.text[:_LABEL_CHARS])
    )
    return (
        Extent.STUB
        if any(_text_before(label).endswith(kept[-1][-_ENDING_CHARS:]) for label in labels)
        else extent
    )


def _text_before(element: turbohtml.Element) -> str:
    """The text of what stands before `element` in the one around it, or before that one, on one line."""
    around: Iterable[turbohtml.Node] = (element, *islice(element.ancestors, 1))
    before = (tidy(node.text) for each in around for node in each.previous_siblings)
    return next(filter(None, before), "")


def _under_links(blocks: Blocks, kept: Iterable[int], links: set[int]) -> int:
    """How many of the kept blocks have a headline that is a link right above them, a date or a name between perhaps."""
    found = 0
    for number in kept:
        above = (each for each in (number - 1, number - 2) if each >= 0)
        headline = next((each for each in above if weight(blocks.text[each]) >= _HEADLINE_CHARS), None)
        found += headline in links and number not in links
    return found


def _chars(decided: _Decided) -> int:
    blocks, whys, _ = decided
    return sum(len(text) for text, why in zip(blocks.text, whys, strict=True) if why is Why.TEXT)
