"""Quality floors on the development stream. Lower one only with the reason in the commit."""

from pathlib import Path

import pytest
from more_itertools import chunked

from schemas.published_article import Relation
from workers.dedup import evaluate
from workers.dedup.index import Candidate
from workers.dedup.stage import fingerprint
from workers.stores.memory_index import MemoryIndex

STREAM = Path(__file__).parents[2].parent / "shared" / "data" / "dedup" / "dev"

pytestmark = pytest.mark.skipif(not STREAM.is_dir(), reason="the development stream is not on this machine")


@pytest.fixture(scope="module")
def labels():
    return evaluate.read(STREAM)


@pytest.fixture(scope="module")
def figures(labels):
    """On the half of the clusters that chose no number."""
    verdicts = evaluate.decide(MemoryIndex(window=len(labels)), [label.article for label in labels])
    return evaluate.report(labels, verdicts, "b")


def test_work_repeated_gets_the_verdicts_it_had_and_pages_sent_again_are_exact_copies(labels):
    """All of the stream, repeated in other batches, then with new origins."""
    prints = fingerprint([label.article for label in labels])
    index = MemoryIndex(window=2 * len(labels))
    arrivals = [Candidate(f"raw:0:{number}", each) for number, each in enumerate(prints)]
    verdicts = [verdict for batch in chunked(arrivals, 200) for verdict in index.decide(batch)]
    for size in (1, 333):
        assert [verdict for batch in chunked(arrivals, size) for verdict in index.decide(batch)] == verdicts
    again = index.decide([Candidate(f"raw:1:{number}", each) for number, each in enumerate(prints)])
    assert {verdict.relation for verdict in again} == {Relation.EXACT}
    assert [verdict.cluster for verdict in again] == [verdict.cluster for verdict in verdicts]


@pytest.mark.parametrize(("lang", "f1", "precision"), [("ar", 0.989, 0.998), ("en", 0.98, 0.998)])
def test_copies_are_found(figures, lang, f1, precision):
    assert figures[lang]["f1"] >= f1
    assert figures[lang]["precision"] >= precision


def test_copies_that_were_cut_short_are_found(figures):
    assert figures["copies_found"]["trunc"] >= 0.96


def test_footers_and_templates_make_no_copies(figures):
    assert figures["falsely_merged"]["footer"] <= 0.01
    assert figures["falsely_merged"]["template"] <= 0.01


def test_alerts_are_linked_with_their_stories(figures):
    assert figures["alerts"]["f1"] >= 0.95
