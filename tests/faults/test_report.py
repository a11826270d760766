"""The table of docs/faults.md, from what the suite keeps."""

import pytest

from tests.faults import report
from tests.faults.report import Finding, keep, read, replaced, table

KILLED = Finding(
    fault="worker: SIGKILL",
    seen={"worker_restarts": 1},
    moved_s=2.04,
    caught_up_s=3.5,
    events=1800,
    ledger={"lost": 0, "duplicated": 0, "published": 1800},
)
SOAK = Finding(fault="soak", seen={}, moved_s=0, caught_up_s=0, events=5, ledger={"lost": 0}, about="flat")


def test_the_last_finding_of_each_fault_is_a_row_in_the_order_of_the_first(tmp_path, monkeypatch):
    monkeypatch.setenv(report.REPORT, str(tmp_path / "found"))
    for finding in (KILLED, SOAK, KILLED):
        keep(finding)
    assert read(tmp_path / "found") == [KILLED, SOAK]
    assert table([KILLED, SOAK]).splitlines()[2:] == [
        "| worker: SIGKILL | `worker_restarts` | 2.0 s | 3.5 s | 1,800 | 0 lost, 0 duplicated, 1,800 published |",
        "| soak | nothing; flat | – | – | 5 | 0 lost |",
    ]


def test_without_the_variable_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.delenv(report.REPORT, raising=False)
    monkeypatch.chdir(tmp_path)
    keep(KILLED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", ["", "| an older | table |\n"])
def test_the_table_goes_between_its_marks(before):
    page = f"a\n{report.BEGIN}{before}{report.END}\nb\n"
    assert replaced(page, "| new |\n") == f"a\n{report.BEGIN}| new |\n{report.END}\nb\n"


def test_the_page_has_the_marks():
    assert replaced(report.PAGE.read_text(encoding="utf-8"), "| new |\n") != report.PAGE.read_text(
        encoding="utf-8"
    )
