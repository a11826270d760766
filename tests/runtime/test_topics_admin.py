"""The topics of a cluster against the table."""

import pytest

from workers.config import Settings
from workers.runtime.topics_admin import ActualTopic, config_of, differences
from workers.topics import Role, table

SETTINGS = Settings(topic_prefix="t", partitions=4, replication=2)


def _cluster(**changed):
    found = {
        topic.name: ActualTopic(name=topic.name, partitions=4, replication=2, config=topic.config)
        for topic in table("t").values()
    }
    raw = found["t.raw"]
    found["t.raw"] = ActualTopic(
        name="t.raw",
        partitions=changed.pop("partitions", 4),
        replication=changed.pop("replication", 2),
        config=raw.config | {name.replace("_", "."): value for name, value in changed.items()},
    )
    return found


def test_a_cluster_as_the_table_has_no_difference():
    assert differences(SETTINGS, _cluster()) == []


@pytest.mark.parametrize(
    ("changed", "what", "wanted"),
    [
        ({"partitions": 3}, "partitions", "4"),
        ({"replication": 1}, "replication", "2"),
        ({"retention_ms": "1000"}, "retention.ms", str(7 * 24 * 3600 * 1000)),
        ({"cleanup_policy": "compact"}, "cleanup.policy", "delete"),
        ({"max_message_bytes": "1048588"}, "max.message.bytes", str(32 << 20)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_difference_says_what_where_and_what_to_do(changed, what, wanted):
    (difference,) = differences(SETTINGS, _cluster(**changed))
    assert (difference.topic, difference.what, difference.wanted) == ("t.raw", what, wanted)
    assert difference.found in changed.values() or int(difference.found) in changed.values()
    assert "t.raw" in difference.remedy or "KHABAR_" in difference.remedy


@pytest.mark.parametrize(
    "changed", [{"partitions": 9}, {"replication": 3}, {"max_message_bytes": str(64 << 20)}]
)
def test_more_than_asked_for_is_no_difference(changed):
    assert differences(SETTINGS, _cluster(**changed)) == []


@pytest.mark.parametrize(
    ("replication", "insync", "differs"),
    [(2, "1", False), (3, "1", True), (3, "2", False), (3, "3", False), (4, "unset", True)],
)
def test_with_three_copies_two_have_to_be_written(replication, insync, differs):
    settings = Settings(topic_prefix="t", partitions=4, replication=replication)
    found = {
        topic.name: ActualTopic(
            name=topic.name,
            partitions=4,
            replication=replication,
            config=topic.config | ({} if insync == "unset" else {"min.insync.replicas": insync}),
        )
        for topic in table("t").values()
    }
    assert {each.what for each in differences(settings, found)} == (
        {"min.insync.replicas"} if differs else set()
    )
    wanted = config_of(table("t")[Role.RAW], settings)
    assert wanted.get("min.insync.replicas") == ("2" if replication >= 3 else None)


def test_a_missing_topic_is_one_difference():
    found = _cluster()
    del found["t.dead"]
    (difference,) = differences(SETTINGS, found)
    assert str(difference) == (
        "t.dead: the topic is missing, should be there. Create it: khabar topics create"
    )
