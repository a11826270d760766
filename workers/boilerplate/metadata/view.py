"""One page of a batch, as those who read metadata look at it: tags by name, their attributes, texts and places.

A tag is the number that it has among the tags of the batch, an element that of its opening tag.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from ahocorasick_rs import BytesAhoCorasick
from turbohtml import Document

from workers.boilerplate.blocks import BREAKING as LINE_BREAKING
from workers.boilerplate.blocks import LINE_BREAKS, Blocks
from workers.boilerplate.tokens import CODE, NAMES, Flags, Ints, Tokens, resolved

_TAG: Final = re.compile(b"<[^>]*>?")
_ATTRIBUTE: Final = re.compile(r' ([^ "=<>]+)="([^"]*)"')
_DEPTH_MAX: Final = 200
_TEXT_CHARS: Final = 2_000
_BYTES_A_CHAR: Final = 8
"""With the tags between. Bounds for pages that were made to keep us busy."""
_INSIDE_BYTES: Final = 10_000
_PIECES_BYTES: Final = 4_000
_CLOSED: Final = 128

Attributes = dict[str, str]


def structured_data(document: Document) -> list[str]:
    """The texts of the ld+json scripts; to be read before the scripts are removed."""
    return [element.text for element in document.select("script[type*='ld+json' i]")]


class Names(NamedTuple):
    """Names of elements: their numbers in `tokens.CODE`, a pattern of their bytes in `PageView.codes`, and a table by
    such a byte: whether it is among them.
    """

    codes: frozenset[int]
    pattern: re.Pattern[bytes]
    table: Flags


def among(*names: str, closed: bool = False) -> Names:
    """These names; pattern and table are of their opening tags, and of their end tags if `closed`."""
    codes = frozenset(CODE[name] for name in names)
    written = bytes(sorted(codes | {code | _CLOSED for code in codes} if closed else codes))
    table = np.zeros(256, bool)
    table[list(written)] = True
    return Names(codes, re.compile(b"[" + re.escape(written) + b"]"), table)


BREAKING: Final = among(*LINE_BREAKING, *LINE_BREAKS, "time", closed=True)
"""Elements that stand on lines of their own; so do times of by-lines."""
_LINK: Final = among("a")
_A: Final = CODE["a"]


def attributes_in(written: bytes) -> Attributes:
    """The attributes of a tag by name; `written` is what stands behind the tag's name."""
    attributes: Attributes = dict(_ATTRIBUTE.findall(written.decode("utf-8", "replace")))
    return {name: resolved(value) for name, value in attributes.items()} if b"&" in written else attributes


class PageView:
    """Page `number` of a batch: its tags, its blocks, and the texts of its ld+json `scripts`.

    The page has the tags `first` to `last`; `codes` has a byte for each, the number of its name, with the highest bit
    set in end tags: a search in it costs a tenth of one in an array. `begin`, `end` and `partner` are those of the
    batch, as Python's integers: a tag's place, the place behind it, and the other tag of its element. Everything is
    bounded, so that no page keeps its readers busy: texts by their number of characters, elements around another by
    their depth.
    """

    def __init__(self, tokens: Tokens, blocks: Blocks, number: int, scripts: Sequence[str] = ()) -> None:
        self.tokens = tokens
        self.blocks = blocks
        self.number = number
        self.scripts = scripts
        self.data = tokens.data
        self.begin = tokens.begin.data  # which is much faster to read one by one from than an array
        self.end = tokens.end.data
        self.partner = tokens.partner.data
        self.first = int(tokens.pages[number])
        self.last = int(tokens.pages[number + 1])
        here = slice(self.first, self.last)
        self.codes = (tokens.tag[here] | (tokens.is_close[here].view(np.uint8) * np.uint8(_CLOSED))).tobytes()

    def named(self, names: Names, start: int, stop: int, limit: int) -> list[int]:
        """The first elements of these names from tag `start` to `stop`."""
        first = self.first
        matches = names.pattern.finditer(self.codes, start - first, stop - first)
        return [match.start() + first for match in islice(matches, limit)]

    def all_named(self, names: Names) -> Ints:
        """All elements of these names; for names that are many."""
        return names.table[np.frombuffer(self.codes, np.uint8)].nonzero()[0] + self.first

    def next_named(self, names: Names, start: int, stop: int | None = None) -> int | None:
        """The first element of these names at or behind a tag."""
        first = self.first
        match = names.pattern.search(self.codes, start - first, (self.last if stop is None else stop) - first)
        return match.start() + first if match else None

    def code(self, tag: int) -> int:
        """The number of a tag's name; with _CLOSED when it is an end tag."""
        return self.codes[tag - self.first]

    def is_open(self, tag: int) -> bool:
        return self.partner[tag] > tag

    def token(self, block: int) -> int:
        """The tag that a block stands behind."""
        return int(self.blocks.token[block])

    def name(self, tag: int) -> str:
        return NAMES[self.codes[tag - self.first] & ~_CLOSED]

    def written(self, tag: int) -> bytes:
        """A tag as it is written, without its last sign: b'<a href="/"'."""
        return self.data[self.begin[tag] : self.end[tag] - 1]

    def attributes(self, tag: int) -> Attributes:
        return attributes_in(self.written(tag))

    def text(self, element: int, chars: int = _TEXT_CHARS) -> str:
        """The first characters of the text of an element, white space as written."""
        return self.text_between(self.end[element], self.begin[self.partner[element]], chars)

    def text_between(self, start: int, stop: int, chars: int = _TEXT_CHARS) -> str:
        """The first characters of the text between two bytes of the data, neither of them within a tag."""
        written = self.data[start : min(stop, start + _BYTES_A_CHAR * chars)]
        if b"<" in written:
            written = _TAG.sub(b"", written)
        return resolved(written.decode("utf-8", "ignore"))[:chars]

    def pieces_between(self, start: int, stop: int) -> list[str]:
        """The texts between two tags, as the tags between divide them."""
        at = self.end[start]
        written = self.data[at : min(self.begin[stop], at + _PIECES_BYTES)]
        return [resolved(piece.decode("utf-8", "ignore")) for piece in _TAG.split(written) if piece.strip()]

    def find_inside(self, element: int, pattern: re.Pattern[bytes]) -> int | None:
        """The first element inside another in whose tag `pattern` is found, near its beginning."""
        start, stop = self.end[element], self.begin[self.partner[element]]
        match = pattern.search(self.data, start, min(stop, start + _INSIDE_BYTES))
        return self.tag_at(match.start()) if match else None

    def find_all(
        self, finder: BytesAhoCorasick, names: Names, start: int | None = None, stop: int | None = None
    ) -> list[int]:
        """The elements of these names from tag `start` to `stop` in whose tags something is found, in order."""
        first, begin, end, codes = self.first, self.begin, self.end, self.codes
        low, high = first if start is None else start, self.last if stop is None else stop
        offset = begin[low]
        found: list[int] = []
        limit = 0
        for _, place, _ in finder.find_matches_as_indexes(self.data[offset : begin[high]]):
            at = offset + place
            if at >= limit:
                low = bisect_right(begin, at, low, high)
                limit = end[low - 1]
                if at < limit and codes[low - 1 - first] in names.codes:
                    found.append(low - 1)
        return found

    def around(self, tag: int) -> list[int]:
        """The elements that hold a tag, the innermost first, the outermost of very many left out."""
        tokens, first = self.tokens, self.first
        holds = tokens.partner[first:tag] > tag
        holds &= tokens.is_open[first:tag]
        found: list[int] = (holds.nonzero()[0][::-1][:_DEPTH_MAX] + first).tolist()
        return found

    def children(self, element: int, limit: int) -> list[int]:
        """The first elements right inside another."""
        found: list[int] = []
        stop = self.partner[element]
        tag = element + 1
        while tag < stop and len(found) < limit:
            if self.partner[tag] > tag:
                found.append(tag)
            tag = max(tag, self.partner[tag]) + 1
        return found

    def links(self, start: int, stop: int, limit: int) -> list[int]:
        """The first links that begin from tag `start` to `stop`."""
        return self.named(_LINK, start, stop, limit)

    def link_around(self, tag: int) -> int | None:
        """The link that a tag is inside; links stand in no others."""
        place = self.codes.rfind(_A, 0, tag - self.first)
        return place + self.first if place >= 0 and self.partner[place + self.first] > tag else None

    def link_behind(self, tag: int) -> int | None:
        """The first link that begins at or behind a tag."""
        return self.next_named(_LINK, tag)

    def run_end(self, tag: int) -> int:
        """The tag that ends the run of text behind a tag: the next one that breaks the line."""
        end = self.next_named(BREAKING, tag + 1)
        return self.last if end is None else end

    def tag_at(self, byte: int) -> int:
        """The tag that a byte of the data is in, or stands behind."""
        return int(self.tokens.begin.searchsorted(byte, "right")) - 1
