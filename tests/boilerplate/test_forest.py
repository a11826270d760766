"""Forests of oblivious trees."""

from dataclasses import replace

import numpy as np
import pytest

from workers.boilerplate.forest import CERTAIN, LEAF_UNIT, UNSURE_MARGIN, Forest, ForestPair, chances

# Two trees of depth 2 over two columns. The index of a leaf: bit 0 answers the first question, bit 1 the second.
FOREST = Forest(
    names=("length", "links"),
    feature=np.array([[0, 1], [1, 1]], np.int32),
    border=np.array([[10.0, 0.5], [0.2, np.inf]], np.float32),
    leaf=(np.array([[0.0, 1.0, -2.0, 3.5], [0.5, -0.5, 3.0, 3.0]]) * LEAF_UNIT).astype(np.int16),
    bias=LEAF_UNIT // 4,
)


@pytest.mark.parametrize(
    ("row", "margin"),
    [((5, 0.1), 0.0 + 0.5 + 0.25), ((20, 0.1), 1.0 + 0.5 + 0.25), ((5, 0.9), -2.0 - 0.5 + 0.25), ((20, 0.9), 3.5 - 0.5 + 0.25),
     ((10, 0.2), 0.0 + 0.5 + 0.25)],
    ids=["no, no", "yes, no", "no, yes", "yes, yes", "on the borders"],
)  # fmt: skip
def test_a_row_gets_the_sum_of_its_leaves(row, margin):
    assert FOREST.margins(np.array([row], np.float32)).tolist() == [margin * LEAF_UNIT]


def test_rows_and_columns_give_the_same_however_many_there_are():
    rows = np.random.default_rng(1).random((5_000, 2), np.float32) * 20
    one_by_one = [FOREST.margins(row[None])[0] for row in rows[::50]]
    assert FOREST.margins(rows)[::50].tolist() == one_by_one
    assert FOREST.margins_by_column(rows.T).tolist() == FOREST.margins(rows).tolist()
    assert FOREST.margins(rows[:0]).shape == (0,)


def test_a_pair_is_read_back_as_it_was_written_and_written_alike_each_time(tmp_path):
    pair = ForestPair(FOREST, FOREST, (FOREST, replace(FOREST, bias=7)))
    pair.save(tmp_path / "a.npz")
    pair.save(tmp_path / "b.npz")
    back = ForestPair.load(tmp_path / "a.npz").second
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert back.names == FOREST.names
    rows = np.array([[20, 0.9]], np.float32)
    assert back.margins(rows).tolist() == FOREST.margins(rows).tolist()
    assert [each.bias for each in ForestPair.load(tmp_path / "b.npz").others] == [FOREST.bias, 7]


@pytest.mark.parametrize("margin", [-40, -3, -0.5, 0, 0.01, 2, 40])
def test_chances_are_those_of_the_log_odds(margin):
    [chance] = chances(np.array([margin * LEAF_UNIT], np.int32))
    assert chance / CERTAIN == pytest.approx(1 / (1 + np.exp(-float(margin))), abs=1e-3)


def test_others_have_a_say_where_the_second_is_unsure_and_nowhere_else():
    other = replace(FOREST, bias=FOREST.bias + 2 * LEAF_UNIT)
    pair = ForestPair(FOREST, FOREST, (other, other, other))
    columns = np.array([[5, 20], [0.1, 0.9]], np.float32)
    unsure, sure = FOREST.margins_by_column(columns).tolist()
    assert abs(unsure) < UNSURE_MARGIN * LEAF_UNIT < abs(sure)
    assert pair.second_margins(columns).tolist() == [unsure + 3 * LEAF_UNIT // 2, sure]
    assert ForestPair(FOREST, FOREST).second_margins(columns).tolist() == [unsure, sure]


def test_a_row_has_the_same_margin_whatever_rows_stand_beside_it():
    rows = np.random.default_rng(3).random((700, 2), np.float32) * 20
    assert FOREST.margins(rows)[::7].tolist() == FOREST.margins(rows[::7]).tolist()


def test_what_catboost_learnt_is_copied_exactly():
    catboost = pytest.importorskip("catboost")
    from workers.boilerplate.training import fit

    random = np.random.default_rng(2)
    rows = random.normal(size=(500, 4)).astype(np.float32)
    labels = (rows[:, 0] * rows[:, 1] > 0).astype(np.float32)
    forest = fit.fit(rows, labels, np.ones(500, np.float32), ("a", "b", "c", "d"), trees=20)
    again = fit.fit(rows, labels, np.ones(500, np.float32), ("a", "b", "c", "d"), trees=20)
    assert catboost.__version__
    assert forest.margins(rows).tolist() == again.margins(rows).tolist()
    assert ((forest.probabilities(rows) > 0.5) == (labels > 0.5)).mean() > 0.9
