"""The benchmark commands run and say what they should. Their figures are nobody's business here."""

import gzip
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.offered import GROWTH_RATIO, Trial, growth, search
from tests.benchmarks.report import percentile

ROOT = Path(__file__).parents[2]
SYSTEMS = {"khabar", "aiokafka", "librdkafka", "librdkafka, transactions"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.integration
@pytest.mark.faults  # it starts four systems one after the other
@pytest.mark.timeout(300)
def test_the_harness_benchmark_measures_every_system_and_the_latency(tmp_path: Path):
    target = tmp_path / "figures.json"
    arguments = ["--events", "400", "--sizes", "500", "--rounds", "1", "--latency-events", "2"]
    done = run("tests.benchmarks.harness", *arguments, "--json", str(target))
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())
    assert {line["system"] for line in found["summary"]} == SYSTEMS
    assert all(line["events_per_s"] > 0 and line["cpu_us"] >= 0 for line in found["summary"])
    assert len(found["latency_s"]) == 2
    assert all(system in done.stdout for system in SYSTEMS)
    assert "Latency" in done.stdout


def test_the_chain_benchmark_measures_every_stage_on_both_corpora():
    done = run("tests.benchmarks.chain", "--rounds", "1", "--repeats", "1", "--pages", "5")
    assert done.returncode == 0, done.stderr
    for stage in ("boilerplate", "entities", "dedup: fingerprint", "the whole chain"):
        assert done.stdout.count(stage) == 2


@pytest.mark.integration
@pytest.mark.parametrize("peer_articles", [0, 200])
def test_the_benchmark_of_the_index_finds_every_copy(peer_articles: int):
    if peer_articles:
        pytest.importorskip("datasketch")
    done = run("tests.benchmarks.dedup", "--articles", "4000", "--peer-articles", str(peer_articles))
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^ *[0-9,]+ articles: .* ([0-9]+) copies found$", done.stdout, re.MULTILINE)
    assert [int(count) for count in found] == [19] + [20] * 19
    assert ("MinHash LSH takes" in done.stdout) == bool(peer_articles)


@pytest.mark.integration
@pytest.mark.faults  # it starts a stack of its own, and workers twice
@pytest.mark.timeout(300)
def test_the_load_benchmark_finds_a_rate_and_balances_the_ledger(tmp_path: Path):
    target = tmp_path / "figures.json"
    small = {"--ceiling-events": 500, "--seconds": 4, "--trials": 8, "--backlog": 600, "--workers": 1}
    words = [str(word) for pair in small.items() for word in pair]
    done = run("tests.benchmarks.load", "--corpus", "made-up", *words, "--json", str(target))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(target.read_text())
    steady = [trial["rate"] for trial in found["trials"] if trial["rate"] <= found["steady_per_s"]]
    assert found["steady_per_s"] in steady
    assert 0 < found["latency_s"]["50"] <= found["latency_s"]["95"] <= found["latency_s"]["99"]
    assert found["recovery"]["backlog"] == 600
    assert f"ledger: {found['events']:,} events" in done.stdout
    assert "in flight 0, lost 0, ended twice 0" in done.stdout


@pytest.mark.integration
@pytest.mark.faults  # it starts a stack of its own, and five groups of workers
@pytest.mark.timeout(300)
def test_the_sizing_benchmark_measures_the_chain_and_each_stage(tmp_path: Path):
    target = tmp_path / "figures.json"
    arguments = ["--events", "400", "--rounds", "1", "--corpus", "made-up", "--json", str(target)]
    done = run("tests.benchmarks.sizing", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = json.loads(target.read_text())["runs"]
    assert [(each["system"], each["workers"]) for each in runs] == [
        ("chain", 1), ("chain", 2), ("boilerplate", 1), ("entities", 1), ("dedup", 1)
    ]  # fmt: skip
    for each in runs:
        assert each["cpu_us"] > 0
        assert all(0 < each["pss_mb"][kind] <= each["rss_mb"][kind] for kind in ("worker", "stage process"))
    assert all(runs[-1]["topic_bytes"][name] > 100 for name in ("raw", "cleaned", "tagged", "published"))
    assert runs[0]["redis_bytes"] > 280  # what a record alone takes
    assert "two workers to one" in done.stdout


def trial(rate: float, capacity: float) -> Trial:
    """What a system does that can do so many a second."""
    return Trial(rate=rate, offered=rate, seconds=30, growth=max(0.0, rate - capacity), lag=0)


@pytest.mark.parametrize("capacity", [100.0, 85.0, 40.0, 230.0])
def test_the_search_finds_the_largest_steady_rate_from_wherever_it_starts(capacity: float):
    found = list(search(lambda rate: trial(rate, capacity), ceiling=100.0, trials=12))
    steady = max(each.rate for each in found if each.is_steady)
    assert capacity / 1.06 <= steady <= capacity / (1 - GROWTH_RATIO)
    assert len(found) < 12


def test_a_rate_that_was_not_offered_is_not_steady():
    assert trial(100, 200).is_steady
    assert not replace(trial(100, 200), offered=95.0).is_steady


def test_lag_that_grows_only_at_first_does_not_grow():
    lags = [(at / 4, min(50 * at, 500)) for at in range(120)]
    assert growth(lags, 30) == pytest.approx(0)
    assert growth([(at, 7 * at) for at in range(30)], 30) == pytest.approx(7)


@pytest.mark.parametrize(("share", "expected"), [(50, 2), (51, 3), (75, 3), (99, 4), (100, 4), (1, 1)])
def test_a_percentile_is_one_of_the_values(share: int, expected: int):
    assert percentile([1, 2, 3, 4], share) == expected


@pytest.mark.parametrize(
    "arguments",
    [["--events", "0"], ["--sizes", "1000,big"], ["--rounds", "-1"]],
    ids=["no events", "a size that is a word", "a negative number of rounds"],
)
def test_a_mistaken_option_is_explained_in_one_line(arguments: list[str]):
    done = run("tests.benchmarks.harness", *arguments)
    assert done.returncode == 2
    assert "is not a whole number" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_entities_benchmark_says_how_many_articles_are_tagged_a_second(tmp_path: Path):
    words = ["قال", "الرئيس", "فلاديمير", "بوتين", "في", "موسكو", "أمس", "إن", "المحادثات", "مستمرة", "."]
    tags = ["O", "O", "B-PER", "I-PER", "O", "B-LOC", *["O"] * 5]
    record = json.dumps({"id": "1", "lang": "ar", "tokens": words, "tags": tags}) + "\n"
    (tmp_path / "anercorp.jsonl.gz").write_bytes(gzip.compress(record.encode() * 60))
    done = run("tests.benchmarks.entities", str(tmp_path), "--langs", "ar", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"[0-9]+ articles/s of 300 words", done.stdout)
    assert "the first text waits" in done.stdout


@pytest.mark.integration
@pytest.mark.faults  # it starts a stack of its own, and two systems
@pytest.mark.timeout(300)
def test_the_benchmark_of_sending_measures_both_and_their_ratio(tmp_path: Path):
    target = tmp_path / "figures.json"
    done = run("tests.benchmarks.send", "--events", "3000", "--rounds", "1", "--json", str(target))
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())
    assert {each["system"] for each in found["runs"]} == {"khabar send", "bare kafka-python"}
    assert all(each["events_per_s"] > 0 and each["cpu_us"] > 0 for each in found["runs"])
    assert found["ratio"] > 0
    assert "khabar send, of the bare loop" in done.stdout
