"""Fitting a forest: CatBoost learns it, and what it learnt is copied out."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from catboost import CatBoostClassifier, Pool
from numpy.typing import NDArray

from workers.boilerplate.forest import LEAF_UNIT, Forest

SEED = 1
DEPTH = 6


def fit(  # noqa: PLR0913 - what is learnt from, and three settings by name
    rows: NDArray[np.float32],
    labels: NDArray[np.float32],
    weights: NDArray[np.float32],
    names: Sequence[str],
    *,
    trees: int = 200,
    rate: float = 0.08,
    seed: int = SEED,
) -> Forest:
    """The forest that tells rows (N, F) labelled 1 from those labelled 0; deterministic for equal input.

    `seed` draws the rows and columns that each tree learns from. `labels` may lie between 0 and 1: the share of a row that is positive.
    """
    model = CatBoostClassifier(
        loss_function="CrossEntropy",
        iterations=trees,
        depth=DEPTH,
        learning_rate=rate,
        random_seed=seed,
        l2_leaf_reg=6,
        border_count=128,
        rsm=0.5,
        bootstrap_type="Bernoulli",
        subsample=0.8,
        thread_count=2,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(Pool(rows, labels, weight=weights))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        learnt = json.loads(path.read_text())
    return _copied(learnt, tuple(names))


def _copied(learnt: dict[str, object], names: tuple[str, ...]) -> Forest:
    """The trees of CatBoost's JSON model. Trees that stopped early are filled up with questions that are never so."""
    trees = learnt["oblivious_trees"]
    assert isinstance(trees, list)
    feature = np.zeros((len(trees), DEPTH), np.int32)
    border = np.full((len(trees), DEPTH), np.inf, np.float32)
    leaf = np.zeros((len(trees), 1 << DEPTH))
    for number, tree in enumerate(trees):
        for d, split in enumerate(tree["splits"] or ()):
            feature[number, d] = split["float_feature_index"]
            border[number, d] = split["border"]
        leaf[number, : len(tree["leaf_values"])] = tree["leaf_values"]
    scale_and_bias = learnt["scale_and_bias"]
    assert isinstance(scale_and_bias, list)
    scale, bias = scale_and_bias
    return Forest(
        names,
        feature,
        border,
        (leaf * scale * LEAF_UNIT).round().astype(np.int16),
        round(float(bias[0] if isinstance(bias, list) else bias) * LEAF_UNIT),
    )
