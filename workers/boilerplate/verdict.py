"""Whether what was read of a page is an article, and if not, why, in words.

Source of the numbers: the 1,250 pages of `extraction/dev` traf, wcxb, fundus and daniel, which all hold an article.
"""

import re
from collections.abc import Sequence
from typing import Final

from schemas.rejected_event import RejectReason
from workers.boilerplate.notices import forms
from workers.boilerplate.page import Page
from workers.boilerplate.paragraphs import is_prose, letters, weight, word_count

_WORDS_MIN: Final = 12
"""A text of fewer words is a caption, a teaser or a notice."""
_PROSE_CHARS: Final = 60
_LONG_CHARS: Final = 200
_STUB_CHARS: Final = 400
"""A page that says that it is an error or a login has no article when it has less prose than two paragraphs."""
_PASSWORD_CHARS: Final = 250
"""A page that says nothing but has a password field, as many have in a box at the side; the shortest article with
such a box has 443 characters of prose."""
_LINKS_RATIO: Final = 0.5
"""Share of the text that is links from which it may be a list of them. Articles have .44 at most, where headlines of
others were kept beside one paragraph, but for those of one site, whose leads are links; they have longer paragraphs
than teasers are."""
_TEASER_CHARS: Final = 250
_TEASERS: Final = 4
_TEASERS_RATIO: Final = 0.75
"""Articles in a chatty style end up to three of five paragraphs so."""
_UNDER_LINKS: Final = 4
_UNDER_LINKS_RATIO: Final = 0.6
_UNDER_LINKS_CHARS: Final = 180
"""So many, and so large a share, of the paragraphs of a front page stand right below the headline that leads to more,
and none is longer. Articles that list things under headings with links have one of 200 characters at least."""
_HEADLINE_BLOCKS: Final = 6
_HEADLINE_WORDS: Final = 3
"""A page of no more blocks without main text, headed by a line of so many words, is one of breaking news."""
_CONSENT_CHARS: Final = 1_200
"""What is said of cookies in full sentences; articles below such a notice that heads a page are longer."""
_LIST_LINKS: Final = 8
"""A page with so many links to headlines and no text beside them is a front page or a section."""
_BEGINNING_CHARS: Final = 300
"""Enough for `_WORDS_MIN` words of most texts."""
_ELLIPSES: Final = ("...", "\u2026")  # HORIZONTAL ELLIPSIS
_STATUS: Final = re.compile(r"(?<![0-9])(?:40[0-9]|410|429|451|50[0-4])(?![0-9])")  # RFC 9110, section 15
# EN DASH, EM DASH; MIDDLE DOT, BULLET, RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK
_SEPARATOR: Final = re.compile("\\s+[-\u2013\u2014]\\s+|[|\u00b7\u2022\u00bb]")


_Why = tuple[RejectReason, str]


def why_no_article(page: Page) -> _Why | None:
    """Why `page` holds no article, as a reason and for a person to read; None when it holds one."""
    lines = page.text.split("\n\n")
    if _is_plainly_article(page, lines):
        return None
    words = word_count(page.text)
    found = f"{_counted(words, 'word')} in {_counted(page.blocks, 'block')}"
    prose = [line for line in lines if is_prose(line, _PROSE_CHARS)]
    has_sentence = bool(prose) or any(weight(line) > _LONG_CHARS for line in lines)
    is_little = words < _WORDS_MIN or not has_sentence
    return (
        _why_notice(page, sum(map(weight, prose)), found)
        or _why_list(page, prose, found, is_little=is_little)
        or (_why_little(page, words, found) if is_little else None)
    )


def _is_plainly_article(page: Page, lines: Sequence[str]) -> bool:
    """Whether `page` has so much prose, and so few links or ellipses, that none of the reasons below can hold."""
    may_be_list = page.link_ratio >= _LINKS_RATIO or page.under_links >= _UNDER_LINKS
    longest = max(_TEASER_CHARS, _UNDER_LINKS_CHARS) if may_be_list else 0
    return (
        word_count(page.text[:_BEGINNING_CHARS]) >= _WORDS_MIN
        and sum(map(_breaks_off, lines)) < _TEASERS
        and _has_prose(lines, _CONSENT_CHARS, longest)
    )


def _has_prose(lines: Sequence[str], chars: int, longest: int) -> bool:
    """Whether the lines of prose weigh at least `chars`, and one of them `longest`."""
    found = most = 0
    for line in lines:
        if is_prose(line, _PROSE_CHARS):
            found += weight(line)
            most = max(most, weight(line))
            if found >= chars and most >= longest:
                return True
    return False


def _why_notice(page: Page, prose_chars: int, found: str) -> _Why | None:
    """Why a page with little prose is no short article."""
    if prose_chars < _STUB_CHARS:
        for heading in page.headings:
            if is_error(heading):
                detail = f"the page is an error message ({heading[:80]!r}), not an article: {found}"
                return RejectReason.ERROR_PAGE, detail
            if is_login(heading):
                detail = f"the page asks to log in or to subscribe ({heading[:80]!r}): {found}"
                return RejectReason.LOGIN_WALL, detail
    if prose_chars < _CONSENT_CHARS:
        for heading in page.headings:
            if asks_for_consent(heading):
                detail = f"the page asks for consent to cookies ({heading[:80]!r}), not an article: {found}"
                return RejectReason.NO_ARTICLE, detail
    if page.asks_for_password and prose_chars < _PASSWORD_CHARS:
        return RejectReason.LOGIN_WALL, f"the page asks for a password and has hardly any text: {found}"
    return None


def _why_list(page: Page, prose: list[str], found: str, *, is_little: bool) -> _Why | None:
    longest = max(map(weight, prose), default=0)
    if page.link_ratio >= _LINKS_RATIO and longest < _TEASER_CHARS:
        detail = f"the page is a list of links: {page.link_ratio:.0%} of its text ({found}) are links"
    elif longest < _UNDER_LINKS_CHARS and _is_under_links(page, len(prose)):
        detail = (
            f"the page is a list: {page.under_links} of its lines stand below headlines that lead elsewhere"
        )
    elif teasers := _teasers(prose):
        detail = f"the page is a list of teasers: {teasers} of its paragraphs break off with an ellipsis"
    elif is_little and page.links >= _LIST_LINKS:
        links = _counted(page.links, "link")
        detail = f"the page is a list: {links} of the length of a headline, and {found} beside them"
    else:
        return None
    return RejectReason.LIST_PAGE, detail


def _is_under_links(page: Page, prose: int) -> bool:
    """Whether so many of the page's lines of prose stand below headlines that lead elsewhere that it is a list of these:
    a good part of them, or all of the few that read like a text beside many such headlines.
    """
    return page.under_links >= max(_UNDER_LINKS, _UNDER_LINKS_RATIO * prose) or (
        page.links >= _LIST_LINKS and page.under_links >= max(prose, 1)
    )


def _why_little(page: Page, words: int, found: str) -> _Why:
    if 0 < words < _WORDS_MIN:
        return RejectReason.STUB, f"the page has a line or two, too little to be an article: {found}"
    heading = next((each for each in page.headings if word_count(each) >= _HEADLINE_WORDS), None)
    if not words and heading and 0 < page.blocks <= _HEADLINE_BLOCKS:
        return RejectReason.STUB, f"the page has a headline ({heading[:80]!r}) and no text below it: {found}"
    detail = f"the page has no main text: {found}"
    if words:
        detail += ", labels and headlines without a sentence among them"
    elif page.problem:
        detail += f"; {page.problem}"
    return RejectReason.NO_ARTICLE, detail


def is_error(heading: str) -> bool:
    """Whether a part of `heading` is nothing but an error message: "404", "Error 404", "Page not found"."""
    for part in _parts(heading):
        without_status = _STATUS.sub("", part)
        rest = _without_error_words(without_status)
        if rest in forms("error") or without_status in forms("error"):
            return True
        if not rest and without_status != part:
            return True
    return False


def _without_error_words(part: str) -> str:
    word = next((word for word in forms("error_words") if part.startswith(word)), "")
    return part.removeprefix(word)


def is_login(heading: str) -> bool:
    """Whether a part of `heading` is nothing but a request to log in or to subscribe."""
    return any(part in forms("login") for part in _parts(heading))


def asks_for_consent(heading: str) -> bool:
    """Whether a part of `heading` is nothing but a request for consent to cookies: "We value your privacy"."""
    return any(part in forms("consent") for part in _parts(heading))


def _parts(heading: str) -> list[str]:
    whole = heading.strip()
    return [part for part in map(letters, (whole, *_SEPARATOR.split(whole))) if part]


def _teasers(prose: list[str]) -> int:
    """How many paragraphs break off, when nearly all of them do; else 0."""
    broken = sum(map(_breaks_off, prose))
    return broken if broken >= max(_TEASERS, _TEASERS_RATIO * len(prose)) else 0


def _breaks_off(line: str) -> bool:
    return line.rstrip("])").endswith(_ELLIPSES)


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
