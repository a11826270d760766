"""Learning the models: `python -m workers.entities.training.learn FOLDER`.

FOLDER holds SOURCE.jsonl.gz (see corpora.py). Writes models/LANG.npz into the package's data folder, or into --out. With
--folds DIR it also writes, for each fifth of each source, the model that has not learnt from it, for
`python -m workers.entities.evaluate --folds DIR`. CRFsuite learns by L-BFGS from zero, so equal data and versions give equal
files.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pycrfsuite
from numpy.typing import NDArray

from workers.entities.features import NO_ROW
from workers.entities.gazetteer import gazetteer
from workers.entities.lexicon import lexicon
from workers.entities.model import OUTSIDE, UNIT, Model, feature_rows, without_jumps
from workers.entities.tokens import Tokens, tokens_of
from workers.entities.training.corpora import FOLDS, SOURCES, Text, held_out, read, texts

DATA = Path(__file__).parents[1] / "data" / "models"
_PENALTY = (0.0, 0.5)
"""L1 and L2. Chosen on held-out fifths: F1 .843 for .815 with (.1, .02) in Russian, .703 for .697 in German, .720 for .711 in Arabic."""
_OWN_PENALTY = {"tr": (0.1, 0.02)}
"""Turkish is learnt from an encyclopaedia's loose sentences: sparse weights do .003 worse on them, and .08 better on our news."""
_ROUNDS = 90
_WITHOUT_MISC = frozenset({"en"})
"""Two of the four English sources mark no MISC: what one calls so would be outside for the others."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Learn, and write the models."""
    parser = argparse.ArgumentParser(prog="python -m workers.entities.training.learn", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--langs", default=",".join(SOURCES), help="%(default)s")
    parser.add_argument("--folds", type=Path, metavar="DIR", help="where to write the models of each fold")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for lang in options.langs.split(","):
        records = {source: read(options.folder, source) for source in SOURCES[lang]}
        learn({source: list(texts(each, source)) for source, each in records.items()}, lang).save(
            options.out / f"{lang}.npz"
        )
        if options.folds:
            options.folds.mkdir(parents=True, exist_ok=True)
            for fold in range(FOLDS):
                seen = {
                    source: list(texts(held_out(each, fold)[0], source)) for source, each in records.items()
                }
                learn(seen, lang).save(options.folds / f"{lang}.{fold}.npz")


def learn(corpora: Mapping[str, Sequence[Text]], lang: str) -> Model:
    """The model of `lang` that the texts of its sources teach."""
    begun = time.process_time()
    trainer = pycrfsuite.Trainer(verbose=False)
    total = 0
    for source, corpus in corpora.items():
        total += _append(trainer, corpus, SOURCES[lang][source])
    l1, l2 = _OWN_PENALTY.get(lang, _PENALTY)
    trainer.set_params({"c1": l1, "c2": l2, "max_iterations": _ROUNDS, "feature.possible_transitions": True})
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.crfsuite")
        trainer.train(path)
        model = _copied(path)
    sys.stderr.write(
        f"{time.process_time() - begun:.0f} s of CPU: {lang}, {total:,} tokens, {len(model.labels)} labels\n"
    )
    return model


def _append(trainer: pycrfsuite.Trainer, corpus: Sequence[Text], lang: str) -> int:
    """Give the texts, which are in `lang`, to the trainer; the number of their tokens."""
    tokens = tokens_of([text.text for text in corpus])
    words, known = lexicon(lang).words(tokens)
    names = gazetteer(lang)
    categories = names.categories(tokens, names.find(tokens, words))
    rows = np.stack(list(feature_rows(tokens, words, known, categories)))
    labels = labels_of(tokens, corpus, lang)
    for sentence in sentences(tokens):
        items = [
            [str(row) for row in sorted(set(token.tolist())) if row != NO_ROW]
            for token in rows[:, sentence].T
        ]
        trainer.append(pycrfsuite.ItemSequence(items), labels[sentence])
    return len(tokens)


def sentences(tokens: Tokens) -> Iterable[slice]:
    """Where each sentence stands among the tokens."""
    begins = np.flatnonzero(np.diff(tokens.sentence, prepend=-1)).tolist()
    return [slice(begin, end) for begin, end in zip(begins, [*begins[1:], len(tokens)], strict=True)]


def labels_of(tokens: Tokens, corpus: Sequence[Text], lang: str) -> list[str]:
    """The label of each token by the corpus; a token partly inside an entity belongs to it."""
    labels = [OUTSIDE] * len(tokens)
    starts = tokens.places[tokens.starts]
    ends = tokens.places[tokens.ends - 1] + 1
    for text, offset in zip(corpus, tokens.offsets.tolist(), strict=True):
        for start, end, label in text.spans:
            if label == "MISC" and lang in _WITHOUT_MISC:
                continue
            first, last = (
                np.searchsorted(ends, start + offset, side="right"),
                np.searchsorted(starts, end + offset),
            )
            labels[first:last] = [f"{'I' if nth else 'B'}-{label}" for nth in range(last - first)]
    return labels


def _copied(path: str) -> Model:
    """The weights of CRFsuite's file."""
    tagger = pycrfsuite.Tagger()
    tagger.open(path)
    learnt = tagger.info()
    labels = tuple(sorted(learnt.labels, key=lambda label: (label != OUTSIDE, label[2:], label)))
    number = {label: place for place, label in enumerate(labels)}
    weights = np.zeros((NO_ROW + 1, len(labels)))
    for (row, label), weight in learnt.state_features.items():
        weights[int(row), number[label]] = weight
    transitions = np.zeros((len(labels), len(labels)))
    for (before, after), weight in learnt.transitions.items():
        transitions[number[before], number[after]] = weight
    return Model(
        labels, _whole(weights).clip(-127, 127).astype(np.int16), without_jumps(labels, _whole(transitions))
    )


def _whole(weights: NDArray[np.float64]) -> NDArray[np.int32]:
    return (weights * UNIT).round().astype(np.int32)


if __name__ == "__main__":
    main()
