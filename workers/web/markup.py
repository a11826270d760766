"""Text of strangers as HTML: escaped, without what reorders a page, in its own language and direction.

Shared by the pages of `khabar web` and the page that `khabar explain` makes.
"""

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from schemas.tagged_article import Entity

UNKNOWN: Final = "und"
STYLE: Final = files("workers.web") / "static" / "article.css"
"""What an article looks like."""

# What no document may hold (HTML Standard, 13.2.3.5, control characters), unpaired surrogates, and what reorders the
# text around it: LEFT-TO-RIGHT EMBEDDING to RIGHT-TO-LEFT OVERRIDE, LEFT-TO-RIGHT ISOLATE to POP DIRECTIONAL ISOLATE.
_HARMFUL: Final = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_RIGHT_TO_LEFT: Final = frozenset(
    "ar arc azb ckb dv fa glk he lrc mzn pnb prs ps sd syr ug ur yi".split()  # noqa: SIM905
)
"""Languages that the Unicode CLDR (characterOrder) gives as written from right to left by default."""
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_LINK_CHARS: Final = 2000
"""Longer addresses are shown and not linked; browsers and proxies begin to cut them there."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, half-open in code points, to be put between the tags `before` and `after`, which are HTML."""

    start: int
    end: int
    before: str
    after: str


def harmless(text: str) -> str:
    """The text without what no document may hold and without what reorders the text around it. Idempotent."""
    return _HARMFUL.sub("", text)


def shown(text: str) -> str:
    """The text as HTML, for content and for quoted attributes."""
    return escape(harmless(text))


def direction(lang: str, texts: Iterable[str] = ()) -> str:
    """`rtl` or `ltr`: of the language, or where that is not known or no language, of most letters of the texts."""
    if is_language(lang):
        return "rtl" if lang.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
    letters = Counter(unicodedata.bidirectional(letter) for text in texts for letter in text)
    return "rtl" if letters["R"] + letters["AL"] > letters["L"] else "ltr"


def is_language(lang: str) -> bool:
    """Whether it is a language's BCP 47 tag, as far as a page may hold it."""
    return lang != UNKNOWN and _LANGUAGE.fullmatch(lang) is not None


def language(lang: str, texts: Iterable[str] = ()) -> str:
    """The attributes `lang` and `dir`, with a space before, of an element that holds these texts in this language."""
    found = f' lang="{lang}"' if is_language(lang) else ""
    return f'{found} dir="{direction(lang, texts)}"'


def marked(text: str, spans: Iterable[Span]) -> str:
    """The text as HTML with each span between its tags, and what is between the tags exactly `text[start:end]`.

    A span may lie within another. One that is empty, reaches beyond the text, or crosses the end of an earlier one
    is left out: tags cannot cross.
    """
    chosen = _nested(sorted(spans, key=lambda span: (span.start, -span.end)), len(text))
    return "".join(_pieces(text, chosen))


def paragraphs(text: str, spans: Iterable[Span]) -> list[str]:
    """`marked`, paragraph by paragraph: what one blank line separates. A span over several is cut into one for each."""
    waiting = deque(sorted(spans, key=lambda span: span.start))
    found, reaching, start = [], list[Span](), 0
    for paragraph in text.split("\n\n"):
        end = start + len(paragraph)
        while waiting and waiting[0].start < end:
            reaching.append(waiting.popleft())
        found.append(marked(paragraph, [_within(span, start, end) for span in reaching]))
        reaching = [span for span in reaching if span.end > end]
        start = end + 2
    return found


def entity_spans(entities: Iterable[Entity]) -> list[Span]:
    """The mentions of the entities, marked by their kind and what they are told apart by."""
    return [
        Span(each.start, each.end, f'<mark class="{kind}" title="{title}">', "</mark>")
        for entity in entities
        for kind in (entity.label.lower(),)
        for title in (shown(f"{entity.label}: {entity.name_en or entity.name}, {entity.id}"),)
        for each in entity.mentions
    ]


def safe_link(url: str | None) -> str | None:
    """The address where it may become a link: http or https, with a host, and without white space or control
    characters. Anything else is text.
    """
    if url is None or len(url) > _LINK_CHARS or harmless(url) != url or re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def _within(span: Span, start: int, end: int) -> Span:
    return replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)


def _nested(spans: Iterable[Span], length: int) -> Iterator[Span]:
    ends: list[int] = []
    for span in spans:
        while ends and ends[-1] <= span.start:
            ends.pop()
        if 0 <= span.start < span.end <= (ends[-1] if ends else length):
            ends.append(span.end)
            yield span


def _pieces(text: str, spans: Iterable[Span]) -> Iterator[str]:
    at = 0
    stack: list[Span] = []
    for span in spans:
        while stack and stack[-1].end <= span.start:
            closed = stack.pop()
            yield shown(text[at : closed.end]) + closed.after
            at = closed.end
        yield shown(text[at : span.start]) + span.before
        at = span.start
        stack.append(span)
    while stack:
        closed = stack.pop()
        yield shown(text[at : closed.end]) + closed.after
        at = closed.end
    yield shown(text[at:])
