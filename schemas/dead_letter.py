"""articles.dead: events that could not be processed.

The Kafka value of a dead letter is the original value, byte for byte, under the original key and headers; this
record, as JSON, stands in the added header `khabar-dead-letter`. So it can be shown, and replayed as it was.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class DeadReason(StrEnum):
    """Why an event could not be processed. A closed list: metric labels and headers use it."""

    UNDECODABLE = "undecodable"
    """The value is not JSON although it claims or begins to be."""
    INVALID = "invalid"
    """The JSON does not fit the schema; the message names the path and the expected type."""
    TOO_LARGE = "too_large"
    """The event is over the size limit (KHABAR_MAX_EVENT_BYTES)."""
    RECORD_TOO_LARGE = "record_too_large"
    """The record made from the event is over what the broker takes."""
    TOO_SLOW = "too_slow"
    """The event took longer than KHABAR_EVENT_TIMEOUT_S allows."""
    CRASHED = "crashed"
    """The event ended the process that worked on it (a fault in a parser, or memory)."""
    STAGE_ERROR = "stage_error"
    """A stage raised an error that it should not have raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Why and where an event died. `origin` is TOPIC:PARTITION:OFFSET of the raw event (see workers.origin);
    `topic`, `partition` and `offset` say where the dead value itself was read.
    """

    reason: DeadReason
    message: str
    error: str
    stage: str
    origin: str
    topic: str
    partition: int
    offset: int
    versions: dict[str, str] = field(default_factory=dict)
