"""What is read of the index beside the script that writes it: records, places, sizes."""

import re
import uuid

import pytest

from schemas.published_article import Relation
from tests.dedup.stories import article, candidates, ident, made_up, with_words_changed
from workers.config import Settings
from workers.dedup.index import Candidate, Read
from workers.dedup.stage import fingerprint
from workers.stores import layout
from workers.stores.census import clear, take
from workers.stores.layout import RECORD_BYTES, shard_key
from workers.stores.memory_index import MemoryIndex
from workers.stores.records import HEAD, IN_STRING, decode, spans, split
from workers.stores.redis_index import open_index
from workers.stores.script import SCRIPT

CLOCK_S = 1_767_000_000


def lua(*names):
    """The numbers that the script gives these names."""
    found = {}
    for left, right in re.findall(r"^local ([A-Z_, ]+?) =\s+([0-9][0-9, ]*)$", SCRIPT.decode(), re.MULTILINE):
        found |= zip(
            left.replace(" ", "").split(","), map(int, right.replace(" ", "").split(",")), strict=True
        )
    return tuple(found[name] for name in names)


def settings_of(window=1000, shards=1):
    return Settings(topic_prefix=f"test-{uuid.uuid4().hex[:8]}", dedup_window=window, dedup_shards=shards)


def arrival(number, text, name, reader="raw:1"):
    return Candidate(f"{reader}:{number}", fingerprint([article(text, name=name)])[0], Read(reader, number))


def test_fields_stand_where_the_script_has_them():
    head = re.search(r"^local (ID, ORIGIN[A-Z_, ]+?) =", SCRIPT.decode(), re.MULTILINE)[1]
    more = re.search(r"^local (READER, OFFSET[A-Z_, ]+?) =", SCRIPT.decode(), re.MULTILINE)[1]
    names = f"{head}, {more}, SHINGLES, REACH".split(", ")
    first = lua(*names)
    assert HEAD.size == lua("REACH")[0] - 1
    codes = re.findall(r"[0-9]+s|[A-Z]", HEAD.format)
    widths = [{"B": 1, "H": 2, "I": 4}.get(code) or int(code[:-1]) for code in codes]
    assert [1 + sum(widths[:n]) for n in range(len(widths) + 1)] == list(first)


def test_sizes_are_those_of_the_script():
    assert lua("CHUNK_BYTES") == (layout.CHUNK_BYTES,)
    entry, bucket, record = lua("ENTRY_BYTES", "BUCKET_BYTES", "RECORD_BYTES")
    assert (bucket, record) == (layout.BUCKET_BYTES, RECORD_BYTES)
    assert bucket // entry == layout.BUCKET_ENTRIES


def test_a_record_is_decoded_to_the_verdict_that_was_given():
    index = MemoryIndex(window=100, clock=lambda: CLOCK_S)
    story = made_up(1)
    given = [
        arrival(7, story, "first"),
        arrival(8, with_words_changed(story, 20), "near"),
        arrival(9, made_up(2), "other"),
    ]
    verdicts = index.decide(given, own={"raw:1": 0})
    [data] = [bytes(value) for key, value in index._store._strings.items() if key.endswith(b"records:0")]
    records = list(split(data))
    assert [record.id for record in records] == [ident("first"), ident("near"), ident("other")]
    for record, verdict, candidate in zip(records, verdicts, given, strict=True):
        assert (record.relation, record.of, record.cluster) == (verdict.relation, verdict.of, verdict.cluster)
        assert record.similarity == (verdict.similarity or 0)
        assert (record.reader, record.offset, record.time_s) == (1, candidate.read.offset, CLOCK_S)
        assert record.shingles == candidate.fingerprint.signature.shingles
        assert record.is_pending({1: candidate.read.offset})
        assert not record.is_pending({1: candidate.read.offset + 1})
    assert records[1].relation is Relation.NEAR
    assert decode(bytes(RECORD_BYTES)) is None


@pytest.mark.parametrize(("first", "last", "window"), [(1, 1, 5), (3, 9, 8), (900, 1899, 1000), (5, 4, 10)])
def test_arrivals_are_found_where_the_ring_has_them(first, last, window):
    slots = [
        span.string * IN_STRING + span.at // RECORD_BYTES + n
        for span in spans(first, last, window)
        for n in range(span.count)
    ]
    assert slots == [arrival % (window + 1) for arrival in range(first, last + 1)]


@pytest.mark.parametrize("window", [1, 200, 30_000, 1_000_000])
def test_a_full_index_takes_some_390_bytes_an_article_where_there_are_many(window):
    assert layout.full_bytes(window) >= 380 * window
    if window >= 30_000:
        assert layout.full_bytes(window) <= 410 * window


@pytest.mark.integration
def test_the_census_of_a_full_index_counts_what_it_holds(redis_client):
    settings = settings_of(window=300)
    index = open_index(settings, redis_client)
    index.decide(candidates(*(article(made_up(n), name=str(n)) for n in range(500))))
    [census] = take(redis_client, settings, 10_000)
    assert (census.window, census.held, census.filled_ratio) == (300, 300, 1)
    assert 0.6 * census.full_bytes <= census.used_bytes <= 1.02 * census.full_bytes
    assert 0 <= census.newest_s <= census.oldest_s < 60
    assert (census.arrivals.count, census.arrivals.relations) == (300, {Relation.UNIQUE: 300})
    keys = [key.decode() for key in redis_client.scan_iter()]
    known = {
        key for some in layout.strings(shard_key(settings.topic_prefix, 0), 300).values() for key in some
    }
    assert {key for key in keys if not key.endswith(("layout", "readers"))} <= known


@pytest.mark.integration
def test_copies_pending_and_withdrawn_arrivals_are_told_apart(redis_client):
    settings = settings_of()
    index = open_index(settings, redis_client)
    story = made_up(1)
    index.decide([arrival(0, story, "first"), arrival(1, story, "copy")], own={"raw:1": 0})
    index.committed({"raw:1": 2})
    index.decide([arrival(2, made_up(2), "a"), arrival(3, made_up(3), "b")], own={"raw:1": 2})
    index.decide([], withdrawn=["raw:1:3"], own={"raw:1": 2})
    [census] = take(redis_client, settings, 10_000)
    found = census.arrivals
    assert found.relations == {Relation.UNIQUE: 2, Relation.EXACT: 1}
    assert (found.count, found.copies, found.pending, found.withdrawn) == (4, 1, 1, 1)
    assert found.copies_ratio == pytest.approx(1 / 3)
    assert take(redis_client, settings, 2)[0].arrivals.count == 2


@pytest.mark.integration
def test_a_smaller_window_counts_less_and_a_larger_one_has_the_room_that_was_made(redis_client):
    settings = settings_of(window=100)
    open_index(settings, redis_client).decide(
        candidates(*(article(made_up(n), name=str(n)) for n in range(90)))
    )
    for window, held in ((50, 50), (5000, 90)):
        asked = Settings(topic_prefix=settings.topic_prefix, dedup_window=window)
        [census] = take(redis_client, asked, 10_000)
        assert (census.window, census.made_for, census.held) == (min(window, 100), 100, held)


@pytest.mark.integration
def test_an_empty_index_has_a_census_and_clearing_leaves_other_keys(redis_client):
    settings = settings_of(shards=2)
    assert [(each.held, each.used_bytes, each.oldest_s) for each in take(redis_client, settings, 10)] == [
        (0, 0, None)
    ] * 2
    assert take(redis_client, settings, 10)[0].arrivals.copies_ratio is None
    others = settings_of()
    for each in (settings, others):
        open_index(each, redis_client).decide(candidates(article(made_up(1)), article(made_up(2), lang="en")))
    assert clear(redis_client, settings) > 0
    assert clear(redis_client, settings) == 0
    assert sum(census.held for census in take(redis_client, settings, 10)) == 0
    assert sum(census.held for census in take(redis_client, others, 10)) == 2
