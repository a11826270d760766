"""The elements that break lines: where each stands, and what its name and its classes say."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from ahocorasick_rs import BytesAhoCorasick, Implementation
from numpy.typing import NDArray

from workers.boilerplate.tokens import CODE, Flags, Ints, Tokens

_NAMED: Final = re.compile(rb' (?:class|id|role|itemprop|data-component|data-testid)="([^"]*)"')
_HIDDEN: Final = re.compile(rb' style="[^"]*(?:display:\s*none|visibility:\s*hidden)', re.IGNORECASE)
_HYPHENS: Final = bytes.maketrans(b" _:\n\t", b"-----")
_BETWEEN: Final = b"\0"
"""Stands in no attribute: parsers replace it (HTML Standard, section 13.2.5.36)."""
_NAMED_BYTES: Final = 300

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
_PART_BITS: Final = np.zeros(256, np.int64)
_PART_BITS[[CODE[name] for name in PARTS]] = 1 << np.arange(len(PARTS))
_PART_BITS[[CODE["ol"], CODE["figcaption"]]] = [1 << PARTS.index("ul"), 1 << PARTS.index("figure")]

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
_WORD_BITS: Final = [
    (word.encode(), 1 << bit) for bit, words in enumerate(WORDS.values()) for word in words.split()
]
_FINDER: Final = BytesAhoCorasick([word for word, _ in _WORD_BITS], implementation=Implementation.DFA)


@dataclass(frozen=True, slots=True)
class Elements:
    """The R elements that break lines and have blocks in them, each before those inside it.

    `parent` is the row of the one around it (the root of a page is its own). `parts` are bits of PARTS, of the element
    and all around it; `words` bits of WORDS, of the element alone, `around` of all around it. `depth` counts the
    elements around it. Elements with one name and class share their `kind`. `first` and `last` are the blocks that it
    holds, itself and in all inside it: they follow one another.
    """

    tag: NDArray[np.uint8]
    parent: Ints
    parts: Ints
    words: Ints
    around: Ints
    depth: Ints
    hidden: Flags
    kind: Ints
    first: Ints
    last: Ints


def elements_of(tokens: Tokens, opens: Ints, parent: Ints, first: Ints, last: Ints) -> Elements:
    """The elements with these opening tags; `first` and `last` are their blocks."""
    data = tokens.data
    places = zip((tokens.begin[opens] + 1).tolist(), (tokens.end[opens] - 1).tolist(), strict=True)
    distinct: dict[bytes, int] = {}
    number = np.array([distinct.setdefault(data[at:to], len(distinct)) for at, to in places], np.int64)
    part = _PART_BITS[tokens.tag[opens]]
    words = _words(distinct)[number]
    hidden = np.array(list(map(_hides, distinct)), np.int64)[number]
    kinds: dict[bytes, int] = {}
    kind = np.array([kinds.setdefault(_kind(tag), len(kinds)) for tag in distinct], np.int64)[number]
    above = words[parent]
    above[parent == np.arange(len(parent))] = 0
    spread = np.stack((part, above, hidden))
    depth = np.ones(len(parent), np.int64)
    depth[parent == np.arange(len(parent))] = 0
    spread, depth = inherited(spread, depth, parent)
    return Elements(
        tag=tokens.tag[opens],
        parent=parent,
        parts=spread[0],
        words=words,
        around=spread[1],
        depth=depth,
        hidden=spread[2] > 0,
        kind=kind,
        first=first,
        last=last,
    )


def inherited(bits: Ints, steps: Ints, parent: Ints) -> tuple[Ints, Ints]:
    """For each element (R,) the `bits` (B, R) of itself and all around it, and the sum of their `steps` (R,).

    Roots are their own parents and have no step. By doubling: as many rounds as the depth has binary digits.
    Source: Wyllie, "The complexity of parallel computations", 1979, pointer jumping.
    """
    jump = parent
    while True:
        bits = bits | bits[:, jump]
        steps = steps + steps[jump]
        further = jump[jump]
        if (further == jump).all():
            return bits, steps
        jump = further


def _hides(tag: bytes) -> bool:
    may_hide = b"hidden" in tag or b"none" in tag or b"NONE" in tag
    return may_hide and (b' hidden=""' in tag or _HIDDEN.search(tag) is not None)


def _kind(tag: bytes) -> bytes:
    """The name and class of an opening tag."""
    head, found, rest = tag.partition(b' class="')
    return head.partition(b" ")[0] + found + rest.partition(b'"')[0]


def _without_capitals(names: bytes) -> bytes:
    """`names` in small letters, with a hyphen where a capital follows a small letter: "StoryBody" is "story-body"."""
    codes = np.frombuffer(names, np.uint8)
    is_capital = (codes >= ord("A")) & (codes <= ord("Z"))
    begins = is_capital[1:] & ~is_capital[:-1] & (codes[:-1] >= ord("0"))
    at = np.flatnonzero(begins)
    return np.insert(codes, at + 1, ord("-")).tobytes().lower() if len(at) else names.lower()


def _words(tags: Iterable[bytes]) -> Ints:
    """For each opening tag the bits of WORDS whose words stand in its names."""
    named = [b"-".join(_NAMED.findall(tag))[:_NAMED_BYTES] for tag in tags]
    written = (b"-" + (b"-" + _BETWEEN + b"-").join(named) + b"-").translate(_HYPHENS)
    plain = _without_capitals(written)
    ends = [*np.flatnonzero(np.frombuffer(plain, np.uint8) == ord(_BETWEEN)).tolist(), len(plain)]
    bits = [0] * len(named)
    line = 0
    for number, begin, _ in _FINDER.find_matches_as_indexes(plain, overlapping=True):
        while begin > ends[line]:
            line += 1
        bits[line] |= _WORD_BITS[number][1]
    return np.array(bits, np.int64)
