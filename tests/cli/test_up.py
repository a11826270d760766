"""`khabar up` as a process, with the test's Kafka and Redis as configured services."""

import os
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from tests.support import harness
from tests.support.feed_site import FeedSite
from workers.demo.events import demo_events
from workers.topics import Role

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
EVENTS = len(demo_events())


@pytest.fixture
def up(environ, tmp_path):
    """up("--demo") starts `khabar up`; what still runs at the end is killed."""
    started = []
    base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    own = {name: value for name, value in environ.items() if value is not None}

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", "from workers.cli.main import main; main()", "up", *arguments],
            env=base | own | {"KHABAR_DATA_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_the_demo_flows_once_and_a_second_run_goes_on_from_there(up, settings):
    first = up("--demo", "--until-idle", "--workers", "1")
    output, errors = first.communicate(timeout=120)
    assert first.returncode == 0, errors
    assert f"Put {EVENTS} demo articles on {settings.topic_prefix}.raw" in errors
    last = output.splitlines()[-1]
    assert last.startswith(f"read {EVENTS}, published ")
    assert output.count(f"{settings.topic_prefix}.published\n  title") > 20
    assert "leaked" not in errors
    second = up("--demo", "--until-idle", "--workers", "1")
    output, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    assert "Put" not in errors
    assert output.splitlines()[-1] == last
    assert "  title" not in output


def test_a_site_is_polled_beside_the_workers(up, settings, redis_client):
    with FeedSite() as site:
        process = up("--feed", site.url("/"), "--allow-private", "--until-idle", "--workers", "1")
        output, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
        assert site.asked("/story/ar-tram")
    assert output.splitlines()[-1] == "read 3, published 3, duplicates 0, rejected 0, dead 0"
    assert "feeds: 1 of the list, 1 polled, 3 new, 3 sent" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--feed", "http://127.0.0.1:9/feed"), "127.0.0.1 is not an address of the public Internet"),
        (("--feeds", "missing.toml"), "There is no missing.toml"),
    ],
)
def test_feeds_that_cannot_be_polled_are_said_before_anything_starts(khabar, arguments, said):
    result = khabar("up", *arguments)
    assert (result.exit_code, said in result.output) == (2, True), result.output


def _is_served(page):
    try:
        with urlopen(f"{page}health", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_ctrl_c_drains_and_ends_with_success(up, settings, tmp_path):
    process = up("--workers", "1")
    first = process.stdout.readline()
    assert first.startswith(f"Kafka {settings.kafka[0]}, Redis ")
    page = first.partition(", web page ")[2].strip()
    assert page.startswith("http://127.0.0.1:")
    assert harness.wait_for(lambda: _is_served(page))
    assert harness.wait_for(lambda: "worker_started" in (tmp_path / "workers.log").read_text())
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert not _is_served(page)
    assert "draining" in output
    assert "Traceback" not in errors
    assert '"worker_stopped"' in (tmp_path / "workers.log").read_text()
    with harness.reading(settings, Role.RAW) as reader:
        assert reader.read_until(1, timeout_s=1, settle_s=0) == []


def test_a_second_start_in_the_same_folder_is_refused(up, settings, tmp_path):
    first = up("--workers", "1")
    first.stdout.readline()
    second = up("--workers", "1")
    _, errors = second.communicate(timeout=30)
    assert second.returncode == 2
    assert f"A stack runs in {tmp_path} already" in errors
