"""Sources in chunks, here and in a process beside."""

import multiprocessing

import pytest

from tests.support import warcs
from tests.support.sources import everything, plan_of
from workers.feeds.bulk.chunks import (
    BEGINNING,
    CHUNK_BYTES,
    Cursor,
    How,
    ReadingFailedError,
    chunks,
    chunks_from_a_process,
)
from workers.feeds.bulk.partition import partitions_of


@pytest.fixture
def plan(tmp_path):
    """A folder: an archive of crawls and lines, one file of which is broken, and pages."""
    for number in range(3):
        (tmp_path / f"{number}.html").write_bytes(b"<p>%d" % number)
    lines = b"".join(b'{"body":"%d"}\n' % number for number in range(20))
    (tmp_path / "4.jsonl").write_bytes(lines + b"{\n" + lines)
    warcs.write(tmp_path / "5.warc.gz", warcs.crawl(30, 300))
    (tmp_path / "6.warc").write_bytes(b"".join(warcs.crawl(5, 300))[:-50])
    (tmp_path / "7.zip").write_bytes(b"broken")
    return plan_of(tmp_path)


def told(found):
    """The events' values and the mistakes' places, each in order."""
    found = list(found)
    return (
        [value for chunk in found for _, value, _ in chunk.records],
        [mistake.where for chunk in found for mistake in chunk.mistakes],
    )


def test_chunks_hold_all_that_is_read_in_order_and_know_their_last(plan):
    found = list(chunks(plan, BEGINNING, How(chunk_steps=7)))
    events, mistakes, skipped = everything(plan)
    assert told(found) == ([event.value for event in events], [mistake.where for mistake in mistakes])
    assert sum(chunk.skipped.total() for chunk in found) == skipped.total()
    assert [chunk.is_last for chunk in found] == [False] * (len(found) - 1) + [True]
    assert all(chunk.steps <= 7 for chunk in found)
    assert [chunk.done_bytes for chunk in found] == sorted(chunk.done_bytes for chunk in found)
    assert found[-1].done_bytes == sum(path.stat().st_size for path in plan.paths[0].iterdir())


def test_reading_goes_on_after_any_chunk(plan):
    found = list(chunks(plan, BEGINNING, How(chunk_steps=7)))
    events, mistakes = told(found)
    done, wrong = 0, 0
    for chunk in found:
        done, wrong = done + len(chunk.records), wrong + len(chunk.mistakes)
        assert told(chunks(plan, chunk.cursor, How())) == (events[done:], mistakes[wrong:]), chunk.cursor
    assert (done, wrong) == (len(events), len(mistakes))


def test_a_large_event_ends_its_chunk(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_bytes(bytes(CHUNK_BYTES))
    found = list(chunks(plan_of(tmp_path, limit=2 * CHUNK_BYTES), BEGINNING, How()))
    assert [len(chunk.records) for chunk in found] == [1, 1, 1, 0]


def test_a_limit_counts_events_and_reading_goes_on_behind_it(plan):
    first = list(chunks(plan, BEGINNING, How(limit=30, chunk_steps=7)))
    assert len(told(first)[0]) == 30
    assert not first[-1].is_last
    rest = told(chunks(plan, first[-1].cursor, How()))
    whole = told(chunks(plan, BEGINNING, How()))
    assert tuple(before + after for before, after in zip(told(first), rest, strict=True)) == whole


def test_a_key_has_the_partition_that_kafkas_clients_give_it(plan):
    found = [
        (key, partition)
        for chunk in chunks(plan, BEGINNING, How(partitions=5))
        for (key, _, _), partition in zip(chunk.records, chunk.partitions, strict=True)
    ]
    assert sum(key is not None for key, _ in found) == 34
    assert all(partition == (partitions_of([key], 5)[0] if key else None) for key, partition in found)


def test_a_process_beside_reads_the_same(plan):
    start = Cursor(2)
    assert list(chunks_from_a_process(plan, start, How(partitions=3))) == list(
        chunks(plan, start, How(partitions=3))
    )


def test_the_process_beside_ends_with_its_reader_and_its_death_is_no_end(tmp_path):
    warcs.write(tmp_path / "a.warc", warcs.crawl(2000, 10_000))
    plan = plan_of(tmp_path / "a.warc")
    found = chunks_from_a_process(plan, BEGINNING, How())
    next(found)
    [process] = multiprocessing.active_children()
    found.close()
    assert not multiprocessing.active_children()

    found = chunks_from_a_process(plan, BEGINNING, How())
    next(found)
    [process] = multiprocessing.active_children()
    process.kill()
    with pytest.raises(ReadingFailedError, match="goes on"):
        list(found)
