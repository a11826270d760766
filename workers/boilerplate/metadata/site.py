"""What a page says of itself as a page: its site, address, language, image, keywords, and whether it is closed."""

import re
from typing import Final
from urllib.parse import urlsplit

from turbohtml import Document

from workers.boilerplate.keywords import split_keywords
from workers.boilerplate.metadata.jsonld import JsonLd
from workers.boilerplate.metadata.nearby import Surroundings
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.texts import Json, shown, web_address
from workers.boilerplate.paragraphs import distinct

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
_KEYWORDS_CHARS: Final = 5_000
_KEYWORD_CHARS: Final = 80
_AROUND: Final = "header, nav, footer, dialog"


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


def language_tag(document: Document, parts: Parts, json_ld: JsonLd) -> str | None:
    """The BCP 47 tag that the page states for its language."""
    root = document.root
    html = [root.attr("lang"), root.attr("xml:lang")] if root is not None else []
    node = json_ld.article.get("inLanguage") or json_ld.page.get("inLanguage")
    name = node.get("alternateName") or node.get("name") if isinstance(node, dict) else node
    stated = [
        *html,
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
    stated = [*parts.all("og:image:secure_url", "og:image", "og:image:url"), *_image_urls(json_ld)]
    stated += [
        *parts.all(
            "twitter:image",
            "twitter:image:src",
            "parsely-image-url",
            "sailthru.image.full",
            "image",
            "thumbnail",
        )
    ]
    stated += parts.links.get("image_src", [])
    if not stated:
        sources = (img.attr("src") or "" for img in around.find_below(("img",), 1))
        stated += [source for source in sources if _PHOTO.search(source)]
    addresses = [address for each in stated[:20] if (address := web_address(each, base))]
    return next(
        (each for each in addresses if not _NO_PICTURE.search(urlsplit(each).path.rpartition("/")[2])), None
    )


def _image_urls(json_ld: JsonLd) -> list[str]:
    found = []
    stated = (
        node.get(name) for node in (json_ld.article, json_ld.page) for name in ("image", "thumbnailUrl")
    )
    for node in json_ld.nodes(next(filter(None, stated), None)):
        url = node.get("url") or node.get("contentUrl") or node.get("@id") if isinstance(node, dict) else node
        found += [url] if isinstance(url, str) else []
    return found


def keywords(parts: Parts, json_ld: JsonLd, document: Document) -> tuple[str, ...]:
    """The keywords that JSON-LD, meta elements or links with rel=tag state, each once, of the first that has any."""
    stated = json_ld.texts("keywords")
    words = stated if len(stated) > 1 else [word for text in stated for word in _split(text)]
    if not words:
        values = next(filter(None, (parts.all(name) for name in _KEYWORDS_META)), [])
        words = [word for text in values for word in _split(text)]
    if not words:
        words = [
            link.text[: 2 * _KEYWORD_CHARS].lstrip(" #")
            for link in document.select("a[rel~=tag]")[:_KEYWORDS_MAX]
        ]
    return distinct(shown(word) for word in words if len(word) <= _KEYWORD_CHARS)[:_KEYWORDS_MAX]


def _split(text: str) -> list[str]:
    """The keywords of a list; a text without separators is one."""
    text = text[:_KEYWORDS_CHARS]
    return split_keywords(text) if _SEPARATOR.search(text) else [text]


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


def asks_for_password(document: Document) -> bool:
    """Whether there is a password field that is not in the page's header, menu, footer or a dialogue."""
    fields = document.select("input[type=password i]")
    return any(field.closest(_AROUND) is None for field in fields[:20])
