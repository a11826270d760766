"""The articles of HTML pages: their blocks are judged, and what the pages state of themselves is read beside."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import Final

import numpy as np
import turbohtml
from more_itertools import peekable

from schemas.cleaned_article import Extent
from workers.boilerplate.blocks import Blocks, PageBlocks, blocks_of
from workers.boilerplate.extent import extent_of, is_long, leads_to_more
from workers.boilerplate.features import Hints
from workers.boilerplate.forest import CERTAIN, ForestPair, shipped
from workers.boilerplate.maintext import Chances, Why, decide, evidence, judge, paragraphs
from workers.boilerplate.metadata import Metadata, PageView, read_metadata, structured_data
from workers.boilerplate.page import Judged, Page
from workers.boilerplate.paragraphs import letters, tidy
from workers.boilerplate.tokens import CODE, Flags, Tokens, tokens_of

_RETRY_CHARS: Final = 250
"""A page with less main text is read again with its menus and footer, for those that put the article into one."""
_LINK_RATIO: Final = 0.9
"""A block is nothing but a link when so much of it is; white space between links is in none."""
_HEADLINE_RATIO: Final = 0.8
"""The same of a headline: a time of day stands before it perhaps."""
_HEADLINE_CHARS: Final = 25
_TEXT: Final = Why.TEXT
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4"})
_NEAR_TAGS: Final = 60
"""The label of a link to the rest of the article stands so near behind the beginning of its last paragraph."""
_LABEL_BYTES: Final = 400
_BEFORE_BYTES: Final = 4_000
_ENDING_CHARS: Final = 40
"""Enough of the last paragraph to know it again."""
_MENU: Final = "stands in a menu or in the foot of the page, which are not read"


@dataclass(frozen=True, slots=True)
class Html:
    """A page as it came: its source, the address it was found at, and when."""

    text: str
    url: str | None = None
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Settled:
    """What is decided about the blocks of a page, what the model said of them, and which are kept."""

    blocks: PageBlocks
    judged: Chances
    whys: list[Why]
    is_kept: list[bool]

    @property
    def chars(self) -> int:
        return sum(map(len, compress(self.blocks.text, self.is_kept)))


def read_html(pages: Iterable[Html], *, forests: ForestPair | None = None) -> list[Page]:
    """For each page, in order, its main text and the fields that it states; deterministic, no clock and no network.

    What is read of a page does not depend on those beside it. Each is parsed, and let go, before the next is asked
    for. `forests` are the shipped ones when None; the evaluation passes those that have not seen the pages' sites.
    Raises ValueError or RecursionError for a page that cannot be parsed.
    """
    pages = peekable(pages)
    if not pages:
        return []
    tokens, metadata, settled = _settled(pages, forests or shipped("page"))
    return [_page(tokens, number, metadata[number], each) for number, each in enumerate(settled)]


def judge_html(page: Html, *, forests: ForestPair | None = None) -> tuple[Judged, ...]:
    """Every block of `page` in reading order with what was decided and why, menus and footer included."""
    tokens, _, (settled,) = _settled([page], forests or shipped("page"))
    blocks = settled.blocks
    decided = []
    for number, (text, why) in enumerate(zip(blocks.text, settled.whys, strict=True)):
        more = evidence(blocks, number) if why is Why.MODEL else ""
        score = float(settled.judged.chance[number]) / CERTAIN
        reason = f"{why}: {more}" if more else why.value
        decided.append(Judged(text, blocks.name[number], why is Why.TEXT, reason, score))
    everything = blocks_of(tokens, whole=True).of_page(0)
    named = zip(everything.text, everything.name, strict=True)
    return tuple(_with_menus(decided, [Judged(*each, kept=False, reason=_MENU) for each in named]))


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


def tokens_and_metadata(pages: Iterable[Html]) -> tuple[Tokens, Blocks, list[Metadata]]:
    """The tags of the pages, their blocks without menus, and what each page states."""
    sources = _Sources()
    tokens = tokens_of(map(sources.parsed, pages))
    blocks = blocks_of(tokens)
    metadata = [
        read_metadata(PageView(tokens, blocks, number, scripts), url=url, fetched_at=fetched_at)
        for number, (scripts, url, fetched_at) in enumerate(
            zip(sources.scripts, sources.urls, sources.times, strict=True)
        )
    ]
    return tokens, blocks, metadata


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is kept of pages when they are parsed: their structured data, their addresses, and when they were found."""

    scripts: list[list[str]] = field(default_factory=list)
    urls: list[str | None] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)

    def parsed(self, page: Html) -> turbohtml.Document:
        """The tree of a page."""
        document = turbohtml.parse(page.text, positions=False)
        self.scripts.append(structured_data(document))
        self.urls.append(page.url)
        self.times.append(page.fetched_at)
        return document


def _settled(pages: Iterable[Html], forests: ForestPair) -> tuple[Tokens, list[Metadata], list[_Settled]]:
    """What is decided about the blocks of each page; where they hold hardly any text, about all that it has."""
    tokens, blocks, metadata = tokens_and_metadata(pages)
    settled = _decided(blocks, metadata, forests)
    for number, first in enumerate(settled):
        if first.chars < _RETRY_CHARS:
            whole = blocks_of(tokens.of_page(number), whole=True)
            (second,) = _decided(whole, metadata[number : number + 1], forests)
            if second.chars > 2 * first.chars:
                settled[number] = second
    return tokens, metadata, settled


def _decided(blocks: Blocks, metadata: Sequence[Metadata], forests: ForestPair) -> list[_Settled]:
    judged = judge(blocks, [hints_of(each) for each in metadata], forests)
    settled = []
    for number, each in enumerate(metadata):
        page, own = blocks.of_page(number), judged.between(*blocks.pages[number : number + 2])
        whys = decide(page, own, each.title, each.authors)
        settled.append(_Settled(page, own, whys, [why is _TEXT for why in whys]))
    return settled


def _page(tokens: Tokens, number: int, metadata: Metadata, settled: _Settled) -> Page:
    blocks, weight = settled.blocks, settled.judged.weight
    kept = np.array(settled.is_kept, bool)
    linked = np.array(blocks.linked)
    is_heading = np.array([name in _HEADINGS for name in blocks.name], bool)
    is_headline = is_heading | (weight >= _HEADLINE_CHARS)
    leads_on = is_headline & (linked >= _HEADLINE_RATIO)
    return Page(
        text=unicodedata.normalize("NFC", "\n\n".join(paragraphs(blocks, settled.is_kept))),
        blocks=len(settled.whys),
        title=metadata.title,
        authors=metadata.authors,
        lang=metadata.lang,
        published_at=metadata.published_at,
        published_zone=metadata.published_zone,
        modified_at=metadata.modified_at,
        modified_zone=metadata.modified_zone,
        image=metadata.image,
        extent=_extent(tokens, number, settled, is_paywalled=metadata.is_paywalled),
        site_name=metadata.site_name,
        canonical_url=metadata.canonical_url,
        keywords=metadata.keywords,
        related=metadata.related,
        headings=metadata.headings,
        link_ratio=float(weight[kept & (linked >= _LINK_RATIO)].sum() / max(1, weight[kept].sum())),
        links=int(leads_on.sum()),
        under_links=_under_links(blocks.text, kept, is_headline, leads_on, metadata.title or ""),
        asks_for_password=metadata.asks_for_password,
    )


def _extent(tokens: Tokens, number: int, settled: _Settled, *, is_paywalled: bool) -> Extent:
    """How much of the article the blocks are; the label of a link to the rest is often too short to be one of them."""
    blocks, is_kept = settled.blocks, settled.is_kept
    extent = extent_of(blocks.text, is_kept, is_paywalled=is_paywalled)
    kept = list(compress(blocks.text, is_kept))
    if extent is not Extent.FULL or not kept or is_long(kept):
        return extent
    ending = kept[-1][-_ENDING_CHARS:]
    begin = list(compress(blocks.token, is_kept))[-1]
    near = range(begin, min(begin + _NEAR_TAGS, int(tokens.pages[number + 1])))
    for link in near:
        if tokens.is_open[link] and tokens.tag[link] == CODE["a"]:
            label = tokens.text(link, tokens.partner[link], _LABEL_BYTES)
            if leads_to_more(tidy(label)) and tidy(tokens.text_before(link, _BEFORE_BYTES)).endswith(ending):
                return Extent.STUB
    return extent


def _under_links(texts: Sequence[str], kept: Flags, is_headline: Flags, leads_on: Flags, title: str) -> int:
    """How many of the kept blocks have a headline that is a link right above them, a date or a name between perhaps.

    `title` is the page's own headline, which may be a link to the page itself.
    """
    found = 0
    candidates = kept & ~leads_on
    candidates[1:] &= leads_on[:-1] | np.concatenate([[False], leads_on[:-2]])
    candidates[:1] = False
    for number in np.flatnonzero(candidates).tolist():
        above = number - 1 if is_headline[number - 1] else number - 2
        found += above >= 0 and bool(leads_on[above]) and letters(texts[above]) != letters(title)
    return found
