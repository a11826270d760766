"""What a worker knows of its partitions: which are its own, and how far they are committed."""

from kafka import OffsetAndMetadata, TopicPartition

from workers.runtime.partitions import Partitions

COMMITTED = {
    TopicPartition("a.raw", 0): OffsetAndMetadata(7, "", -1),
    TopicPartition("a.raw", 1): OffsetAndMetadata(9, "3", -1),
}


def fetch(partitions):
    return {each: COMMITTED[each] for each in partitions if each in COMMITTED}


def test_its_own_are_those_assigned_now_with_what_was_fetched_and_noted():
    assigned = [0, 1, 2]
    partitions = Partitions("a.raw", lambda: assigned, fetch)
    partitions.fetch([TopicPartition("a.raw", number) for number in assigned])
    partitions.note({"a.raw:0": 12})
    assert partitions.own() == {"a.raw:0": 12, "a.raw:1": 9, "a.raw:2": 0}
    assigned.remove(0)
    assert partitions.own() == {"a.raw:1": 9, "a.raw:2": 0}


def test_what_is_committed_never_goes_back():
    partitions = Partitions("a.raw", lambda: [0], fetch)
    partitions.note({"a.raw:0": 12})
    partitions.fetch([TopicPartition("a.raw", 0)])
    assert partitions.own() == {"a.raw:0": 12}


def test_the_replay_is_the_one_that_stands_beside_the_offset():
    partitions = Partitions("a.raw", lambda: [0, 1], fetch)
    partitions.fetch([TopicPartition("a.raw", 0), TopicPartition("a.raw", 1)])
    assert partitions.replays() == {"a.raw:0": "", "a.raw:1": "3"}


def test_of_another_topic_a_partition_is_strange_and_can_be_adopted():
    partitions = Partitions("a.raw", lambda: [0], fetch)
    assert [partitions.is_strange(name) for name in ("a.raw:5", "b.raw:0", "a.tagged:0")] == [
        False,
        True,
        True,
    ]
    partitions.adopt("b.raw:0")
    assert partitions.own() == {"a.raw:0": 0, "b.raw:0": 0}


def test_kafka_is_asked_for_a_partition_of_another_worker():
    partitions = Partitions("a.raw", list, fetch)
    assert [partitions.committed(name) for name in ("a.raw:1", "a.raw:6")] == [9, 0]
