"""Headlines that a page points to under "related", "read also" and the like."""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from schemas.cleaned_article import Related
from workers.boilerplate.metadata.texts import key_of, shown, web_address
from workers.boilerplate.metadata.view import PageView, among
from workers.boilerplate.paragraphs import weight, word_count
from workers.boilerplate.tokens import NAMES, resolved

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADING_TAGS: Final = among(*_HEADINGS)
_MENUS: Final = among("nav", "footer")
_PAGE_PARTS: Final = frozenset({"html", "body", "main", "article"})
_BEFORE: Final = " [(\u00a0\u2022\u25ba\u25b6\u25c4\u25c0\u2192\u2190\u00bb\u00ab\u203a*#+>-"  # NO-BREAK SPACE, BULLET, pointers, arrows, quotation marks
_BEHIND: Final = ":\uff1a|\u2013\u2014-."  # FULLWIDTH COLON, EN DASH, EM DASH
_COLON: Final = re.compile("[:\uff1a|\u2013\u2014]|- ")
_COLON_BYTES: Final = re.compile(b":|\xef\xbc\x9a|[|]|\xe2\x80[\x93\x94]|- ")
_LINK_TAG: Final = re.compile(b"<a(?: [^>]*)?>")
_TAG: Final = re.compile(b"<[^>]*>")
_COLONS: Final = (":", "\uff1a", "|", "\u2013", "\u2014", "- ")
_SENTENCE_ENDS: Final = (".", "!", "?", "\u061f", "\u06d4", "\u3002")  # ARABIC and IDEOGRAPHIC marks
_FOUND_BYTES: Final = 8
"""So much of a form is searched for, and all of it compared where that is found. A table of states (DFA) would take 3.5 MB,
this takes 0.2, and 20 µs more for a page, 0.4 % of all."""
_LABEL_CHARS: Final = 60
_LABEL_WORDS: Final = 7
"""A longer line that begins or holds such words is a headline or a sentence."""
_RAW_CHARS: Final = 80
"""With marks and vowel signs; a longer text without links is no label."""
_HEADLINE_CHARS: Final = (16, 200)
_HEADLINE_LEAST: Final = 6
"""An ideograph says as much as three letters."""
_HEADLINE_WORDS: Final = 3
"""Shorter links are sections and names, longer ones are teasers."""
_PROSE_CHARS: Final = 80
_LINK_RATIO: Final = 0.5
"""A paragraph that is less of a link is one of the article's, and ends the list."""
_CARD_RATIO: Final = 0.9
"""A block in which no link begins is inside one, with others, when so much of it is a link."""
_LEVELS: Final = 4
"""The list that a heading announces is its sibling, or that of a wrapper or two around the heading."""
_CARD_TAGS: Final = 16
_RELATED_MAX: Final = 50
_MARKERS_MAX: Final = 40
_BLOCKS_MAX: Final = 100
_PIECES_MAX: Final = 6
_PROSE_BYTES: Final = 240
_PARTS_MAX: Final = 20
_LINKS_MAX: Final = 60
"""Bounds for pages that were made to keep us busy; lists of related articles are shorter."""
_MARK: Final = "\0"
_MARK_BYTE: Final = b"\0"
"""Stands between texts that are searched together; no page holds it, not even as a reference (HTML Standard, 13.2.5.80)."""
# NO-BREAK SPACE, RIGHT SINGLE QUOTATION MARK, FULLWIDTH COLON, DOTLESS I, COMBINING DOT ABOVE (of a lowered dotted I)
_OTHERS: Final = (("\u00a0", " "), ("\u2019", "'"), ("\uff1a", ":"), ("\u0131", "i"), ("\u0307", ""))
# FATHATAN to SUKUN, SUPERSCRIPT ALEF, TATWEEL; ALEF with MADDA, HAMZA ABOVE, HAMZA BELOW, ALEF WASLA to ALEF; ALEF
# MAKSURA, FARSI YEH to YEH; KEHEH to KAF; ZERO WIDTH NON-JOINER to space
_ALEF, _HEH_GOAL = "\u0627".encode(), "\u06c1".encode()
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
    """What labels `begin` with, what they `hold`, and the finder of both, anywhere.

    `first`: what may stand first, all of them; `last`: what may stand last, behind a space.
    """

    finder: BytesAhoCorasick
    begin: frozenset[str]
    hold: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


def read_related(page: PageView, base: str | None) -> tuple[Related, ...]:
    """The headlines, each once, in the page's order; addresses are absolute, by `base`."""
    found: dict[str, Related] = {}
    for link in sorted({link for label in _labels(page) for link in _announced(page, label)}):
        title = _title(page, link)
        if _is_headline(title) and not _may_be_label(title) and (key := key_of(title)) not in found:
            found[key] = Related(title=title, url=web_address(page.attributes(link).get("href"), base))
            if len(found) == _RELATED_MAX:
                break
    return tuple(found.values())


class _Label(NamedTuple):
    """A text in which a form of a label stands: that of block `block`, or what stands before it in the card `link`."""

    line: str
    block: int
    link: int | None


def _labels(page: PageView) -> list[_Label]:
    """What may be labels, folded, in the page's order: short texts, texts with links, and the heads of cards."""
    blocks = page.blocks
    first, last = blocks.pages[page.number : page.number + 2].tolist()
    links = blocks.links[first:last].tolist()
    texts = zip(blocks.text[first:last], links, strict=True)
    lines = [text if count or len(text) <= _RAW_CHARS else "" for text, count in texts]
    cards = _cards(page, first, last)
    lines += [card.line for card in cards]
    found = []
    for number, line in _with_forms(lines):
        plain = _label_in(line)
        found.append(
            cards[number + first - last]._replace(line=plain)
            if number >= last - first
            else _Label(plain, first + number, None)
        )
    return found


def _with_forms(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The first of the lines in which a form of a label stands, folded, and their numbers."""
    written = _MARK.join(lines).encode("utf-8", "replace").lower()
    if _ALEF in written or _HEH_GOAL in written:  # lower case of what is not ASCII costs more than the search
        written = _fold(written.decode()).encode()
    found: dict[int, str] = {}
    number = last = 0
    for _, start, _ in _forms().finder.find_matches_as_indexes(written):
        number += written.count(_MARK_BYTE, last, start)
        last = start
        if number not in found:
            found[number] = _fold(lines[number][: _RAW_CHARS + 1])
            if len(found) == _MARKERS_MAX:
                break
    return iter(found.items())


def _cards(page: PageView, first: int, last: int) -> list[_Label]:
    """What stands at the heads of links that hold more than one block, before the first block that is read."""
    blocks = page.blocks
    inside = (blocks.links[first:last] == 0) & (blocks.linked[first:last] > _CARD_RATIO)
    numbers = inside.nonzero()[0] + first
    found = (
        _head_of_card(page, *each)
        for each in zip(numbers.tolist(), blocks.token[numbers].tolist(), strict=True)
    )
    return [card for card in found if card is not None]


def _head_of_card(page: PageView, block: int, token: int) -> _Label | None:
    """What stands between the beginning of a link and a block in it, if that is near."""
    link = page.link_around(token)
    if link is None or token - link > _CARD_TAGS:
        return None
    text = _TAG.sub(b"", page.data[page.end[link] : page.begin[token]])
    return (
        _Label(resolved(text.decode("utf-8", "ignore")), block, link)
        if 1 < len(text) <= _PROSE_BYTES
        else None
    )


def _announced(page: PageView, label: _Label) -> list[int]:
    """The links that a label announces: the one around it, those behind its words, or those of the list behind it."""
    blocks, block = page.blocks, label.block
    is_label, is_linked = _is_label(label.line), bool(blocks.links[block])
    is_in_card = label.link is not None or blocks.linked[block] > _CARD_RATIO
    if not is_label and not is_linked and not is_in_card:
        return []
    token = page.token(block)
    stop = page.run_end(token)
    if is_in_card:
        card = label.link or page.link_around(token) or page.link_around(stop)
        if card is not None:
            title = _title(page, card)
            is_beside = is_label and key_of(title) != key_of(label.line)
            return [card] if is_beside or title != _whole(page, card) else []
    inside = _links_within(page, token, stop) if is_linked else []
    if is_label and not any(_is_headline(_title(page, link)) for link in inside):
        return _list_behind(page, block, stop) or inside
    return inside


def _links_within(page: PageView, start: int, stop: int) -> list[int]:
    """Of the links in a run those behind a label in it, and those that begin with one themselves."""
    links = page.links(start, stop, _LINKS_MAX)
    before, *others = _LINK_TAG.split(page.data[page.end[start] : page.begin[stop]], len(links))
    found: list[int] = []
    is_behind = False
    for link, written in zip(links, others, strict=False):
        is_behind = (is_behind and len(before) <= _PROSE_BYTES) or _holds_label(before)
        own, _, before = written.partition(b"</a>")
        if is_behind or (_COLON_BYTES.search(own, 0, _RAW_CHARS) and _has_label(_whole(page, link))):
            found.append(link)
    return found


def _holds_label(written: bytes) -> bool:
    """Whether what is written before a link is a label, or the last of it is."""
    if not written or written == b" ":
        return False
    pieces = [piece for piece in _TAG.split(written) if piece.strip()]
    texts = [b"".join(pieces), *(pieces[-_PIECES_MAX:] if len(pieces) > 1 else ())]
    lines = (text.decode("utf-8", "ignore") for text in texts if 1 < len(text) <= _PROSE_BYTES)
    return any(_is_label(line) for each in lines if (line := _label_in(_fold(resolved(each)))))


def _label_in(folded: str) -> str:
    """A folded line without what may stand before a label."""
    return " ".join(folded.split()).lstrip(_BEFORE)


def _may_be_label(title: str) -> bool:
    return len(title) <= _LABEL_CHARS and _is_label(_fold(title))


def _is_label(line: str) -> bool:
    """Whether a folded line is a label: a few words, that begin with a form of one or hold one first or last."""
    line = line.rstrip(_BEHIND)
    if len(line) > _LABEL_CHARS or line.count(" ") >= _LABEL_WORDS or line.endswith(_SENTENCE_ENDS):
        return False
    forms = _forms()
    is_begun = line.startswith(forms.first) or f"{line}:" in forms.begin
    return is_begun or line.rpartition(" ")[2].startswith(forms.hold) or line.endswith(forms.last)


def _list_behind(page: PageView, label: int, start: int) -> list[int]:
    """The links in the innermost element that holds a label and has links behind it, up to what ends the list.

    `label` is a block, `start` the tag behind it.
    """
    link = page.link_behind(start)
    if link is None:
        return []
    token = page.token(label)
    holders = page.around(token)
    if page.is_open(token):
        holders.insert(0, token)
    inner = next((depth for depth, each in enumerate(holders[:_LEVELS]) if page.name(each) in _HEADINGS), 0)
    for element in holders[inner : inner + _LEVELS]:
        if page.partner[element] > link:
            return _links_to(page, start, _list_end(page, label, link, element))
        if page.name(element) in _PAGE_PARTS:
            break
    return []


def _links_to(page: PageView, start: int, stop: int) -> list[int]:
    """The links between two tags that are not in menus."""
    menus = page.named(_MENUS, start, stop, _LINKS_MAX)
    spans = [(menu, page.partner[menu]) for menu in menus]
    links = page.links(start, stop, _LINKS_MAX)
    return [link for link in links if not any(menu < link < end for menu, end in spans)] if spans else links


def _list_end(page: PageView, label: int, link: int, holder: int) -> int:
    """The tag in `holder` at which a list ends that begins with `link`: that of the next heading or label without a
    link, or of prose.
    """
    blocks, stop = page.blocks, page.partner[holder]
    first, last = label + 1, min(int(blocks.pages[page.number + 1]), label + _BLOCKS_MAX)
    columns = (blocks.token[first:last].tolist(), blocks.linked[first:last].tolist())
    for block, token, linked in zip(range(first, last), *columns, strict=True):
        if token >= stop:
            break
        unlinked = (1 - linked) * len(blocks.text[block])
        if unlinked > _PROSE_CHARS and _is_prose(page, block, link, holder):
            return int(token)
        if linked < _LINK_RATIO and _is_heading(page, label, block, link):
            return int(token)
    return stop


def _is_prose(page: PageView, block: int, link: int, holder: int) -> bool:
    """Whether a long block is a paragraph, with links in it or before the first link of the list, and not of a card."""
    token = page.token(block)
    if token < link:
        return True
    inside = page.links(token, page.run_end(token), 1) if page.blocks.links[block] else ()
    if not inside or sum(map(len, page.pieces_between(token, inside[0]))) <= _PROSE_CHARS:
        return False
    part = next((each for each in reversed(page.around(token)) if each > holder), token)
    return not page.links(max(part, link), token, 1)


def _is_heading(page: PageView, label: int, block: int, link: int) -> bool:
    """Whether a block is a heading without a link, or the label of another list: in a division of the same class.

    What stands beside a label before the list goes with it.
    """
    blocks = page.blocks
    elements, row, token = blocks.elements, int(blocks.row[block]), page.token(block)
    own = int(blocks.row[label])
    if token < link and block == label + 1 and elements.parent[row] == elements.parent[own]:
        return False
    name = NAMES[elements.tag[row]]
    if name in _HEADINGS:
        inside = page.links(token, page.partner[token], _PARTS_MAX)
        return not any(_is_headline(_title(page, each)) for each in inside)
    return name == "div" and bool(elements.kind[row] == elements.kind[own])


def _title(page: PageView, link: int) -> str:
    """The headline of a link: of one that holds a whole card its heading, or the first of its parts that may be one."""
    stop = page.partner[link]
    whole = _without_label(_whole(page, link))
    if stop <= link + 3 or len(whole) < _HEADLINE_LEAST:  # no more than one element in it
        return whole
    heading = page.next_named(_HEADING_TAGS, link, stop)
    if heading is not None and (title := _without_label(_whole(page, heading))):
        return title
    parts = page.children(link, _PARTS_MAX)
    if len(parts) > 1:
        titles = (_without_label(_whole(page, part)) for part in parts)
        return next(filter(_is_headline, titles), whole)
    return whole


def _without_label(title: str) -> str:
    """`title` without the label that a link repeats before it: "Read also: "."""
    if not _COLON.search(title, 0, _LABEL_CHARS):
        return title
    for colon in _COLONS:
        head, found, rest = title[:_LABEL_CHARS].partition(colon)
        if found and rest and _fold(head.lstrip(_BEFORE)).startswith(_forms().first):
            return title[len(head) + len(found) :].strip()
    return title


def _has_label(title: str) -> bool:
    return _without_label(title) != title


def _whole(page: PageView, element: int) -> str:
    return shown(page.text(element, 4 * _HEADLINE_CHARS[1]))


def _is_headline(title: str) -> bool:
    shortest, longest = _HEADLINE_CHARS
    if not _HEADLINE_LEAST <= len(title) <= longest:
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
    raw = {kind: [form for forms in data[kind].values() for form in forms] for kind in ("begin", "hold")}
    begin, hold = (tuple(dict.fromkeys(map(_fold, raw[kind]))) for kind in ("begin", "hold"))
    first = (*begin, *hold)
    known = {*first, *(form.lower() for forms in raw.values() for form in forms)}
    written = {case(form).encode().lower()[:_FOUND_BYTES] for form in known for case in _CASES}
    finder = BytesAhoCorasick(sorted(written), implementation=Implementation.ContiguousNFA)
    return _Forms(finder, frozenset(begin), hold, first, tuple(f" {form}" for form in hold))


def _turkish(form: str) -> str:
    return form.replace("i", "\u0130")  # LATIN CAPITAL LETTER I WITH DOT ABOVE


_CASES: Final = (
    str,
    str.upper,
    str.capitalize,
    str.title,
    lambda form: _turkish(form).upper(),
    lambda form: _turkish(form[:1]) + form[1:],
    lambda form: form.replace("'", "\u2019"),  # RIGHT SINGLE QUOTATION MARK
)
"""How a form may be written; letters without accents are in lower case where it is looked for."""
