"""What `khabar health` makes of a status."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from schemas.wire import encode
from workers.cli import main as cli
from workers.config import Settings
from workers.runtime.chain import ALL_STAGES, StageName, group_name
from workers.runtime.status_file import Report, StatusFile, judge, path_of, read_health
from workers.runtime.supervisor import Status
from workers.topics import Role

NOW = datetime(2025, 1, 1, tzinfo=UTC)
REPORT = Report(
    pid=7,
    group="khabar",
    time=NOW,
    moved_at=NOW,
    complete_at=NOW,
    workers=2,
    alive=2,
    restarts=0,
    committed=1200,
    in_work=0,
    outcomes={Role.PUBLISHED: 1200},
    waiting_for=None,
    lag=5,
)
STATUS = Status(
    workers=2,
    alive=2,
    restarts=0,
    committed=3,
    in_work=0,
    outcomes={Role.PUBLISHED: 3},
    waiting_for=None,
    lag=0,
)


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("changes", "is_good", "words"),
    [
        ({}, True, ["2 of 2 workers", "1,200 events committed", "lag 5"]),
        ({"restarts": 3}, True, ["3 restarts"]),
        ({"lag": None, "moved_at": ago(500)}, True, ["lag not known"]),
        ({"time": ago(11)}, False, ["pid 7", "silent since 11 s"]),
        ({"alive": 1, "complete_at": ago(29)}, True, ["1 of 2 workers"]),
        ({"alive": 1, "complete_at": ago(31)}, False, ["1 of 2 workers not alive since 31 s"]),
        ({"lag": 9, "moved_at": ago(119)}, True, ["lag 9"]),
        ({"lag": 9, "moved_at": ago(121)}, False, ["nothing committed since 121 s", "9 events"]),
        ({"lag": 0, "moved_at": ago(500)}, True, ["lag 0"]),
        ({"lag": 9, "moved_at": ago(500), "waiting_for": "Redis at x"}, True, ["waiting: Redis at x"]),
        ({"time": ago(11), "waiting_for": "Redis at x"}, False, ["silent"]),
    ],
    ids=[
        "working",
        "restarted",
        "lag-unknown",
        "silent",
        "short-handed-briefly",
        "short-handed",
        "slow",
        "stalled",
        "idle",
        "waiting",
        "silent-while-waiting",
    ],
)
def test_health_is_progress_and_says_what_is_wrong(changes, is_good, words):
    found = judge(replace(REPORT, **changes), NOW, 120.0)
    assert found.is_good is is_good
    for word in words:
        assert word in found.why


@pytest.fixture
def health(tmp_path):
    def run(*stages):
        return CliRunner().invoke(cli.main, ["health", *stages], env={"KHABAR_DATA_DIR": str(tmp_path)})

    return run


def test_without_workers_there_is_no_health(health):
    result = health()
    assert result.exit_code == 1
    assert result.output.startswith("unhealthy: no workers of group khabar run here")


def test_a_fresh_status_is_healthy_until_it_is_removed(health, tmp_path):
    file = StatusFile(path_of(Settings(data_dir=str(tmp_path)), "khabar"), "khabar")
    file.offer(STATUS)
    result = health()
    assert (result.exit_code, result.output) == (
        0,
        "healthy: 2 of 2 workers, 3 events committed, lag 0\n",
    )
    file.remove()
    assert health().exit_code == 1


def test_the_status_is_written_once_a_second_at_most(tmp_path):
    path = tmp_path / "status.json"
    file = StatusFile(path, "khabar")
    file.offer(STATUS)
    path.unlink()
    file.offer(STATUS)
    assert not path.exists()


@pytest.mark.parametrize("stages", [(), ("boilerplate",), ("entities", "dedup"), ALL_STAGES])
def test_health_looks_where_the_workers_of_these_stages_write(health, tmp_path, stages):
    group = group_name("khabar", tuple(map(StageName, stages)) or ALL_STAGES)
    StatusFile(path_of(Settings(data_dir=str(tmp_path)), group), group).offer(STATUS)
    assert health(*(str(stage) for stage in stages)).exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a status"),
        (b"{}", "`pid` is missing"),
        (encode(replace(REPORT, time=NOW)).replace(b'"pid":7', b'"pid":"7"'), "`pid`: expected"),
    ],
    ids=["empty", "empty-object", "wrong-type"],
)
def test_a_file_that_is_no_status_is_said_to_be_none(tmp_path, content, words):
    path = tmp_path / "status.json"
    path.write_bytes(content)
    found = read_health(path, "khabar", 120.0)
    assert not found.is_good
    assert words in found.why


def test_a_folder_that_cannot_be_written_stops_no_worker(tmp_path, capsys, caplog):
    (tmp_path / "file").write_text("")
    file = StatusFile(tmp_path / "file" / "status.json", "khabar")
    file.offer(STATUS)
    # Printed, unless another test has sent log lines to the standard library before.
    assert "status_not_written" in capsys.readouterr().out + caplog.text


def test_groups_with_odd_names_have_files_of_their_own(tmp_path):
    settings = Settings(data_dir=str(tmp_path))
    assert path_of(settings, "a/b").parent == tmp_path
    assert path_of(settings, "a/b") != path_of(settings, "a-b")
