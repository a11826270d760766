"""What has to hold for any event."""

import html
import re
import time
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import turbohtml

from schemas.cleaned_article import CleanedArticle
from schemas.raw_event import RawEvent
from schemas.wire import decode, encode
from tests.fuzz.cases import CODECS
from workers.boilerplate import stage
from workers.boilerplate.charset import scrub
from workers.boilerplate.evaluation.visible import text_nodes
from workers.outcomes import Dropped, Failed, Kept

_OVERLAPS_MAX = 50
"""A text that repeats one character has as many as characters."""
LIMIT_S = 2.0
"""CPU time for one event, the longest that issue 4 allows."""
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TAG = re.compile(r"<[^<>]*>")
_TO_ANGLE = re.compile(r"<[^>]*>")  # a doctype that is left out may have a < in it
_WORD = re.compile(r"\w+")
_LEGACY = (
    "cp1250", "cp1253", "cp1254", "cp1255", "cp1257", "cp1258", "iso8859_2", "iso8859_5", "iso8859_7", "iso8859_8", "koi8_u", "cp866",
    "cp874", "euc_jp", "gbk", "cp949", "cp932", "iso8859_15", "iso8859_9", "iso8859_4", "iso8859_13", "johab",
)  # fmt: skip


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
            *(html.unescape(form) for form in (text, _TAG.sub("", text), _TO_ANGLE.sub("", text))),
        )
        if "html" not in (event.content_type or ""):
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


def bare(text: str) -> str:
    """`text` without what may differ between a page and its record: white space, marks that combine, controls, joiners
    and soft hyphens, what is no character, and the way accents are written."""
    if text.isascii():
        return text.translate(_ASCII_SPACES)
    return _NO_CHARACTER.sub("", unicodedata.normalize("NFD", text))


_ASCII_SPACES = dict.fromkeys((*range(33), 127))


def _no_character_class() -> str:
    """Runs of the code points of those categories, as a pattern's class."""
    runs: list[list[int]] = []
    for code in range(0x110000):
        if (
            unicodedata.category(chr(code)) in {"Mn", "Mc", "Me", "Cc", "Cf", "Cn", "Cs", "Zs", "Zl", "Zp"}
            or code == 0xFFFD
        ):
            if runs and runs[-1][1] == code - 1:
                runs[-1][1] = code
            else:
                runs.append([code, code])
    return "[" + "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in runs) + "]+"


_NO_CHARACTER = re.compile(_no_character_class())


class Reading:
    """What a page says, as a run of texts, and forms of its source, in which each word of a text has to stand."""

    def __init__(self, texts: Sequence[str], *sources: str) -> None:
        self.texts = texts
        self.nodes = [text for text in map(bare, texts) if text]
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
        at = 0
        for paragraph in paragraphs:
            wanted = bare(paragraph)
            found = self.joined.find(wanted, at)
            end = found + len(wanted) if found >= 0 else self.end_of(wanted, at)
            if end is None:
                elsewhere = self.joined.find(wanted) >= 0 or self.end_of(wanted, 0) is not None
                kind = "order" if elsewhere else "text not in the page"
                yield Problem(kind, f"{paragraph[:300]!r}")
                return
            at = end
        yield from self._unknown_words(paragraphs)

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
        """Words that the parser found in one text and the source does not have."""
        known = set(_WORD.findall(" ".join(self.texts)))
        sources = [bare(source) for source in self.sources]
        for word in dict.fromkeys(_WORD.findall(" ".join(paragraphs))):
            if word in known and not any(bare(word) in source for source in sources):
                yield Problem("word not in the source", repr(word))
                return


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
