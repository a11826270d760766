"""What was decided for an event counts for others once the event is committed; until then it may end otherwise.

Two workers, one batch each: worker 1 reads raw:1, worker 2 reads raw:2.
"""

import pytest

from schemas.published_article import Duplicate, Relation
from schemas.tagged_article import TaggedArticle
from tests.dedup.stories import article, made_up, name_of, with_words_changed
from workers.dedup.index import Candidate, Index, PendingError, Read
from workers.dedup.stage import fingerprint

STORY = made_up(1)
COPY = with_words_changed(STORY, 30)
UNIQUE, EXACT, NEAR = Relation.UNIQUE, Relation.EXACT, Relation.NEAR


def arrival(reader: str, offset: int, what: TaggedArticle) -> Candidate:
    return Candidate(f"{reader}:{offset}", fingerprint([what])[0], Read(reader, offset))


def of(verdict: Duplicate) -> tuple[Relation, str | None]:
    return verdict.relation, name_of(verdict.of)


ORIGINAL = arrival("raw:1", 7, article(STORY, name="original"))


@pytest.fixture(params=[STORY, COPY], ids=["exact copy", "near copy"])
def copy(request: pytest.FixtureRequest) -> Candidate:
    return arrival("raw:2", 3, article(request.param, name="copy"))


@pytest.fixture
def index(make_index) -> Index:
    """Worker 1 has decided its batch and not committed it."""
    made = make_index()
    assert of(made.decide([ORIGINAL], own={"raw:1": 0})[0]) == (UNIQUE, None)
    return made


def test_a_copy_waits_for_the_original_that_another_worker_has_in_hand(index, copy):
    for _ in range(2):
        with pytest.raises(PendingError) as raised:
            index.decide([copy], own={"raw:2": 0})
        assert raised.value.blocked_by == Read("raw:1", 7)


def test_a_batch_that_waits_has_left_nothing(index, copy):
    other = arrival("raw:2", 2, article(made_up(2), name="other"))
    with pytest.raises(PendingError):
        index.decide([other, copy], own={"raw:2": 0})
    [verdict] = index.decide([arrival("raw:1", 8, article(made_up(2), name="again"))], own={"raw:1": 0})
    assert of(verdict) == (UNIQUE, None)


@pytest.mark.parametrize("committed", [8, 900])
def test_once_it_is_committed_it_counts(index, copy, committed):
    index.committed({"raw:1": committed})
    assert of(index.decide([copy], own={"raw:2": 0})[0])[1] == "original"


def test_what_is_committed_below_it_does_not_help(index, copy):
    index.committed({"raw:1": 7})
    with pytest.raises(PendingError):
        index.decide([copy], own={"raw:2": 0})


def test_a_story_of_its_own_does_not_wait(index):
    [verdict] = index.decide([arrival("raw:2", 3, article(made_up(2)))], own={"raw:2": 0})
    assert of(verdict) == (UNIQUE, None)


def test_work_repeated_by_the_same_worker_gets_the_verdict_it_had(index):
    assert of(index.decide([ORIGINAL], own={"raw:1": 0})[0]) == (UNIQUE, None)


def test_work_repeated_by_the_partitions_new_owner_gets_the_verdict_it_had(index):
    assert of(index.decide([ORIGINAL], own={"raw:1": 0, "raw:2": 0})[0]) == (UNIQUE, None)


def test_an_event_that_ends_otherwise_is_nobodys_original(index, copy):
    """Its worker was killed; at the second try it is a dead letter."""
    index.decide([], withdrawn=["raw:1:7"], own={"raw:1": 0})
    assert of(index.decide([copy], own={"raw:2": 0})[0]) == (UNIQUE, None)


def test_what_is_committed_cannot_be_withdrawn(index, copy):
    index.committed({"raw:1": 8})
    index.decide([], withdrawn=["raw:1:7"], own={"raw:1": 8})
    assert of(index.decide([copy], own={"raw:2": 0})[0])[1] == "original"


def test_in_a_repeated_batch_a_copy_of_what_was_withdrawn_is_decided_anew(make_index):
    index = make_index()
    batch = [ORIGINAL, arrival("raw:1", 8, article(COPY, name="copy"))]
    assert [of(v) for v in index.decide(batch, own={"raw:1": 0})] == [(UNIQUE, None), (NEAR, "original")]
    [verdict] = index.decide(batch[1:], withdrawn=["raw:1:7"], own={"raw:1": 0})
    assert of(verdict) == (UNIQUE, None)


def test_an_original_that_was_not_committed_gives_way_to_a_copy_that_its_new_owner_reads_first(index, copy):
    """Worker 1 was killed; worker 2 owns both partitions now."""
    assert of(index.decide([copy], own={"raw:1": 0, "raw:2": 0})[0]) == (UNIQUE, None)
    relation, original = of(index.decide([ORIGINAL], own={"raw:1": 0, "raw:2": 4})[0])
    assert (relation in {EXACT, NEAR}, original) == (True, "copy")


def test_an_original_read_again_in_the_same_batch_counts_for_the_copies_behind_it(index, copy):
    verdicts = index.decide([ORIGINAL, copy], own={"raw:1": 0, "raw:2": 0})
    assert [name_of(v.of) for v in verdicts] == [None, "original"]


def test_the_owner_knows_how_far_its_partitions_are_committed(index, copy):
    """Worker 1 was killed after the commit and before it could tell the index."""
    assert of(index.decide([copy], own={"raw:1": 8, "raw:2": 0})[0])[1] == "original"


def test_a_changed_page_waits_for_the_version_before_it(make_index):
    index, url = make_index(), "https://example.org/a/1"
    index.decide([arrival("raw:1", 7, article(STORY, name="first", url=url))], own={"raw:1": 0})
    changed = arrival("raw:2", 3, article(made_up(3), name="second", url=url))
    with pytest.raises(PendingError):
        index.decide([changed], own={"raw:2": 0})
    index.committed({"raw:1": 8})
    assert of(index.decide([changed], own={"raw:2": 0})[0]) == (Relation.REVISION, "first")


def test_lines_of_files_count_at_once(make_index):
    index = make_index()
    index.decide([Candidate("file:0:1", ORIGINAL.fingerprint)])
    assert of(index.decide([Candidate("file:0:2", ORIGINAL.fingerprint)])[0]) == (EXACT, "original")


def test_two_workers_whose_shards_wait_for_each_other_come_through(make_index):
    """Shards are asked in one order, so that of two workers one can always go on."""
    index = make_index(shards=7)
    languages = ["ar", "fa", "en", "ru", "fr"]
    texts = dict(zip(languages, map(made_up, range(50, 55)), strict=True))
    one, two = (
        [
            arrival(reader, n, article(texts[lang], name=f"{reader} {n}", lang=lang))
            for n, lang in enumerate(order)
        ]
        for reader, order in (("raw:1", languages), ("raw:2", languages[::-1]))
    )
    assert len(index.decide(one, own={"raw:1": 0})) == 5
    with pytest.raises(PendingError):
        index.decide(two, own={"raw:2": 0})
    index.committed({"raw:1": 5})
    assert {v.relation for v in index.decide(two, own={"raw:2": 0})} == {EXACT}
