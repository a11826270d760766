"""The demo's pages and manifest fit each other, and show every outcome in every language."""

import re
from collections import Counter
from datetime import datetime
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import orjson
import pytest
from babel import Locale

import workers.demo
from schemas.dead_letter import DeadReason
from schemas.published_article import DEFAULT_PUBLISHED, Relation
from schemas.raw_event import read_raw_event
from schemas.rejected_event import RejectReason
from schemas.wire import InvalidError, UndecodableError
from workers.demo.events import Entry, Expected, Manifest, demo_events, manifest

DEMO = Path(workers.demo.__file__).parent
GOLDEN = Path(__file__).parent / "golden"
ENTRIES = manifest().events
BY_NAME = {entry.name: entry for entry in ENTRIES}
EVENTS = {event.name: event for event in demo_events()}
ARTICLES = [entry for entry in ENTRIES if entry.expected.outcome in {"published", "duplicates"}]
UNIQUE = [entry for entry in ARTICLES if entry.expected.relation == Relation.UNIQUE]
LANGUAGES = ("ar", "en", "fr", "ru", "fa")
TEMPLATE_PAIR = {"ar-weather-sunday", "ar-weather-monday"}
VOCABULARIES = {"schema.org", "ogp.me", "www.w3.org"}


def ids(entries):
    return [entry.name for entry in entries]


def golden(entry):
    return (GOLDEN / entry.file).with_suffix(".txt").read_text(encoding="utf-8")


def word_runs(text, length):
    words = re.findall(r"[\w\u200c]+", text.casefold())  # ZERO WIDTH NON-JOINER is inside Persian words
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def story(entry):
    """The name of the first article of the story that `entry` tells."""
    if entry.name in TEMPLATE_PAIR:
        return "weather"
    return entry.expected.of or entry.name


def test_the_manifest_has_no_field_that_nobody_reads():
    data = orjson.loads((DEMO / "manifest.json").read_bytes())
    known = {part: set(part.__dataclass_fields__) for part in (Manifest, Entry, Expected)}
    assert set(data) <= known[Manifest]
    for event in data["events"]:
        assert set(event) <= known[Entry]
        assert set(event["expected"]) <= known[Expected]


def test_every_page_is_sent_and_every_page_that_is_sent_is_there():
    assert {entry.file for entry in ENTRIES} == {path.name for path in (DEMO / "pages").iterdir()}


def test_there_are_at_least_24_articles_and_names_are_unique():
    assert len(ARTICLES) >= 24
    assert [name for name, times in Counter(ids(ENTRIES)).items() if times > 1] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_language_has_four_articles_of_its_own_as_html_and_as_text(lang):
    own = [entry for entry in UNIQUE if entry.expected.lang == lang]
    assert len(own) >= 4
    assert {Path(entry.file).suffix for entry in own} == {".html", ".txt"}


SHOWN = {RejectReason.EMPTY, RejectReason.ERROR_PAGE, RejectReason.LIST_PAGE, RejectReason.LOGIN_WALL, RejectReason.NOT_TEXT}  # fmt: skip
"""The reasons for which most pages are rejected; the others are for what hardly comes."""


def test_every_outcome_and_relation_occurs_and_the_common_reasons():
    assert {entry.expected.relation for entry in ARTICLES} == set(Relation)
    reasons = {entry.expected.reason for entry in ENTRIES}
    assert reasons == {None, *SHOWN, DeadReason.UNDECODABLE, DeadReason.INVALID}
    assert {entry.form for entry in ENTRIES} == {"envelope", "bare"}
    assert sum(entry.meta is not None for entry in ENTRIES) == 1


@pytest.mark.parametrize("entry", ENTRIES, ids=ids(ENTRIES))
def test_what_is_expected_fits_the_outcome(entry):
    expected = entry.expected
    match expected.outcome:
        case "published":
            assert expected.relation in DEFAULT_PUBLISHED
        case "duplicates":
            assert expected.relation in set(Relation) - DEFAULT_PUBLISHED
        case "rejected":
            assert expected.reason in set(RejectReason)
        case "dead":
            assert expected.reason in set(DeadReason)
    assert (expected.relation is None) == (expected.reason is not None)
    assert (expected.of is None) == (expected.relation in {None, Relation.UNIQUE})
    assert (expected.lang in LANGUAGES) == bool(expected.min_entities) == (entry in ARTICLES)


@pytest.mark.parametrize("entry", ARTICLES, ids=ids(ARTICLES))
def test_at_least_two_countries_that_exist_are_expected(entry):
    locale = Locale.parse("en")
    for entity in entry.expected.min_entities:
        assert entity.removeprefix("iso:") in locale.territories
    assert len(entry.expected.min_entities) >= 2


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if e.expected.of], ids=[e.name for e in ENTRIES if e.expected.of]
)
def test_a_copy_comes_after_its_original_under_the_same_key_in_the_same_language(entry):
    original = BY_NAME[entry.expected.of]
    assert ENTRIES.index(original) < ENTRIES.index(entry)
    assert original.expected.relation == Relation.UNIQUE
    assert original.expected.lang == entry.expected.lang
    assert EVENTS[original.name].key == EVENTS[entry.name].key is not None


def test_exactly_one_copy_is_the_same_page_again_and_one_revision_has_its_url():
    same = [e.name for e in ENTRIES if e.expected.of and e.file == BY_NAME[e.expected.of].file]
    assert same == ["ar-tram-again"]
    assert BY_NAME["ar-tram-revised"].url == BY_NAME["ar-tram"].url
    assert EVENTS["ar-tram"].value != EVENTS["ar-tram-revised"].value


@pytest.mark.parametrize("entry", ENTRIES, ids=ids(ENTRIES))
def test_sites_are_invented_and_times_have_a_zone(entry):
    if entry.url:
        assert urlsplit(entry.url).hostname.endswith(".example")
    for time in (entry.fetched_at, entry.published_at):
        assert time is None or datetime.fromisoformat(time).tzinfo is not None
    page = (DEMO / "pages" / entry.file).read_bytes()
    hosts = {host.decode() for host in re.findall(rb"https?://([a-z0-9.-]+)", page)} - VOCABULARIES
    assert [host for host in hosts if not host.endswith(".example")] == []


@pytest.mark.parametrize("entry", ARTICLES, ids=ids(ARTICLES))
def test_articles_have_the_length_and_form_of_news(entry):
    text = golden(entry)
    if entry.expected.relation is Relation.CONTAINED_IN:
        assert 40 <= len(text.split()) <= 66  # an alert has no more than 64 shingles
        return
    assert 120 <= len(text.split()) <= 360
    assert 5 <= len(text.strip().split("\n\n")) <= 10


def test_different_stories_share_no_run_of_eight_words():
    runs = [(entry, word_runs(golden(entry), 8)) for entry in ARTICLES]
    assert [
        (first.name, second.name, shared)
        for (first, ours), (second, theirs) in combinations(runs, 2)
        if story(first) != story(second) and (shared := ours & theirs)
    ] == []


def test_the_weather_reports_are_alike_and_differ_in_their_numbers():
    sunday, monday = (golden(BY_NAME[name]) for name in ("ar-weather-sunday", "ar-weather-monday"))
    assert len(word_runs(sunday, 3) & word_runs(monday, 3)) > 40
    assert re.findall("[0-9]+", sunday) != re.findall("[0-9]+", monday)


@pytest.mark.parametrize(
    ("name", "charset", "declaration"),
    [("ar-library", "windows-1256", b""), ("ru-metro", "windows-1251", b"charset=windows-1251")],
)
def test_two_pages_come_in_the_charsets_of_old_sites(name, charset, declaration):
    page = EVENTS[name].value
    with pytest.raises(UnicodeDecodeError):
        page.decode()
    assert b"".join(re.findall(rb"charset=[\w-]+", page)) == declaration
    assert golden(BY_NAME[name]).split("\n\n")[1] in re.sub("<[^>]+>", "", page.decode(charset))


@pytest.mark.parametrize("entry", ENTRIES, ids=ids(ENTRIES))
def test_events_decode_to_what_the_manifest_says_or_fail_as_expected(entry):
    event = EVENTS[entry.name]
    if entry.expected.outcome == "dead":
        failure = {"undecodable": UndecodableError, "invalid": InvalidError}[entry.expected.reason]
        with pytest.raises(failure):
            read_raw_event(event.value, event.headers)
        return
    raw = read_raw_event(event.value, event.headers)
    page = (DEMO / "pages" / entry.file).read_bytes()
    assert raw.body == (page if entry.form == "bare" else page.decode())
    for name in ("url", "source", "content_type", "fetched_at", "title", "published_at", "lang", "author"):
        assert getattr(raw, name) == getattr(entry, name)
    assert raw.tags == entry.tags
    assert raw.meta == (entry.meta or {})


def test_the_events_are_the_same_at_every_call():
    assert [msgspec.to_builtins(event) for event in demo_events()] == [
        msgspec.to_builtins(event) for event in demo_events()
    ]
