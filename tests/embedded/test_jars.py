"""Kafka's jars: downloaded once, checked always, and plain words when that fails."""

import functools
import http.server
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.embedded import jars
from workers.embedded.stack import Stack, cache_directory
from workers.errors import ConfigError

pytestmark = pytest.mark.integration
DEAD_PROXY = "http://127.0.0.1:9"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(stack: Stack, tmp_path: Path) -> Path:
    """A copy of the jars that the stack runs from."""
    copy = tmp_path / "repository"
    shutil.copytree(cache_directory() / "jars", copy, copy_function=os.link)
    return copy


@pytest.fixture
def mirror(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a Maven mirror that the user's jgo configuration names."""
    handler = functools.partial(_Quiet, directory=str(repository))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        config = tmp_path / "jgo.conf"
        config.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield repository
        server.shutdown()
        thread.join()


def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, DEAD_PROXY)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)


def _replace(file: Path, data: bytes) -> None:
    file.unlink()  # it is a link to the jar that the stack runs from
    file.write_bytes(data)


def test_the_lock_file_pins_kafka_and_every_jar_once() -> None:
    locked = jars.locked_jars()
    assert ("kafka_2.13", jars.KAFKA_VERSION) in {(jar.artifact, jar.version) for jar in locked}
    assert len({(jar.group, jar.artifact) for jar in locked}) == len(locked) > 40
    assert {jar.version for jar in locked if jar.group == "org.apache.kafka"} == {jars.KAFKA_VERSION}


def test_jars_come_from_the_users_mirror_with_progress(mirror: Path, tmp_path: Path) -> None:
    said: list[str] = []
    found = jars.class_path(tmp_path / "new", said.append)
    assert [path.name for path in found] == [jar.path.name for jar in jars.locked_jars()]
    assert all(jar.is_intact(tmp_path / "new") for jar in jars.locked_jars())
    assert re.fullmatch(r"Downloading Apache Kafka 4\.1\.[0-9]+: file 1 of 46, 0 of 45 MB", said[0])
    assert said[-1].startswith("Downloaded Apache Kafka")


def test_intact_jars_need_no_network(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _no_network(monkeypatch)
    said: list[str] = []
    jars.class_path(repository, said.append)
    assert said == []


def test_a_half_written_jar_is_fetched_again_and_the_others_are_not(mirror: Path, tmp_path: Path) -> None:
    jar, *others = jars.locked_jars()
    mine = tmp_path / "mine"
    shutil.copytree(mirror, mine, copy_function=os.link)
    before = [(mine / other.path).stat().st_ino for other in others]
    _replace(mine / jar.path, b"PK half")
    said: list[str] = []
    jars.class_path(mine, said.append)
    assert jar.is_intact(mine)
    assert "file 1 of 1," in said[0]
    assert [(mine / other.path).stat().st_ino for other in others] == before


def test_a_jar_that_is_not_the_pinned_one_is_refused_and_not_kept(mirror: Path, tmp_path: Path) -> None:
    jar = jars.locked_jars()[3]
    _replace(mirror / jar.path, b"x" * jar.size_bytes)
    with pytest.raises(ConfigError, match=rf"{re.escape(jar.path.name)} arrived damaged: its SHA-256 is not"):
        jars.class_path(tmp_path / "new", lambda _: None)
    assert not (tmp_path / "new" / jar.path).exists()
    assert jars.locked_jars()[2].is_intact(tmp_path / "new")


def test_a_jar_that_no_repository_has_is_named(mirror: Path, tmp_path: Path) -> None:
    jar = jars.locked_jars()[0]
    (mirror / jar.path).unlink()
    with pytest.raises(ConfigError, match=f"{jar.artifact}(.|\n)*not found(.|\n)*set KHABAR_KAFKA"):
        jars.class_path(tmp_path / "new", lambda _: None)


def test_a_dead_network_is_said_in_a_sentence_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_network(monkeypatch)
    with pytest.raises(ConfigError) as raised:
        jars.class_path(tmp_path / "new", lambda _: None)
    message = str(raised.value)
    assert re.search(r"could not be downloaded: fetching \S+\.jar failed: .*refused", message)
    assert "set KHABAR_KAFKA to brokers of your own" in message


def test_a_cache_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        ConfigError, match=rf"the cache folder {tmp_path}/file/jars cannot be used: .*Not a directory"
    ):
        jars.class_path(tmp_path / "file" / "jars", lambda _: None)
