"""The stack as a whole: on real servers, through starts, stops, crashes and second terminals."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from workers.config import Settings
from workers.embedded.locks import is_locked
from workers.embedded.stack import Addresses, Stack, default_directory, running_stack
from workers.errors import ConfigError

pytestmark = pytest.mark.integration

ELSEWHERE = ("kafka.example:9092",)
DEADLINE_S = 20.0


@pytest.fixture
def redis_alone(stack: Stack, tmp_path: Path) -> Iterator[Stack]:
    """A stack, not started, whose Kafka is configured elsewhere: what is true of one server is true of both."""
    settings = Settings(kafka=ELSEWHERE, redis_server=os.environ.get("KHABAR_TEST_REDIS_SERVER") or None)
    alone = Stack(tmp_path / "alone", settings=settings)
    yield alone
    alone.stop()


def _client(stack: Stack) -> redis.Redis:
    return redis.Redis.from_url(stack.addresses.redis, decode_responses=True)


def _wait_until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_second_terminal_finds_the_running_stack(stack: Stack) -> None:
    assert running_stack(stack.directory) == stack.addresses
    assert stack.fallen() == []


def test_a_second_start_in_the_same_folder_is_refused_and_says_where_the_first_is(stack: Stack) -> None:
    second = Stack(stack.directory, settings=Settings())
    with pytest.raises(ConfigError) as raised:
        second.start()
    assert f"A stack runs in {stack.directory} already: Kafka at {stack.addresses.kafka}" in str(raised.value)
    assert f"started by pid {os.getpid()}" in str(raised.value)
    assert running_stack(stack.directory) == stack.addresses


@pytest.mark.parametrize("end", [pytest.param("kill", marks=pytest.mark.faults), "stop"])
def test_kafka_comes_back_on_its_port_with_its_records(
    stack: Stack, settings: Settings, topic: Callable[..., str], end: str
) -> None:
    name = topic()
    producer = KafkaProducer(bootstrap_servers=[stack.addresses.kafka], acks="all")
    try:
        producer.send(name, b"before").get(timeout=30)
    finally:
        producer.close()
    before = stack.kafka.pid
    getattr(stack.kafka, end)()
    assert not stack.kafka.is_running
    assert any("Kafka has ended" in message for message in stack.fallen())
    stack.kafka.start()
    assert stack.kafka.pid not in {before, None}
    consumer = KafkaConsumer(bootstrap_servers=[stack.addresses.kafka], consumer_timeout_ms=10_000)
    try:
        consumer.assign([TopicPartition(name, 0)])
        consumer.seek_to_beginning()
        assert next(consumer).value == b"before"
    finally:
        consumer.close()


def test_redis_keeps_data_and_port_over_restart_kill_and_a_second_run(redis_alone: Stack) -> None:
    redis_alone.start()
    first = redis_alone.addresses
    with _client(redis_alone) as client:
        client.set("a", "\u062e\u0628\u0631")  # the letters of "khabar"
        redis_alone.redis.restart()
        assert client.get("a") == "\u062e\u0628\u0631"
        assert _wait_until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0)
    redis_alone.redis.kill()
    redis_alone.redis.start()
    redis_alone.stop()
    redis_alone.start()
    assert redis_alone.addresses == first
    with _client(redis_alone) as client:
        assert client.get("a") == "\u062e\u0628\u0631"


def test_redis_runs_as_an_index_of_what_was_published_needs_it(redis_alone: Stack) -> None:
    redis_alone.start()
    wanted = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "bind": "127.0.0.1",
    }
    with _client(redis_alone) as client:
        assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_a_stop_ends_the_servers_and_withdraws_the_addresses(redis_alone: Stack) -> None:
    redis_alone.start()
    assert redis_alone.redis.pid is not None
    redis_alone.start()
    redis_alone.stop()
    redis_alone.stop()
    assert not is_locked(redis_alone.directory / "servers.lock")
    assert running_stack(redis_alone.directory) is None
    assert not (redis_alone.directory / "stack.json").exists()
    with pytest.raises(ConfigError, match="not running"):
        _ = redis_alone.addresses


def test_a_stack_file_without_a_living_owner_counts_for_nothing(redis_alone: Stack) -> None:
    redis_alone.directory.mkdir()
    stale = {
        "owner": os.getpid(),
        "kafka": "127.0.0.1:1",
        "redis": "redis://127.0.0.1:2/0",
        "pids": {"Kafka": 1},
    }
    (redis_alone.directory / "stack.json").write_text(json.dumps(stale))
    (redis_alone.directory / "owner.lock").touch()
    assert running_stack(redis_alone.directory) is None
    redis_alone.start()
    assert running_stack(redis_alone.directory) == redis_alone.addresses
    assert json.loads((redis_alone.directory / "stack.json").read_text())["pids"] == {
        "Redis": redis_alone.redis.pid
    }


def test_the_stack_file_is_for_the_user_alone(redis_alone: Stack) -> None:
    redis_alone.start()
    assert (redis_alone.directory / "stack.json").stat().st_mode & 0o077 == 0


def test_what_is_configured_is_returned_and_not_started(tmp_path: Path) -> None:
    settings = Settings(kafka=("a:1", "b:2"), redis="redis://c:3/0")
    with Stack(tmp_path, settings=settings) as stack:
        assert stack.addresses == Addresses(kafka="a:1,b:2", redis="redis://c:3/0")
        with pytest.raises(ConfigError, match="KHABAR_KAFKA is set"):
            _ = stack.kafka
        with pytest.raises(ConfigError, match="KHABAR_REDIS is set"):
            _ = stack.redis


def test_a_start_that_fails_quotes_the_log_and_leaves_nothing(redis_alone: Stack) -> None:
    manifest = redis_alone.directory / "redis" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("this is no manifest\n")
    with pytest.raises(
        ConfigError, match=r"embedded Redis ended at its start(.|\n)*redis\.log:\n  \|(.|\n)*manifest"
    ):
        redis_alone.start()
    assert not is_locked(redis_alone.directory / "owner.lock")
    assert not is_locked(redis_alone.directory / "servers.lock")
    manifest.unlink()
    redis_alone.start()


def test_a_data_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        ConfigError, match=rf"cannot write to {tmp_path}/file/x: Not a directory. Set KHABAR_DATA_DIR"
    ):
        Stack(tmp_path / "file" / "x", settings=Settings()).start()


def test_the_data_folder_is_the_configured_one_or_the_users() -> None:
    assert default_directory(Settings(data_dir="~/news")) == Path.home() / "news"
    assert default_directory(Settings()).name == "khabar"


def test_a_forked_child_that_leaves_the_block_stops_nothing(redis_alone: Stack) -> None:
    redis_alone.start()
    if (child := os.fork()) == 0:
        redis_alone.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert redis_alone.redis.is_running
    assert running_stack(redis_alone.directory) == redis_alone.addresses


OWNER = """
    import os, sys, time
    from pathlib import Path
    from workers.config import Settings
    from workers.embedded.stack import Stack
    stack = Stack(Path(sys.argv[1]), settings=Settings(redis_server=sys.argv[2] or None))
    stack.start()
    if os.fork() == 0:  # a worker that outlives its supervisor for a while
        time.sleep(30)
        os._exit(0)
    print(stack.addresses.kafka, stack.addresses.redis, stack.kafka.pid, stack.redis.pid, flush=True)
    time.sleep(60)
"""


def test_servers_of_a_killed_owner_end_and_the_next_start_goes_on_from_there(
    stack: Stack, tmp_path: Path
) -> None:
    binary = os.environ.get("KHABAR_TEST_REDIS_SERVER", "")
    command = [sys.executable, "-c", textwrap.dedent(OWNER), str(tmp_path / "data"), binary]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as owner:
        assert owner.stdout is not None
        try:
            kafka, url, *pids = owner.stdout.readline().split()
            with redis.Redis.from_url(url) as client:
                client.set("written", "just before")
            owner.kill()
            owner.wait()
            said: list[str] = []
            settings = Settings(redis_server=binary or None)
            with Stack(tmp_path / "data", settings=settings, on_progress=said.append) as following:
                assert said[0] == "Waiting for the servers of an earlier run to end"
                assert following.addresses == Addresses(kafka, url)
                assert {str(following.kafka.pid), str(following.redis.pid)}.isdisjoint(pids)
                with _client(following) as client:
                    assert client.get("written") == "just before"
        finally:
            os.killpg(owner.pid, signal.SIGKILL)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_the_command_stays_until_it_is_told_to_stop(stack: Stack, tmp_path: Path, signal_number: int) -> None:
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")},
        "KHABAR_DATA_DIR": str(tmp_path / "data"),
        "KHABAR_KAFKA": ELSEWHERE[0],
        "KHABAR_REDIS_SERVER": os.environ.get("KHABAR_TEST_REDIS_SERVER", ""),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "workers.embedded"],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert command.stdout is not None
        lines = [command.stdout.readline().strip() for _ in range(2)]
        found = running_stack(tmp_path / "data")
        os.killpg(command.pid, signal_number)  # as a terminal does it
        assert command.wait(DEADLINE_S) == 0
    assert found is not None
    assert lines == [f"KHABAR_KAFKA={found.kafka}", f"KHABAR_REDIS={found.redis}"]
    assert not is_locked(tmp_path / "data" / "servers.lock")
    log = (tmp_path / "data" / "redis" / "redis.log").read_text()
    assert "Received SIGTERM" in log
    assert "Received SIGINT" not in log


def test_the_command_ends_with_a_message_when_a_server_ends(stack: Stack, tmp_path: Path) -> None:
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")},
        "KHABAR_DATA_DIR": str(tmp_path / "data"),
        "KHABAR_KAFKA": ELSEWHERE[0],
    }
    with subprocess.Popen(
        [sys.executable, "-m", "workers.embedded"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        command.stdout.readline()
        os.kill(json.loads((tmp_path / "data" / "stack.json").read_text())["pids"]["Redis"], signal.SIGKILL)
        _, said = command.communicate(timeout=DEADLINE_S)
    assert command.returncode == 1
    assert "The embedded Redis has ended; its log is" in said
    assert "Traceback" not in said
