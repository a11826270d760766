"""Who reads what the index decides."""

from workers.config import Settings
from workers.runtime.chain import StageName
from workers.runtime.clients import Addresses, admin, speaking_to


def deciding(settings: Settings, addresses: Addresses) -> dict[str, int]:
    """The consumer groups whose workers de-duplicate, and how many members each has; those without one are left out.

    Raises ConfigError and TransientError, as workers.runtime.clients.speaking_to does.
    """
    with admin(settings, addresses) as cluster, speaking_to(addresses):
        names = [
            each["group_id"] for each in cluster.list_groups() if _decides(each["group_id"], settings.group)
        ]
        described = cluster.describe_groups(names) if names else {}
    return {name: len(group["members"]) for name, group in described.items() if group["members"]}


def _decides(name: str, group: str) -> bool:
    # workers.runtime.chain.group_name: the group itself, or GROUP-STAGE... for part of the chain
    return name == group or (name.startswith(f"{group}-") and name.endswith(f"-{StageName.DEDUP}"))
