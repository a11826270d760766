"""What the page holds in memory, and how it is found."""

import pytest

from schemas.published_article import Duplicate, Relation
from tests.support.web import article, dead, named, received
from workers.filters import filter_of
from workers.topics import Role
from workers.web.window import MOST_DEAD, Window


@pytest.fixture
def window():
    return Window(10, 1 << 20)


def ids(page):
    return [each.card.id for each in page.entries]


def test_the_newest_by_the_time_of_writing_come_first_whatever_partition_is_read_first(window):
    for offset, at_ms in enumerate([300, 100, 200]):
        window.add(received(article(f"at{at_ms}"), offset, at_ms=at_ms))
    page = window.newest(most=2)
    assert (ids(page), page.has_more) == (["at300", "at200"], True)
    assert ids(window.newest(skip=2, most=2)) == ["at100"]


def test_the_oldest_leave_when_there_are_too_many(window):
    for offset in range(25):
        window.add(received(article(f"n{offset}"), offset))
    assert ids(window.newest()) == [f"n{number}" for number in range(24, 14, -1)]
    assert window.records("n3") == ()
    assert window.at("published:0:3") is None
    assert window.langs() == [("ar", 10)]


def test_the_oldest_leave_when_their_bytes_are_too_many():
    window = Window(1000, 100_000)
    for offset in range(20):
        window.add(received(article(f"n{offset}", text="خبر " * 2000), offset))
    count, size_bytes = window.size()
    assert 1 <= count < 20
    assert size_bytes <= 100_000
    for offset in range(20, 220):
        window.add(received(article(f"n{offset}", text="خبر"), offset))
    assert window.size()[1] <= 100_000


def test_a_record_that_is_read_again_is_there_once(window):
    for _ in range(2):
        window.add(received(article(), 7))
        window.add(dead(3))
    assert window.size()[0] == len(window.dead()) == 1


def test_what_is_no_record_of_khabar_is_passed_over(window):
    for role in Role:
        window.add(received(b"{}", 1, role=role))
        window.add(received(b"\xff", 2, role=role))
    assert window.size() == (0, 0)
    assert window.dead() == []


def test_dead_letters_are_bounded_and_filtered_by_reason(window):
    for offset in range(MOST_DEAD + 5):
        window.add(dead(offset))
    window.add(dead(MOST_DEAD + 5, reason="crashed"))
    assert [each.offset for each in window.dead("crashed")] == [MOST_DEAD + 5]
    assert len(window.dead()) == MOST_DEAD
    assert window.dead()[-1].offset == 6


def test_a_copy_finds_the_first_record_of_its_original_and_not_itself(window):
    window.add(received(article("one"), 1))
    again = Duplicate(relation=Relation.EXACT, of="one", cluster="one")
    window.add(received(article("one", duplicate=again), 2, role=Role.DUPLICATES))
    window.add(received(article("two", duplicate=again), 3, role=Role.DUPLICATES))
    for name in ("duplicates:0:2", "duplicates:0:3"):
        assert window.original(window.at(name)).place.name == "published:0:1"
    assert window.original(window.at("published:0:1")) is None
    for offset in range(10, 18):
        window.add(received(article(f"n{offset}"), offset))
    assert window.original(window.at("duplicates:0:2")) is None  # the first record has left the window


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"text": "حديقةٌ لمصر"}, ["ar"]),
        ({"text": "الــقاهره"}, ["ar"]),
        ({"entities": "القاهِرَة"}, ["ar"]),
        ({"entities": "iso:EG"}, ["ar"]),
        ({"lang": "en"}, ["en"]),
        ({"source": "sada.example"}, ["en", "ar"]),
        ({"relations": "near"}, []),
        ({"text": "nowhere"}, []),
    ],
    ids=str,
)
def test_searching_folds_arabic_as_every_filter_does(window, wanted, found):
    arabic = article("ar")
    entity = named(arabic.text, "القاهرة")
    window.add(received(article("ar", entities=(entity,)), 1))
    window.add(received(article("en", lang="en", title="A park", text="A park opened."), 2))
    page = window.search(filter_of(**wanted))
    assert (ids(page), page.found) == (found, len(found))
    # One rule for the page and for `khabar tail`.
    for entry in window.newest().entries:
        assert filter_of(**wanted).takes(entry.article) == (entry.card.id in found)
