"""Headlines that a page points to under "related", "read also" and the like."""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import chain, islice
from typing import Final, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation
from turbohtml import Document, Element, Node, Text

from schemas.cleaned_article import Related
from workers.boilerplate.metadata.texts import key_of, shown, web_address
from workers.boilerplate.paragraphs import weight, word_count

_LABELS: Final = (
    "h2", "h3", "h4", "h5", "h6", "p", "strong", "b", "em", "i", "font", "header:not(:has(*))", "dt", "th",
    "span:not(:has(*))", "div:not(:has(*))",
)  # fmt: skip
"""Elements that hold such a label and nothing else, or also the link: one that holds neither is no label. Each kind is
looked up alone, which the parser's index answers at once; a list of them would be matched against all elements."""
_MIXED: Final = ("div:has(> a)", "span:has(> a)")
"""Elements that may begin with a label as mere text, before a link."""
_HEADING_TAGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PAGE_PARTS: Final = frozenset({"html", "body", "main", "article"})
_BEFORE: Final = " [(\u00a0\u2022\u25ba\u25b6\u25c4\u25c0\u2192\u2190\u00bb\u00ab\u203a*#+>-"  # NO-BREAK SPACE, BULLET, pointers, arrows, quotation marks
_BEHIND: Final = ":\uff1a|\u2013\u2014-."  # FULLWIDTH COLON, EN DASH, EM DASH
_COLON: Final = re.compile("[:\uff1a|\u2013\u2014]|- ")
_COLONS: Final = (":", "\uff1a", "|", "\u2013", "\u2014", "- ")
_SENTENCE_ENDS: Final = (".", "!", "?", "\u061f", "\u06d4", "\u3002")  # ARABIC and IDEOGRAPHIC marks
_LABEL_CHARS: Final = 60
_LABEL_WORDS: Final = 7
"""A longer line that begins or holds such words is a headline or a sentence."""
_HEAD_CHARS: Final = 64
_SHORTEST: Final = 1
_RAW_CHARS: Final = 400
"""With the white space of the source, and the headline of a link behind the label."""
_HEADLINE_CHARS: Final = (16, 200)
_HEADLINE_WORDS: Final = 3
"""Shorter links are sections and names, longer ones are teasers."""
_PROSE_CHARS: Final = 80
_LINK_RATIO: Final = 0.5
"""A paragraph that is less of a link is one of the article's, and ends the list."""
_LEVELS: Final = 3
"""The list that a heading announces is its sibling, or that of a wrapper or two around the heading."""
_RELATED_MAX: Final = 50
_LABELS_MAX: Final = 1_000
_LINKS_READ_MAX: Final = 3_000
_MARKERS_MAX: Final = 40
_SIBLINGS_MAX: Final = 60
_LINKS_MAX: Final = 60
"""Bounds for pages that were made to keep us busy; lists of related articles are shorter."""
_MARK: Final = "\x01"
_MARK_BYTE: Final = b"\x01"
"""Stands between texts that are searched together; no text of a page holds it as a word."""
# NO-BREAK SPACE, RIGHT SINGLE QUOTATION MARK, FULLWIDTH COLON, DOTLESS I, COMBINING DOT ABOVE (of a lowered dotted I)
_OTHERS: Final = (("\u00a0", " "), ("\u2019", "'"), ("\uff1a", ":"), ("\u0131", "i"), ("\u0307", ""))
# FATHATAN to SUKUN, SUPERSCRIPT ALEF, TATWEEL; ALEF with MADDA, HAMZA ABOVE, HAMZA BELOW, ALEF WASLA to ALEF; ALEF
# MAKSURA, FARSI YEH to YEH; KEHEH to KAF; ZERO WIDTH NON-JOINER to space
_ARABIC_LETTERS: Final = (
    "\u0627\u06cc\u064a\u0647\u06c1"  # ALEF, FARSI YEH, YEH, HEH, HEH GOAL: some stand in every text
)
_ARABIC: Final = (
    *_OTHERS,
    *((chr(code), "") for code in (*range(0x064B, 0x0653), 0x0670, 0x0640)),
    *zip(
        "\u0622\u0623\u0625\u0671\u0649\u06cc\u06a9\u200c",
        "\u0627\u0627\u0627\u0627\u064a\u064a\u0643 ",
        strict=True,
    ),
)


class _Forms(NamedTuple):
    """What labels `begin` with, what they `hold`, and the finder of both, anywhere."""

    finder: BytesAhoCorasick
    begin: tuple[str, ...]
    hold: tuple[str, ...]


def read_related(document: Document, base: str | None) -> tuple[Related, ...]:
    """The headlines, each once, in the page's order; addresses are absolute, by `base`."""
    lists = (_announced(node, line) for node, line in islice(_labels(document), _MARKERS_MAX))
    announced = sorted(filter(None, lists), key=lambda links: links[0].position or (0, 0))
    found: dict[str, Related] = {}
    for link in chain.from_iterable(announced):
        title = _title(link)
        if len(found) < _RELATED_MAX and _is_headline(title) and (key := key_of(title)) not in found:
            found[key] = Related(title=title, url=web_address(link.attr("href"), base))
    return tuple(found.values())


def _labels(document: Document) -> Iterator[tuple[Node, str]]:
    """The nodes in whose first words a form of a label stands, and these words, folded."""
    nodes, texts = _candidates(document)
    folded = _fold(_MARK.join(texts))
    written = folded.encode("utf-8", "replace")
    matches = _forms().finder.find_matches_as_indexes(written)
    numbers = dict.fromkeys(written.count(_MARK_BYTE, 0, start) for _, start, _ in matches)
    lines = folded.split(_MARK) if numbers else []
    yield from ((nodes[number], " ".join(lines[number].split()).lstrip(_BEFORE)) for number in numbers)


def _candidates(document: Document) -> tuple[list[Node], list[str]]:
    """Nodes that may be labels, and their first characters."""
    select = document.select
    nodes: list[Node] = []
    texts: list[str] = []
    for selector in _LABELS:
        for element in select(selector)[:_LABELS_MAX]:
            text = element.text
            if _SHORTEST < len(text) <= _RAW_CHARS:
                nodes.append(element)
                texts.append(text[:_HEAD_CHARS])
    for link in select("li > a")[:_LINKS_READ_MAX]:
        text = link.text
        if _HEADLINE_CHARS[0] < len(text) <= _RAW_CHARS and _COLON.search(text, 0, _HEAD_CHARS):
            nodes.append(link)
            texts.append(text[:_HEAD_CHARS])
    for selector in _MIXED:
        for element in select(selector)[:_LABELS_MAX]:
            first = next(element.descendants)
            if isinstance(first, Text) and not (text := first.data).isspace():
                nodes.append(first)
                texts.append(text[:_HEAD_CHARS])
    return nodes, texts


def _announced(node: Node, line: str) -> list[Element]:
    """The links that a label announces: the one around it, those beside its words, or those of the list behind it."""
    if isinstance(node, Text):
        return list(_links_behind(node)) if _is_label(line) else []
    if not isinstance(node, Element) or node.closest("nav, footer") is not None:
        return []
    around = node.closest("a")
    if around is not None:
        whole = _whole(around)
        is_beside = node is not around and _is_label(line) and key_of(_title(around)) != key_of(_whole(node))
        return [around] if is_beside or _without_label(whole) != whole else []
    if inside := node.find_all("a", limit=_LINKS_MAX):
        before = _fold(_before(_whole(node), inside[0]).lstrip(_BEFORE))
        if before:
            return inside if _is_label(before) else []
    return _list_behind(node) if _is_label(line) else []


def _is_label(line: str) -> bool:
    """Whether a folded line is a label: a few words, that begin with a form of one or hold one first or last."""
    line = line.rstrip(_BEHIND)
    if len(line) > _LABEL_CHARS or line.count(" ") >= _LABEL_WORDS or line.endswith(_SENTENCE_ENDS):
        return False
    forms = _forms()
    if line.startswith((*forms.begin, *forms.hold)) or f"{line}:" in forms.begin:
        return True
    last = line.rpartition(" ")[2]
    return any(last.startswith(form) or line.endswith(f" {form}") for form in forms.hold)


def _list_behind(label: Element) -> list[Element]:
    """The links in what follows `label`, or the wrappers that begin with it."""
    node: Element = label
    for _ in range(_LEVELS):
        if links := list(islice(_links_behind(node), _LINKS_MAX)):
            return links
        parent = node.parent
        if not isinstance(parent, Element) or parent.tag in _PAGE_PARTS:
            break
        node = parent
    return []


def _links_behind(node: Node) -> Iterator[Element]:
    """The links in what follows `node` in its parent, up to the next heading or label that is no link, or to prose."""
    is_empty = True
    for sibling in islice(node.next_siblings, _SIBLINGS_MAX):
        if isinstance(sibling, Text) and len(sibling.data) > _PROSE_CHARS and not sibling.data.isspace():
            return
        if not isinstance(sibling, Element):
            continue
        links = [sibling] if sibling.tag == "a" else sibling.find_all("a", limit=_LINKS_MAX)
        if _ends_list(sibling, links, node) or (is_empty and not links and len(sibling.text) > _PROSE_CHARS):
            return
        yield from links
        is_empty = is_empty and not links


def _ends_list(sibling: Element, links: list[Element], label: Node) -> bool:
    """Whether `sibling` is the label of another list, another section with one, or a paragraph of an article."""
    if not links:
        is_alike = isinstance(label, Element) and sibling.tag == label.tag == "div"
        return sibling.tag in _HEADING_TAGS or (
            is_alike
            and isinstance(label, Element)
            and bool(sibling.text.strip())
            and sibling.attr("class") == label.attr("class")
        )
    heading = next(sibling.iter_elements(_HEADING_TAGS), None)
    if heading is not None and heading.closest("a") is None and heading.find("a") is None:
        return True
    return sibling.tag != "a" and len(_before(_whole(sibling), links[0])) > _PROSE_CHARS


def _before(text: str, link: Element) -> str:
    """What stands in `text` before the text of `link`; nothing when the link has none."""
    inside = shown(link.text[: 2 * _HEADLINE_CHARS[1]])
    return text.partition(inside)[0] if inside else ""


def _title(link: Element) -> str:
    """The headline of a link: of one that holds a whole card its heading, or the first of its parts that may be one."""
    heading = next(link.iter_elements(_HEADING_TAGS), None)
    if heading is not None and (title := _without_label(_whole(heading))):
        return title
    parts = [part for part in link.children[:_SIBLINGS_MAX] if isinstance(part, Element)]
    if len(parts) > 1:
        titles = (_without_label(_whole(part)) for part in parts)
        if title := next(filter(_is_headline, titles), ""):
            return title
    return _without_label(_whole(link))


def _without_label(title: str) -> str:
    """`title` without the label that a link repeats before it: "Read also: "."""
    if not _COLON.search(title, 0, _LABEL_CHARS):
        return title
    for colon in _COLONS:
        head, found, rest = title[:_LABEL_CHARS].partition(colon)
        if found and _fold(head.lstrip(_BEFORE)).startswith(_forms().begin + _forms().hold) and rest:
            return title[len(head) + len(found) :].strip()
    return title


def _whole(element: Element) -> str:
    return shown(element.text[: 4 * _HEADLINE_CHARS[1]])


def _is_headline(title: str) -> bool:
    shortest, longest = _HEADLINE_CHARS
    if len(title) > longest or 3 * len(title) < shortest:  # an ideograph weighs three
        return False
    return shortest <= weight(title) and word_count(title) >= _HEADLINE_WORDS


def _fold(text: str) -> str:
    """`text` as labels are compared. Replacing characters one by one is ten times as fast as a table here."""
    text = text.lower()
    if text.isascii():
        return text
    for char, plain in _ARABIC if any(letter in text for letter in _ARABIC_LETTERS) else _OTHERS:
        text = text.replace(char, plain)
    return text


@cache
def _forms() -> _Forms:
    data = json.loads(files("workers.boilerplate").joinpath("data/related.json").read_text("utf-8"))
    begin, hold = (
        tuple(dict.fromkeys(_fold(form) for forms in data[kind].values() for form in forms))
        for kind in ("begin", "hold")
    )
    return _Forms(
        BytesAhoCorasick([form.encode() for form in (*begin, *hold)], implementation=Implementation.DFA),
        begin,
        hold,
    )
