"""The audit of the pins finds versions that are known to be vulnerable, without a network."""

import json
import re
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
AUDIT = ROOT / ".ci" / "audit.py"
CONSTRAINTS = ROOT / "constraints.txt"
ADVISORIES = ROOT / ".ci" / "advisories" / "pypi.jsonl"
is_affected = runpy.run_path(str(AUDIT))["is_affected"]


def audit(*arguments):
    words = [sys.executable, str(AUDIT), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def advisory(name, events, **more):
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}, {"type": "GIT", "events": [{"introduced": "0"}]}],
    }
    return {"id": f"X-{name}", "modified": "2026-01-01T00:00:00Z", "affected": [affected]} | more


def test_no_pin_has_a_known_vulnerability():
    done = audit(CONSTRAINTS, ADVISORIES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^[0-9]+ pins, [1-9][0-9]* advisories, .*: 0 affected$", done.stdout)


def test_a_pin_that_is_known_to_be_vulnerable_is_found(tmp_path):
    pins = re.sub(r"^aiohttp==\S+", "aiohttp==3.9.1", CONSTRAINTS.read_text(), flags=re.MULTILINE)
    (tmp_path / "constraints.txt").write_text(pins)
    done = audit(tmp_path / "constraints.txt", ADVISORIES)
    assert done.returncode == 1
    assert "aiohttp 3.9.1: PYSEC-2024-26, CVE-2024-23829" in done.stdout
    assert "fixed in 3.9.2" in done.stdout


RANGES = [{"introduced": "0"}, {"fixed": "1.26.18"}, {"introduced": "2.0.0"}, {"last_affected": "2.0.6"}]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.26.17", True), ("1.26.18", False), ("1.9", True), ("2.0.0", True), ("2.0.6", True), ("2.0.7", False),
     ("2.0.0rc1", False), ("1.26.18.post1", False)],
)  # fmt: skip
@pytest.mark.parametrize("events", [RANGES, RANGES[2:] + RANGES[:2]], ids=["in order", "in another order"])
def test_ranges_are_of_versions_and_not_of_letters(version, expected, events):
    assert is_affected(Version(version), advisory("p", events)["affected"][0]) is expected


def test_a_version_that_is_named_is_affected():
    assert is_affected(Version("1.5"), {"versions": ["1.5"]})
    assert not is_affected(Version("1.6"), {"versions": ["1.5"]})


def test_what_was_withdrawn_and_what_is_of_other_packages_does_not_count(tmp_path):
    events = [{"introduced": "0"}]
    others = [advisory("pins", events, withdrawn="2026-02-01T00:00:00Z"), advisory("other", events)]
    others[1]["affected"].append({"package": {"ecosystem": "npm", "name": "pins"}, "versions": ["1.0"]})
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in others))
    (tmp_path / "c.txt").write_text("Pins==1.0  # a comment\n")
    assert audit(tmp_path / "c.txt", tmp_path / "a.jsonl").returncode == 0


def test_advisories_of_pinned_packages_are_taken_from_an_export(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as export:
        for each in (advisory("Some.Pins", [{"introduced": "0"}], details="x" * 100), advisory("other", [])):
            export.writestr(f"{each['id']}.json", json.dumps(each))
    (tmp_path / "c.txt").write_text("some-pins==1.0 ; python_version < '3.12'\nsome-pins==2.0\n")
    done = audit(tmp_path / "c.txt", tmp_path / "a.jsonl", "--renew", tmp_path / "all.zip")
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in (tmp_path / "a.jsonl").read_text().splitlines()] == [
        "X-Some.Pins"
    ]
    assert "details" not in (tmp_path / "a.jsonl").read_text()
    assert "2 pins, 1 advisories, the newest of 2026-01-01: 2 affected" in done.stdout
