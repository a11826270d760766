"""The article of an HTML page: its blocks are judged, and what it states of itself is read beside."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import compress, islice
from typing import Final

import turbohtml

from schemas.cleaned_article import Extent
from workers.boilerplate.blocks import Blocks, blocks_of
from workers.boilerplate.extent import extent_of, is_long, leads_to_more
from workers.boilerplate.features import Array, Hints
from workers.boilerplate.forest import ForestPair, shipped
from workers.boilerplate.maintext import Why, decide, evidence, judge, paragraphs
from workers.boilerplate.metadata import Metadata, read_metadata
from workers.boilerplate.page import Judged, Page
from workers.boilerplate.paragraphs import join, tidy, weight

_RETRY_CHARS: Final = 250
"""A page with less main text is read again with its menus and footer, for those that put the article into one."""


_LINK_RATIO: Final = 0.9
"""A block is nothing but a link when so much of it is; white space between links is in none."""
_HEADLINE_RATIO: Final = 0.8
"""The same of a headline: a time of day stands before it perhaps."""
_HEADLINE_CHARS: Final = 25
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4"})
_LINKS_MAX: Final = 1_000
_LABEL_CHARS: Final = 200
_ENDING_CHARS: Final = 40
"""Enough of the last paragraph to know it again."""
_MENU: Final = "stands in a menu or in the foot of the page, which are not read"

_Decided = tuple[Blocks, list[Why], Array]
"""Blocks, what decided about each, and the probability of each."""


def read_html(
    page: str, *, url: str | None, fetched_at: datetime | None, forests: ForestPair | None = None
) -> Page:
    """The main text of `page` and the fields it states; deterministic, no clock and no network.

    `forests` are the shipped ones when None; the evaluation passes those that have not seen the page's site.
    """
    document = turbohtml.parse(page)
    metadata = read_metadata(document, url=url, fetched_at=fetched_at)
    blocks, whys, _ = _settled(page, document, metadata, forests or shipped("page"))
    kept = [number for number, why in enumerate(whys) if why is Why.TEXT]
    text = join(paragraphs(blocks, whys))
    links, headlines = _linked(blocks, _LINK_RATIO), _linked(blocks, _HEADLINE_RATIO)
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
        link_ratio=_weight(blocks, links.intersection(kept)) / max(1, _weight(blocks, kept)),
        links=sum(_is_headline(blocks, number) for number in headlines),
        under_links=_under_links(blocks, kept, headlines),
        asks_for_password=metadata.asks_for_password,
    )


def judge_html(page: str, *, url: str | None, forests: ForestPair | None = None) -> tuple[Judged, ...]:
    """Every block of `page` in reading order with what was decided and why, menus and footer included."""
    document = turbohtml.parse(page)
    metadata = read_metadata(document, url=url, fetched_at=None)
    blocks, whys, scores = _settled(page, document, metadata, forests or shipped("page"))
    decided = []
    for number, (text, why, score) in enumerate(zip(blocks.text, whys, scores.tolist(), strict=True)):
        more = evidence(blocks, number) if why is Why.MODEL else ""
        kind = blocks.elements.name[blocks.row[number]]
        decided.append(Judged(text, kind, why is Why.TEXT, f"{why}: {more}" if more else why.value, score))
    everything = blocks_of(turbohtml.parse(page), whole=True)
    kinds = (everything.elements.name[row] for row in everything.row)
    return tuple(
        _with_menus(
            decided,
            [Judged(*each, kept=False, reason=_MENU) for each in zip(everything.text, kinds, strict=True)],
        )
    )


def _with_menus(decided: Sequence[Judged], everything: Sequence[Judged]) -> Iterator[Judged]:
    """The decided blocks in order, and between them those of the whole page that were not read.

    A block that a button or a form was cut out of has another text on the whole page, and is not shown twice.
    """
    ahead = Counter(block.text for block in everything)
    cut: list[str] = []
    number = 0
    for block in everything:
        while number < len(decided) and not ahead[decided[number].text]:
            yield decided[number]
            cut.append(decided[number].text)
            number += 1
        ahead[block.text] -= 1
        if number < len(decided) and decided[number].text == block.text:
            yield decided[number]
            number += 1
        elif not any(text in block.text for text in cut):
            yield block
    yield from decided[number:]


def hints_of(metadata: Metadata) -> Hints:
    """What of the metadata helps to find the main text."""
    return Hints(metadata.title or "", metadata.description or "")


def _settled(page: str, document: turbohtml.Document, metadata: Metadata, forests: ForestPair) -> _Decided:
    """What is decided about the blocks of `document`, which is taken apart; where they hold hardly any text, of all of
    `page`.
    """
    first = _decided(document, metadata, forests, whole=False)
    if _chars(first) >= _RETRY_CHARS:
        return first
    second = _decided(turbohtml.parse(page), metadata, forests, whole=True)
    return second if _chars(second) > 2 * _chars(first) else first


def _decided(
    document: turbohtml.Document, metadata: Metadata, forests: ForestPair, *, whole: bool
) -> _Decided:
    blocks = blocks_of(document, whole=whole)
    scores = judge(blocks, hints_of(metadata), forests)
    return blocks, decide(blocks, scores, metadata.title, metadata.authors), scores


def _linked(blocks: Blocks, ratio: float) -> set[int]:
    """The blocks of which so large a share is links."""
    texts = zip(blocks.text, blocks.linked, strict=True)
    return {number for number, (text, linked) in enumerate(texts) if linked >= ratio * len(text)}


def _is_headline(blocks: Blocks, number: int) -> bool:
    """Whether a block is a heading, or as long as headlines are."""
    name = blocks.elements.name[blocks.row[number]]
    return name in _HEADINGS or weight(blocks.text[number]) >= _HEADLINE_CHARS


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
        headline = next((each for each in above if _is_headline(blocks, each)), None)
        found += headline in links and number not in links
    return found


def _chars(decided: _Decided) -> int:
    blocks, whys, _ = decided
    return sum(len(text) for text, why in zip(blocks.text, whys, strict=True) if why is Why.TEXT)
