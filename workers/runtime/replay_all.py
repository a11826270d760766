"""Reading a topic from the beginning once more, on purpose: `khabar run --replay`."""

from collections.abc import Sequence

from kafka import OffsetAndMetadata
from kafka.admin import KafkaAdminClient

from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime.audit import replay_number
from workers.runtime.chain import INPUT_ROLES, StageName, group_name
from workers.runtime.clients import Addresses, admin, consumer, speaking_to
from workers.runtime.groups import set_offsets, staying
from workers.runtime.reading import partitions_of
from workers.stores.census import clear
from workers.stores.connection import connect
from workers.topics import table


def replay_from_the_beginning(settings: Settings, addresses: Addresses, names: Sequence[StageName]) -> int:
    """Have the chain read all that its topic holds again; the number of this replay, from 1.

    1. The index is emptied if the chain decides verdicts: all of them are made anew, in the order of arrival. (With
       part of it left, an original that it has forgotten would be a copy of its own copy.)
    2. The committed offsets are set to the beginning, with the number of the replay beside them. It goes with every
       later commit, and into a header of every record: so the books can be balanced for each replay.

    Stopped between the two, it has done nothing but forget; doing it again is safe. Raises ConfigError when workers of
    the chain are running.
    """
    group = group_name(settings.group, names)
    topic = table(settings.topic_prefix)[INPUT_ROLES[names[0]]].name
    with (
        admin(settings, addresses) as cluster,
        consumer(settings, addresses) as client,
        speaking_to(addresses),
    ):
        check_idle(cluster, group)
        partitions = partitions_of(client, [topic])
        number = replay_number(cluster, settings.group, topic) + 1
        if StageName.DEDUP in names:
            with connect(settings, addresses.redis_url()) as redis:
                clear(redis, settings)
        begins = client.beginning_offsets(partitions)
        offsets = {each: OffsetAndMetadata(begins[each], str(number), -1) for each in partitions}
        if refused := set_offsets(cluster, group, offsets):
            raise ConfigError(f"Kafka refuses to set the offsets of the group {group}: {refused}")
    return number


def check_idle(cluster: KafkaAdminClient, group: str) -> None:
    """Raises ConfigError when the consumer group has members, and still has after the time that leaving takes."""
    if count := staying(cluster, [group]).get(group):
        raise ConfigError(
            f"{count} workers of the group {group} are running: stop them first. (One that was killed counts "
            "until its session has timed out, KHABAR_SESSION_TIMEOUT_S.)"
        )
