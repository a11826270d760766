"""What a page states in its head, and its main headings."""

from typing import Final

from workers.boilerplate.metadata.texts import shown
from workers.boilerplate.metadata.view import Attributes, PageView, among, attributes_in
from workers.boilerplate.tokens import CODE, resolved

_STATING: Final = among("html", "title", "meta", "link", "h1", "input")
_HTML, _TITLE, _META, _LINK, _H1 = (CODE[name] for name in ("html", "title", "meta", "link", "h1"))
_NAMING: Final = (" name=", " property=", " itemprop=", " http-equiv=")
_NAME_BYTES: Final = 5
"""Those of "<meta" and "<link", behind which the attributes stand."""
_TWO: Final = 5
"""The pieces of a tag with two attributes, which most meta elements have: a name and a content."""
_TAGS_MAX: Final = 2_000
_H1_MAX: Final = 20
_CONTENT_CHARS: Final = 10_000
_TITLE_CHARS: Final = 2_000
"""Bounds for pages that were made to keep us busy."""


class Parts:
    """What a page states, by what it may say.

    `meta`: contents, as written, by lower-case name, property or itemprop, in order. `links`: hrefs by rel. `root`:
    attributes of the html element. `title`: of the document. `h1`: the elements with text, and `h1_texts`. `passwords`:
    the fields for one.
    """

    def __init__(self, page: PageView) -> None:
        self.page = page
        self.meta: dict[str, list[str]] = {}
        self.links: dict[str, list[str]] = {}
        self.root: Attributes = {}
        self.title = ""
        self.h1: list[int] = []
        self.h1_texts: list[str] = []
        self.passwords: list[int] = []
        self._read()

    def first(self, *names: str) -> str | None:
        """The first content that is stated under one of `names`, the first name first."""
        for name in names:
            if name in self.meta and (content := _content(self.meta[name][0])):
                return content
        return None

    def all(self, *names: str) -> list[str]:
        meta = self.meta
        stated = [written for name in names if name in meta for written in meta[name]]
        return [content for written in stated if (content := _content(written))] if stated else stated

    def _read(self) -> None:
        page, data, meta = self.page, self.page.data, self.meta
        tags = page.all_named(_STATING)[:_TAGS_MAX]
        places = (page.tokens.tag[tags], page.tokens.begin[tags] + _NAME_BYTES, page.tokens.end[tags] - 1)
        for tag, code, begin, end in zip(tags.tolist(), *(each.tolist() for each in places), strict=True):
            if code == _META:
                pieces = data[begin:end].decode("utf-8", "replace").split('"')
                if len(pieces) == _TWO and pieces[2] == " content=" and pieces[0] in _NAMING and pieces[3]:
                    meta.setdefault(pieces[1].strip().lower(), []).append(pieces[3])
                else:
                    self._add_meta(pieces)
            elif code == _LINK:
                written = data[begin:end]
                if b"canonical" in written or b"image_src" in written:
                    self._add_link(attributes_in(written))
            elif code == _H1:
                self._add_h1(tag)
            elif code == _TITLE:
                self.title = self.title or shown(page.text(tag, _TITLE_CHARS))
            elif code == _HTML:
                self.root = self.root or page.attributes(tag)
            elif b"password" in data[begin:end].lower():
                self.passwords.append(tag)

    def _add_meta(self, pieces: list[str]) -> None:
        """Take what a meta element states; `pieces` are names of attributes and values in turn."""
        stated = dict(zip(pieces[::2], pieces[1::2], strict=False))
        if content := stated.get(" content="):
            for name in dict.fromkeys(stated[each].strip().lower() for each in _NAMING if each in stated):
                self.meta.setdefault(name, []).append(content)

    def _add_link(self, attributes: Attributes) -> None:
        href = attributes.get("href")
        for each in attributes.get("rel", "").lower().split() if href else ():
            self.links.setdefault(each, []).append(href or "")

    def _add_h1(self, tag: int) -> None:
        text = shown(self.page.text(tag, _TITLE_CHARS)) if len(self.h1) < _H1_MAX else ""
        if text:
            self.h1.append(tag)
            self.h1_texts.append(text)


def _content(written: str) -> str:
    return resolved(written[:_CONTENT_CHARS]).strip()
