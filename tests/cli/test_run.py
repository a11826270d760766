"""`khabar run` as a process: its log, its status, its signals."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.support import harness
from tests.support.scraping import scrape, value
from workers.cli.run import STAGES, chain_of, supervisor_of
from workers.errors import ConfigError
from workers.runtime.chain import ALL_STAGES
from workers.runtime.clients import Addresses
from workers.runtime.status_file import path_of, read_health
from workers.topics import Role

PAGE = "Damascus and Amman agreed on a new railway. The trains will run twice a day, the ministers said. " * 4


def test_the_stages_are_those_of_the_chain():
    assert ALL_STAGES == STAGES
    assert chain_of(()) == ALL_STAGES


@pytest.mark.parametrize("stages", [["boilerplate", "dedup"], ["dedup", "entities"]])
def test_stages_that_do_not_follow_each_other_are_refused(khabar, stages):
    result = khabar("run", *stages)
    assert result.exit_code == 2
    assert "consecutive stages of boilerplate -> entities -> dedup" in result.output


def test_without_redis_deduplication_is_refused_at_once(settings):
    with pytest.raises(ConfigError, match="KHABAR_REDIS"):
        supervisor_of(settings, Addresses(settings.kafka, None), ALL_STAGES, 1)


@pytest.fixture
def running(environ, tmp_path):
    """running("--workers", "1") starts `khabar run`; what still runs at the end is killed."""
    started = []
    own = {name: value for name, value in environ.items() if value is not None}
    base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}

    def start(*arguments, **more):
        process = subprocess.Popen(
            [sys.executable, "-c", "from workers.cli.main import main; main()", "run", *arguments],
            env=base | own | {"KHABAR_DATA_DIR": str(tmp_path)} | more,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()


def test_run_publishes_says_so_and_drains_at_ctrl_c(running, settings, tmp_path):
    harness.create_topics(settings)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = running("--workers", "1", KHABAR_METRICS=f"127.0.0.1:{port}")
    harness.send(settings, [orjson.dumps({"body": PAGE, "url": f"https://a.example/{n}"}) for n in range(3)])
    with harness.reading(settings, Role.PUBLISHED, Role.DUPLICATES) as reader:
        assert len(reader.read_until(3, settle_s=0.1)) == 3
    own = path_of(type(settings)(data_dir=str(tmp_path)), settings.group)
    assert harness.wait_for(lambda: "3 events committed, lag 0" in read_health(own, settings.group, 9).why)
    assert value(scrape(port), "khabar_events_total") == 3
    assert value(scrape(port), "process_resident_memory_bytes") > 1e6
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    names = [line["event"] for line in lines]
    assert names[:2] == ["metrics_served", "started"]
    assert (lines[0]["port"], lines[1]["workers"], lines[1]["group"]) == (port, 1, settings.group)
    assert "worker_stopped" in names
    assert (names[-1], lines[-1]["committed"]) == ("stopped", 3)
    assert "worker_crashed" not in names
    assert not own.exists()


def test_an_address_for_metrics_that_is_taken_ends_with_what_to_do(khabar):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = khabar("run", "--workers", "1", "--metrics", address)
    assert result.exit_code == 2
    assert f"Metrics cannot be served on {address}: Address already in use. Name another" in result.output


def test_an_address_for_metrics_that_is_none_is_refused(khabar):
    result = khabar("run", "--metrics", "9464")
    assert (result.exit_code, "takes HOST:PORT, such as 127.0.0.1:9464" in result.output) == (2, True)


def workers_of(process):
    """Pids of the workers that `process` has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_second_ctrl_c_ends_at_once_and_leaves_no_worker(running):
    process = running("--workers", "1")
    assert harness.wait_for(lambda: bool(workers_of(process)))
    (worker,) = workers_of(process)
    os.kill(worker, signal.SIGSTOP)  # it cannot drain
    assert harness.wait_for(lambda: ") T " in Path(f"/proc/{worker}/stat").read_text())
    os.kill(process.pid, signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(5) == 130
    assert harness.wait_for(lambda: not Path(f"/proc/{worker}").exists(), timeout_s=5)


def test_a_worker_that_finds_the_configuration_wrong_ends_the_run(running, settings):
    process = running("--workers", "1", KHABAR_CREATE_TOPICS="0")
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 2
    lines = [json.loads(line) for line in output.splitlines()]
    assert (
        "khabar topics create"
        in next(line for line in lines if line["event"] == "worker_cannot_start")["error"]
    )
