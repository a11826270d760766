"""Who reads what the index decides, and who is at work."""

from collections.abc import Sequence

from kafka.admin import KafkaAdminClient

from workers.config import Settings
from workers.runtime.audit import chains_of
from workers.runtime.chain import ALL_STAGES, StageName, group_name
from workers.runtime.clients import Addresses, admin, speaking_to


def deciding(settings: Settings, addresses: Addresses) -> dict[str, int]:
    """The consumer groups whose workers de-duplicate, and how many members each has; those without one are left out.

    Raises ConfigError and TransientError, as workers.runtime.clients.speaking_to does.
    """
    with admin(settings, addresses) as cluster, speaking_to(addresses):
        chains = chains_of(cluster, settings.group)
        # workers.runtime.chain.group_name: the group itself, or GROUP-STAGE... for part of the chain
        return members(
            cluster,
            [name for name in chains if name == settings.group or name.endswith(f"-{StageName.DEDUP}")],
        )


def chains(cluster: KafkaAdminClient, group: str) -> dict[str, tuple[StageName, ...]]:
    """The consumer groups of all chains, and the stages of each."""
    every = {
        group_name(group, ALL_STAGES[first:end]): ALL_STAGES[first:end]
        for first in range(len(ALL_STAGES))
        for end in range(first + 1, len(ALL_STAGES) + 1)
    }
    return {name: every[name] for name in chains_of(cluster, group) if name in every}


def members(cluster: KafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """How many members each of these consumer groups has; those without one are left out."""
    described = cluster.describe_groups(names) if names else {}
    return {name: len(group["members"]) for name, group in described.items() if group["members"]}
