"""XML before a parser sees it: refused where its DTD is dangerous, repaired where feeds are usually broken.

The text is decoded already, so no encoding hides anything from what looks at it here.
"""

import html
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from xml.parsers import expat

from workers.feeds.formats.source import Source
from workers.feeds.model import Fault, FeedError

_PREDEFINED: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})
_MAX_ENTITIES: Final = 300
"""HTML 4 has 252, which some feeds declare in full."""
_MAX_VALUE_CHARS: Final = 16
"""A character or a name. A reference has three characters at least, so a feed can grow sixfold at most."""
_MAX_TAGS: Final = 200_000
"""Forty for each of 5,000 items. feedparser reads 20,000 in a second (test_hostile.py), so this is its time limit."""
_AMPERSAND: Final = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z_][\w.-]{0,31})?(;)?",
    re.DOTALL,
)
_TAG: Final = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<", re.DOTALL)
_BARE: Final = "an ampersand that is not written as &amp;"
_UNKNOWN: Final = "entities of HTML that XML does not know"

_MISC: Final = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)+", re.DOTALL)
_DOCTYPE: Final = re.compile(
    r"<!DOCTYPE\s+(?P<name>[\w:.-]{1,99})[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_ROOT: Final = re.compile(r"<(?P<name>[A-Za-z_][\w:.-]{0,99})")


class _RootError(Exception):
    """The root element has begun, and with it the part of the document that can declare nothing."""


@dataclass(slots=True)
class _Declared:
    """The internal entities that a DTD declares, how many it declares at all, and what is dangerous in it."""

    entities: dict[str, str] = field(default_factory=dict)
    count: int = 0
    danger: str | None = None

    def entity(
        self, name: str, is_parameter: bool, value: str | None, _base: str | None,
        _system: str | None, public: str | None, _notation: str | None,
    ) -> None:  # fmt: skip
        """Expat's handler. An external DTD that is only named (RSS 0.91 does) is harmless: nobody loads it."""
        self.count += 1
        if value is not None:
            self.entities.setdefault(name, value)
        if value is None:
            if not is_parameter or public is None:
                self.danger = f"an external entity ({name})"
        elif name not in _PREDEFINED and (len(value) > _MAX_VALUE_CHARS or "&" in value or "%" in value):
            self.danger = f"an entity that could expand without bounds ({name})"
        if self.count > _MAX_ENTITIES:
            self.danger = f"more than {_MAX_ENTITIES} entities"

    def root(self, _name: str, _attributes: object) -> None:
        raise _RootError


@dataclass(frozen=True, slots=True)
class Prolog:
    """What stands before the content of a document: its DTD, and the beginning of its root element."""

    doctype: re.Match[str] | None
    root: re.Match[str] | None


def prolog(text: str) -> Prolog:
    """Looks no further than the root element."""
    at = _after_misc(text, 0)
    if doctype := _DOCTYPE.match(text, at):
        at = _after_misc(text, doctype.end())
    return Prolog(doctype, _ROOT.match(text, at))


def shortened(source: Source) -> Source:
    """The text up to its _MAX_TAGS first tags."""
    tags = itertools.islice(_TAG.finditer(source.text), _MAX_TAGS, None)
    if (first_over := next(tags, None)) is None:
        return source
    problem = f"has more than {_MAX_TAGS:,} tags; what is behind them is not read"
    return replace(source, text=source.text[: first_over.start()], problems=(*source.problems, problem))


def without_declaration(text: str) -> str:
    """The text without `<?xml … ?>`, which names a charset that it is no longer in."""
    if not text.startswith("<?xml") or (end := text.find("?>")) < 0:
        return text
    return text[end + 2 :].lstrip()


def _after_misc(text: str, at: int) -> int:
    found = _MISC.match(text, at)
    return found.end() if found else at


def check(source: Source) -> Mapping[str, str]:
    """The harmless entities that are declared, with what they stand for. Raises FeedError (UNSAFE_XML) when one is not harmless."""
    declared = _Declared()
    parser = expat.ParserCreate("utf-8")
    parser.EntityDeclHandler = declared.entity
    parser.StartElementHandler = declared.root
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    is_readable = True
    try:
        parser.Parse(without_declaration(source.text).encode("utf-8", "replace"), True)
    except _RootError:
        pass
    except expat.ExpatError:
        is_readable = False
    if declared.danger is None and not is_readable and re.search(r"<!ENTITY\b", source.text, re.IGNORECASE):
        declared.danger = "a DTD that declares entities and cannot be read"
    if declared.danger:
        message = f"{source.url} is unsafe XML, with {declared.danger}, and is not read"
        raise FeedError(Fault.UNSAFE_XML, message, url=source.url)
    return declared.entities


def repaired(source: Source, entities: Mapping[str, str]) -> Source:
    """The text with what makes parsers give up put right: bare ampersands, and entities that are HTML's.

    `entities` are put in. What is left has no declaration of a charset and no DTD.
    """
    text = without_declaration(source.text)
    if doctype := prolog(text).doctype:
        text = text[: doctype.start()] + text[doctype.end() :]
    found: set[str] = set()

    def mend(match: re.Match[str]) -> str:
        whole, name, end = match[0], match[1], match[2]
        if whole[0] == "<":
            return whole
        if name is None or end is None:
            found.add(_BARE)
            return "&amp;" + whole[1:]
        if name in _PREDEFINED:
            return whole
        if name in entities:
            return html.escape(entities[name])
        character = html.unescape(whole)
        if name[0] != "#":
            found.add(_UNKNOWN if character != whole else _BARE)
        return html.escape(character)

    text = _AMPERSAND.sub(mend, text)
    problems = tuple(f"has {what}" for what in sorted(found))
    return replace(source, text=text.lstrip(), problems=source.problems + problems)
