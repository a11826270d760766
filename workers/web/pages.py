"""The pages that show: the flow, articles, duplicates and search. Dead letters are in letters.py."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web
from markupsafe import Markup

from schemas.published_article import PublishedArticle, Relation
from schemas.wire import encode
from workers.errors import ConfigError
from workers.filters import filter_of
from workers.topics import Role
from workers.web.arrows import Arrow
from workers.web.differences import differences
from workers.web.markup import direction, entity_spans, paragraphs
from workers.web.rawjson import laid_out
from workers.web.site import SITE, Site, attachment, page_number
from workers.web.window import Entry

PAGE_ENTRIES: Final = 50
TEXT_CHARS: Final = 200_000
"""More of a text would make a page that browsers choke on."""
JSON_CHARS: Final = 100_000
LISTED: Final = 100
"""Keywords, headlines and entities beside an article."""
ASKED_CHARS: Final = 200

routes = web.RouteTableDef()


@routes.get("/")
async def flow(request: web.Request) -> web.Response:
    site = request.app[SITE]
    return site.page(request, "flow.html", **_flow(site))


@routes.get("/flow/part")
async def flow_part(request: web.Request) -> web.Response:
    """What changes in the flow, for the script that shows it live."""
    site = request.app[SITE]
    return site.html(request, "flow_part.html", **_flow(site))


def _flow(site: Site) -> dict[str, Any]:
    return {
        "flow": site.flow,
        "arrows": {arrow.value: site.arrivals.latest[arrow] for arrow in Arrow},
        "is_stuck": site.is_stuck(),
    }


@routes.get("/articles")
async def articles(request: web.Request) -> web.Response:
    site, number = request.app[SITE], page_number(request)
    role = _role(request)
    page = site.window.newest(role, skip=(number - 1) * PAGE_ENTRIES, most=PAGE_ENTRIES)
    return site.page(
        request, "articles.html", page=page, number=number, topic=role, query={"topic": role} if role else {}
    )


@routes.get("/articles/{id:[^/]+}")  # else aiohttp takes no braces
async def article(request: web.Request) -> web.Response:
    site, article_id = request.app[SITE], request.match_info["id"]
    records = site.window.records(article_id)
    wanted = request.query.get("at")
    chosen = [each for each in records if wanted is None or each.place.name == wanted]
    if not chosen:
        return site.page(request, "gone.html", status=404, article_id=article_id)
    return site.page(request, "article.html", **_article(chosen[-1]), records=records[::-1][:LISTED])


def _article(entry: Entry) -> dict[str, Any]:
    record = entry.article
    text = record.text[:TEXT_CHARS]
    json = laid_out(entry.value)
    return {
        "entry": entry,
        "article": record,
        "dir": direction(record.lang, (record.title or "", text)),
        "paragraphs": list(map(Markup, paragraphs(text, entity_spans(record.entities)))),
        "is_cut": len(record.text) > TEXT_CHARS,
        "json": json[:JSON_CHARS],
        "is_json_cut": len(json) > JSON_CHARS,
        "meta": laid_out(encode(record.meta))[:JSON_CHARS] if record.meta else "",
        "entities": record.entities[:LISTED],
        "related": record.related[:LISTED],
        "keywords": record.keywords[:LISTED],
    }


@routes.get("/records/{name}")
async def record(request: web.Request) -> web.Response:
    """A record's bytes."""
    entry = _at(request)
    return attachment(entry.value, f"{entry.place.name.replace(':', '-')}.json")


@routes.get("/duplicates")
async def duplicates(request: web.Request) -> web.Response:
    site, number = request.app[SITE], page_number(request)
    page = site.window.newest(Role.DUPLICATES, skip=(number - 1) * PAGE_ENTRIES, most=PAGE_ENTRIES)
    originals = {each.place.name: site.window.original(each) for each in page.entries}
    return site.page(request, "duplicates.html", page=page, number=number, originals=originals, query={})


@routes.get("/duplicates/{name}")
async def duplicate(request: web.Request) -> web.Response:
    """A record, named ROLE:PARTITION:OFFSET, beside the one that its verdict names."""
    site, entry = request.app[SITE], _at(request)
    article, other = entry.article, site.window.original(entry)
    found, sides = None, []
    if other is not None:
        original = other.article
        found = await site.slowly(lambda: differences(article, original, TEXT_CHARS))
        sides = [
            _side(other, original, found.there, found.only_there),
            _side(entry, article, found.here, found.only_here),
        ]
    return site.page(
        request, "duplicate.html", entry=entry, article=article, other=other, found=found, sides=sides
    )


def _at(request: web.Request) -> Entry:
    """The record that the address names."""
    entry = request.app[SITE].window.at(request.match_info["name"])
    if entry is None:
        raise web.HTTPNotFound
    return entry


def _side(entry: Entry, article: PublishedArticle, marked: Sequence[str], only: int) -> dict[str, Any]:
    return {
        "entry": entry,
        "article": article,
        "dir": direction(entry.card.lang, (entry.card.beginning,)),
        "paragraphs": list(map(Markup, marked)),
        "only": only,
        "is_cut": len(article.text) > TEXT_CHARS,
    }


@routes.get("/search")
async def search(request: web.Request) -> web.Response:
    site, number = request.app[SITE], page_number(request)
    asked = {
        name: request.query.get(name, "").strip()[:ASKED_CHARS]
        for name in ("text", "entity", "lang", "source", "relation")
    }
    page, mistake = None, None
    if any(asked.values()):
        try:
            wanted = filter_of(
                text=asked["text"],
                entities=asked["entity"],
                lang=asked["lang"],
                source=asked["source"],
                relations=asked["relation"],
            )
        except ConfigError as error:
            mistake = str(error)
        else:
            page = await asyncio.to_thread(
                site.window.search, wanted, skip=(number - 1) * PAGE_ENTRIES, most=PAGE_ENTRIES
            )
    return site.page(
        request,
        "search.html",
        status=400 if mistake else 200,
        page=page,
        number=number,
        asked=asked,
        query={name: value for name, value in asked.items() if value},
        mistake=mistake,
        langs=[lang for lang, _ in site.window.langs()],
        relations=list(Relation),
    )


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    """200 while the reader reads, or waits for a service and says so; 503 when it has ended or hangs."""
    site = request.app[SITE]
    if site.is_stuck():
        return web.json_response({"status": "stuck"}, status=503)
    return web.json_response({"status": "waiting" if site.flow.problems else "reading"})


def _role(request: web.Request) -> Role | None:
    wanted = request.query.get("topic")
    return Role(wanted) if wanted in {Role.PUBLISHED, Role.DUPLICATES} else None
