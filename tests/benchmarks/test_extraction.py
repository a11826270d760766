"""The benchmark of the boilerplate stage runs and says what it should. Its figures are nobody's business here."""

import gzip
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import turbohtml

from tests.benchmarks import extraction, memory
from tests.support import pages

ROOT = Path(__file__).parents[2]
HAS_TRAFILATURA = importlib.util.find_spec("trafilatura") is not None


def test_it_measures_pages_dumps_big_pages_and_memory(tmp_path: Path):
    target = tmp_path / "figures.json"
    arguments = [
        "--rounds",
        "2",
        "--pages",
        "3",
        "--batch",
        "2",
        "--big-nodes",
        "500",
        "--profile",
        "--json",
        str(target),
    ]
    command = [sys.executable, "-m", "tests.benchmarks.extraction", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())
    assert [len(each["ours"]) for each in found["rounds"]] == [2, 2]
    assert [len(each["theirs"]) for each in found["rounds"]] == ([2, 2] if HAS_TRAFILATURA else [0, 0])
    assert all(seconds > 0 for each in found["rounds"] for seconds in (*each["ours"], *each["dumps"]))
    assert set(found["big_s"]) == set(pages.SHAPES)
    assert (
        0 < found["memory_mb"]["corpus_mb"] < found["memory_mb"]["warm_mb"] <= found["memory_mb"]["peak_mb"]
    )
    assert found["memory_mb"]["pages"] == 3
    for words in ("pages/s", "dumps/s", "a page of 500 nodes, nested", "at the peak", "samples", "digest"):
        assert words in done.stdout


def test_ratios_are_of_sums_and_goals_are_judged_by_their_median():
    rounds = [
        extraction.Spent([0.1, 0.3], [2.0, 6.0], [0.1, 0.1], pages=4),
        extraction.Spent([0.1, 0.1], [1.0, 0.6], [0.1, 0.1], pages=4),
    ]
    lines = list(extraction.speed_lines(rounds))
    assert lines[-2].startswith(
        "pages: 14.0 times the rate at which trafilatura reads pages (8.0-20.0). Goal: 10: met"
    )
    assert lines[-2].endswith("median over the batches 14.0")
    assert lines[-1].startswith("dumps: 24.0 times")
    slow = [extraction.Spent([0.5], [1.0], [0.5], pages=1)]
    assert [line.count("NOT met") for line in list(extraction.speed_lines(slow))[-2:]] == [1, 1]


@pytest.mark.parametrize("shape", pages.SHAPES)
def test_a_made_up_page_has_the_nodes_it_promises(shape):
    page = pages.big_page(shape, nodes=5_000, chars=150_000)
    count = sum(1 for _ in turbohtml.parse(page).descendants)
    assert 4_900 < count < 5_200
    assert shape == "one chain" or 145_000 < len(page) < 155_000


def test_pages_for_the_memory_benchmark_come_back_as_they_were(tmp_path: Path):
    written = ["", "خبر", "x" * 200_000]
    memory.write(tmp_path / "pages", written)
    assert [body.decode() for body in memory.read(tmp_path / "pages")] == written


def test_the_corpus_is_the_folder_and_the_same_in_every_run(tmp_path: Path):
    for field in ("html", "text"):
        with gzip.open(tmp_path / f"{field}.made.jsonl.gz", "wt", encoding="utf-8") as file:
            for number in range(30):
                file.write(json.dumps({field: f"{number} " + "خبر " * 700 * (number % 2)}) + "\n")
    first, second = (extraction.read_corpus(tmp_path, 20) for _ in range(2))
    assert first == second
    assert (len(first.pages), len(set(first.pages)), len(first.dumps)) == (20, 20, 15)
    assert all(4_000 < len(dump.encode()) < 6_000 for dump in first.dumps)


def test_a_folder_without_pages_is_explained(tmp_path: Path):
    with pytest.raises(SystemExit, match="holds no html"):
        extraction.main([str(tmp_path)])
