"""Who a page says wrote its article."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from workers.boilerplate.dates import date_in_lines
from workers.boilerplate.markers import find_marker
from workers.boilerplate.metadata.bylines import by_inside, is_marked_name, names, starts_with_by
from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.marks import Mark
from workers.boilerplate.metadata.nearby import Surroundings
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.texts import Json, key_of, shown
from workers.boilerplate.metadata.view import PageView, among
from workers.boilerplate.paragraphs import distinct

_META: Final = (
    "parsely-author", "sailthru.author", "cxenseparse:author", "dc.creator", "dcterms.creator", "byl", "byline",
    "author", "article:author", "article:author_name", "og:article:author", "article.author", "dcsext.author",
    "citation_author", "dable:author", "vr:author", "authors", "rbauthors", "og:author", "bt:author",
)  # fmt: skip
_AUTHOR_CLASS: Final = re.compile(r"author|byline|autor|auteur", re.IGNORECASE)
_NOT_BYLINE: Final = re.compile(
    r"authori[tz]|bio|avatar|image|img|photo|picture|comment|related|follow|social|brand|date|time|more|desc|teaser|card|role|"
    r"job|title|position|icon|link-?list|box",
    re.IGNORECASE,
)
_AUTHOR_LINK: Final = re.compile(r"/(?:author|autor|auteur)", re.IGNORECASE)
_PERSON: Final = re.compile(r"(?:[^\W\d_a-z][^\W\d_]+[ /-]?){2,6}")
_BESIDE: Final = re.compile("\\s*[|\u2022\u00b7]\\s*|\\s+[-\u2013\u2014]\\s+")
_SIGNATURE: Final = re.compile(r"[^\W\d_]{2,20}(?:[ -][^\W\d_]{2,20}){1,3}")
_NAME_MARK: Final = re.compile(rb' itemprop="(?:[^"]* )?name[" ]')
_BOLD: Final = among("strong", "b")
_LINKS: Final = 10
_DATED_LINES: Final = 4
_BOLD_LINES: Final = 7
_LINE_CHARS: Final = 160
_LINES: Final = 12
_BY_CHARS: Final = 90
_ELEMENTS: Final = 40
_SHORT: Final = 3


def read_authors(
    parts: Parts, json_ld: JsonLd, around: Surroundings, sites: Sequence[str]
) -> tuple[str, ...]:
    """The names of the first source that has any: JSON-LD, meta elements, marked by-lines, a line that begins "By".

    A source that only names the site (by one of `sites`) counts where no other names anybody else, and only JSON-LD
    states the site as an author beside persons.
    """
    sources: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _stated(json_ld),
        lambda: _meta_names(parts, around),
        lambda: _marked_names(around),
        lambda: _line_names(around),
        lambda: _bold_names(around),
        lambda: _names_beside_date(around),
    )
    keys = [key for key in map(key_of, sites) if len(key) >= _SHORT]
    house: tuple[str, ...] = ()
    for source in sources:
        found = distinct(source())
        persons = tuple(name for name in found if not _is_site(name, keys))
        if persons:
            return found if source is sources[0] else persons
        house = house or found
    return house


def _is_site(name: str, sites: list[str]) -> bool:
    key = key_of(name)
    return any(
        key == site or (len(key) > _SHORT and key in site) or (len(site) > _SHORT and site in key)
        for site in sites
    )


def _stated(json_ld: JsonLd) -> Iterator[str]:
    for node in (json_ld.article, json_ld.page):
        for name in ("author", "creator"):
            found = [each for value in json_ld.nodes(node.get(name)) for each in _node_names(value)]
            if found:
                yield from found
                return


def _node_names(value: dict[str, Json] | str) -> tuple[str, ...]:
    if isinstance(value, str):
        return () if value.startswith(("http", "/")) else names(value)
    name = value.get("name")
    listed = name[:20] if isinstance(name, list) else [name]
    return tuple(each for part in listed if isinstance(part, str) for each in names(part))


def _meta_names(parts: Parts, around: Surroundings) -> Iterator[str]:
    """Names in meta elements; where a marked by-line has these and more, its names, since many pages state one only."""
    for name in filter(parts.meta.__contains__, _META):
        found = distinct(each for value in parts.all(name) if "://" not in value for each in names(value))
        if found:
            shown_names = distinct(_marked_names(around))
            yield from shown_names if _keys(shown_names) > _keys(found) else found
            return
    label = parts.first("twitter:label1")
    if label and starts_with_by(f"{label} "):
        yield from names(parts.first("twitter:data1") or "")


def _marked_names(around: Surroundings) -> Iterator[str]:
    """Names in elements that are marked as by-lines: by microdata or rel first, then by their class."""
    formal: list[Mark] = []
    classed: list[Mark] = []
    for mark in around.marked:
        itemprop = mark.get("itemprop")
        if "author" in itemprop or "creator" in itemprop or "author" in mark.get("rel"):
            formal.append(mark)
        elif mark.name != "time" and _is_byline(mark):
            classed.append(mark)
    for marks in (formal, classed):
        if found := list(_group(marks[:_ELEMENTS], around)):
            yield from found
            return


def _group(marks: list[Mark], around: Surroundings) -> Iterator[str]:
    """Names of the first by-line: its element, or the links and spans that stand for one each."""
    page = around.page
    place: list[int] = []
    for mark in marks:
        here = page.around(mark.tag)[:2]
        if (place and not set(place) & set(here)) or around.lacks(mark.tag):
            continue
        if found := _names_in(page, mark):
            yield from found
            place = place or here
            if mark.name not in ("a", "span"):
                return


def _is_byline(mark: Mark) -> bool:
    says_author, says_other = _said_by(mark.get("class"))
    if says_author:
        return not says_other
    return mark.name == "a" and bool(_AUTHOR_LINK.search(mark.get("href")))


@lru_cache(maxsize=2_000)
def _said_by(marks: str) -> tuple[bool, bool]:
    """Whether a class speaks of an author, and of what is no by-line."""
    return bool(_AUTHOR_CLASS.search(marks)), bool(_NOT_BYLINE.search(marks))


def _names_in(page: PageView, mark: Mark) -> tuple[str, ...]:
    inner = page.find_inside(mark.tag, _NAME_MARK)
    if inner is not None:
        return names(page.attributes(inner).get("content") or page.text(inner, 2 * _LINE_CHARS))
    if content := mark.get("content"):
        return names(content)
    text = shown(page.text(mark.tag, 4 * _LINE_CHARS))
    if len(text) > _LINE_CHARS:
        return ()
    links = page.links(mark.tag + 1, page.partner[mark.tag], _LINKS)
    return distinct(name for link in links for name in names(shown(page.text(link)))) or names(text)


def _line_names(around: Surroundings) -> Iterator[str]:
    for line in around.lines_below(_LINES):
        if len(line) <= _BY_CHARS and starts_with_by(line):
            yield from names(line)
            return


def _names_beside_date(around: Surroundings) -> Iterator[str]:
    """Names on a short line below the headline that also holds the date, or stands next to the one that does.

    Behind a word for "by" any name; without it two to four words between marks, as agencies and old pages sign.
    """
    lines = around.lines_below(_DATED_LINES + 1)
    for number, line in enumerate(lines[:_DATED_LINES]):
        if len(line) > _BY_CHARS:
            continue
        if match := by_inside(line):
            if _holds_date(lines[max(0, number - 1) : number + 2]):
                yield from names(line[match.end() :])
                return
            continue
        pieces = (piece.strip() for piece in _BESIDE.split(line))
        found = [piece for piece in pieces if _SIGNATURE.fullmatch(piece) and is_marked_name(piece)]
        if found and _holds_date(lines[number : number + 2]):
            yield from names(found[0])
            return


def _holds_date(lines: Sequence[str]) -> bool:
    return any(len(line) <= _LINE_CHARS and date_in_lines([line]) is not None for line in lines)


def _bold_names(around: Surroundings) -> Iterator[str]:
    """Names in a short paragraph in bold that begins the text, as old-fashioned pages sign their articles."""
    lines = set(around.lines_below(_BOLD_LINES))
    for bold in around.find_below(_BOLD, 3):
        line = shown(around.page.text(bold, _LINE_CHARS))
        if line in lines and _PERSON.fullmatch(line) and find_marker(line) is None:
            yield from names(line)
            return


def _keys(found: Sequence[str]) -> set[str]:
    return set(map(key_of, found))
