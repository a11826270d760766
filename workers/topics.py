"""The topics: one table for their names, partitions, retention and limits.

A topic is spoken of by its role; its name is the configured prefix, a dot and the role (`articles.raw`), so that
one cluster can carry several Khabars side by side, and a test its own.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY_MS: Final = 24 * 3600 * 1000
MIB: Final = 1 << 20
DEFAULT_PREFIX: Final = "articles"


class Role(StrEnum):
    """What a topic is for; also the last part of its name."""

    RAW = "raw"
    CLEANED = "cleaned"
    TAGGED = "tagged"
    PUBLISHED = "published"
    DUPLICATES = "duplicates"
    REJECTED = "rejected"
    DEAD = "dead"


OUTCOMES: Final = (Role.PUBLISHED, Role.DUPLICATES, Role.REJECTED, Role.DEAD)
"""Every raw event ends in exactly one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as Khabar needs it. Partitions and replication come from the configuration, for all alike."""

    role: Role
    name: str
    schema: str
    key: str
    retention_ms: int
    max_message_bytes: int
    about: str

    @property
    def config(self) -> dict[str, str]:
        """Topic configuration as Kafka spells it. No topic is compacted: each record counts in the ledger.

        A record's time is that of its arrival at the broker. Were it the writer's, the broker would refuse all that a
        machine writes whose clock is an hour ahead, and soon delete what one writes whose clock is weeks behind.
        """
        return {
            "cleanup.policy": "delete",
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


# A dead letter repeats the raw value with more headers, so articles.dead takes a little more than the others.
_ROWS: Final = (
    # role, schema, key, retention in days, largest record in MiB, about
    (Role.RAW, "raw_event", "the producer's", 7, 32, "pages as feeds fetched them"),
    (Role.CLEANED, "cleaned_article", "article id", 3, 16, "text and fields, to chain the stages by topics"),
    (Role.TAGGED, "tagged_article", "article id", 3, 16, "with entities"),
    (Role.PUBLISHED, "published_article", "article id", 30, 16, "unique articles and revisions"),
    (Role.DUPLICATES, "published_article", "article id", 30, 16, "copies, with the original's id"),
    (Role.REJECTED, "rejected_event", "article id", 30, 1, "events without an article"),
    (Role.DEAD, "dead_letter", "as in the event", 30, 33,
     "events that could not be processed: original bytes, reason, position"),
)  # fmt: skip


def table(prefix: str = DEFAULT_PREFIX) -> dict[Role, Topic]:
    """Every topic by its role, in the order of the flow, named under `prefix`."""
    return {
        role: Topic(
            role=role,
            name=f"{prefix}.{role}",
            schema=schema,
            key=key,
            retention_ms=days * DAY_MS,
            max_message_bytes=limit_mib * MIB,
            about=about,
        )
        for role, schema, key, days, limit_mib, about in _ROWS
    }
