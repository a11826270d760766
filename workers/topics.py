"""The topics: one table for their names, partitions, retention and limits."""

from dataclasses import dataclass
from typing import Final

RAW: Final = "articles.raw"
CLEANED: Final = "articles.cleaned"
TAGGED: Final = "articles.tagged"
PUBLISHED: Final = "articles.published"
DUPLICATES: Final = "articles.duplicates"
REJECTED: Final = "articles.rejected"
DEAD: Final = "articles.dead"

DAY_MS: Final = 24 * 3600 * 1000
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as Khabar needs it. Partitions and replication come from the configuration, for all alike."""

    name: str
    schema: str
    key: str
    retention_ms: int
    max_message_bytes: int
    about: str

    @property
    def config(self) -> dict[str, str]:
        """Topic configuration as Kafka spells it. No topic is compacted: each record counts in the ledger."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


# A dead letter repeats the raw value with more headers, so articles.dead takes a little more than the others.
TOPICS: Final = (
    Topic(name=RAW, schema="raw_event", key="the producer's", retention_ms=7 * DAY_MS, max_message_bytes=32 * MIB,
          about="pages as feeds fetched them"),
    Topic(name=CLEANED, schema="cleaned_article", key="article id", retention_ms=3 * DAY_MS, max_message_bytes=16 * MIB,
          about="text and fields, for those who chain the stages themselves"),
    Topic(name=TAGGED, schema="tagged_article", key="article id", retention_ms=3 * DAY_MS, max_message_bytes=16 * MIB,
          about="with entities"),
    Topic(name=PUBLISHED, schema="published_article", key="article id", retention_ms=30 * DAY_MS,
          max_message_bytes=16 * MIB, about="unique articles and revisions"),
    Topic(name=DUPLICATES, schema="published_article", key="article id", retention_ms=30 * DAY_MS,
          max_message_bytes=16 * MIB, about="copies, with the original's id"),
    Topic(name=REJECTED, schema="rejected_event", key="article id", retention_ms=30 * DAY_MS, max_message_bytes=1 * MIB,
          about="events without an article"),
    Topic(name=DEAD, schema="dead_letter", key="as in the event", retention_ms=30 * DAY_MS, max_message_bytes=33 * MIB,
          about="events that could not be processed: original bytes, reason, position"),
)  # fmt: skip

BY_NAME: Final = {topic.name: topic for topic in TOPICS}

OUTCOME_TOPICS: Final = (PUBLISHED, DUPLICATES, REJECTED, DEAD)
"""Every raw event ends in exactly one of these."""
