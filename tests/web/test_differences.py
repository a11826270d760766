"""Two texts side by side, and which words are marked."""

import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from schemas.published_article import Duplicate, Relation
from tests.support.web import article
from workers.web.differences import differences

NEAR = Duplicate(relation=Relation.NEAR, of="a1", similarity=0.8, cluster="a1")


def marks(parts):
    return [each.text for each in turbohtml.parse("".join(parts)).select("mark")]


def compared(here, there):
    return differences(article("a2", text=here, duplicate=NEAR), article(text=there), 10_000)


def test_the_words_that_only_one_has_are_marked_in_it():
    found = compared(
        "قال الوزير إن ثلاثين بيتا هدمت في القرية أمس", "قال الوزير إن أربعين بيتا هدمت في القرية أمس"
    )
    assert (marks(found.here), marks(found.there)) == (["ثلاثين"], ["أربعين"])
    assert (found.only_here, found.only_there) == (1, 1)


def test_case_accents_and_punctuation_are_no_difference():
    found = compared("The Café, at the Port, opened today.", "the cafe at the port opened TODAY")
    assert (marks(found.here), found.only_here, found.only_there) == ([], 0, 0)


def test_neighbours_are_one_mark_and_a_paragraph_ends_it():
    found = compared("one two three four five\n\nsix seven eight", "one two three eight")
    assert marks(found.here) == ["four five", "six seven eight"]


def test_texts_of_fewer_words_than_a_shingle_are_the_same_when_they_are():
    assert compared("Fire out", "FIRE OUT").only_here == 0
    assert compared("Fire out", "Fire in").only_here == 2


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared(here, there):
    found = compared(here, there)
    assert found.only_here >= 0
    assert len(found.here) == here.count("\n\n") + 1 or "\n\n\n" in here
