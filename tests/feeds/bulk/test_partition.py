"""The partitions of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import default

from workers.feeds.bulk.partition import murmur2, partitions_of


@given(st.lists(st.binary(max_size=200), min_size=1))
def test_the_hashes_are_those_of_kafkas_clients(keys):
    assert murmur2(keys).tolist() == [default.murmur2(key) for key in keys]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # org.apache.kafka.common.utils.UtilsTest.testMurmur2
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafka_itself(key, value):
    assert murmur2([key]).tolist() == [value % 2**32]


def test_each_key_has_its_partition_long_ones_too():
    keys = [b"%d" % number * (5000 if number == 50 else 1) for number in range(100)]
    assert partitions_of(keys, 4) == [(default.murmur2(key) & 0x7FFFFFFF) % 4 for key in keys]
    assert set(partitions_of(keys, 4)) == {0, 1, 2, 3}
    assert partitions_of([], 4) == []
