"""Records as the web page's reader hands them over, and the page on a port of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from schemas.cleaned_article import Source
from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.tagged_article import Entity, Label, Mention
from schemas.wire import encode
from workers.config import Settings
from workers.runtime.clients import Addresses
from workers.runtime.dead_letters import dead_headers
from workers.runtime.reading import Received
from workers.topics import Role
from workers.web.app import application
from workers.web.security import allowed_hosts
from workers.web.site import Site, make_site

NOWHERE = Addresses(("127.0.0.1:9",))
"""The discard port: nothing answers there."""


def article(article_id: str = "a1", **fields: Any) -> PublishedArticle:
    """A short Arabic article about Cairo, but for `fields`."""
    wanted = {
        "title": "القاهرة تفتتح حديقة جديدة",
        "text": "افتتحت القاهرة حديقة لمصر على النيل.",
        "lang": "ar",
        "source": Source(name="صدى المدينة", domain="sada.example"),
        "duplicate": Duplicate(relation=Relation.UNIQUE, cluster=article_id),
    }
    return PublishedArticle(id=article_id, **(wanted | fields))


def named(text: str, name: str, *, entity_id: str = "iso:EG", label: Label = Label.LOC) -> Entity:
    """An entity that the text names once, at the first place."""
    start = text.index(name)
    mention = Mention(start=start, end=start + len(name), text=name)
    return Entity(id=entity_id, label=label, name=name, salience=1.0, mentions=(mention,))


def received(
    record: PublishedArticle | bytes,
    offset: int = 0,
    *,
    role: Role = Role.PUBLISHED,
    at_ms: int | None = None,
) -> Received:
    """The record, as it was read at this offset."""
    return Received(
        role=role,
        topic=f"articles.{role}",
        partition=0,
        offset=offset,
        timestamp_ms=1_700_000_000_000 + offset if at_ms is None else at_ms,
        key=None,
        headers=(),
        value=record if isinstance(record, bytes) else encode(record),
    )


def dead(offset: int = 0, *, value: bytes = b"{", **fields: Any) -> Received:
    """A dead letter at this offset."""
    letter = DeadLetter(
        reason=DeadReason.UNDECODABLE,
        message="not JSON",
        error="UndecodableError",
        stage="decode",
        origin=f"articles.raw:0:{offset}",
        topic="articles.raw",
        partition=0,
        offset=offset,
    )
    headers = tuple(dead_headers((), replace(letter, **fields)))
    return replace(received(value, offset, role=Role.DEAD), headers=headers)


def site_of(*records: Received, settings: Settings | None = None, listen_host: str = "127.0.0.1") -> Site:
    """A site with these records whose reader finds no Kafka."""
    settings = settings or Settings(kafka=NOWHERE.kafka)
    site = make_site(settings, NOWHERE, allowed_hosts(listen_host, settings.web_hosts))
    for each in records:
        site.window.add(each)
    return site


@asynccontextmanager
async def asking(site: Site) -> AsyncIterator[TestClient]:
    """A client of the site."""
    async with TestClient(TestServer(application(site))) as client:
        yield client
