"""The consumer groups of the chains: which there are, who is at work in them, and how far they have read."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from kafka import OffsetAndMetadata, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from workers.config import Settings
from workers.runtime.chain import CHAINS, StageName, group_name
from workers.runtime.clients import Addresses, admin, speaking_to

LEAVING_S: Final = 3.0
"""A worker that has just ended may still be a member: its farewell is on its way."""


def deciding(settings: Settings, addresses: Addresses) -> dict[str, int]:
    """The consumer groups whose workers de-duplicate, and how many members each has; those without one are left out.

    Raises ConfigError and TransientError, as workers.runtime.clients.speaking_to does.
    """
    with admin(settings, addresses) as cluster, speaking_to(addresses):
        found = chains(cluster, settings.group)
        return members(cluster, [name for name, stages in found.items() if StageName.DEDUP in stages])


def chains(cluster: KafkaAdminClient, group: str) -> dict[str, tuple[StageName, ...]]:
    """The consumer groups of all chains, and the stages of each."""
    every = {group_name(group, stages): stages for stages in CHAINS}
    names = [each["group_id"] for each in cluster.list_groups()]
    return {name: every[name] for name in names if name in every}


def members(cluster: KafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """How many members each of these consumer groups has; those without one are left out."""
    described = cluster.describe_groups(names) if names else {}
    return {name: len(group["members"]) for name, group in described.items() if group["members"]}


def staying(cluster: KafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """`members`, of those that still have some after the time that leaving takes."""
    deadline = time.monotonic() + LEAVING_S
    while (found := members(cluster, names)) and time.monotonic() < deadline:
        time.sleep(LEAVING_S / 20)
    return found


def offsets_of(cluster: KafkaAdminClient, name: str, topic: str) -> dict[TopicPartition, OffsetAndMetadata]:
    """What the consumer group has committed of the topic."""
    found: Mapping[TopicPartition, OffsetAndMetadata] = cluster.list_group_offsets(name)[name]
    return {partition: each for partition, each in found.items() if partition.topic == topic}


def set_offsets(
    cluster: KafkaAdminClient, name: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]
) -> dict[str, type[KafkaError]]:
    """Commit these offsets for a consumer group without members; TOPIC:PARTITION to why, where Kafka refuses."""
    results = cluster.alter_group_offsets(name, offsets)
    return {f"{each.topic}:{each.partition}": error for each, error in results.items() if error.errno}


def replay_in(committed: OffsetAndMetadata) -> int:
    """Which replay from the beginning (workers/runtime/replay_all.py) this was committed in; 0: in none."""
    return int(committed.metadata) if committed.metadata.isdecimal() else 0
