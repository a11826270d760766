"""Words of a dump as numbers: what lines share, counted as sets of words would count it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.boilerplate.dumpspans import Spans
from workers.boilerplate.dumpwords import shared, small_and_topical, words_of


def words(*lines):
    chars, spaces = (np.array([*map(count, lines)]) for count in (len, lambda line: line.count(" ")))
    return words_of("\n".join(lines), chars, spaces, Spans.of([len(lines)]))


def sets(*lines):
    return [set(line) if 16 * len(line.split()) < len(line) else set(line.split()) for line in lines]


LINES = st.lists(
    st.lists(
        st.sampled_from(["a", "b", "c", "dd", "eee", "x" * 17, "\u6c34" * 20]), min_size=1, max_size=6
    ).map(" ".join),
    min_size=1,
    max_size=12,
)


@given(LINES)
def test_each_line_has_its_distinct_words_once(lines):
    found, expected = words(*lines), sets(*lines)
    assert found.sizes.tolist() == [*map(len, expected)]
    names = {number: word for word, number in found.numbers[0].items()}
    pairs = [(line, names[word]) for line, word in zip(found.line.tolist(), found.word.tolist(), strict=True)]
    assert sorted(pairs) == sorted((index, word) for index, line in enumerate(expected) for word in line)


@given(LINES, st.data())
def test_what_kept_lines_share_is_what_their_sets_of_words_share(lines, data):
    kept = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    expected = sets(*lines)
    spread = [word for line, is_kept in zip(expected, kept, strict=True) if is_kept for word in line]
    bound = max(4, 0.2 * sum(kept))
    for line, is_kept, share in zip(expected, kept, shared(words(*lines), np.array(kept)), strict=True):
        rare = [word for word in line if spread.count(word) < bound]
        elsewhere = [word for word in rare if spread.count(word) > is_kept]
        assert share == pytest.approx(len(elsewhere) / max(len(rare), 1))


def test_small_words_stand_in_many_long_lines_and_topical_ones_in_some():
    lines = ["the crane of the port", "the ferry to the port", "the quay by the museum", "contact the crane"]
    small, topical = small_and_topical(words(*lines), np.array([True, True, True, False]))
    assert small.tolist() == [1 / 4, 1 / 4, 1 / 4, 1 / 3]
    assert topical.tolist() == [1 / 4, 1 / 4, 0, 0]


def test_lines_are_found_by_their_words():
    found = words("photo : afp", "the photographer", "a photo", "photo afp")
    assert sorted(set(found.lines_with(["photo", "unknown"]).tolist())) == [0, 2, 3]
    assert found.lines_with(["unknown"]).tolist() == []
