"""The table of topics holds what the flow needs."""

import re

import pytest

from schemas.generate import RECORD_TYPES
from workers.config import Settings
from workers.topics import DEFAULT_PREFIX, OUTCOMES, Role, table


def test_every_role_has_one_topic_named_under_the_prefix():
    assert [topic.name for topic in table().values()] == [
        "articles.raw", "articles.cleaned", "articles.tagged", "articles.published", "articles.duplicates",
        "articles.rejected", "articles.dead",
    ]  # fmt: skip
    assert [topic.role for topic in table("staging").values()] == list(Role) == list(table("staging"))
    assert table("staging")[Role.DEAD].name == "staging.dead"


def test_the_longest_prefix_still_gives_names_that_kafka_takes():
    settings = Settings.from_env({"KHABAR_TOPIC_PREFIX": "a" * 200})
    # org.apache.kafka.common.internals.Topic: at most 249 of these characters
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", t.name) for t in table(settings.topic_prefix).values())


def test_the_default_prefix_is_the_same_in_the_table_and_the_settings():
    assert Settings().topic_prefix == DEFAULT_PREFIX


def test_an_event_ends_in_one_of_four_topics():
    assert set(OUTCOMES) == set(Role) - {Role.RAW, Role.CLEANED, Role.TAGGED}


@pytest.mark.parametrize("role", Role)
def test_a_topic_names_a_schema_and_a_purpose_and_keeps_each_record(role: Role):
    topic = table()[role]
    assert topic.schema in RECORD_TYPES
    assert topic.key
    assert topic.about
    assert topic.config == {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(topic.retention_ms),
        "max.message.bytes": str(topic.max_message_bytes),
    }


def test_a_dead_letter_has_room_for_the_largest_raw_event_and_more_headers():
    topics = table()
    assert topics[Role.DEAD].max_message_bytes - topics[Role.RAW].max_message_bytes >= 1 << 20
    assert topics[Role.RAW].max_message_bytes > Settings().max_event_bytes


def test_dead_letters_are_kept_longer_than_the_events_they_repeat():
    topics = table()
    assert topics[Role.DEAD].retention_ms > topics[Role.RAW].retention_ms
