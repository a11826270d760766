"""What a stage says of each event: kept, dropped or failed. See ARCHITECTURE, "Add a stage"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from schemas.rejected_event import RejectReason
from workers.errors import PoisonEventError

Record = TypeVar("Record")
Before = TypeVar("Before")
After = TypeVar("After")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Record]):
    """The event goes on as `record`."""

    record: Record


@dataclass(frozen=True, slots=True)
class Dropped:
    """The event was read and is not worth publishing. `detail` explains `reason` to a person."""

    reason: RejectReason
    detail: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The event could not be processed and becomes a dead letter."""

    error: PoisonEventError


Outcome: TypeAlias = Kept[Record] | Dropped | Failed

StageFunction: TypeAlias = Callable[[Sequence[Before]], list[Outcome[After]]]
"""A stage: a batch in, outcomes out, same length, same order. Pure: no clock, network, environment or logger."""
