"""What a page says of itself as a page: its site, address, language, image, keywords, and whether it is closed."""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from workers.boilerplate.keywords import split_keywords
from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.nearby import Surroundings
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.texts import Json, shown, web_address
from workers.boilerplate.metadata.view import Attributes, among

_TAG: Final = re.compile(r"([a-zA-Z]{2,3})(?:[-_].*)?$")
_NO_PICTURE: Final = re.compile(r"logo|placeholder|default|favicon|blank|spacer|sprite", re.IGNORECASE)
_PHOTO: Final = re.compile(r"\.(?:jpe?g|webp)(?:[?#]|$)", re.IGNORECASE)
"""Icons and rules beside a headline are of other kinds."""
_KEYWORDS_META: Final = (
    "news_keywords",
    "keywords",
    "parsely-tags",
    "sailthru.tags",
    "article:tag",
    "dc.subject",
)
_SAME: Final = {
    "nb": "no",
    "nn": "no",
    "iw": "he",
    "in": "id",
    "ji": "yi",
    "jp": "ja",
    "cn": "zh",
    "kr": "ko",
    "gr": "el",
    "cz": "cs",
    "ua": "uk",
}
"""Forms of one written language; withdrawn tags; codes of countries that pages write for that of their language."""
_SEPARATOR: Final = re.compile("[,;|\u060c\u3001\uff0c]")  # ARABIC COMMA, IDEOGRAPHIC COMMA, FULLWIDTH COMMA
_KEYWORDS_MAX: Final = 60
_TAGS_BEFORE: Final = 80
_TAGS_BEHIND: Final = 1_500
"""Links to an article's keywords stand in it, behind it, or close above it."""
_KEYWORD_CHARS: Final = 80
_AROUND: Final = among("header", "nav", "footer", "dialog")
_IMAGE: Final = among("img")
_OG_IMAGES: Final = ("og:image:secure_url", "og:image", "og:image:url")
_OTHER_IMAGES: Final = (
    "twitter:image",
    "twitter:image:src",
    "parsely-image-url",
    "sailthru.image.full",
    "image",
    "thumbnail",
)
_IMAGES_MAX: Final = 20
_LINK: Final = among("a")
_TAG_MARK: Final = BytesAhoCorasick(
    [b'l="tag', b"category tag", b"Category tag", b"follow tag"], matchkind=MatchKind.LeftmostFirst
)
"""In rel=tag, also beside another word. With four words the finder goes by vectors, 20 times as fast as with two."""
_PASSWORDS_MAX: Final = 20


def site_name(parts: Parts, json_ld: JsonLd) -> str | None:
    """The name of the site as readers know it; an address is none."""
    publisher = [
        name
        for node in json_ld.nodes(json_ld.article.get("publisher") or json_ld.page.get("publisher"))
        if isinstance(node, dict) and isinstance(name := node.get("name"), str)
    ]
    stated = [
        parts.first("og:site_name"),
        *publisher,
        json_ld.site_name,
        parts.first("application-name", "apple-mobile-web-app-title"),
    ]
    names = [shown(name) for name in stated if name]
    return next((name for name in names if name and "://" not in name and len(name) <= _KEYWORD_CHARS), None)


def canonical_url(parts: Parts, url: str | None) -> str | None:
    stated = (*parts.links.get("canonical", ())[:1], *parts.all("og:url")[:1])
    return next((address for each in stated if (address := web_address(each, url))), None)


def language_tag(parts: Parts, json_ld: JsonLd) -> str | None:
    """The BCP 47 tag that the page states for its language."""
    node = json_ld.article.get("inLanguage") or json_ld.page.get("inLanguage")
    name = node.get("alternateName") or node.get("name") if isinstance(node, dict) else node
    stated = [
        parts.root.get("lang"),
        parts.root.get("xml:lang"),
        parts.first("og:locale"),
        name,
        parts.first("content-language", "language", "dc.language"),
    ]
    return next((tag.strip() for tag in stated if isinstance(tag, str) and primary(tag)), None)


def primary(tag: str) -> str | None:
    """The primary subtag of a BCP 47 tag in lower case; None when it is none, or says nothing."""
    match = _TAG.match(tag.strip())
    code = match.group(1).lower() if match else None
    return None if code in (None, "und", "mul", "zxx") else _SAME.get(code, code)


def image(parts: Parts, json_ld: JsonLd, around: Surroundings, base: str | None) -> str | None:
    """The address of the lead image, stated or else shown right below the headline; no logo."""
    for stated in _images(parts, json_ld):
        address = web_address(stated, base)
        if address and not _NO_PICTURE.search(_file_of(address)):
            return address
    if any(True for _ in _images(parts, json_ld)):
        return None
    shown_below = (parts.page.attributes(img).get("src", "") for img in around.find_below(_IMAGE, 1))
    photo = web_address(next(filter(_PHOTO.search, shown_below), None), base)
    return None if photo is None or _NO_PICTURE.search(_file_of(photo)) else photo


def _images(parts: Parts, json_ld: JsonLd) -> Iterator[str]:
    """The addresses that a page states, the most trusted first."""
    yield from islice(
        chain(parts.all(*_OG_IMAGES), _image_urls(json_ld), parts.all(*_OTHER_IMAGES)), _IMAGES_MAX
    )
    yield from parts.links.get("image_src", [])[:_IMAGES_MAX]


def _file_of(address: str) -> str:
    """The last part of the path of an address."""
    return address.partition("#")[0].partition("?")[0].rpartition("/")[2]


def _image_urls(json_ld: JsonLd) -> list[str]:
    found = []
    stated = (
        node.get(name) for node in (json_ld.article, json_ld.page) for name in ("image", "thumbnailUrl")
    )
    for node in json_ld.nodes(next(filter(None, stated), None)):
        url = node.get("url") or node.get("contentUrl") or node.get("@id") if isinstance(node, dict) else node
        found += [url] if isinstance(url, str) else []
    return found


def keywords(parts: Parts, json_ld: JsonLd, around: Surroundings) -> tuple[str, ...]:
    """The keywords that JSON-LD, meta elements or links with rel=tag state, each once, of the first that has any."""
    stated = json_ld.texts("keywords")
    words = [shown(text) for text in stated[:_KEYWORDS_MAX]] if len(stated) > 1 else _split(stated)
    for name in filter(parts.meta.__contains__, () if words else _KEYWORDS_META):
        words = words or _split(parts.all(name))
    if not words:
        page = around.page
        start = page.first if around.headline is None else max(page.first, around.headline - _TAGS_BEFORE)
        links = page.find_all(_TAG_MARK, _LINK, start, min(start + _TAGS_BEHIND, page.last))
        tags = (link for link in links[:_KEYWORDS_MAX] if _is_tag(page.attributes(link)))
        words = [shown(page.text(link, 2 * _KEYWORD_CHARS)).lstrip(" #") for link in tags]
    kept: dict[str, str] = {}
    for word in words:
        if word and len(word) <= _KEYWORD_CHARS:
            kept.setdefault(word.casefold(), word)
    return tuple(kept.values())[:_KEYWORDS_MAX]


def _is_tag(attributes: Attributes) -> bool:
    return "tag" in attributes.get("rel", "").split()


def _split(texts: list[str]) -> list[str]:
    """The keywords of lists; a text without separators is one."""
    found: list[str] = []
    for text in map(shown, texts):
        found += split_keywords(text) if _SEPARATOR.search(text) else [text]
    return found


def is_paywalled(parts: Parts, json_ld: JsonLd) -> bool:
    """Whether the page says that its article is not free to read. The text may be there all the same."""
    free = _truth(json_ld.article.get("isAccessibleForFree", json_ld.page.get("isAccessibleForFree")))
    if free is not None:
        return not free
    tier = (parts.first("article:content_tier", "og:article:content_tier") or "").strip().lower()
    return tier == "locked"


def _truth(value: Json) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.strip().lower().rpartition("/")[2] if isinstance(value, str) else ""
    return {"true": True, "false": False, "yes": True, "no": False}.get(word)


def asks_for_password(parts: Parts) -> bool:
    """Whether there is a password field that is not in the page's header, menu, footer or a dialogue."""
    page = parts.page
    return any(
        not any(page.code(each) in _AROUND.codes for each in page.around(field))
        for field in parts.passwords[:_PASSWORDS_MAX]
    )
