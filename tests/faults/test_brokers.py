"""Three brokers as processes, replication 3 and min.insync.replicas 2: one killed, brought back, all restarted."""

from dataclasses import replace
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from tests.support.brokers import Broker, running_brokers
from tests.support.harness import wait_for
from tests.support.khabar_run import KhabarRun
from tests.support.trial import DEADLINE_S, SESSION_TIMEOUT_S, under_load
from workers.config import Settings

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(900)]


def are_in_sync(brokers: list[Broker]) -> bool:
    """Whether every partition has all its replicas in step."""
    try:
        with KafkaAdminClient(bootstrap_servers=[broker.address for broker in brokers]) as client:
            topics = client.describe_topics(list(client.list_topics()))
    except KafkaError:
        return False
    return all(
        len(partition["isr_nodes"]) == len(brokers) for topic in topics for partition in topic["partitions"]
    )


def test_one_of_three_brokers_killed_and_brought_back_and_all_restarted_in_turn(
    settings: Settings, tmp_path: Path
) -> None:
    """While one is dead the work goes on, and nothing that was acknowledged is lost with it."""
    with running_brokers(tmp_path / "kafka", 3) as brokers:
        settings = replace(
            settings,
            kafka=tuple(broker.address for broker in brokers),
            replication=3,
            session_timeout_s=SESSION_TIMEOUT_S,
            batch_events=100,
        )
        runs = [KhabarRun(settings, tmp_path / name) for name in "ab"]
        with under_load(settings, runs) as trial:
            with trial.fault("one of three brokers: SIGKILL; the work goes on without it"):
                brokers[0].server.kill()
            with trial.fault("one of three brokers: brought back"):
                brokers[0].server.start()
                assert wait_for(lambda: are_in_sync(brokers), DEADLINE_S)
            with trial.fault("three brokers: restarted one after the other"):
                for broker in brokers:
                    broker.server.restart()
                    assert wait_for(lambda: are_in_sync(brokers), DEADLINE_S)
            trial.finish()
