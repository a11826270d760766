"""The network between workers and their services: cut, slow, or silent, amid the work of two `khabar run`."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.brokers import running_brokers
from tests.support.khabar_run import KhabarRun
from tests.support.proxy import Proxy, proxy_to
from tests.support.trial import SESSION_TIMEOUT_S, under_load
from workers.config import Settings
from workers.embedded.ports import LOOPBACK
from workers.embedded.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(600)]

CUT_S = 15.0
DELAY_S = 0.5
SILENT_S = 2 * SESSION_TIMEOUT_S + 3
"""The session is over, and so is the transaction, and what Redis may take for an answer (10 s)."""


@dataclass(frozen=True, slots=True)
class Network:
    """The settings of those who reach both services through proxies, and of those who do not."""

    kafka: Proxy
    redis: Proxy
    through: Settings
    direct: Settings


@pytest.fixture
def network(settings: Settings, stack: Stack, tmp_path: Path) -> Iterator[Network]:
    redis_port = int(stack.addresses.redis.rpartition(":")[2].partition("/")[0])
    with ExitStack() as opened:
        kafka = opened.enter_context(proxy_to(0))
        redis = opened.enter_context(proxy_to(redis_port))
        [broker] = opened.enter_context(
            running_brokers(tmp_path / "kafka", 1, advertised_door=lambda _: kafka.port)
        )
        kafka.target = broker.door_port
        direct = replace(
            settings, kafka=(broker.address,), session_timeout_s=SESSION_TIMEOUT_S, batch_events=200
        )
        through = replace(direct, kafka=(f"{LOOPBACK}:{kafka.port}",), redis=redis.url)
        yield Network(kafka, redis, through, direct)


def cut(proxy: Proxy) -> None:
    proxy.cut()
    time.sleep(CUT_S)
    proxy.heal()


def silence(proxy: Proxy) -> None:
    proxy.silence()
    time.sleep(SILENT_S)
    proxy.heal()


def test_a_network_slow_or_silent_loses_and_repeats_nothing(network: Network, tmp_path: Path) -> None:
    """The first run reaches its services through the network, the second beside it does not."""
    runs = [KhabarRun(network.through, tmp_path / "a"), KhabarRun(network.direct, tmp_path / "b")]
    with under_load(network.direct, runs) as trial:
        for service, proxy in (("Kafka", network.kafka), ("Redis", network.redis)):
            with trial.fault(f"network to {service}: silent for {SILENT_S:g} s, for one of two"):
                silence(proxy)
            with trial.fault(f"network to {service}: {DELAY_S * 1000:g} ms slower, for one of two"):
                proxy.delay_s = DELAY_S
                trial.until_all()
                proxy.heal()
        trial.finish()


def test_a_network_cut_for_all_workers_loses_and_repeats_nothing(network: Network, tmp_path: Path) -> None:
    runs = [KhabarRun(network.through, tmp_path / name) for name in "ab"]
    with under_load(network.direct, runs) as trial:
        for service, proxy in (("Kafka", network.kafka), ("Redis", network.redis)):
            with trial.fault(f"network to {service}: cut for {CUT_S:g} s, for all"):
                cut(proxy)
        trial.finish()
