"""What is read off an HTML page beside trafilatura: links, headings, boxes, related headlines, keywords."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement

from schemas.cleaned_article import Related
from workers.boilerplate.keywords import split_keywords
from workers.boilerplate.markers import Kind, find_marker
from workers.boilerplate.paragraphs import distinct, letters, tidy, weight, word_count

# ZERO WIDTH NON-JOINER and JOINER are spelling in Persian, Urdu and Indic scripts, and trafilatura deletes them as
# unprintable. They pass through it as two letters of Linear A, which no news page is written in.
HIDDEN: Final = str.maketrans("\u200c\u200d", "\U00010600\U00010601")
SHOWN: Final = str.maketrans("\U00010600\U00010601", "\u200c\u200d")

_PASSWORD: Final = etree.XPath(
    "boolean(//input[@type='password'][not(ancestor::header or ancestor::nav or ancestor::footer or ancestor::dialog)])"
)
_EMAIL: Final = etree.XPath("//input[@type='email']")
_HEADINGS: Final = etree.XPath("(//head/title | //h1)[position() <= 4]")
_LABELS: Final = etree.XPath("//h2|//h3|//h4|//h5|//h6|//p|//div|//span|//strong|//b|//dt|//li")
_TAG_LINKS: Final = etree.XPath("//a[contains(concat(' ', normalize-space(@rel), ' '), ' tag ')]")
_JSON_LD: Final = etree.XPath("//script[contains(@type, 'ld+json')]/text()")
_JSON_KEYWORDS: Final = re.compile(r'"keywords"\s*:\s*("(?:[^"\\]|\\.){0,2000}"|\[[^\[\]{}]{0,4000}\])')

_BOX_CHARS: Final = 300
"""A box around an e-mail field that holds more text is no newsletter box but a part of the page."""
_PAGE_PARTS: Final = frozenset({"html", "body", "main", "article"})
_LABEL_CHARS: Final = 160
_FIELDS_MAX: Final = 20
_HEADLINE_CHARS: Final = (16, 200)
_HEADLINE_WORDS: Final = 3
"""Shorter links are sections and names, longer ones are teasers."""
_RELATED_MAX: Final = 50
_SIBLINGS_MAX: Final = 60
_LINKS_MAX: Final = 60
"""Bounds for pages that were made to keep us busy; lists of related articles are shorter."""
_LEVELS: Final = 3
"""The list that a heading announces is its sibling, or that of a wrapper or two around the heading."""
_HEADING_TAGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def asks_for_password(tree: HtmlElement) -> bool:
    """Whether there is a password field that is not in the page's header, menu, footer or a dialogue."""
    return bool(_PASSWORD(tree))


def headings(tree: HtmlElement) -> tuple[str, ...]:
    """The page's title and its first main headings."""
    return tuple(filter(None, (_content(element) for element in _HEADINGS(tree))))


def link_texts(tree: HtmlElement) -> frozenset[str]:
    """What the page's links say, as `letters` gives it."""
    return frozenset(filter(None, (letters(_content(link)) for link in tree.iter("a"))))


def link_ratio(text: str, links: frozenset[str]) -> float:
    """Share of the characters of `text` that stand in lines which are nothing but a link."""
    lines = text.split("\n\n")
    linked = sum(weight(line) for line in lines if letters(line) in links)
    return linked / max(1, sum(map(weight, lines)))


def remove_newsletter_boxes(tree: HtmlElement) -> None:
    """Take out the small boxes that ask for an e-mail address, with the words around the field."""
    for field in _EMAIL(tree)[:_FIELDS_MAX]:
        box = field
        while (parent := box.getparent()) is not None and parent.tag not in _PAGE_PARTS:
            if len(_content(parent)) > _BOX_CHARS:
                break
            box = parent
        if box.getparent() is not None:
            box.drop_tree()


def related(tree: HtmlElement, base: str | None) -> tuple[Related, ...]:
    """Headlines that the page links to under "related", "read also" and the like, each once, in order."""
    found: dict[str, Related] = {}
    for label in _LABELS(tree):
        if len(found) >= _RELATED_MAX:
            break
        for link in _announced(label):
            title = _content(_headline(link))
            if _is_headline(title):
                found.setdefault(
                    letters(title), Related(title=title, url=web_address(link.get("href"), base))
                )
    return tuple(found.values())[:_RELATED_MAX]


def keywords(tree: HtmlElement) -> tuple[str, ...]:
    """The keywords of the page's JSON-LD, or where it has none what its links with rel=tag say."""
    stated = [word for block in _JSON_LD(tree) for word in _json_keywords(block.translate(SHOWN))]
    return distinct(stated) or distinct(_content(link).lstrip("#") for link in _TAG_LINKS(tree))


def web_address(value: str | None, base: str | None) -> str | None:
    """`value` as an absolute http(s) URL; None when it is none."""
    written = (value or "").strip()
    try:
        address = urljoin(base or "", written)
        parts = urlsplit(address)
    except ValueError:  # brackets that are no IPv6 address
        return None
    return address if written and parts.scheme in ("http", "https") and parts.hostname else None


def _announced(label: HtmlElement) -> list[HtmlElement]:
    """The links that `label` announces: those beside its words, or those of the list behind it."""
    if _size(label) > _LABEL_CHARS:
        return []
    marker = find_marker(_content(label))
    if marker is None or marker.kind not in (Kind.RELATED, Kind.READ_ALSO, Kind.LINK):
        return []
    if any(part.tag in ("nav", "footer") for part in label.iterancestors()):
        return []
    inside = list(label.iter("a"))
    if (inside and marker.value) or marker.kind is Kind.LINK:
        return inside if any(letters(_content(link)) in letters(marker.value) for link in inside) else []
    node = label
    for _ in range(_LEVELS):
        if links := list(islice(_links_behind(node), _LINKS_MAX)):
            return links
        node = node.getparent()
        if node is None or node.tag in _PAGE_PARTS:
            break
    return []


def _links_behind(node: HtmlElement) -> Iterator[HtmlElement]:
    """The links in what follows `node` in its parent, up to the next heading that is no link."""
    for sibling in islice(node.itersiblings(), _SIBLINGS_MAX):
        links = list(sibling.iter("a"))
        if sibling.tag in _HEADING_TAGS and not links:
            return
        yield from links


def _is_headline(title: str) -> bool:
    shortest, longest = _HEADLINE_CHARS
    return shortest <= weight(title) and len(title) <= longest and word_count(title) >= _HEADLINE_WORDS


def _headline(link: HtmlElement) -> HtmlElement:
    """The heading in a link that holds a whole card, else the link."""
    return next((part for part in link.iter() if part.tag in _HEADING_TAGS), link)


def _size(element: HtmlElement) -> int:
    """Length of the element's text, counted no further than a label's."""
    chars = 0
    for part in element.itertext():
        chars += len(part)
        if chars > 2 * _LABEL_CHARS:
            break
    return chars


def _content(element: HtmlElement) -> str:
    return tidy("".join(element.itertext()).translate(SHOWN))


def _json_keywords(block: str) -> list[str]:
    """The values of "keywords", by pattern, since a third of a page's JSON-LD does not have to be valid for them."""
    words: list[str] = []
    for written in _JSON_KEYWORDS.findall(block)[:4]:
        try:
            value = json.loads(written)
        except ValueError:
            continue
        pieces = [value] if isinstance(value, str) else [part for part in value if isinstance(part, str)]
        words += [word for piece in pieces for word in (split_keywords(piece) if "," in piece else [piece])]
    return words
