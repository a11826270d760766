"""Everything that a page states about itself beside its text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.cleaned_article import Related
from workers.boilerplate.metadata import site
from workers.boilerplate.metadata.authors import read_authors
from workers.boilerplate.metadata.headline import find_headline, is_of_parts
from workers.boilerplate.metadata.jsonld import read_json_ld
from workers.boilerplate.metadata.nearby import Surroundings
from workers.boilerplate.metadata.parts import Parts
from workers.boilerplate.metadata.related import read_related
from workers.boilerplate.metadata.texts import shown
from workers.boilerplate.metadata.times import read_modified, read_published
from workers.boilerplate.metadata.title import read_title, site_in_title
from workers.boilerplate.metadata.view import PageView
from workers.boilerplate.paragraphs import distinct

_HEADINGS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a page states. Texts are NFC on one line; addresses are absolute.

    Times are aware, UTC; a zone is the offset the page wrote ("+03:00"; "Z" is "+00:00"), None where it wrote none,
    and then the time is taken as UTC. `lang` is the primary language tag that the page claims. `headings` are its
    title and its first main headings as they stand. `is_paywalled`: the page says that the article is not free; its
    text may be there all the same. `page_types` are og:type and the types of its JSON-LD.
    """

    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_zone: str | None = None
    modified_at: datetime | None = None
    modified_zone: str | None = None
    site_name: str | None = None
    canonical_url: str | None = None
    lang: str | None = None
    keywords: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    image: str | None = None
    is_paywalled: bool = False
    headings: tuple[str, ...] = ()
    asks_for_password: bool = False
    page_types: tuple[str, ...] = ()


def read_metadata(page: PageView, *, url: str | None, fetched_at: datetime | None) -> Metadata:
    """What `page`, found at `url`, states about itself.

    No time after `fetched_at` (by more than a day) is taken. Deterministic; reads no clock; never raises on any page;
    linear in its size.
    """
    parts = Parts(page)
    canonical = site.canonical_url(parts, url)
    addresses = [each for each in (url, canonical) if each]
    titles = [
        parts.title,
        *parts.h1_texts[:_HEADINGS],
        parts.first("og:title") or "",
    ]
    json_ld = read_json_ld(page.scripts, addresses, titles)
    base = url or canonical
    headline = find_headline(page, parts, json_ld)
    heading = shown(page.text(headline)) if headline is not None else ""
    composed = headline is not None and is_of_parts(page, headline)
    around = Surroundings(page, headline)
    name = site.site_name(parts, json_ld) or site_in_title(parts.title, heading)
    sites = _site_names(parts, name, base)
    lang = site.language_tag(parts, json_ld)
    published = read_published(parts, json_ld, around, base, lang, fetched_at)
    modified = read_modified(parts, json_ld, around, lang, fetched_at)
    return Metadata(
        description=parts.first("og:description", "description", "twitter:description"),
        title=read_title(parts, json_ld, heading, sites, is_of_parts=composed),
        authors=read_authors(parts, json_ld, around, sites),
        published_at=published.at if published else None,
        published_zone=published.zone if published else None,
        modified_at=modified.at if modified else None,
        modified_zone=modified.zone if modified else None,
        site_name=name,
        canonical_url=canonical,
        lang=site.primary(lang) if lang else None,
        keywords=site.keywords(parts, json_ld, around),
        related=read_related(page, base),
        image=site.image(parts, json_ld, around, base),
        is_paywalled=site.is_paywalled(parts, json_ld),
        headings=distinct(titles[: _HEADINGS + 1]),
        asks_for_password=site.asks_for_password(parts),
        page_types=tuple(dict.fromkeys((*parts.all("og:type"), *json_ld.types))),
    )


def _site_names(parts: Parts, name: str | None, base: str | None) -> list[str]:
    """What the site may be called in titles: its name, its host, the longest part of the host."""
    host = (base or "").partition("://")[2].partition("/")[0].removeprefix("www.")
    label = max(host.split("."), key=len)
    names = (name, parts.first("og:site_name"), parts.first("application-name"), host, label)
    return list(dict.fromkeys(filter(None, names)))
