"""docker-compose.yml, brought up for real, every stage scaled to two, and put through tests/compose/trial.sh.

It prints what was measured: how long the start took, the size of the image, the memory of each container.
"""

import html
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from schemas.published_article import PublishedArticle
from schemas.raw_event import read_raw_event
from schemas.wire import InvalidError, UndecodableError, decode
from tests.support.needs import needed
from tests.support.texts import page
from workers.boilerplate.stage import clean
from workers.demo import demo_events
from workers.outcomes import Dropped, Failed, Kept

ROOT = Path(__file__).parents[2]
TOOL = ROOT.parent / "shared" / "tools" / "try-compose.sh"
"""Starts an engine, builds stand-ins for images that cannot be pulled, runs a command, takes all down again."""
LIMIT_S = 1080
CLEANUP_S = 60
TRIAL = Path(__file__).with_name("trial.sh")
STAGES = ("boilerplate", "entities", "dedup")
POLLED = 2
"""Pages that the site of the trial has."""
LOAD = 1500
"""Ten seconds of them at the rate at which the trial sends them, so that what is struck is struck at work."""

pytestmark = [pytest.mark.compose, pytest.mark.timeout(LIMIT_S + CLEANUP_S + 30)]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder of what the trial saw."""
    needed(TOOL.exists(), "../shared/tools/try-compose.sh is not beside this checkout")
    needed(os.geteuid() == 0, "try-compose.sh starts a container engine, which needs root")
    folder = tmp_path_factory.mktemp("compose")
    load = folder / "load.jsonl"
    load.write_bytes(b"\n".join(orjson.dumps({"body": page(number).decode()}) for number in range(LOAD)))
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KHABAR_", "COMPOSE_"))}
    environ = own | {
        "OUT": str(folder),
        "LOAD": str(load),
        "PYTHON": sys.executable,
        "KAFKA_PORT": free_port(),
        "REDIS_PORT": free_port(),
        "WEB_PORT": free_port(),
    }
    scale = [word for stage in STAGES for word in ("--scale", f"{stage}=2")]
    command = [str(TOOL), "--install", *scale, "--wait-timeout", "240"]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--", str(TRIAL)],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            status = f"stopped after {LIMIT_S} s"
        finally:
            end(process)
    if status != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        pytest.fail("\n".join([f"try-compose.sh: {status}", *lines[-150:]]), pytrace=False)
    return folder


def end(process):
    """Whatever happened, the tool and the engine that it started end."""
    try:
        process.wait(timeout=CLEANUP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_every_demo_event_ends_once_seen_from_the_host(out):
    balance = read(out / "demo.json")
    assert_balanced(balance, len(demo_events()))
    assert verdicts_aside(balance["ended"]) == verdicts_aside(expected())
    (shard,) = read(out / "index.json")["shards"]
    assert shard["held"] == sum(expected()[role] for role in ("published", "duplicates"))


def test_the_web_page_shows_what_was_published(out):
    page = (out / "web").read_text(encoding="utf-8")
    assert re.search(r'"status": *"reading"', page)
    assert decode(PublishedArticle, (out / "record.json").read_bytes()).title in html.unescape(page)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_serves_metrics_within_the_network(out, stage):
    metrics = (out / "metrics").read_text(encoding="utf-8")
    assert re.search(rf'^khabar_workers_alive{{chain="{stage}"}} 1.0$', metrics, re.MULTILINE)


def test_what_the_poller_reads_of_a_site_is_published(out):
    before, after = read(out / "demo.json"), read(out / "polled.json")
    assert_balanced(after, before["events"] + POLLED)
    assert after["ended"]["published"] == before["ended"]["published"] + POLLED


def test_a_poller_drains_when_it_is_stopped(out):
    assert [each["State"]["ExitCode"] for each in read(out / "feeds.json")] == [0]


def test_nothing_is_lost_or_doubled_when_a_container_of_each_stage_is_killed_and_kafka_restarts(out):
    before, after = read(out / "polled.json"), read(out / "loaded.json")
    assert_balanced(after, before["events"] + LOAD)
    assert after["ended"]["published"] == before["ended"]["published"] + LOAD


def test_a_container_that_was_killed_comes_back(out):
    running = [(stage_of(each), each["RestartCount"]) for each in read(out / "running.json")]
    assert {stage for stage, restarts in running if restarts} == set(STAGES)
    assert Counter(stage for stage, _ in running) == dict.fromkeys(STAGES, 2)


def test_the_whole_chain_does_not_start_beside_its_stages(out):
    assert (out / "beside").read_text() == "2\n"
    assert "Stop them first" in (out / "beside.log").read_text(encoding="utf-8")


def test_the_whole_chain_begins_where_the_stages_have_ended(out):
    before, after = read(out / "loaded.json"), read(out / "chained.json")
    assert_balanced(after, before["events"] + 1)
    assert after["ended"]["published"] == before["ended"]["published"] + 1


def test_a_published_record_is_read_within(out):
    record = decode(PublishedArticle, (out / "record.json").read_bytes())
    assert record.text


def test_both_containers_of_each_stage_drain_when_they_are_stopped(out):
    stopped = [(stage_of(each), each["State"]["ExitCode"]) for each in read(out / "stopped.json")]
    assert sorted(stopped) == sorted((stage, 0) for stage in STAGES for _ in range(2))
    log = (out / "stages.log").read_text(encoding="utf-8")
    for stage in STAGES:
        for name in (f"{stage}-1", f"{stage}-2"):
            assert any(name in line and '"event": "stopped"' in line for line in log.splitlines()), log


def test_the_image_runs_without_root_and_starts_within_three_seconds(out):
    (image,) = read(out / "image.json")
    assert image["Config"]["User"] == "khabar"
    assert min(map(int, (out / "version_ms").read_text().split())) < 3000


def test_every_container_is_held_to_what_it_needs(out):
    for each in read(out / "started.json"):
        host = each["HostConfig"]
        name = stage_of(each)
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0, name
        assert each["Config"]["User"] not in {"", "root", "0"}, name
        ports = [binding for bound in (host["PortBindings"] or {}).values() for binding in bound]
        assert {binding["HostIp"] for binding in ports} <= {"127.0.0.1"}, name


def test_the_password_stands_neither_where_the_engine_shows_it_nor_in_a_log(out):
    password = (out / "password").read_bytes()
    assert len(password) > 30
    for name in ("started.json", "stages.log", "feeds.log", "beside.log", "log"):
        assert password not in (out / name).read_bytes(), name


def test_what_was_measured_is_printed(out, capsys):
    peaks = dict(line.split() for line in (out / "peaks").read_text().splitlines())
    (image,) = read(out / "image.json")
    lines = [
        f"image            {image['Size'] / 1e6:.0f} MB",
        f"khabar --version {min(map(int, (out / 'version_ms').read_text().split()))} ms in a new container",
        *(line.strip() for line in (out / "log").read_text().splitlines() if line.startswith("[tr")),
    ]
    lines += [
        f"{each['Name'][1:]:<24} healthy {seconds:4.1f} s after its start"
        for each in read(out / "started.json")
        if (seconds := seconds_to_healthy(each)) is not None
    ]
    for stats in map(orjson.loads, (out / "stats").read_text().splitlines()):
        peak = int(peaks[f"/{stats['Name']}"]) / (1 << 20)
        lines.append(
            f"{stats['Name']:<24} {stats['MemUsage']:<22} peak {peak:4.0f} MiB, {stats['PIDs']} processes"
        )
    (out / "measured").write_text("\n".join(lines), encoding="utf-8")
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert len(peaks) >= 2 * len(STAGES) + 2


def assert_balanced(balance, events):
    assert (balance["in_flight"], balance["lost"], balance["duplicated"]) == (0, 0, 0)
    assert balance["events"] == events


def verdicts_aside(ended):
    """Two stages further, the order of a short and a long report of one story is anybody's; so is which is the copy."""
    together = ended["published"] + ended["duplicates"]
    return {"rejected": ended["rejected"], "dead": ended["dead"], "published or duplicates": together}


def expected():
    """Events by outcome, as the stages of this checkout judge them; how they should is tests/demo's to say."""
    ends = Counter(map(end_of, demo_events()))
    duplicates = sum(event.expected.outcome == "duplicates" for event in demo_events())
    return {**ends, "published": ends["published"] - duplicates, "duplicates": duplicates}


def end_of(event):
    try:
        (outcome,) = clean([read_raw_event(event.value, event.headers)])
    except (UndecodableError, InvalidError):
        return "dead"
    return {Kept: "published", Dropped: "rejected", Failed: "dead"}[type(outcome)]


def stage_of(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


def seconds_to_healthy(container):
    """From the start of a container to its first good health check; None for one that has no check."""
    checks = container["State"].get("Health", {}).get("Log") or []
    ends = [moment(check["End"]) for check in checks if check["ExitCode"] == 0]
    return (min(ends) - moment(container["State"]["StartedAt"])).total_seconds() if ends else None


def moment(text):
    """A time as the engine writes it, with nanoseconds."""
    seconds, _, fraction = text.partition(".")
    zone = "+00:00" if text.endswith("Z") else text[-6:]
    return datetime.fromisoformat(f"{seconds}.{fraction[:6].rstrip('Z'):0<6}{zone}")


def read(path):
    return orjson.loads(path.read_bytes())
