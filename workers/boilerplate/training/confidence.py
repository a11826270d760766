"""Fit how sure a detected language is: `python -m workers.boilerplate.training.confidence DATA`.

DATA is the folder with `extraction/dev` and `entities/dev`. Prints the coefficients of the logistic regression (the
`_CALIBRATION` of `workers.boilerplate.language`), learnt on one half of the texts, and on the other half how many
answers of a confidence were right.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.language import detect, judge

_CHARS = (10, 15, 20, 30, 40, 60, 100, 200, 400)
_PAGES = ("fundus", "traf", "wcxb", "n4k", "mozilla")
"""The sources that a model may learn from. Their texts stand once in half of the lengths each."""
_SENTENCES = {
    "anercorp": "ar", "parstwiner": "fa", "factrueval": "ru", "turkishwiki": "tr", "uner-zh-gsdsimp": "zh",
    "uner-pt-bosque": "pt", "germeval14": "de", "europeana-fr": "fr", "europeana-nl": "nl", "uner-en-ewt": "en",
}  # fmt: skip
_SENTENCES_EACH = 800
_TEXT_CHARS_MIN = 60


def main() -> None:
    texts = list(_texts(Path(sys.argv[1])))
    halves = np.array([crc32(text.encode()) & 1 for text, _ in texts for _ in _CHARS])
    found = [(judge(text[:chars]), lang) for text, lang in texts for chars in _CHARS]
    modelled = np.array([judged is not None and judged.size_bytes > 0 for judged, _ in found])
    rows = np.array([_row(judged.margin, judged.size_bytes) if judged else _row(0, 0) for judged, _ in found])
    right = np.array([judged is not None and judged.lang == lang for judged, lang in found])
    learnt = modelled & (halves == 0)
    _say("coefficients", *(f"{value:.3f}" for value in _fit(rows[learnt], right[learnt])))
    sure = np.array([judged.probability if judged else 0 for judged, _ in found])
    for floor in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99):
        held_out = (sure >= floor) & (halves == 1)
        _say(f"confidence >= {floor}: right {right[held_out].mean():.4f} of {held_out.sum():,}")
    for chars in _CHARS:
        answers = [(detect(text[:chars]).lang, lang) for text, lang in texts]
        answered = sum(lang != "und" for lang, _ in answers)
        correct = sum(lang == true for lang, true in answers)
        _say(
            f"{chars} characters: right {correct / len(texts):.4f}, wrong {(answered - correct) / len(texts):.4f}"
        )


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for source in _PAGES:
        for record in _records(folder / "extraction" / "dev" / f"html.{source}.jsonl.gz"):
            text = str(record.get("gold") or "\n".join(record.get("with") or ())).strip()
            if record["lang"] and len(text) >= _TEXT_CHARS_MIN:
                yield text, record["lang"]
    for source, lang in _SENTENCES.items():
        records = _records(folder / "entities" / "dev" / f"{source}.jsonl.gz")
        texts = (record.get("text") or " ".join(record["tokens"]) for record in records)
        long = (text for text in texts if len(text) >= _TEXT_CHARS_MIN)
        yield from ((text, lang) for text in islice(long, _SENTENCES_EACH))


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _row(margin: float, size_bytes: int) -> tuple[float, float, float, float]:
    size = float(np.log(max(size_bytes, 1)))
    return margin, margin * size, size, 1.0


def _fit(rows: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logistic regression by Newton's method with a slight pull to zero."""
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        expected = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (right - expected) - 0.01 * weights
        curve = (rows * (expected * (1 - expected))[:, None]).T @ rows + 0.01 * np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return weights


def _say(*words: str) -> None:
    print(*words)


if __name__ == "__main__":
    main()
