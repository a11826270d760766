import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dedup.stories import article, beginning, made_up, with_words_changed
from workers.dedup.index import Fingerprint
from workers.dedup.rules import RULES, is_near, resemblance, similarity
from workers.dedup.stage import fingerprint


def of(text: str) -> Fingerprint:
    return fingerprint([article(text)])[0]


def true_jaccard(one: str, other: str) -> float:
    a, b = (
        {tuple(words[n : n + 3]) for n in range(len(words) - 2)} for words in (one.split(), other.split())
    )
    return len(a & b) / len(a | b)


@pytest.mark.parametrize("changed", [0, 1, 3, 8, 20])
@pytest.mark.parametrize(("words", "tolerance"), [(60, 0.0), (2000, 0.2)], ids=["whole sketch", "sampled"])
def test_the_estimate_is_near_the_truth_and_exact_for_short_texts(changed, words, tolerance):
    text = made_up(1, words)
    other = with_words_changed(text, *range(5, 5 + changed * (words // 25), words // 25))
    found = resemblance(of(text), of(other)).jaccard
    assert found == pytest.approx(true_jaccard(text, other), abs=tolerance + 1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(3, 200))
def test_resemblance_has_no_direction(seed, other, words):
    one, two = of(made_up(seed, words)), of(made_up(other, words // 2 + 3))
    assert resemblance(one, two) == resemblance(two, one)


def test_a_text_resembles_itself_wholly():
    found = resemblance(of(made_up(1)), of(made_up(1)))
    assert (found.jaccard, found.containment) == (1.0, 1.0)


def test_no_shingles_resemble_nothing():
    found = resemblance(of(""), of(""))
    assert (found.jaccard, found.containment) == (0.0, 0.0)


@pytest.mark.parametrize(("ratio", "expected"), [(0.5, True), (0.3, True), (0.1, False)])
def test_a_beginning_counts_as_a_copy_down_to_the_length_ratio(ratio, expected):
    text = made_up(1, words=400)
    one, other = of(text), of(beginning(text, ratio))
    found = resemblance(one, other)
    assert found.containment > RULES.containment
    assert is_near(one, other, found) is expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("1 2 3 4 5 6", "1 2 3 4 5 6", True),
        ("1 2 3 4 5 6", "1 2 3 7 8 9", True),
        ("1 2 3 4 5 6", "1 2 7 8 9 10", False),
        ("1 2 3 4", "5 6 7 8", True),
        ("", "1 2 3 4 5 6", True),
        ("\u0661 \u0662 \u0663 \u0664 \u0665", "1 2 3 4 5", True),
    ],
    ids=["all agree", "half agrees", "a third agrees", "too few to judge", "none", "ar digits"],
)
def test_numbers_have_to_agree(ours, theirs, expected):
    text = made_up(1, words=100)
    one, other = of(f"{text} {ours}"), of(f"{text} {theirs}")
    assert is_near(one, other, resemblance(one, other)) is expected


@pytest.mark.parametrize(("jaccard", "expected"), [(0.0, 0.0), (1 / 3, 0.3333), (2 / 3, 0.6667), (1.0, 1.0)])
def test_similarity_has_four_decimals(jaccard, expected):
    assert similarity(jaccard) == expected
