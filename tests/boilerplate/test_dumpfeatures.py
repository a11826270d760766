"""Features of the lines of a dump: what they count, and that they are numbers for whatever text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.boilerplate.dumpcontext import CONTEXT, put_context, said
from workers.boilerplate.dumpfeatures import features
from workers.boilerplate.dumplines import Lines, behind_each_other, split_lines
from workers.boilerplate.dumpspans import Spans
from workers.boilerplate.forest import shipped
from workers.boilerplate.markers import find_marker


def named(*texts, blanks=None, bulleted=None):
    count = len(texts)
    lines = Lines([*texts], blanks or [0] * count, bulleted or [False] * count)
    rows = features(lines, [find_marker(text) for text in texts])
    return {name: column.tolist() for name, column in zip(rows.names, rows.columns, strict=True)}


PROSE = "The last of the three old cranes will be taken down next month, the harbour authority said, and not sold."


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("قال المدير، إن الرصيف سيفتح؟", "ends_stop", 1),
        ("قال المدير، إن الرصيف سيفتح؟", "commas", 1),
        ("قال المدير «إن الرصيف سيفتح.»", "ends_stop", 1),
        ("قال المدير «إن الرصيف سيفتح.»", "ends_closed", 1),
        ("水" * 10, "weight", 30),
        ("Ann Lee writes", "capitals", 2 / 3),
        ("\u0642\u0627\u0644", "capitals", -1),
        ("4 March 2024, 10:15", "clock", 1),
        ("4 March 2024, 10:15", "begins_digit", 1),
        ("The quay (Photo: Reuters)", "credit", 1),
        ("The photographer of quays", "credit", 0),
        ("And so on ...", "ellipsis", 1),
        ("Related:", "ends_colon", 1),
    ],
    ids=str,
)
def test_a_line_is_counted_in_every_script(text, name, value):
    assert named(text)[name] == pytest.approx([value])


def test_distances_to_markers_count_lines_and_prose():
    found = named(PROSE, PROSE + " Now.", "Tags: harbour", "Ferries", "Read also", "Museum")
    assert found["since_keywords"] == [60, 60, 60, 1, 2, 3]
    assert found["since_read_also"] == [60, 60, 60, 60, 60, 1]
    assert found["to_marker"] == [2, 1, 2, 1, 60, 60]
    assert found["count_cuts"] == [0, 0, 0, 1, 1, 2]
    assert found["prose_to_first_cut"][:3] == [-1, -1, -1]
    assert found["prose_to_first_cut"][3] == pytest.approx(np.log1p(2 * len(PROSE) + 5))
    assert found["prose_since_cut"] == pytest.approx([-1, -1, -1, 0, 0, 0])


def test_neighbours_and_windows_end_where_the_dump_ends():
    found = named("One.", "Two", "Three.", "Four")
    assert found["ends_3"] == pytest.approx([0.5] * 4)
    assert found["copies-1"] == [-1, 1, 1, 1]
    assert found["copies+3"] == [1, -1, -1, -1]
    assert found["lines_behind"] == [4, 3, 2, 1]


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=300))
def test_features_are_finite_and_have_the_names_that_the_model_knows(text):
    lines = split_lines(text)
    if not lines.texts:
        return
    pair = shipped("dump")
    rows = features(lines, [find_marker(line) for line in lines.texts], spare=len(CONTEXT))
    own = len(rows.names)
    put_context(rows.columns[own:], rows, pair.first.probabilities(rows.columns[:own].T))
    assert np.isfinite(rows.columns).all()
    assert rows.names == pair.first.names
    assert (*rows.names, *CONTEXT) == pair.second.names


LINES = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=40),
        st.sampled_from(
            [PROSE, PROSE * 2, "Tags: harbour", "Read also", "Comments", "\u6c34" * 90, "Ferries"]
        ),
    ),
    min_size=1,
    max_size=30,
)


def columns(lines, spans):
    """All that either forest is told."""
    markers = [find_marker(line) for line in lines.texts]
    rows = features(lines, markers, spans=spans, spare=len(CONTEXT))
    own = len(rows.names)
    put_context(rows.columns[own:], rows, said(shipped("dump").first, rows.columns[:own]))
    return rows.columns


@given(st.lists(LINES, min_size=2, max_size=5))
def test_what_stands_beside_a_dump_changes_none_of_its_numbers(texts):
    dumps = [lines for lines in map(split_lines, map("\n".join, texts)) if lines.texts]
    if not dumps:
        return
    sizes = [len(lines.texts) for lines in dumps]
    together = columns(behind_each_other(dumps), Spans.of(sizes))
    for lines, span in zip(dumps, Spans.of(sizes), strict=True):
        assert (together[:, span] == columns(lines, None)).all()
