"""Make the model that reads plain-text dumps: `python -m workers.boilerplate.training.dump FOLDER [--report]`.

FOLDER is `extraction/dev`. The model learns from the dumps of `text.mixed` that may be learnt from, from pages written
out as text, and from dumps composed of their articles, all also in other scripts and with markers forgotten. With
`--report` each dump is judged by a model that has not seen its site, and the scores are printed; without, the model is
written to `data/dump.npz`.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.dumpcontext import CONTEXT, put_context, said
from workers.boilerplate.dumpfeatures import Rows, features
from workers.boilerplate.forest import Forest, ForestPair
from workers.boilerplate.textdump import read_dump
from workers.boilerplate.training.dumpcompose import composed
from workers.boilerplate.training.dumppages import (
    FOLDS,
    SOURCES,
    Dump,
    cases,
    fold_of,
    forgetful,
    real_dumps,
    restyled,
    sites,
    written_dumps,
)
from workers.boilerplate.training.dumpscores import f1, scored
from workers.boilerplate.training.dumpscripts import rescripted
from workers.boilerplate.training.fit import SEED, fit

Table = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Rows, labels and weights."""

_COMPOSED: Final = 600
_NEWS: Final = frozenset({"fundus", "n4k"})
_NEWS_WEIGHT: Final = 2.0
"""News pages are a fifth of the dumps to learn from, and nearly all that is read."""
_TREES: Final = (150, 150)
_RATES: Final = (0.12, 0.1)
_FAR_PROSE: Final = 20
_FAR_KEPT: Final = 0.25
"""Of the lines of menus, far from any paragraph, one of four is learnt from and counts for four."""
_PARTS: Final = 2


def train(real: Sequence[Dump], written: Sequence[Dump]) -> ForestPair:
    """The model learnt from dumps; deterministic.

    The second forest learns from what the first says of sites that it has not seen: for each half of the sites a first
    forest speaks that has learnt from the other.
    """
    rng = random.Random(SEED)
    parts = [_varied(_part(real, part), _part(written, part), rng) for part in range(_PARTS)]
    tables = [_table(varied, None) for varied in parts]
    names = features(real[0].lines, real[0].markers).names
    others = [_together([*tables[:part], *tables[part + 1 :]]) for part in range(_PARTS)]
    firsts = [fit(*table, names, trees=_TREES[0], rate=_RATES[0]) for table in others]
    first = fit(*_together(tables), names, trees=_TREES[0], rate=_RATES[0])
    tables = [_table(varied, unseen) for varied, unseen in zip(parts, firsts, strict=True)]
    second = fit(*_together(tables), (*names, *CONTEXT), trees=_TREES[1], rate=_RATES[1])
    return ForestPair(first, second)


def _part(dumps: Sequence[Dump], part: int) -> list[Dump]:
    return [dump for dump in dumps if crc32(f"part {dump.group}".encode()) % _PARTS == part]


def _varied(real: Sequence[Dump], written: Sequence[Dump], rng: random.Random) -> list[Dump]:
    """The dumps to learn from, each once as it is and once in another form, and as many composed of them."""
    found: list[Dump] = []
    for dump in real:
        weight = _NEWS_WEIGHT if dump.source in _NEWS else 1.0
        found.append(_weighted(dump, weight))
        for _ in range(2 if dump.source in _NEWS else 1):
            other = restyled(dump, rng) if rng.random() < 0.4 else dump
            found.append(_weighted(forgetful(rescripted(other, rng), rng), 0.6 * weight))
    for dump in written:
        other = restyled(dump, rng) if rng.random() < 0.7 else dump
        other = rescripted(other, rng) if rng.random() < 0.5 else other
        found.append(_weighted(forgetful(other, rng), 0.5 if dump.gold else 0.8))
    for dump in composed(real, _COMPOSED // _PARTS, rng):
        other = rescripted(dump, rng) if rng.random() < 0.6 else dump
        found.append(_weighted(forgetful(other, rng), 0.5))
    return found


def _weighted(dump: Dump, weight: float) -> Dump:
    return replace(dump, known=dump.known * np.float32(weight))


def _table(dumps: Sequence[Dump], first: Forest | None) -> Table:
    """What a forest learns from: the second one's rows when the `first` is given."""
    parts = [part for number, dump in enumerate(dumps) if (part := _rows(dump, first, number))]
    rows, labels, weights = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(weights)


def _rows(dump: Dump, first: Forest | None, number: int) -> Table | None:
    if not len(dump.labels):
        return None
    rows = features(dump.lines, dump.markers, spare=len(CONTEXT) if first else 0)
    weights = _weights(dump, rows)
    is_far = (rows.columns[rows.names.index("prose_15")] < _FAR_PROSE) & (dump.labels < 0.1)
    drawn = np.random.default_rng(number).random(len(weights))
    weights = np.where(is_far, weights / _FAR_KEPT, weights).astype(np.float32)
    kept = (weights > 0) & ~(is_far & (drawn > _FAR_KEPT))
    if first:
        own = len(rows.names)
        put_context(rows.columns[own:], rows, said(first, rows.columns[:own]))
    return rows.columns.T[kept], dump.labels[kept], weights[kept]


def _weights(dump: Dump, rows: Rows) -> NDArray[np.float32]:
    """How much each line counts: its share of the main text, as in the score, and a little for being a line."""
    gold = max(float((rows.weight * dump.labels).sum()), 300.0)
    root = np.sqrt(rows.weight)
    line = 0.075 / len(root) ** 0.5 + 0.3 * root / max(float(root.sum()), 1.0)
    result: NDArray[np.float32] = ((line + np.minimum(rows.weight / gold, 1)) * dump.known).astype(np.float32)
    return result


def _together(tables: Sequence[Table]) -> Table:
    rows, labels, weights = zip(*tables, strict=True)
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(weights)


def folds(real: Sequence[Dump], written: Sequence[Dump]) -> Iterator[tuple[int, ForestPair]]:
    """For each fold the model that has not seen its sites."""
    for fold in range(FOLDS):
        yield (
            fold,
            train(
                [dump for dump in real if fold_of(dump.group) != fold],
                [dump for dump in written if fold_of(dump.group) != fold],
            ),
        )


def report(folder: Path, real: Sequence[Dump], written: Sequence[Dump]) -> None:
    """Print the scores of all dumps by source and language, each judged by a model that has not seen its site.

    Sources that are never learnt from are judged by the model of the first fold.
    """
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    site = sites(folder)
    for fold, model in folds(real, written):
        for file in ("text.mixed", "text.synth-ar", "text.arabi21"):
            for case in cases(folder / f"{file}.jsonl.gz"):
                is_learnt = case["source"] in SOURCES
                if fold != (fold_of(site[case["id"]]) if is_learnt else 0):
                    continue
                score = scored(case["gold"], read_dump(case["text"], forests=model).text)
                for name in (file, case["source"], f"{case['source']} {case['lang']}"):
                    found[name].append(score)
    for name, scores in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"{name:24} {len(scores):5} F1 {f1(scores):.4f}")


def main() -> None:
    """Train on the folder that is named, or report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    real, written = real_dumps(given.folder), written_dumps(given.folder)
    if given.report:
        report(given.folder, real, written)
        return
    with as_file(files("workers.boilerplate").joinpath("data/dump.npz")) as path:
        train(real, written).save(path)


if __name__ == "__main__":
    main()
