"""Kafka and Redis restarted, killed, failed over, out of memory and out of disk, amid the work of two `khabar run`."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.brokers import running_brokers
from tests.support.harness import wait_for
from tests.support.khabar_run import KhabarRun
from tests.support.proxy import Proxy, proxy_to
from tests.support.redis_servers import Node, running_redis, until
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.trial import DEADLINE_S, SESSION_TIMEOUT_S, under_load
from workers.config import Settings
from workers.embedded.ports import LOOPBACK
from workers.embedded.redis_server import find_redis_server
from workers.embedded.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(600)]

REDIS_DISK_MIB, KAFKA_DISK_MIB = 64, 192
"""More than what the load needs: it is the test that fills them."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, session_timeout_s=SESSION_TIMEOUT_S, batch_events=100)


def two(settings: Settings, folder: Path) -> list[KhabarRun]:
    return [KhabarRun(settings, folder / name) for name in "ab"]


def test_kafka_restarted_and_killed(settings: Settings, stack: Stack, tmp_path: Path) -> None:
    with under_load(settings, two(settings, tmp_path)) as trial:
        with trial.fault("Kafka restarted"):
            stack.kafka.restart()
        with trial.fault("Kafka: SIGKILL"):
            stack.kafka.kill()
            stack.kafka.start()
        trial.finish()


def test_kafka_with_a_full_disk(settings: Settings, tmp_path: Path) -> None:
    """Its only log directory fails, so it goes off; with room again and started again it has all that it had."""
    with (
        small_disk(tmp_path / "disk", KAFKA_DISK_MIB) as disk,
        running_brokers(disk.path / "kafka", 1) as [broker],
    ):
        settings = replace(settings, kafka=(broker.address,))
        with under_load(settings, two(settings, tmp_path)) as trial:
            with trial.fault("Kafka: disk full"):
                disk.fill()
                assert wait_for(lambda: not broker.server.is_running, DEADLINE_S)
                disk.free()
                broker.server.start()
            trial.finish()


@dataclass(frozen=True, slots=True)
class Servers:
    """Two servers, of which the second is the first's replica, and the port by which workers reach one of them.
    The first has `disk` for itself.
    """

    first: Node
    second: Node
    proxy: Proxy
    disk: SmallDisk


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    command = find_redis_server(None)
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tmp_path / "disk", REDIS_DISK_MIB))
        first = stack.enter_context(running_redis(disk.path / "redis", command))
        second = stack.enter_context(running_redis(tmp_path / "second", command))
        second.client.replicaof(LOOPBACK, first.port)
        until(lambda: second.client.info("replication")["master_link_status"] == "up")
        yield Servers(first, second, stack.enter_context(proxy_to(first.port)), disk)


def test_redis_restarted_killed_full_and_failed_over(
    settings: Settings, servers: Servers, tmp_path: Path
) -> None:
    first, second = servers.first, servers.second
    settings = replace(settings, redis=servers.proxy.url)
    runs = two(settings, tmp_path)
    with under_load(settings, runs) as trial:
        with trial.fault("Redis restarted"):
            first.server.restart()
        with trial.fault("Redis: SIGKILL"):
            first.server.kill()
            first.server.start()
        with trial.fault("Redis: memory full (noeviction)"):
            first.client.config_set("maxmemory", 1)
            trial.until_said("waiting_for_index")
            first.client.config_set("maxmemory", 0)
        with trial.fault("Redis: disk full"):
            servers.disk.fill()
            trial.until_said("waiting_for_index")
            servers.disk.free()
        with trial.fault("Redis: killed, and its replica takes over"):
            first.server.kill()
            second.client.replicaof("NO", "ONE")
            servers.proxy.lead_to(second.port)
        trial.finish()
