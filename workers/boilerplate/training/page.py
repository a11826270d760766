"""The forests that judge the blocks of pages: `python -m workers.boilerplate.training.page FOLDER`.

FOLDER holds html.NAME.jsonl.gz (see evaluation/corpora.py); only the sets of pages.SETS are learnt from. Writes
page.npz into the package's data folder, or into --out. With --folds DIR it also writes, for
each fold of sites, the models that have not learnt from it, for `python -m workers.boilerplate.evaluate --folds DIR`.
Seeds are fixed: equal data, versions and number of threads give equal files.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workers.boilerplate.features import Array, context_of, features_of
from workers.boilerplate.forest import CERTAIN, Forest, ForestPair, chances
from workers.boilerplate.layout import Layout
from workers.boilerplate.maintext import HOPELESS
from workers.boilerplate.tokens import Ints
from workers.boilerplate.training.fit import fit
from workers.boilerplate.training.folds import FOLDS, fold_of
from workers.boilerplate.training.pages import Example, read_examples, varied

DATA = Path(__file__).parents[1] / "data"
_FIRST_TREES = 150
_SECOND_TREES = 250
_SEED = 11
_SEEDS = (11, 12, 13)
"""Of the second forest and the others; five are no better than three. One draw and the next differ by .003 F1: of six (1,
11, ... 51) fundus .967 to .971, wcxb .949 to .951, traf .930 to .933, and this one does best on the golden pages.
"""
_GUESSING_TREES = 120
_RATE = 0.07
_LONG_CHARS = 3_000
_SMALL_ARTICLE_CHARS = 200
_FLOOR = 0.002
_CEILING = 0.5
"""A block weighs what leaving it out would cost the page's F1, its share of the main text, within these bounds."""
_GUESSED = 0.5
_KNOWN = 1.5
_PARTIAL_CHARS = 400


@dataclass(slots=True)
class _Row:
    """An example with its columns (F, N) and layout."""

    example: Example
    columns: Array
    layout: Layout
    labels: Array
    weights: Array


def main(arguments: Sequence[str] | None = None) -> None:
    """Learn, and write the models."""
    parser = argparse.ArgumentParser(prog="python -m workers.boilerplate.training.page", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--folds", type=Path, metavar="DIR", help="where to write the models of each fold")
    options = parser.parse_args(arguments)
    try:
        examples = read_examples(options.folder)
    except (OSError, KeyError) as error:
        parser.error(f"{options.folder} holds a set that cannot be read: {error!r}")
    models, unseen = learn([*examples, *varied(examples)])
    models.save(options.out / "page.npz")
    _say(f"the models are in {options.out}")
    if options.folds:
        options.folds.mkdir(parents=True, exist_ok=True)
        for fold, each in enumerate(unseen):
            each.save(options.folds / f"{fold}.npz")
        _say(f"those of the {FOLDS} folds are in {options.folds}")


def learn(examples: Sequence[Example]) -> tuple[ForestPair, list[ForestPair]]:
    """The two forests that `examples` teach, and for each fold of sites those that the other folds teach.

    The second forest learns from what a first one says of pages whose sites it has not seen, as it will be used. Blocks
    of partly labelled pages are labelled by that, too, and count for less the less sure it was.
    """
    rows = [_row(example) for example in examples]
    names = features_of(examples[0].blocks, [examples[0].hints])[0].names
    _guess(rows, _judged(rows, _by_fold(rows, names, _GUESSING_TREES)))
    firsts = _by_fold(rows, names, _FIRST_TREES)
    first = _fitted(rows, names, _FIRST_TREES)
    for row, chance in zip(rows, _judged(rows, firsts), strict=True):
        context = context_of(chance, row.layout)
        row.columns = np.concatenate([row.columns, context.values])
        row.weights = np.where(chance >= HOPELESS * CERTAIN, row.weights, 0).astype(np.float32)
    names += context_of(np.zeros(len(rows[0].labels), np.int64), rows[0].layout).names
    seconds = [_by_fold(rows, names, _SECOND_TREES, seed) for seed in _SEEDS]
    second, *others = [_fitted(rows, names, _SECOND_TREES, seed) for seed in _SEEDS]
    unseen = [ForestPair(pair[0], pair[1], pair[2:]) for pair in zip(firsts, *seconds, strict=True)]
    return ForestPair(first, second, tuple(others)), unseen


def _row(example: Example) -> _Row:
    table, layout = features_of(example.blocks, [example.hints])
    labels = example.labels
    weights: Array
    if example.partial:
        weights = np.where(labels >= 0, 0.15 * np.minimum(layout.weight, 200) / 200, 0).astype(np.float32)
    else:
        weights = _importance(labels, layout.weight, _SMALL_ARTICLE_CHARS)
    weights = (weights * np.float32(example.importance)).clip(0, _CEILING)
    return _Row(example, table.values, layout, labels.clip(0, 1), weights.astype(np.float32))


def _importance(labels: Array, chars: Ints, least: int) -> Array:
    article = max(float(least), float((chars * (labels > 0.5)).sum()))
    return (_FLOOR + np.minimum(chars, _LONG_CHARS) / article).astype(np.float32)


def _guess(rows: Sequence[_Row], judged: Sequence[Ints]) -> None:
    """Label what is not known of partly labelled pages."""
    for row, chance in zip(rows, judged, strict=True):
        if row.example.partial:
            known = row.example.labels >= 0
            guessed = chance / CERTAIN
            row.labels = np.where(known, row.labels, guessed).astype(np.float32)
            sureness = np.where(known, _KNOWN, np.abs(guessed - 0.5) * 2 * _GUESSED)
            weights = (
                sureness * _importance(row.labels, row.layout.weight, _PARTIAL_CHARS) * row.example.importance
            )
            row.weights = weights.clip(0, _CEILING).astype(np.float32)


def _by_fold(rows: Sequence[_Row], names: Sequence[str], trees: int, seed: int = _SEED) -> list[Forest]:
    """For each fold the forest that the other folds teach."""
    folds = [fold_of(row.example.host) for row in rows]
    forests = []
    for fold in range(FOLDS):
        others = [row for row, own in zip(rows, folds, strict=True) if own != fold]
        forests.append(_fitted(others, names, trees, seed))
        _say(f"fold {fold} of {FOLDS}, {len(names)} columns")
    return forests


def _judged(rows: Sequence[_Row], forests: Sequence[Forest]) -> list[Ints]:
    """What the forest that has not learnt from a page's site says of its blocks, in parts of CERTAIN."""
    return [chances(forests[fold_of(row.example.host)].margins_by_column(row.columns)) for row in rows]


def _fitted(rows: Sequence[_Row], names: Sequence[str], trees: int, seed: int = _SEED) -> Forest:
    weights = np.concatenate([row.weights for row in rows])
    labels = np.concatenate([row.labels for row in rows])
    columns = np.concatenate([row.columns for row in rows], axis=1)
    counts = weights > 0
    return fit(columns.T[counts], labels[counts], weights[counts], names, trees=trees, rate=_RATE, seed=seed)


def _say(line: str) -> None:
    sys.stderr.write(f"{time.process_time():.0f} s of CPU: {line}\n")


if __name__ == "__main__":
    main()
