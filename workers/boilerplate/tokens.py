"""Pages as rows of tags: the trees of a whole batch are written out (in C) and their tags looked at all at once.

A written tree is well-formed: every element but the void ones ends with a tag of its own, no "<" or ">" stands outside
a tag, white space is one space, and there are no comments. So depth, what an element holds and what stands around it
are sums and sorts over arrays, many times faster than a walk over nodes from Python.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from turbohtml import Document, Html, Minify

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NOT_SHOWN: Final = (
    "script,style,noscript,template,svg,math,iframe,object,embed,select,datalist,textarea,audio,video,canvas,noembed,"
    "noframes,xmp,plaintext,map,progress,meter"
)
"""Elements whose content is not shown, or not as text. Those that hold raw text must be among them."""

_UNKNOWN: Final = ""
CUSTOM: Final = "-"
"""Stands for every element of a site's own making, whose name has a hyphen."""
_VOID: Final = (
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta",
    "param", "source", "track", "wbr",
)  # fmt: skip
"""Elements that are written without an end tag (HTML Standard, section 13.3)."""
_HOLDING: Final = (
    "a", "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "body", "button",
    "caption", "center", "cite", "code", "colgroup", "data", "dd", "del", "details", "dfn", "dialog", "dir", "div", "dl",
    "dt", "em", "fieldset", "figcaption", "figure", "font", "footer", "form", "frameset", "h1", "h2", "h3", "h4", "h5",
    "h6", "head", "header", "hgroup", "html", "i", "ins", "kbd", "label", "legend", "li", "main", "mark", "menu", "nav",
    "nobr", "ol", "optgroup", "option", "output", "p", "picture", "pre", "q", "ruby", "s", "samp", "search", "section",
    "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time",
    "title", "tr", "tt", "u", "ul", "var",
)  # fmt: skip
NAMES: Final = (_UNKNOWN, CUSTOM, *_HOLDING, *_VOID)
CODE: Final = {name: code for code, name in enumerate(NAMES)}
"""The number of an element's name in `Tokens.tag`."""
_FIRST_VOID: Final = CODE[_VOID[0]]

_KEY_CHARS: Final = 8
"""So much of a name tells it from all others."""
_SLOT_BITS: Final = 12
_GOLDEN: Final = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio: multiplicative hashing, Knuth, TAOCP 3, section 6.4."""
_ONES: Final = np.uint64(0x0101010101010101)
_HIGHS: Final = np.uint64(0x8080808080808080)
_SPACES: Final = np.uint64(0x2020202020202020)
_ENDS: Final = np.uint64(0x3E3E3E3E3E3E3E3E)
_ONE: Final = np.uint64(1)
_SEVEN: Final = np.uint64(7)
_TAG: Final = re.compile(rb"<[^>]*>")
_CUT_TAG: Final = re.compile(rb"\A[^<>]*>|<[^>]*\Z")
_PADDING: Final = b" " * (_KEY_CHARS + 2)
_WRITTEN: Final = Html(
    layout=Minify(
        collapse_whitespace=True, omit_optional_tags=False, unquote_attributes=False, strip_comments=True
    )
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The T tags of K pages, one page behind the other, and the text behind each.

    `data` is UTF-8. Tag t is `data[begin[t] : end[t]]`, its text `data[end[t] : begin[t + 1]]` (`begin` has one entry
    more, the end of the data). `tag` (T,) numbers names as CODE does. `is_open` and `is_close` (T,) are the tags of
    known elements that have an end tag; `partner` (T,) is the other tag of such an element, and t itself for all
    others. Page k has the tags `pages[k]` to `pages[k + 1]`.
    """

    data: bytes
    begin: Ints
    end: Ints
    tag: NDArray[np.uint8]
    is_open: Flags
    is_close: Flags
    partner: Ints
    pages: Ints

    def text(self, first: int, last: int, most_bytes: int) -> str:
        """The text between two tags, tags between left out; of so many bytes at most, tags included."""
        begin, end = int(self.end[first]), int(self.begin[last])
        return shown_text(_CUT_TAG.sub(b"", self.data[begin : min(end, begin + most_bytes)]))

    def text_before(self, number: int, most_bytes: int) -> str:
        """The text that stands before a tag."""
        end = int(self.begin[number])
        return shown_text(_CUT_TAG.sub(b"", self.data[max(0, end - most_bytes) : end]))

    def of_page(self, number: int) -> "Tokens":
        """The tags of one page alone."""
        begin, end = self.pages[number : number + 2].tolist()
        return replace(
            self,
            begin=self.begin[begin : end + 1],
            end=self.end[begin:end],
            tag=self.tag[begin:end],
            is_open=self.is_open[begin:end],
            is_close=self.is_close[begin:end],
            partner=self.partner[begin:end] - begin,
            pages=np.array([0, end - begin]),
        )


def shown_text(written: bytes) -> str:
    """The text of a piece of written tree that is cut within no tag, without its tags."""
    return resolved(_TAG.sub(b"", written).decode("utf-8", "ignore"))


def resolved(text: str) -> str:
    """`text` with the references that a written tree has, in texts and attributes; it has no others."""
    if "&" not in text:
        return text
    text = text.replace("&nbsp;", "\u00a0").replace("&quot;", '"')
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def tokens_of(documents: Iterable[Document]) -> Tokens:
    """The tags of the pages. What is NOT_SHOWN is removed from the documents; one without a root has no tags.

    No more than one document is held at a time, so that they may be parsed one after the other.
    """
    written = list(
        map(_written, documents)
    )  # a loop's variable would hold one document while the next is parsed
    data = b"".join((*written, _PADDING))
    begin, end = _places(data)
    tag, is_end_tag = _names(data, begin, end)
    holds = (tag > 0) & (tag < _FIRST_VOID)
    is_open, is_close = holds & ~is_end_tag, holds & is_end_tag
    steps = is_open.astype(np.int64) - is_close
    level = np.cumsum(steps) - is_open
    ends = np.cumsum([0, *map(len, written)])
    return Tokens(
        data=data,
        begin=np.append(begin, ends[-1]),
        end=end,
        tag=tag,
        is_open=is_open,
        is_close=is_close,
        partner=_partners(level, holds),
        pages=np.searchsorted(begin, ends),
    )


def _written(document: Document) -> bytes:
    document.remove(NOT_SHOWN)
    return document.root.encode("utf-8", _WRITTEN) if document.root is not None else b""


def _places(data: bytes) -> tuple[Ints, Ints]:
    """Where tags begin, and the places behind them."""
    codes = np.frombuffer(data, np.uint8)
    brackets = np.flatnonzero((codes & ~np.uint8(ord("<") ^ ord(">"))) == ord("<"))
    begin, end = brackets[::2], brackets[1::2]
    if len(begin) != len(end) or (codes[begin] != ord("<")).any() or (codes[end] != ord(">")).any():
        # A "<" in the name of an attribute, where a page forgot to close a tag: only the first before a ">" begins one.
        is_begin = codes[brackets] == ord("<")
        end = brackets[~is_begin]
        begin = brackets[is_begin & ~np.concatenate([[False], is_begin])[: len(brackets)]][: len(end)]
    return begin, end + 1


def _names(data: bytes, begin: Ints, end: Ints) -> tuple[NDArray[np.uint8], Flags]:
    """The codes (T,) of the tags' names, and which are end tags."""
    codes = np.frombuffer(data, np.uint8)
    is_end_tag = codes[begin + 1] == ord("/")
    windows = np.ndarray((len(data) - _KEY_CHARS + 1,), "<u8", data, strides=(1,))
    key = _name_only(windows[begin + 1 + is_end_tag])
    factor, slots, keys = _table()
    tag = slots[(key * factor) >> np.uint64(64 - _SLOT_BITS)]
    tag[keys[tag] != key] = 0
    for number in np.flatnonzero(tag == 0).tolist():
        name = data[begin[number] + 1 : end[number] - 1].split(b" ", 1)[0]
        if b"-" in name and not name.startswith((b"!", b"?")):
            tag[number] = CODE[CUSTOM]
    return tag, is_end_tag


def _name_only(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Eight bytes read as a number, without those from the first space or ">" on.

    Source: Warren, "Hacker's Delight", section 6-1: the lowest zero byte of a word.
    """
    space, end = key ^ _SPACES, key ^ _ENDS
    marks = (((space - _ONES) & ~space) | ((end - _ONES) & ~end)) & _HIGHS
    lowest = marks & (~marks + _ONE)
    masked: NDArray[np.uint64] = key & ((lowest >> _SEVEN) - _ONE)
    return masked


@cache
def _table() -> tuple[np.uint64, NDArray[np.uint8], NDArray[np.uint64]]:
    """A factor that hashes the names without collision, the code in each slot, and the key of each code."""
    keys = np.array([int.from_bytes(name[:_KEY_CHARS].encode(), "little") for name in NAMES], np.uint64)
    shift = np.uint64(64 - _SLOT_BITS)
    named = slice(2, None)  # "" and "-" are no names
    for odd in range(1, 2_000, 2):
        factor = np.uint64(_GOLDEN * odd % (1 << 64))
        places = (keys[named] * factor) >> shift
        if len(set(places.tolist())) == len(places):
            slots = np.zeros(1 << _SLOT_BITS, np.uint8)
            slots[places] = np.arange(2, len(NAMES), dtype=np.uint8)
            return factor, slots, keys
    raise AssertionError("no factor among a thousand hashes the names without collision")


def _partners(level: Ints, holds: Flags) -> Ints:
    """For each tag the other one of its element. Of one level, tags open and close in turn."""
    partner = np.arange(len(level))
    numbers = np.flatnonzero(holds)
    order = numbers[np.argsort(level[numbers], kind="stable")]
    partner[order[::2]], partner[order[1::2]] = order[1::2], order[::2]
    return partner
