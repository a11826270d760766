"""The demo through the real stages, in order: every event ends where the manifest says."""

from pathlib import Path

import pytest

from schemas.published_article import DEFAULT_PUBLISHED
from schemas.raw_event import read_raw_event
from schemas.wire import InvalidError, UndecodableError
from workers.boilerplate.stage import clean
from workers.dedup.index import Candidate
from workers.dedup.stage import fingerprint, settle
from workers.demo.events import demo_events, manifest
from workers.entities.stage import tag
from workers.outcomes import Dropped, Failed, Kept
from workers.stores.memory_index import MemoryIndex

GOLDEN = Path(__file__).parent / "golden"
EVENTS = demo_events()
FILES = {entry.name: entry.file for entry in manifest().events}
ARTICLES = [event for event in EVENTS if event.expected.relation]

OWN_WORDS_MIN_RATIO = 0.85
"""Least share of a text's words that belong to the article."""


def rows(events):
    return [pytest.param(event, id=event.name) for event in events]


def _failure(event):
    try:
        return None, read_raw_event(event.value, event.headers)
    except UndecodableError:
        return ("dead", "undecodable"), None
    except InvalidError:
        return ("dead", "invalid"), None


@pytest.fixture(scope="module")
def results():
    """Name of the event to (topic, reason) or its published record."""
    index = MemoryIndex(window=10_000)
    found = {}
    for number, event in enumerate(EVENTS):
        failure, raw = _failure(event)
        if raw is None:
            found[event.name] = failure
            continue
        match clean([raw])[0]:
            case Dropped(reason):
                found[event.name] = ("rejected", reason)
            case Failed(error):
                found[event.name] = ("dead", error.reason)
            case Kept(article):
                tagged = tag([article])[0].record
                candidate = Candidate(f"articles.raw:0:{number}", fingerprint([tagged])[0])
                found[event.name] = settle(tagged, index.decide([candidate])[0])
    return found


def _seen(result, results):
    """What `Expected` says, of a result."""
    if isinstance(result, tuple):
        return {"outcome": result[0], "reason": result[1]}
    verdict = result.duplicate
    articles = {name: other for name, other in results.items() if not isinstance(other, tuple)}
    originals = [name for name, article in articles.items() if article.id == verdict.of]
    return {
        "outcome": "published" if verdict.relation in DEFAULT_PUBLISHED else "duplicates",
        "relation": verdict.relation,
        "of": originals[0] if originals else verdict.of,
        "lang": result.lang,
    }


@pytest.mark.parametrize("event", rows(EVENTS))
def test_every_event_ends_where_the_manifest_says(event, results):
    seen = _seen(results[event.name], results)
    assert seen == {name: getattr(event.expected, name) for name in seen}


@pytest.mark.parametrize("event", rows(ARTICLES))
def test_entities_are_at_least_those_of_the_manifest(event, results):
    article = results[event.name]
    found = {entity.id for entity in article.entities}
    assert set(event.expected.min_entities) <= found
    for mention in (mention for entity in article.entities for mention in entity.mentions):
        assert article.text[mention.start : mention.end] == mention.text


def _own_paragraphs(event):
    path = (GOLDEN / FILES[event.name]).with_suffix(".txt")
    return path.read_text(encoding="utf-8").strip().split("\n\n")


@pytest.mark.parametrize("event", rows(ARTICLES))
def test_the_text_has_all_paragraphs_of_the_article_in_order(event, results):
    own = _own_paragraphs(event)
    assert [part for part in results[event.name].text.split("\n\n") if part in own] == own


@pytest.mark.parametrize("event", rows(ARTICLES))
def test_the_text_is_hardly_more_than_the_article(event, results):
    own, words = (" ".join(_own_paragraphs(event)).split(), results[event.name].text.split())
    assert len(own) / len(words) >= OWN_WORDS_MIN_RATIO


def test_meta_comes_out_untouched(results):
    sent = {entry.name: entry.meta for entry in manifest().events if entry.meta}
    assert {name: results[name].meta for name in sent} == sent


def test_the_text_dumps_give_their_headlines_keywords_and_source(results):
    dumps = [results[name] for name, file in FILES.items() if file.endswith(".txt") and name != "empty"]
    assert len(dumps) == 6
    for article in dumps:
        assert len(article.related) >= 4
        assert len(article.keywords) == len(set(article.keywords)) >= 8
        assert article.source.name
