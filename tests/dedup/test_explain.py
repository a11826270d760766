"""Why two articles are what they are to each other, from their whole texts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.published_article import Duplicate, Relation
from tests.dedup.stories import (
    FATHA,
    LANGUAGES,
    STORIES,
    TATWEEL,
    article,
    beginning,
    candidates,
    ident,
    made_up,
    with_words_changed,
)
from workers.dedup import rules
from workers.dedup.explain import MOST_PASSAGES, compare, in_words, words
from workers.dedup.signature import MAX_SHINGLES, SHINGLE_WORDS, sign
from workers.stores.memory_index import MemoryIndex

languages = pytest.mark.parametrize("lang", LANGUAGES)


def shingle_count(text):
    folded = [word.folded for word in words(text)]
    return len({tuple(folded[n : n + SHINGLE_WORDS]) for n in range(len(folded) - SHINGLE_WORDS + 1)})


def judged(earlier, later, **more):
    """The later article, the earlier one, and what the index says of the later."""
    pair = [article(earlier, name="first", **more), article(later, name="second", **more)]
    return pair[1], pair[0], MemoryIndex(window=100).decide(candidates(*pair))[1]


def verdict(relation, **more):
    return Duplicate(relation=relation, cluster=ident("first"), **more)


@languages
def test_words_are_those_that_fingerprints_are_made_of(lang):
    for text in STORIES[lang].values():
        assert shingle_count(text) == sign([text])[0].shingles


@given(st.text(), st.text())
def test_any_text_has_as_many_shingles_as_its_signature_says_and_words_stand_in_it(one, other):
    for text in (one, f"{one} {other}"):
        found = words(text)
        assert min(shingle_count(text), MAX_SHINGLES) == sign([text])[0].shingles
        assert all(0 <= word.start < word.end <= len(text) for word in found)
        assert [word.start for word in found] == sorted(word.start for word in found)


def test_a_word_s_span_takes_in_its_marks_and_its_folded_form_does_not():
    text = (
        f"\u0642\u0627{TATWEEL}\u0644{FATHA} \u0661\u0662"  # Arabic letters QAF, ALEF, LAM; digits ONE, TWO
    )
    plain = "\u0642\u0627\u0644 12"
    first, second = words(text)
    assert text[first.start : first.end] == f"\u0642\u0627{TATWEEL}\u0644"
    assert [word.folded for word in words(text)] == [word.folded for word in words(plain)]
    assert (second.is_number, first.is_number) == (True, False)


@languages
@pytest.mark.parametrize(
    ("change", "relation"),
    [
        (lambda s: s, Relation.EXACT),
        (lambda s: with_words_changed(s, 5, 30), Relation.NEAR),
        (lambda s: beginning(s, 0.6), Relation.TRUNCATED),
        (lambda s: s + "\n\n" + beginning(s[::-1], 0.4), Relation.EXTENDED),
    ],
    ids=["exact", "near", "truncated", "extended"],
)
def test_what_the_index_found_holds_by_the_whole_texts_too(lang, change, relation):
    story = STORIES[lang]["story"]
    later, earlier, found = judged(story, change(story), lang=lang)
    assert found.relation is relation
    comparison = compare(later, earlier, found)
    assert [check for check in comparison.checks if not check.holds] == []
    assert bool(comparison.checks) == (relation is not Relation.EXACT)
    assert comparison.likeness.jaccard == pytest.approx(found.similarity, abs=0.12)
    assert all(hasattr(rules.RULES, check.rule) for check in comparison.checks)


def test_an_alert_and_its_story_are_explained_both_ways_round():
    alert = made_up(1, 40)
    story = f"{alert} {made_up(2, 160)}"
    for earlier, later, relation in ((story, alert, Relation.CONTAINED_IN), (alert, story, Relation.UNIQUE)):
        first, second, found = judged(earlier, later)
        assert (found.relation, found.of or found.contains) == (relation, ident("first"))
        comparison = compare(first, second, found)
        assert {check.rule for check in comparison.checks} >= {"short_ratio", "SKETCH_SIZE"}
        assert all(check.holds for check in comparison.checks)


@languages
def test_passages_say_the_same_in_both_texts_and_stand_there(lang):
    story = STORIES[lang]["story"]
    later, earlier, found = judged(story, with_words_changed(story, 8, 20, 33), lang=lang)
    passages = compare(later, earlier, found).passages
    assert 1 < len(passages) <= MOST_PASSAGES
    for passage in passages:
        here = later.text[passage.start : passage.end]
        assert here == earlier.text[passage.other_start : passage.other_end]
        assert len(words(here)) == passage.words
    assert [passage.words for passage in passages] == sorted((p.words for p in passages), reverse=True)


def test_texts_without_a_shingle_in_common_have_no_passage_and_no_likeness():
    comparison = compare(article(made_up(1)), article(made_up(2)), verdict(Relation.NEAR, of=ident("x")))
    assert (comparison.passages, comparison.likeness.jaccard) == ((), 0)
    assert not all(check.holds for check in comparison.checks)


@pytest.mark.parametrize("text", ["", "!", "one two"])
def test_texts_too_short_for_shingles_are_alike_if_their_words_are(text):
    found = verdict(Relation.EXACT, of=ident("first"))
    assert compare(article(text), article(text), found).likeness.jaccard == 1
    assert compare(article(text), article(made_up(1)), found).likeness.jaccard == 0


def test_numbers_and_names_that_agree_and_differ_are_told_apart():
    here = article("5 men, \u0667 dogs, 9 cats", people=["Aziz", "Sami"])  # ARABIC-INDIC DIGIT SEVEN
    there = article("5 men, 7 dogs, 8 cats and 10 more", people=["Sami", "Huda"])
    comparison = compare(here, there, verdict(Relation.NEAR, of=ident("x")))
    numbers, names = comparison.numbers, comparison.names
    assert (numbers.both, numbers.only_here, numbers.only_there) == (("5", "\u0667"), ("9",), ("8", "10"))
    assert (names.both, names.only_here, names.only_there) == (("Sami",), ("Aziz",), ("Huda",))
    assert numbers.shared == pytest.approx(2 / 3)


def test_the_rule_of_the_numbers_is_stricter_where_texts_are_unlike():
    text = "1 2 3 4 5 6 " + made_up(1, 30)
    alike = compare(article(text), article(text + " x"), verdict(Relation.NEAR, of=ident("x")))
    assert "numbers_shared" in {check.rule for check in alike.checks}
    unlike = compare(article(text), article("1 2 3 4 5 7 " + made_up(2, 30)), verdict(Relation.NEAR, of="x"))
    assert "unlike_numbers_shared" in {check.rule for check in unlike.checks}


@pytest.mark.parametrize("relation", list(Relation))
def test_every_relation_has_words(relation):
    named = None if relation is Relation.UNIQUE else ident("first")
    said = in_words(verdict(relation, of=named, revision=3 if relation is Relation.REVISION else None))
    assert said.startswith(str(relation).replace("_", " "))
    assert (ident("first") in said) == (named is not None)
    assert ("3" in said.split(":")[0]) == (relation is Relation.REVISION)
    assert compare(article("a b c"), article("a b c"), verdict(relation, of=named)).rule


def test_a_unique_article_names_the_alert_that_it_contains():
    assert ident("alert") in in_words(verdict(Relation.UNIQUE, contains=ident("alert")))


def test_hostile_texts_are_compared_in_time():
    began = time.process_time()
    for text in ("a " * 100_000, "\u4e00" * 100_000, made_up(1, 20) * 2_000):
        compare(article(text), article(text + " b"), verdict(Relation.NEAR, of="x"))
    assert time.process_time() - began < 20
