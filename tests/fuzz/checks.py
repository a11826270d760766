"""What has to hold for any event."""

import re
import time
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Any

import numpy as np
import turbohtml

from schemas.cleaned_article import CleanedArticle
from schemas.raw_event import RawEvent
from schemas.wire import decode, encode
from tests.fuzz.cases import CODECS
from workers.boilerplate import stage
from workers.boilerplate.charset import scrub
from workers.boilerplate.evaluation.visible import text_nodes
from workers.boilerplate.metadata.texts import unescaped
from workers.boilerplate.sniff import is_html
from workers.outcomes import Dropped, Failed, Kept

_PIECES_MAX = 3
_OVERLAPS_MAX = 50
"""A text that repeats one character has as many as characters."""
LIMIT_S = 2.0
"""CPU time for one event, the longest that issue 4 allows."""
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TAG = re.compile(r"<[^<>]*>")
_TO_ANGLE = re.compile(r"<[^>]*>")  # a doctype that is left out may have a < in it
_WORD = re.compile(r"\w+")
_LEGACY = (
    "big5hkscs", "cp949", "cp932", "euc_jp", "gbk", "cp1250", "cp1253", "cp1254", "cp1255", "cp1257", "cp1258", "iso8859_2", "iso8859_3",
    "iso8859_4", "iso8859_5", "iso8859_7", "iso8859_8", "iso8859_9", "iso8859_10", "iso8859_13", "iso8859_14", "iso8859_15", "iso8859_16",
    "koi8_u", "cp866", "cp874", "tis_620", "mac_roman", "mac_cyrillic", "johab",
)  # fmt: skip
"""With CODECS, those of the WHATWG Encoding Standard."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold: a word for it, and a sentence."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ending` is "kept", the reason why the event was dropped, or what else became of it; `cpu_s` is for reading it."""

    ending: str
    cpu_s: float
    problems: tuple[Problem, ...]


def check(event: RawEvent, *, twice: bool = False) -> Verdict:
    """Reads the event and checks the outcome; with `twice`, reads it again beside another event."""
    began_s = time.process_time()
    try:
        outcomes = stage.clean([event])
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        problem = Problem("exception", f"{type(error).__name__}: {error}"[:500])
        return Verdict("exception", time.process_time() - began_s, (problem,))
    cpu_s = time.process_time() - began_s
    problems = [Problem("slow", f"{cpu_s:.1f} s of CPU")] if cpu_s > LIMIT_S else []
    if len(outcomes) != 1 or not isinstance(outcomes[0], Kept | Dropped | Failed):
        return Verdict("odd", cpu_s, (*problems, Problem("shape", f"{outcomes!r:.300}")))
    [outcome] = outcomes
    if isinstance(outcome, Failed):
        problems.append(Problem("failed", str(outcome.error)[:500]))
    elif isinstance(outcome, Kept):
        problems += _of_record(outcome.record, event)
    elif not outcome.detail:
        problems.append(Problem("shape", "dropped without a word"))
    if twice and stage.clean([RawEvent(body="x"), event])[1:] != outcomes and not isinstance(outcome, Failed):
        problems.append(Problem("not deterministic", "the second time there was another outcome"))
    ending = outcome.reason.value if isinstance(outcome, Dropped) else type(outcome).__name__.lower()
    return Verdict(ending, cpu_s, tuple(problems))


def _of_record(record: CleanedArticle, event: RawEvent) -> Iterator[Problem]:
    yield from _of_wire(record)
    for name, text in _strings(record):
        if found := _UNWANTED.search(text):
            yield Problem("unwanted character", f"U+{ord(found[0]):04X} in {name}: {text[:100]!r}")
    text = record.text
    if not unicodedata.is_normalized("NFC", text):
        yield Problem("not NFC", f"{text[:100]!r}")
    paragraphs = text.split("\n\n")
    if not all(part and part == part.strip() and "\n" not in part for part in paragraphs):
        yield Problem(
            "paragraphs",
            f"an empty or untidy paragraph: {next((p for p in paragraphs if p != p.strip() or not p), text)[:200]!r}",
        )
    if record.lang_confidence is not None and not 0 <= record.lang_confidence <= 1:
        yield Problem("shape", f"confidence {record.lang_confidence}")
    yield from _of_text(paragraphs, event)


def _of_wire(record: CleanedArticle) -> Iterator[Problem]:
    try:
        line = encode(record)
        again = decode(CleanedArticle, line)
    except (TypeError, ValueError, RecursionError) as error:
        yield Problem("wire", f"{type(error).__name__}: {error}"[:500])
        return
    if again != record:
        names = [
            each.name for each in fields(record) if getattr(again, each.name) != getattr(record, each.name)
        ]
        yield Problem("wire", f"decodes to another record: {', '.join(names)}")


def _strings(record: CleanedArticle) -> Iterator[tuple[str, str]]:
    """What the stage wrote into the record; `meta` is the producer's."""
    for each in fields(record):
        if each.name != "meta":
            yield from _within(each.name, getattr(record, each.name))


def _within(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, tuple):
        for part in value:
            yield from _within(name, part)
    elif hasattr(value, "__dataclass_fields__"):
        for each in fields(value):
            yield from _within(f"{name}.{each.name}", getattr(value, each.name))


def _of_text(paragraphs: Sequence[str], event: RawEvent) -> Iterator[Problem]:
    """Nothing when the paragraphs stand in one of the readings of the body, in order; else what the first lacks."""
    found: list[Problem] = []
    for reading in readings(event):
        problems = list(reading.problems(paragraphs))
        if not problems:
            return
        found = found or problems
    yield from found


def readings(event: RawEvent) -> Iterator["Reading"]:
    """The texts that the body can be: the page's nodes or the dump's lines, in each charset that it can be in."""
    for text in _texts(event):
        root = turbohtml.parse(text)
        yield Reading(
            [node.data for node in text_nodes(root)],
            *(unescaped(form) for form in (text, _TAG.sub("", text), _TO_ANGLE.sub("", text))),
        )
        if not is_html(
            text, event.content_type
        ):  # a page without a tag is read as a dump, whatever it is called
            yield Reading(text.split("\n"), text)


def _texts(event: RawEvent) -> Iterator[str]:
    """The body's text as `scrub` leaves it."""
    if isinstance(event.body, str):
        yield scrub(event.body)
        return
    seen = set()
    for codec in dict.fromkeys(("utf-8", "cp1252", *CODECS, *_LEGACY)):
        text = scrub(event.body.decode(codec, "replace"))
        if text not in seen:
            seen.add(text)
            yield text


_SEPARATOR = "\0"
"""Stands in no text: `scrub` has left it out."""


def bare(text: str) -> str:
    """`text` without what may differ between a page and its record: white space, marks that combine, controls, joiners
    and soft hyphens, what is no character, and the way accents are written. _SEPARATOR stays.
    """
    if text.isascii():
        return text.translate(_NO_ASCII_CHARACTERS)
    codes = np.frombuffer(unicodedata.normalize("NFD", text).encode("utf-32-le", "replace"), dtype=np.uint32)
    return codes[_characters()[codes]].tobytes().decode("utf-32-le")


_NO_ASCII_CHARACTERS = dict.fromkeys((*range(1, 33), 127))


@cache
def _characters() -> np.ndarray:
    """For each code point whether `bare` keeps it."""
    left_out = {"Mn", "Mc", "Me", "Cc", "Cf", "Cn", "Cs", "Zs", "Zl", "Zp"}
    kept = np.array([unicodedata.category(chr(code)) not in left_out for code in range(0x110000)])
    kept[ord("\ufffd")] = False
    kept[ord(_SEPARATOR)] = True
    return kept


class Reading:
    """What a page says, as a run of texts, and forms of its source, in which each word of a text has to stand."""

    def __init__(self, texts: Sequence[str], *sources: str) -> None:
        self.texts = texts
        self.nodes = [text for text in bare(_SEPARATOR.join(texts)).split(_SEPARATOR) if text]
        self.sources = sources

    @cached_property
    def joined(self) -> str:
        return "".join(self.nodes)

    @cached_property
    def starts(self) -> list[int]:
        """Of each node in `joined`."""
        starts = [0]
        for node in self.nodes[:-1]:
            starts.append(starts[-1] + len(node))
        return starts

    def problems(self, paragraphs: Sequence[str]) -> Iterator[Problem]:
        """A paragraph is in the text when it is a run of texts, of which whole ones between may be left out."""
        wanted = [bare(paragraph) for paragraph in paragraphs]
        lost = self._first_lost(wanted, self._quick_end)
        if lost is not None:
            # What stands as it is may stand once more further on, behind where it was put together.
            lost = self._first_lost(wanted, self._first_end)
        if lost is not None:
            kind = "text not in the page" if self._first_end(wanted[lost], 0) is None else "order"
            yield Problem(kind, f"{paragraphs[lost][:300]!r}")
        else:
            yield from self._unknown_words(paragraphs)

    def _first_lost(self, wanted: Sequence[str], end_of: Callable[[str, int], int | None]) -> int | None:
        """The index of the first text that does not stand behind those before it."""
        at = 0
        for index, text in enumerate(wanted):
            end = end_of(text, at)
            if end is None:
                return index
            at = end
        return None

    def _quick_end(self, wanted: str, at: int) -> int | None:
        found = self.joined.find(wanted, at)
        return found + len(wanted) if found >= 0 else self.end_of(wanted, at)

    def _first_end(self, wanted: str, at: int) -> int | None:
        found = self.joined.find(wanted, at)
        ends = [found + len(wanted)] if found >= 0 else []
        pieced = self.end_of(wanted, at)
        return min(ends if pieced is None else [*ends, pieced], default=None)

    def end_of(self, wanted: str, at: int) -> int | None:
        """Where `wanted` ends in `joined`, from `at` on, when whole texts are left out; None when it is not there."""
        first = bisect_left(self.starts, at)
        begun = self.joined[at : self.starts[first]] if first < len(self.starts) else self.joined[at:]
        ways = _overlaps(begun, wanted)  # how much of `wanted` can have been put together so far
        for index in range(first, len(self.nodes)):
            node = self.nodes[index]
            for done in ways:
                rest = len(wanted) - done
                if rest <= len(node) and node.startswith(wanted[done:]):
                    return self.starts[index] + rest
            ways |= {done + len(node) for done in ways if wanted.startswith(node, done)}
            ways |= _overlaps(node, wanted)
        return None

    def _unknown_words(self, paragraphs: Sequence[str]) -> Iterator[Problem]:
        """Words that the parser found in one text and the source does not have, not even in pieces: the parser joins
        texts that stood in cells before and behind, or around a tag that it leaves out.
        """
        known = set(_WORD.findall(" ".join(self.texts)))
        sources = [bare(source) for source in self.sources]
        for word in dict.fromkeys(_WORD.findall(" ".join(paragraphs))):
            if word in known and not _is_pieced(bare(word), sources):
                yield Problem("word not in the source", repr(word))
                return


def _is_pieced(word: str, sources: Sequence[str]) -> bool:
    """Whether `word` is at most _PIECES_MAX pieces of the sources, of which the first is as long as can be, and so on."""
    for _ in range(_PIECES_MAX):
        end = len(word)
        while end and not any(word[:end] in source for source in sources):
            end -= 1
        word = word[end:]
        if not word:
            return True
    return False


def _overlaps(node: str, wanted: str) -> set[int]:
    """The lengths at which the end of `node` is the beginning of `wanted`; the longest only, where there are many."""
    found: set[int] = set()
    longest = min(len(node), len(wanted))
    at = node.find(wanted[0], len(node) - longest) if wanted else -1
    while at >= 0 and len(found) < _OVERLAPS_MAX:
        if wanted.startswith(node[at:]):
            found.add(len(node) - at)
        at = node.find(wanted[0], at + 1)
    return found
