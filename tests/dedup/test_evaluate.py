"""Quality floors on the development stream. Lower one only with the reason in the commit."""

from pathlib import Path

import pytest

from workers.dedup import evaluate
from workers.stores.memory_index import MemoryIndex

STREAM = Path(__file__).parents[2].parent / "shared" / "data" / "dedup" / "dev"


@pytest.mark.skipif(not STREAM.is_dir(), reason="the development stream is not on this machine")
@pytest.mark.parametrize(("lang", "f1"), [("ar", 0.975), ("en", 0.985)])
def test_copies_are_found_on_the_half_that_chose_no_number(lang, f1):
    labels = [label for label in evaluate.read(STREAM, "b") if label.article.lang == lang]
    verdicts, _ = evaluate.decide(MemoryIndex(window=len(labels)), [label.article for label in labels])
    scores = evaluate.pair_scores(labels, verdicts)
    assert scores["f1"] >= f1
    assert scores["precision"] >= 0.996
