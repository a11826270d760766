"""Events that are too large for their topic."""

from workers.feeds.outgoing import Outgoing
from workers.feeds.send import checked
from workers.topics import Role, table


def test_an_event_over_the_topics_limit_is_a_mistake_with_both_sizes():
    topic = table("t")[Role.RAW]
    fits = Outgoing(where="a", key=None, value=bytes(topic.max_message_bytes - 1024), headers=())
    over = Outgoing(where="a", key=None, value=bytes(topic.max_message_bytes), headers=())
    assert checked(fits, topic) is fits
    assert str(checked(over, topic)) == "a: has 33,554,432 bytes; t.raw takes 33,554,432"
