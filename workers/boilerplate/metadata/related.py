"""Headlines that a page points to under "related", "read also" and the like."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Final

from turbohtml import Document, Element

from schemas.cleaned_article import Related
from workers.boilerplate.calendars import fold
from workers.boilerplate.markers import Kind, find_marker
from workers.boilerplate.metadata.texts import shown, web_address
from workers.boilerplate.paragraphs import letters, weight, word_count

_LABELS: Final = ("h2", "h3", "h4", "h5", "h6", "p", "strong", "b", "dt")
"""Elements that hold such words, alone or before a link. Looking at every div and span as well would take longer than
all the rest of the metadata."""
_KINDS: Final = (Kind.RELATED, Kind.READ_ALSO)
_HEADING_TAGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PAGE_PARTS: Final = frozenset({"html", "body", "main", "article"})
_PREFIX_CHARS: Final = 6
_BEFORE: Final = " \n\t\r[(\u00a0\u2022\u25ba\u25b6\u2192*-"  # NO-BREAK SPACE, BULLET, pointers, arrow
_BEFORE_CHARS: Final = 200
_LABEL_CHARS: Final = 160
_RAW_CHARS: Final = 600
"""With the white space of the source."""
_HEADLINE_CHARS: Final = (16, 200)
_HEADLINE_WORDS: Final = 3
"""Shorter links are sections and names, longer ones are teasers."""
_LEVELS: Final = 3
"""The list that a heading announces is its sibling, or that of a wrapper or two around the heading."""
_RELATED_MAX: Final = 50
_LABELS_MAX: Final = 1_000
_MARKERS_MAX: Final = 40
_SIBLINGS_MAX: Final = 60
_LINKS_MAX: Final = 60
"""Bounds for pages that were made to keep us busy; lists of related articles are shorter."""


def read_related(document: Document, base: str | None) -> tuple[Related, ...]:
    """The headlines, each once, lists before lines in the text; addresses are absolute, by `base`."""
    found: dict[str, Related] = {}
    for label, text in islice(_labels(document), _MARKERS_MAX):
        for link in _announced(label, text):
            title = shown(_headline(link).text[: 2 * _HEADLINE_CHARS[1]])
            if len(found) < _RELATED_MAX and _is_headline(title) and (key := letters(title)) not in found:
                found[key] = Related(title=title, url=web_address(link.attr("href"), base))
    return tuple(found.values())


def _labels(document: Document) -> Iterator[tuple[Element, str]]:
    """Elements that begin with the words of a marker, and their text."""
    for element in (each for tag in _LABELS for each in document.find_all(tag, limit=_LABELS_MAX)):
        text = element.text
        if len(text) <= _RAW_CHARS and _may_mark(text) and len(text := shown(text)) <= _LABEL_CHARS:
            yield element, text


def _announced(label: Element, text: str) -> list[Element]:
    """The links that `label` announces: those beside its words, or those of the list behind it."""
    marker = find_marker(text)
    if marker is None or marker.kind not in _KINDS or label.closest("nav, footer") is not None:
        return []
    inside = label.find_all("a", limit=_LINKS_MAX)
    if inside and marker.value:
        return inside if any(letters(link.text) in letters(marker.value) for link in inside) else []
    node: Element = label
    for _ in range(_LEVELS):
        if links := list(islice(_links_behind(node), _LINKS_MAX)):
            return links
        parent = node.parent
        if not isinstance(parent, Element) or parent.tag in _PAGE_PARTS:
            break
        node = parent
    return []


def _links_behind(node: Element) -> Iterator[Element]:
    """The links in what follows `node` in its parent, up to the next heading that is no link."""
    for sibling in islice(node.next_siblings, _SIBLINGS_MAX):
        if isinstance(sibling, Element):
            links = [sibling] if sibling.tag == "a" else sibling.find_all("a", limit=_LINKS_MAX)
            if sibling.tag in _HEADING_TAGS and not links:
                return
            yield from links


def _is_headline(title: str) -> bool:
    shortest, longest = _HEADLINE_CHARS
    if len(title) > longest or 3 * len(title) < shortest:  # an ideograph weighs three
        return False
    return shortest <= weight(title) and word_count(title) >= _HEADLINE_WORDS


def _headline(link: Element) -> Element:
    """The heading in a link that holds a whole card, else the link."""
    return next(link.iter_elements(_HEADING_TAGS), link)


def _may_mark(text: str) -> bool:
    """Whether the words of a marker may begin `text`: whether its first letters do. One of twelve labels passes."""
    if not text[:1].isalnum():
        text = text[:_BEFORE_CHARS].lstrip(_BEFORE)
    head = text[:_PREFIX_CHARS].lower()
    known = _prefixes()
    return head in known or head[:5] in known or head[:4] in known or head[:3] in known or head[:2] in known


@cache
def _prefixes() -> frozenset[str]:
    """The first six letters of all forms that announce links, in lower case; shorter forms whole."""
    data = json.loads(files("workers.boilerplate").joinpath("data/markers.json").read_text("utf-8"))
    forms = [
        form for kinds in data["markers"].values() for kind in _KINDS for form in kinds.get(kind.value, ())
    ]
    cut = (form.rstrip("*").lower()[:_PREFIX_CHARS] for form in forms)
    return frozenset(form for each in cut for form in (each, fold(each)))
