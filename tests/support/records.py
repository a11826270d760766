"""Records of every type as Hypothesis makes them, each field with all that it can hold."""

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from schemas.cleaned_article import CleanedArticle, Extent, Related, Source
from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.raw_event import Envelope
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.tagged_article import Entity, Label, Mention, TaggedArticle

texts = st.text(max_size=20)
floats = st.floats(allow_nan=False, allow_infinity=False)
offsets = st.integers(min_value=-(10**400), max_value=10**400)
times = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001  (Hypothesis wants bounds without a zone)
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
json_values = st.recursive(
    st.none() | st.booleans() | offsets | floats | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
metas = st.dictionaries(texts, json_values, max_size=4)
versions = st.dictionaries(texts, texts, max_size=3)


def tuples(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(inner, max_size=3).map(tuple)


maybe_text = st.none() | texts
sources = st.builds(Source, name=maybe_text, domain=maybe_text)
ARTICLE_FIELDS = {
    "id": texts,
    "url": maybe_text,
    "canonical_url": maybe_text,
    "source": sources,
    "title": maybe_text,
    "authors": tuples(texts),
    "lang": texts,
    "lang_confidence": st.none() | floats,
    "published_at": st.none() | times,
    "published_zone": maybe_text,
    "modified_at": st.none() | times,
    "modified_zone": maybe_text,
    "image": maybe_text,
    "extent": st.sampled_from(Extent),
    "text": texts,
    "keywords": tuples(texts),
    "related": tuples(st.builds(Related, title=texts, url=maybe_text)),
    "meta": metas,
    "versions": versions,
}
entities = st.builds(
    Entity,
    id=texts,
    label=st.sampled_from(Label),
    name=texts,
    name_en=maybe_text,
    country=maybe_text,
    salience=floats,
    mentions=tuples(st.builds(Mention, start=st.integers(), end=st.integers(), text=texts)),
)
TAGGED_FIELDS = ARTICLE_FIELDS | {"entities": tuples(entities)}
duplicates = st.builds(
    Duplicate,
    relation=st.sampled_from(Relation),
    of=maybe_text,
    similarity=st.none() | floats,
    cluster=texts,
    revision=st.none() | st.integers(),
    contains=maybe_text,
)
published_articles = st.builds(PublishedArticle, **TAGGED_FIELDS, duplicate=duplicates)
records = st.one_of(
    published_articles,
    st.builds(TaggedArticle, **TAGGED_FIELDS),
    st.builds(CleanedArticle, **ARTICLE_FIELDS),
    st.builds(
        RejectedEvent,
        id=texts,
        reason=st.sampled_from(RejectReason),
        detail=texts,
        url=maybe_text,
        source=sources,
        title=maybe_text,
        meta=metas,
        versions=versions,
    ),
    st.builds(
        DeadLetter,
        reason=st.sampled_from(DeadReason),
        message=texts,
        error=texts,
        stage=texts,
        origin=texts,
        topic=texts,
        partition=st.integers(),
        offset=st.integers(),
        versions=versions,
    ),
    st.builds(
        Envelope,
        **dict.fromkeys(["url", "source", "fetched_at", "content_type", "title"], maybe_text),
        **dict.fromkeys(["published_at", "lang", "author"], maybe_text),
        body=texts,
        tags=st.none() | tuples(texts),
        meta=st.none() | metas,
    ),
)
