"""docker-compose.yml, brought up for real: image built, two worker containers, the demo sent, the books balanced."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest

from schemas.published_article import PublishedArticle
from schemas.raw_event import read_raw_event
from schemas.wire import InvalidError, UndecodableError, decode
from workers.boilerplate.stage import clean
from workers.demo import demo_events
from workers.outcomes import Dropped, Failed, Kept

ROOT = Path(__file__).parents[2]
TOOL = ROOT.parent / "shared" / "tools" / "try-compose.sh"
"""Starts an engine, builds stand-ins for images that cannot be pulled, runs a command, takes all down again."""
LIMIT_S = 840
CLEANUP_S = 60

# From this machine, as its users would; and from within, as the services do.
SMOKE = """
set -euo pipefail
$COMPOSE run --rm -T smoke
$COMPOSE ps --status running --services >"$OUT/running"
$COMPOSE run --rm -T worker tail --from-beginning --count 1 --json >"$OUT/record.json"
$COMPOSE run --rm -T worker topics check
docker image inspect khabar >"$OUT/image.json"
export KHABAR_KAFKA=127.0.0.1:$KAFKA_PORT KHABAR_REDIS=redis://127.0.0.1:$REDIS_PORT/0
"$PYTHON" -c 'from workers.cli.main import main; main()' audit --json >"$OUT/balance.json"
"$PYTHON" -c 'import redis, os; print(redis.Redis.from_url(os.environ["KHABAR_REDIS"]).dbsize())' >"$OUT/keys"
$COMPOSE stop worker
$COMPOSE logs --no-color worker >"$OUT/worker.log"
$COMPOSE ps --all --format json worker >"$OUT/stopped"
"""

pytestmark = [pytest.mark.compose, pytest.mark.timeout(LIMIT_S + CLEANUP_S + 30)]


def missing() -> str | None:
    """Why the stack cannot be brought up here, if it cannot."""
    if not TOOL.exists():
        return "../shared/tools/try-compose.sh is not beside this checkout"
    if os.geteuid() != 0:
        return "try-compose.sh starts a container engine, which needs root"
    return None


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder of what SMOKE saw."""
    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    folder = tmp_path_factory.mktemp("compose")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KHABAR_", "COMPOSE_"))}
    environ = own | {
        "OUT": str(folder),
        "PYTHON": sys.executable,
        "KAFKA_PORT": free_port(),
        "REDIS_PORT": free_port(),
        "KHABAR_WORKERS": "1",
    }
    command = [str(TOOL), "--install", "--scale", "worker=2", "--wait-timeout", "240"]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--", "bash", "-c", SMOKE],
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
    balance = orjson.loads((out / "balance.json").read_bytes())
    assert (balance["in_flight"], balance["lost"], balance["duplicated"]) == (0, 0, 0)
    assert (balance["events"], balance["ended"]) == (len(demo_events()), expected())
    assert int((out / "keys").read_text()) > 0


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


def test_a_published_record_is_read_within(out):
    record = decode(PublishedArticle, (out / "record.json").read_bytes())
    assert record.text


def test_both_workers_run_and_drain_when_they_are_stopped(out):
    assert set((out / "running").read_text().split()) == {"kafka", "redis", "worker"}
    log = (out / "worker.log").read_text(encoding="utf-8")
    for name in ("worker-1", "worker-2"):
        assert any(name in line and '"event": "stopped"' in line for line in log.splitlines()), log
    stopped = orjson_lines((out / "stopped").read_bytes())
    assert [each["ExitCode"] for each in stopped] == [0, 0]


def test_the_image_runs_without_root(out):
    (image,) = orjson.loads((out / "image.json").read_bytes())
    assert image["Config"]["User"] == "khabar"


def orjson_lines(data):
    """Compose prints a list, or (since 2.21) an object a line."""
    return orjson.loads(data) if data.startswith(b"[") else [orjson.loads(line) for line in data.splitlines()]
