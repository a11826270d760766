"""JSON-LD of a page: tolerant reading, and the node that describes the page's own article."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import orjson

from workers.boilerplate.metadata.texts import Json, key_of, same_address, unescaped

_WRAPPING: Final = re.compile(
    r"<!--|-->|(?:/\*|//)?\s{0,4}<!\[CDATA\[\s{0,4}(?:\*/)?|(?:/\*|//)?\s{0,4}\]\]>\s{0,4}(?:\*/)?"
)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_TRAILING_COMMA: Final = re.compile(r",(?=\s{0,99}[}\]])")
_BAD_ESCAPE: Final = re.compile(r'\\(?!["\\/bfnrtu])')
_FIELD: Final = re.compile(
    r'"(headline|datePublished|dateModified|dateCreated|inLanguage|keywords|articleSection)"\s*:\s*"((?:[^"\\]|\\.){1,500}+)"'
)
_FIELD_AUTHOR: Final = re.compile(
    r'"author"\s*:\s*\[?\s*(?:"((?:[^"\\]|\\.){1,200}+)"|\{[^{}\[\]]{0,300}?"name"\s*:\s*"((?:[^"\\]|\\.){1,200}+)")'
)
_ARTICLE_TYPE: Final = re.compile(
    r"(?:Article|Posting)$|^(?:Report|Review|Recipe|CriticReview|OpinionPiece|NewsItem)$"
)
_PAGE_TYPE: Final = re.compile(r"^(?:\w*Page|CreativeWork|VideoObject|WebContent|PodcastEpisode)$")
_NOT_THE_PAGE: Final = frozenset({
    "itemListElement", "hasPart", "isPartOf", "isRelatedTo", "relatedLink", "mentions", "citation", "comment",
    "liveBlogUpdate", "video", "image", "associatedMedia", "review", "subjectOf", "about", "blogPost", "publisher",
    "author", "creator", "breadcrumb", "potentialAction", "offers", "recommendation", "significantLink",
})  # fmt: skip
"""Properties whose values describe other things than the page: teasers, parts, people."""
_NODES_MAX: Final = 5_000
_BROKEN_CHARS: Final = 300_000
_SCRIPTS_MAX: Final = 64
"""Bounds for pages that were made to keep us busy; the pages of extraction/dev have up to 16 scripts."""


@dataclass(frozen=True, slots=True)
class JsonLd:
    """`article`: the node of the page's article, {} when there is none. `page`: that of the page around it."""

    article: dict[str, Json] = field(default_factory=dict)
    page: dict[str, Json] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    site_name: str | None = None
    by_id: dict[str, dict[str, Json]] = field(default_factory=dict)

    def nodes(self, value: Json) -> list[dict[str, Json] | str]:
        """The things a property states, references to other nodes resolved."""
        listed = value if isinstance(value, list) else [value]
        found: list[dict[str, Json] | str] = []
        for each in listed[:100]:
            if isinstance(each, dict):
                identity = each.get("@id")
                known = self.by_id.get(identity) if isinstance(identity, str) else None
                found.append({**known, **each} if known else each)
            elif isinstance(each, str):
                found.append(each)
            elif isinstance(each, list):
                found += [part for part in each[:100] if isinstance(part, dict | str)]
        return found

    def texts(self, name: str) -> list[str]:
        """What a property of the article states as text, not empty; where it says nothing, that of the page."""
        for node in (self.article, self.page):
            stated = [each for each in self.nodes(node.get(name)) if isinstance(each, str) and each.strip()]
            if stated:
                return stated
        return []

    def text(self, name: str) -> str | None:
        return next(iter(self.texts(name)), None)


def read_json_ld(scripts: Sequence[str], urls: list[str], titles: list[str]) -> JsonLd:
    """What `scripts` (texts of ld+json elements) say of the page at one of `urls`, which is headed by `titles`.

    Never raises; what cannot be read is left out, or read by pattern where it names an article's fields.
    """
    nodes: list[dict[str, Json]] = []
    broken: list[str] = []
    for script in scripts[:_SCRIPTS_MAX]:
        value = parse(script)
        if value is None:
            broken.append(script[:_BROKEN_CHARS])
        else:
            nodes += _described(value, _NODES_MAX - len(nodes))
    keys = [key for key in map(key_of, titles) if key]
    types = list(map(_types, nodes))
    article, page = (
        _likeliest(
            [node for node, kinds in zip(nodes, types, strict=True) if any(map(of_kind.search, kinds))],
            urls,
            keys,
        )
        for of_kind in (_ARTICLE_TYPE, _PAGE_TYPE)
    )
    if article is None and broken:
        article = next(filter(None, map(_by_pattern, broken)), None)
    return JsonLd(
        article=article or {},
        page=page or {},
        types=tuple(dict.fromkeys(chain.from_iterable(types))),
        site_name=_site_name(nodes),
        by_id={identity: node for node in reversed(nodes) if isinstance(identity := node.get("@id"), str)},
    )


def parse(script: str) -> Json:
    """The value of a JSON text, repaired where it is broken in the ways that pages break it; None when it is lost."""
    text = script.strip().strip("\ufeff")
    try:
        found: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _repaired(text[:_BROKEN_CHARS])
    return found


def _repaired(text: str) -> Json:
    cleaned = (
        _CONTROLS.sub(" ", _WRAPPING.sub(" ", text))
        .strip()
        .rstrip(";")
        .encode("utf-8", "ignore")
        .decode("utf-8")
    )
    if cleaned.startswith(("{&quot;", "[{&quot;")):
        cleaned = unescaped(cleaned)
    cleaned = _BAD_ESCAPE.sub("", _TRAILING_COMMA.sub("", cleaned))
    values: list[Json] = []
    decoder = json.JSONDecoder(strict=False)
    position = 0
    while position < len(cleaned) and len(values) < _SCRIPTS_MAX:
        try:
            value, position = decoder.raw_decode(cleaned, position)
        except (ValueError, RecursionError):
            break
        values.append(value)
        while cleaned[position : position + 1] in (" ", ",", ";"):
            position += 1
    return values or None


def _described(value: Json, limit: int) -> list[dict[str, Json]]:
    """The nodes with a type that describe the page, outermost first."""
    found: list[dict[str, Json]] = []
    level: list[Json] = [value]
    visited = 0
    while level and visited < limit:
        below: list[Json] = []
        for each in level[: limit - visited]:
            visited += 1
            if isinstance(each, list):
                below += each
            elif isinstance(each, dict):
                if "@type" in each:
                    found.append(each)
                below += [
                    part
                    for key, part in each.items()
                    if isinstance(part, dict | list) and key not in _NOT_THE_PAGE
                ]
        level = below
    return found


def _likeliest(nodes: list[dict[str, Json]], urls: list[str], titles: list[str]) -> dict[str, Json] | None:
    """The node that is most surely the page's own, the first of equals."""
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    return max(nodes, key=lambda node: _rank(node, urls, titles))


def _rank(node: dict[str, Json], urls: list[str], titles: list[str]) -> int:
    """How surely a node is the page's own: its address, its headline, what it states."""
    addresses = [
        *_addresses(node.get("url")),
        *_addresses(node.get("@id")),
        *_addresses(node.get("mainEntityOfPage")),
    ]
    is_here = any(same_address(address, url) for address in addresses for url in urls)
    headline = node.get("headline") or node.get("name")
    key = key_of(unescaped(headline)) if isinstance(headline, str) else ""
    agrees = bool(key) and any(key in title or title in key for title in titles)
    return 4 * is_here + 4 * agrees + ("datePublished" in node) + ("headline" in node) + ("author" in node)


def _addresses(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (part for key in ("@id", "url") if isinstance(part := value.get(key), str))


def _types(node: dict[str, Json]) -> list[str]:
    kinds = node.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return [kind.rpartition("/")[2].removeprefix("schema:") for kind in listed[:20] if isinstance(kind, str)]


def _site_name(nodes: list[dict[str, Json]]) -> str | None:
    for node in nodes:
        if "WebSite" in _types(node) and isinstance(name := node.get("name"), str) and name.strip():
            return name
    return None


def _by_pattern(script: str) -> dict[str, Json] | None:
    """The fields of an article in a script that is no JSON."""
    if not re.search(r'"(?:\w*Article|\w*Posting)"', script):
        return None
    found: dict[str, Json] = {}
    for name, value in _FIELD.findall(script):
        found.setdefault(name, value.replace('\\"', '"').replace("\\/", "/"))
    authors = [bare or named for bare, named in _FIELD_AUTHOR.findall(script)[:1]]
    return {**found, "author": list(authors)} if found else None
