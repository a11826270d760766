"""Making the topics, and comparing a cluster's with the table in workers.topics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime.clients import Addresses, admin, speaking_to
from workers.topics import Topic, table


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualTopic:
    """A topic as a cluster has it. `replication` is the smallest number of replicas among its partitions."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a cluster's topic is not the table's, and what to do about it."""

    topic: str
    what: str
    wanted: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.found}, should be {self.wanted}. {self.remedy}"


REPLICATED: Final = 3
"""From so many copies on, two have to be written before a record counts: one broker may be away, or lost for good."""
AT_LEAST: Final = frozenset({"max.message.bytes", "min.insync.replicas"})
"""What may be more than is asked for."""


def config_of(topic: Topic, settings: Settings) -> dict[str, str]:
    """The topic's configuration as it is to be in a cluster with the replication that is set."""
    return topic.config | ({"min.insync.replicas": "2"} if settings.replication >= REPLICATED else {})


def missing(names: Iterable[str]) -> ConfigError:
    """What to say of topics that are not seen."""
    return ConfigError(
        f"Kafka has no topic {', '.join(names)}, or hides it from this account. Create what is missing: khabar topics create"
    )


def create(client: KafkaAdminClient, settings: Settings) -> list[str]:
    """Create the topics that are missing; the names of those it made, once they are ready for use.

    Topics that exist are left as they are (see `differences`). Raises ConfigError where the cluster refuses.
    """
    existing = set(client.list_topics())
    missing = [topic for topic in table(settings.topic_prefix).values() if topic.name not in existing]
    if not missing:
        return []
    reply = client.create_topics(
        {
            topic.name: {
                "num_partitions": settings.partitions,
                "replication_factor": settings.replication,
                "configs": config_of(topic, settings),
            }
            for topic in missing
        },
        raise_errors=False,
    )
    made, refused = [], []
    for topic in reply["topics"]:
        # Several workers may start at once; the topic that another one made meanwhile is as good.
        if topic["error_code"] == 0:
            made.append(topic["name"])
        elif topic["error_code"] != errors.TopicAlreadyExistsError.errno:
            why = topic.get("error_message") or errors.for_code(topic["error_code"]).__name__
            refused.append(f"  {topic['name']}: {why}")
    if refused:
        raise ConfigError("\n".join(["Kafka refuses to create topics:", *refused]))
    client.wait_for_topics([topic.name for topic in missing])
    return made


def as_it_is(settings: Settings, addresses: Addresses, topic: Topic) -> Topic:
    """The topic with the limit that it has in this cluster, where that is lower than Khabar's own.

    A producer that sends a larger record fails all that it sends after it (kafka-python 3.0.12), so it is asked
    before. An account that may write but not ask gets `topic` as it is. Raises ConfigError where there is no such topic.
    """
    with admin(settings, addresses) as client, speaking_to(addresses):
        try:
            found = actual(client, [topic.name]).get(topic.name)
        except errors.AuthorizationError:
            return topic
    if found is None:
        raise missing([topic.name])
    limit = int(found.config["max.message.bytes"])
    return replace(topic, max_message_bytes=min(topic.max_message_bytes, limit))


def actual(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, ActualTopic]:
    """Those of the topics `names` that the cluster has, and that this account may know of.

    Raises TopicAuthorizationFailedError where it may not ask for their configuration.
    """
    existing = sorted(set(client.list_topics()) & set(names))
    if not existing:
        return {}
    configs = client.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in existing], config_filter="all"
    )["topic"]
    # The client passes over what Kafka refuses.
    if untold := [name for name in existing if not configs.get(name)]:
        raise errors.TopicAuthorizationFailedError(f"DescribeConfigs is not allowed for {', '.join(untold)}")
    return {
        described["name"]: _actual(described, configs[described["name"]])
        for described in client.describe_topics(existing)
    }


def _actual(described: Mapping[str, Any], config: Mapping[str, Mapping[str, Any]]) -> ActualTopic:
    partitions = described["partitions"]
    return ActualTopic(
        name=described["name"],
        partitions=len(partitions),
        replication=min((len(partition["replica_nodes"]) for partition in partitions), default=0),
        config={key: str(entry["value"]) for key, entry in config.items()},
    )


def differences(settings: Settings, found: Mapping[str, ActualTopic]) -> list[Difference]:
    """How the topics `found` (by name) differ from the table, in the table's order; empty when all is well.

    More partitions, more replicas and room for larger records than asked for are no difference.
    """
    result: list[Difference] = []
    for topic in table(settings.topic_prefix).values():
        if topic.name in found:
            result += _differences(topic, found[topic.name], settings)
        else:
            result.append(
                Difference(
                    topic=topic.name,
                    what="the topic",
                    wanted="there",
                    found="missing",
                    remedy="Create it: khabar topics create",
                )
            )
    return result


def _differences(topic: Topic, found: ActualTopic, settings: Settings) -> list[Difference]:
    def difference(what: str, wanted: object, is_now: object, remedy: str) -> Difference:
        return Difference(topic=topic.name, what=what, wanted=str(wanted), found=str(is_now), remedy=remedy)

    result = []
    if found.partitions < settings.partitions:
        remedy = (
            "More workers than partitions stand idle. Add some: kafka-topics.sh --alter "
            f"--topic {topic.name} --partitions {settings.partitions}, or lower KHABAR_PARTITIONS"
        )
        result.append(difference("partitions", settings.partitions, found.partitions, remedy))
    if found.replication < settings.replication:
        remedy = (
            "Records are lost with fewer brokers than planned. Add replicas: "
            "kafka-reassign-partitions.sh, or lower KHABAR_REPLICATION"
        )
        result.append(difference("replication", settings.replication, found.replication, remedy))
    for key, wanted in config_of(topic, settings).items():
        is_now = found.config.get(key, "unset")
        if is_now != wanted and not (key in AT_LEAST and _integer(is_now) >= int(wanted)):
            remedy = (
                f"Set it: kafka-configs.sh --alter --entity-type topics --entity-name {topic.name} "
                f"--add-config {key}={wanted}"
            )
            result.append(difference(key, wanted, is_now, remedy))
    return result


def _integer(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() else 0
