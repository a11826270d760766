"""An origin survives the header it travels in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.origin import Origin, header


@given(st.text(min_size=1), st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1))
def test_an_origin_is_read_back_as_it_was_written(topic: str, partition: int, offset: int):
    origin = Origin(topic, partition, offset)
    assert Origin.parse(str(origin)) == origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("articles.raw:3:4711", Origin("articles.raw", 3, 4711)),
        ("أخبار/صفحات.jsonl:0:12", Origin("أخبار/صفحات.jsonl", 0, 12)),
        ("C:/pages:old.txt:0:1", Origin("C:/pages:old.txt", 0, 1)),
    ],
)
def test_an_origin_is_written_as_topic_partition_offset(text: str, origin: Origin):
    assert Origin.parse(text) == origin
    assert str(origin) == text


@pytest.mark.parametrize(
    "text",
    ["articles.raw:٣:١", "", "articles.raw", "articles.raw:3", ":3:4", "a:b:c", "a:-1:2", "a:1:+2", "a:1:2 ", "a:1:1_0",
     "a:1:", "a:1:" + "9" * 5000],
)  # fmt: skip
def test_what_is_no_origin_is_refused_in_words(text: str):
    with pytest.raises(ValueError, match="takes TOPIC:PARTITION:OFFSET"):
        Origin.parse(text)


def test_origins_sort_by_topic_partition_and_offset_as_numbers():
    origins = [Origin("a", 10, 1), Origin("a", 9, 100), Origin("a", 9, 20)]
    assert sorted(origins) == origins[::-1]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Origin("a", 1, 4), True),
        (Origin("a", 1, 5), False),
        (Origin("a", 1, 6), False),
        (Origin("a", 0, 4), False),
        (Origin("b", 1, 4), False),
    ],
)
def test_a_replay_stands_behind_its_event_in_the_same_partition(other: Origin, expected: bool):
    assert Origin("a", 1, 5).is_behind(other) is expected


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], None),
        ([("other", b"x")], None),
        ([("khabar-origin", "خبر".encode())], "خبر".encode()),
        ([("khabar-origin", b"first"), ("other", b"x"), ("khabar-origin", b"last")], b"last"),
        ([("Khabar-Origin", b"x")], None),
    ],
    ids=["none", "another", "one", "the last of two", "names are exact"],
)
def test_header_gives_the_last_of_its_name(headers: list[tuple[str, bytes]], found: bytes | None):
    assert header(headers, "khabar-origin") == found
