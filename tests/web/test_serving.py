"""`khabar web` and the page beside `khabar up`, on the real Kafka and Redis."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tests.support import harness, published
from tests.support.browser import served
from workers.cli import main as cli
from workers.config import Settings
from workers.errors import ConfigError
from workers.web import beside
from workers.web.beside import Beside, open_in_browser
from workers.web.serving import Listen, address_of, bound, listen_at, warning

HERE = "127.0.0.1"


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:8080", Listen("127.0.0.1", 8080)),
        ("[::1]:0", Listen("::1", 0)),
        ("localhost:65535", Listen("localhost", 65_535)),
    ],
)
def test_a_place_to_listen_is_read(text, found):
    assert listen_at(text) == found


@pytest.mark.parametrize(
    "text", ["8080", ":8080", "127.0.0.1", "127.0.0.1:65536", "::1:80", "a b:80", "127.0.0.1:x"]
)
def test_what_is_no_place_is_said_with_what_would_be(text):
    with pytest.raises(ConfigError, match="takes HOST:PORT, such as"):
        listen_at(text)


def test_a_taken_port_is_said_with_what_to_do():
    with socket.create_server((HERE, 0)) as taken:
        place = Listen(HERE, taken.getsockname()[1])
        with pytest.raises(ConfigError, match=f"{place}: another program listens there; choose another port"):
            bound(place)
    with pytest.raises(ConfigError, match="does not have that address"):
        bound(Listen("192.0.2.1", 0))


def test_listening_beyond_this_machine_is_said():
    assert warning(Listen("127.0.0.1", 1)) is warning(Listen("::1", 1)) is None
    assert "without a login" in warning(Listen("0.0.0.0", 8080))
    with bound(Listen("0.0.0.0", 0)) as listening:
        assert address_of(Listen("0.0.0.0", 0), listening).startswith("http://localhost:")


def test_a_token_that_is_easily_guessed_is_refused_and_none_is_shown():
    with pytest.raises(ConfigError, match=r"KHABAR_WEB_TOKEN=\*\*\*: takes 16 to 200"):
        Settings.from_env({"KHABAR_WEB_TOKEN": "secret"})
    settings = Settings.from_env({"KHABAR_WEB_TOKEN": "0123456789abcdef"})
    assert settings.shown()["KHABAR_WEB_TOKEN"] == "***"
    with pytest.raises(ConfigError, match=r"KHABAR_WEB_HOSTS=.*host names without ports"):
        Settings.from_env({"KHABAR_WEB_HOSTS": "khabar.example:80"})


@pytest.mark.integration
def test_the_page_shows_what_is_published_while_it_is_and_says_that_kafka_answers(settings):
    harness.create_topics(settings)
    published.publish(settings, published.outputs(map(published.article, range(3))))
    with served(settings) as address:
        assert harness.wait_for(lambda: get(f"{address}/articles")[1].count('class="row"') == 3)
        published.publish(settings, published.outputs(map(published.article, range(3, 5))))
        assert harness.wait_for(lambda: get(f"{address}/articles")[1].count('class="row"') == 5)
        assert harness.wait_for(lambda: "Kafka and Redis answer" in get(f"{address}/")[1])
        assert get(f"{address}/health") == (200, json.dumps({"status": "reading"}))
        # Only what was written since the page began counts in the flow.
        assert harness.wait_for(lambda: 'data-live="published.count">2<' in get(f"{address}/flow/part")[1])
        status, said = get(f"{address}/dead/0:0")
        assert (status, "no such dead letter" in said) == (404, True)


@pytest.mark.integration
def test_a_signal_ends_the_command_at_once_and_quietly(settings):
    harness.create_topics(settings)
    own = {"KHABAR_KAFKA": settings.kafka[0], "KHABAR_TOPIC_PREFIX": settings.topic_prefix}
    process = subprocess.Popen(
        [sys.executable, "-c", "from workers.cli.main import main; main()", "web", "--listen", "127.0.0.1:0"],
        env={name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")} | own,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    address = process.stderr.readline().split()[-1].rstrip("/")
    assert harness.wait_for(lambda: get(f"{address}/health")[0] == 200)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output + errors) == (0, "")


@pytest.mark.integration
def test_the_page_beside_up_ends_with_it_and_takes_another_port_where_its_own_is_taken(
    settings, tmp_path, monkeypatch
):
    harness.create_topics(settings)
    with socket.create_server((HERE, 0)) as taken:
        monkeypatch.setattr(beside, "DEFAULT_LISTEN", f"{HERE}:{taken.getsockname()[1]}")
        page = Beside(settings, harness.addresses_of(settings), str(tmp_path / "log"))
        page.start()
        assert not page.address.endswith(f":{taken.getsockname()[1]}/")
    try:
        assert harness.wait_for(lambda: get(f"{page.address}health")[0] == 200)
    finally:
        page.stop()
    with pytest.raises(urllib.error.URLError):
        get(page.address)


def test_without_a_terminal_no_browser_is_opened(monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _: pytest.fail("a browser was opened"))
    open_in_browser("http://127.0.0.1:8080/", {"DISPLAY": ":0"})


@pytest.mark.parametrize(
    ("environ", "platform", "is_opened"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({}, "linux", False),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "linux", False),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
    ],
)
def test_a_browser_is_opened_where_a_person_sits_before_one(environ, platform, is_opened, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("sys.platform", platform)
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}", SimpleNamespace(isatty=lambda: True))
    open_in_browser("http://127.0.0.1:8080/", environ)
    for thread in threading.enumerate():
        if thread.name == "khabar-browser":
            thread.join()
    assert opened == ["http://127.0.0.1:8080/"] * is_opened


def test_a_wrong_place_is_said_before_anything_is_asked():
    unset = {name: None for name in os.environ if name.startswith("KHABAR_")}
    result = CliRunner().invoke(cli.main, ["web", "--listen", "8080"], env=unset)
    assert (result.exit_code, "takes HOST:PORT" in result.output) == (2, True)
