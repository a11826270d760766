"""Beginning where another chain has ended: a chain of all stages, and the stages one by one, are different consumer groups.

Both at once would do everything twice, and one after the other would, if the second began at the start of its topic.
"""

from collections.abc import Sequence

import structlog
from kafka import OffsetAndMetadata
from kafka.admin import KafkaAdminClient
from kafka.errors import UnknownMemberIdError

from workers.config import Settings
from workers.errors import ConfigError, TransientError
from workers.runtime.chain import INPUT_ROLES, StageName, group_name
from workers.runtime.clients import Addresses, admin, speaking_to
from workers.runtime.groups import chains, members, offsets_of, replay_in, set_offsets, staying
from workers.topics import table

log = structlog.get_logger()


def take_over(settings: Settings, addresses: Addresses, names: Sequence[StageName]) -> None:
    """Have the chain begin where the furthest of those that read its topic has ended.

    A member counts for as long as a transaction of its own may live (the session), so nothing is pending in a group
    without members; and the broker lets nobody move the offsets of a group that has some.

    Raises ConfigError where another chain with a stage in common is at work. While Kafka is away nothing is checked: the
    workers wait for it.
    """
    try:
        with admin(settings, addresses) as cluster, speaking_to(addresses):
            _check_alone(cluster, settings, names)
            _move_offsets(cluster, settings, names)
    except TransientError as error:
        log.warning("other_chains_not_checked", why=str(error))


def _check_alone(cluster: KafkaAdminClient, settings: Settings, names: Sequence[StageName]) -> None:
    rivals = [
        group
        for group, stages in chains(cluster, settings.group).items()
        if set(stages) & set(names) and stages != tuple(names)
    ]
    if at_work := staying(cluster, rivals):
        shown = ", ".join(f"{count} of the group {group}" for group, count in at_work.items())
        raise ConfigError(
            f"Other workers do part of this already, and all of it would be done twice: {shown}. Stop them first. "
            "(One that was killed counts until its session has timed out, KHABAR_SESSION_TIMEOUT_S.)"
        )


def _move_offsets(cluster: KafkaAdminClient, settings: Settings, names: Sequence[StageName]) -> None:
    group = group_name(settings.group, names)
    topic = table(settings.topic_prefix)[INPUT_ROLES[names[0]]].name
    others = [
        name
        for name, stages in chains(cluster, settings.group).items()
        if stages[0] == names[0] and name != group
    ]
    if not others:
        return
    own = offsets_of(cluster, group, topic)
    furthest = dict(own)
    for other in others:
        for partition, committed in offsets_of(cluster, other, topic).items():
            furthest[partition] = max(committed, furthest.get(partition, committed), key=_progress)
    moved = {partition: each for partition, each in furthest.items() if own.get(partition) != each}
    if not moved or members(cluster, [group]):
        return
    refused = set(set_offsets(cluster, group, moved).values())
    if refused - {UnknownMemberIdError}:  # that one: another worker of this chain has begun meanwhile
        raise ConfigError(f"Kafka refuses to set the offsets of the group {group}: {refused}")
    if not refused:
        log.info(
            "took_over",
            group=group,
            offsets={f"{each.topic}:{each.partition}": moved[each].offset for each in moved},
        )


def _progress(committed: OffsetAndMetadata) -> tuple[int, int]:
    """Which replay, and how far in it."""
    return replay_in(committed), committed.offset
