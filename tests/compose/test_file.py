"""What docker-compose.yml has to agree on with the code; whether it works is test_compose.py's to say."""

import re
from pathlib import Path

from workers.config import Settings, variables
from workers.embedded.kafka_server import MESSAGE_MAX_BYTES
from workers.runtime.supervisor import GRACE_S

FILE = (Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8")


def test_every_variable_in_it_is_one_of_khabars():
    named = set(re.findall(r"^\s+(KHABAR_[A-Z_]+):", FILE, re.MULTILINE))
    assert named >= {"KHABAR_KAFKA", "KHABAR_REDIS", "KHABAR_WORKERS"}
    assert named <= {name for name, _default, _about in variables()}


def test_ports_are_open_on_the_own_machine_alone():
    mappings = re.findall(r'^\s+- "([^"]+:[0-9]+)"$', FILE, re.MULTILINE)
    assert len(mappings) == FILE.count("ports:") == 2
    assert all(mapping.startswith("127.0.0.1:") for mapping in mappings)


def test_the_broker_takes_what_the_largest_topic_takes():
    limits = re.findall(r"KAFKA_(?:MESSAGE|REPLICA_FETCH)_MAX_BYTES: ([0-9]+)", FILE)
    assert limits == [str(MESSAGE_MAX_BYTES)] * 2


def test_a_worker_is_given_longer_to_stop_than_its_drain_takes():
    worker = FILE.split("\n  worker:\n")[1]
    (grace,) = re.findall(r"stop_grace_period: ([0-9]+)s", worker)
    assert int(grace) > Settings().drain_timeout_s + GRACE_S + 5


def test_a_poller_is_given_as_long_as_a_worker_and_only_reads_its_list():
    feeds = FILE.split("\n  feeds:\n")[1].split("\n  worker:\n")[0]
    (grace,) = re.findall(r"stop_grace_period: ([0-9]+)s", feeds)
    assert int(grace) > Settings().drain_timeout_s + GRACE_S + 5
    (command,) = re.findall(r"command: \[feeds, run, (\S+)\]", feeds)
    assert f"target: {command}\n        read_only: true\n" in feeds
    assert "profiles: [feeds]" in feeds
