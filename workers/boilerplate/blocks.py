"""From a parsed page to its blocks: runs of text that stand between the tags that break lines.

The tree is written out once (in C) and read as a flat run of tags and texts, which is several times faster than
walking its nodes from Python. A written tree is well-formed, so a stack tells where each text stands.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

import turbohtml
from ahocorasick_rs import AhoCorasick

from workers.boilerplate.charset import scrub

NOT_READ: Final = (
    "head,script,style,noscript,template,svg,math,iframe,object,embed,select,datalist,textarea,audio,video,canvas,"
    "noembed,noframes,xmp,plaintext,map,progress,meter,img,picture,source,input,link,meta,track,wbr,"
    "div:empty,span:empty,li:empty,i:empty,p:empty,td:empty"
)
"""Elements whose content is not shown, or not as text."""
NEVER_TEXT: Final = "nav,footer,button,[role=navigation]"
"""Elements that hold a third of the blocks of the training pages and .002 of the characters of their main texts."""

_BREAKING: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "button",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "html",
        "label",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_PLAIN: Final = "span,font,sup,sub,time,label,small,code,abbr,cite,q,mark,ins,del,s,kbd,var,samp,bdi,bdo,big,tt,nobr,acronym,data"
_INLINE: Final = (
    "span",
    "/span",
    "img",
    "time",
    "/time",
    "font",
    "/font",
    "sup",
    "/sup",
    "label",
    "input",
    "source",
    "picture",
    "/picture",
)
_LINE_BREAKS: Final = frozenset({"br", "hr"})
_COMMENT: Final = re.compile("<!--.*?-->", re.DOTALL)
_OTHER_NAMES: Final = re.compile(r' (?:role|itemprop|data-component|data-testid)="([^"]*)"')
_HIDDEN: Final = re.compile(r' style="[^"]*(?:display:\s*none|visibility:\s*hidden)', re.IGNORECASE)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_STRONG: Final = frozenset({"b", "strong", "em", "i", "u"})

PARTS: Final = (
    "article",
    "main",
    "aside",
    "nav",
    "footer",
    "header",
    "ul",
    "table",
    "form",
    "figure",
    "blockquote",
    "section",
)
"""Elements that tell a part of the page by their name."""
_PART_BIT: Final = {name: 1 << bit for bit, name in enumerate(PARTS)} | {
    "ol": 1 << PARTS.index("ul"),
    "figcaption": 1 << PARTS.index("figure"),
}

WORDS: Final = {
    "comment": "comment komment coment kommen disqus respond discuss replies reply opinie opinion- forum yorum -rules -guest",
    "share": "share sharing social follow facebook twitter whatsapp addthis -sns teilen partag compart condivi udostep paylas",
    "related": "relat recom -more -also popular trend -most latest -next -prev suggest outbrain taboola teaser similar promo relac verwandt ahnlich powiaz podobn voir-aussi lire-aussi benzer ilgili correlat",
    "menu": "-nav menu sitemap crumb toolbar -tab- -tabs topbar masthead -skip",
    "foot": "foot fuss copyright legal colophon imprint bottom",
    "side": "side widget -rail column-right right-col",
    "advert": "-ad- -ads -adv advert sponsor banner -dfp -gpt- promot commercial",
    "letter": "newsletter subscri abonn abono signup sign-up mailing paywall premium regist login regwall piano donat",
    "meta": "meta byline author autor auteur yazar -date datum fecha -data- time- timestamp publish -info source dateline posted writer reporter credit redak",
    "caption": "caption figure image photo gallery picture media video player slide -foto -img -bild zdjec legende galer imagen resim",
    "tag": "-tag- -tags topic categor kategor rubri keyword label section-name kicker eyebrow overline etiquet temas thema",
    "consent": "cookie consent gdpr modal popup pop-up overlay privacy dialog toast notice alert",
    "card": "card -list -item grid feed carousel swiper slider tile thumb archive river stream",
    "aside": "infobox factbox fact-box -box quote -note embed tweet insta inset callout -toc- table-of",
    "article": "article story -post- -post-s -post-t -post-c entry news blog artik articul articol artyk haber noticia nachricht",
    "body": "body content -text main detail paragraph -copy rich prose wysiwyg editor texte cuerpo corpo inhalt tresc icerik contenu contenido conteud",
    "lead": "-lead lede -intro -zajawka spot- -sumario standfirst summary -deck -dek- subtitle sub-title subhead abstract excerpt descri chapo vorspann",
    "title": "title headline heading -head- -hed- titre titul titel tytul baslik uberschrift",
}
"""What classes and ids say of an element, by the words that content management systems and themes use, most in
English the world over. A hyphen stands for the beginning or end of a word. Own list, from general knowledge of how
themes are written."""
_WORD_BITS: Final = [(word, 1 << bit) for bit, words in enumerate(WORDS.values()) for word in words.split()]
_FINDER: Final = AhoCorasick([word for word, _ in _WORD_BITS])


class _Does(IntEnum):
    """What a tag does to the run of text."""

    NOTHING = 0
    BREAKS = 1
    OPENS_BLOCK = 2
    CLOSES_BLOCK = 3
    OPENS_LINK = 4
    CLOSES_LINK = 5
    OPENS_STRONG = 6
    CLOSES_STRONG = 7


class Elements(NamedTuple):
    """The elements that break lines and have text in them, column by column, each before those inside it.

    `parent` is the row of the one around it (the body, row 0, is its own). `parts` are bits of PARTS, of the element
    and all around it; `words` bits of WORDS, of the element alone, `around` of all around it. `signature` is its
    name and class as written: elements of one kind share it.
    """

    name: Sequence[str]
    parent: Sequence[int]
    parts: Sequence[int]
    words: Sequence[int]
    around: Sequence[int]
    depth: Sequence[int]
    hidden: Sequence[bool]
    signature: Sequence[str]


class Blocks(NamedTuple):
    """The blocks of a page in reading order, column by column: runs of text between the tags that break lines.

    `text` is without white space around it, one space between words, as written otherwise. `linked` and `strong`
    count its characters inside links and inside bold or emphasised text, `links` the links that begin in it. `row`
    is the innermost element that breaks lines around it, an index into the columns of `elements`; `after_break`
    tells that a br or hr stands before it.
    """

    text: Sequence[str]
    linked: Sequence[int]
    links: Sequence[int]
    strong: Sequence[int]
    row: Sequence[int]
    after_break: Sequence[bool]
    elements: Elements


_Element = tuple[str, int, int, int, int, int, bool, str]
_Block = tuple[str, int, int, int, int, bool]
_BODY: Final[_Element] = ("body", 0, 0, 0, 0, 0, False, "body")
_NO_BLOCKS: Final = Blocks((), (), (), (), (), (), Elements._make((value,) for value in _BODY))


def blocks_of(document: turbohtml.Document, *, whole: bool = False) -> Blocks:
    """The blocks of `document`, from which everything that is NOT_READ is removed, and unless `whole` is asked for
    what is NEVER_TEXT.
    """
    document.remove(NOT_READ if whole else f"{NOT_READ},{NEVER_TEXT}")
    if document.root is None:
        return _NO_BLOCKS
    document.strip_tags(_PLAIN)
    # Characters that are not wanted may have been written as references, which the parser has resolved.
    written = scrub(document.root.serialize())
    blocks, elements = _read((_COMMENT.sub("", written) if "<!--" in written else written).split("<"))
    if not blocks:
        return _NO_BLOCKS
    text, linked, links, strong, row, after_break = zip(*blocks, strict=True)
    return Blocks(text, linked, links, strong, row, after_break, Elements._make(zip(*elements, strict=True)))


def _read(pieces: list[str]) -> tuple[list[_Block], list[_Element]]:  # noqa: C901, PLR0912 - the hot loop: calls would double it
    """The blocks and elements in the pieces `tag>text` of a written tree, in which < and > stand nowhere else."""
    blocks: list[_Block] = []
    elements = [_BODY]
    run: list[str] = []
    linked = strong = links = in_link = in_strong = 0
    after_break = False
    stack: list[list[Any]] = [
        ["body", "", 0]
    ]  # of each open element: name, attributes, its row in `out` or -1
    known = _DOES.get
    for piece in pieces:
        head, _, text = piece.partition(">")
        name, _, attributes = head.partition(" ")
        does = known(name)
        if does is None:
            does = _unknown(name)
        if does:
            if does <= _CLOSES_BLOCK:
                if run:
                    _close_run(blocks, elements, run, stack, (linked, links, strong, after_break))
                    run = []
                    linked = strong = links = 0
                after_break = does == _BREAKS
                if does == _OPENS_BLOCK:
                    stack.append([name, attributes, -1])
                elif does == _CLOSES_BLOCK and len(stack) > 1:
                    del stack[-1]
            elif does == _OPENS_LINK:
                in_link += 1
                links += 1
            elif does == _CLOSES_LINK:
                in_link -= 1
            else:
                in_strong += 1 if does == _OPENS_STRONG else -1
        if text and (run or not text.isspace()):
            run.append(text)
            if in_link:
                linked += len(text.strip())
            if in_strong:
                strong += len(text.strip())
    if run:
        _close_run(blocks, elements, run, stack, (linked, links, strong, after_break))
    return blocks, elements


_MENU_CHARS: Final = 25
"""A link of fewer characters that stands alone, and is no heading or cell, belongs to a menu: 27 % of the blocks of the
training pages, and .002 of the characters of their main texts."""
_NO_MENU: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "td", "th"})


def _close_run(
    blocks: list[_Block],
    elements: list[_Element],
    run: list[str],
    stack: list[list[Any]],
    counts: tuple[int, int, int, bool],
) -> None:
    """Add the block whose texts are `run`, unless it is white space."""
    text = "".join(run)
    if "&" in text:  # a written tree escapes these and no others
        text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = " ".join(text.split())
    linked, links, strong, after_break = counts
    if not text or (linked + links > len(text) < _MENU_CHARS and stack[-1][0] not in _NO_MENU):
        return
    row = stack[-1][2]
    if row < 0:
        row = _row(elements, stack)
    blocks.append((text, linked, links, strong, row, after_break))


def _row(elements: list[_Element], stack: list[list[Any]]) -> int:
    """The row of the innermost open element; it and those around it get theirs when text is first met in them."""
    missing = len(stack) - 1
    while stack[missing - 1][2] < 0:
        missing -= 1
    row: int = stack[missing - 1][2]
    _, _, parts, words, around, depth, hidden, _ = elements[row]
    for opened in stack[missing:]:
        name, attributes, _ = opened
        around |= words
        part, words, hides, signature = _said(name, attributes)
        parts |= part
        depth += 1
        hidden = hidden or hides
        elements.append((name, row, parts, words, around, depth, hidden, signature))
        row = opened[2] = len(elements) - 1
    return row


def _unknown(name: str) -> int:
    """What a tag that HTML does not know does: elements of a site's own making hold blocks."""
    if "-" not in name:
        return _NOTHING
    return _CLOSES_BLOCK if name.startswith("/") else _OPENS_BLOCK


@lru_cache(maxsize=2_000)
def _said(name: str, attributes: str) -> tuple[int, int, bool, str]:
    """What an opening tag says: bits of PARTS, bits of WORDS, whether it is hidden, its signature."""
    part = _PART_BIT.get(name, 0)
    if not attributes:
        return part, 0, False, name
    attributes = " " + attributes
    css_class = _value(attributes, ' class="')
    named = css_class + "-" + _value(attributes, ' id="')
    if (
        "itemprop=" in attributes
        or "role=" in attributes
        or "data-component" in attributes
        or "data-testid" in attributes
    ):
        named = "-".join([named, *_OTHER_NAMES.findall(attributes)])
    hidden = ' hidden=""' in attributes or ("style" in attributes and bool(_HIDDEN.search(attributes)))
    return part, _words(named) if len(named) > 1 else 0, hidden, name + "." + css_class


def _value(attributes: str, opening: str) -> str:
    begin = attributes.find(opening)
    if begin < 0:
        return ""
    begin += len(opening)
    return attributes[begin : attributes.find('"', begin)]


@lru_cache(maxsize=2_000)
def _words(named: str) -> int:
    """The bits of WORDS whose words stand in `named`."""
    plain = named[:300].replace(" ", "-").replace("_", "-").replace(":", "-")
    if not plain.islower():
        plain = _CAMEL.sub("-", plain).lower()
    bits = 0
    for number, _, _ in _FINDER.find_matches_as_indexes("-" + plain + "-", overlapping=True):
        bits |= _WORD_BITS[number][1]
    return bits


# Members of an enumeration are slow to look up, and these are compared once a tag.
_NOTHING, _BREAKS, _OPENS_BLOCK, _CLOSES_BLOCK, _OPENS_LINK, _CLOSES_LINK, _OPENS_STRONG, _CLOSES_STRONG = (
    map(int, _Does)
)
_DOES: Final = {
    **dict.fromkeys(_BREAKING, _OPENS_BLOCK),
    **{"/" + name: _CLOSES_BLOCK for name in _BREAKING},
    **dict.fromkeys(_STRONG, _OPENS_STRONG),
    **{"/" + name: _CLOSES_STRONG for name in _STRONG},
    **dict.fromkeys(_LINE_BREAKS, _BREAKS),
    **dict.fromkeys(("", *_INLINE), _NOTHING),
    "a": _OPENS_LINK,
    "/a": _CLOSES_LINK,
}
