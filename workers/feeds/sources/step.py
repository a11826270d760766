"""What reading a source gives, one step at a time."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from workers.feeds.outgoing import Item


class Reason(StrEnum):
    """Why something in a source is no event. It is not a mistake: it is counted, and the count is shown."""

    HIDDEN = "hidden files"
    OTHER_FILE = "files of other kinds"
    NO_FILE = "links and devices"
    NESTED = "archives within archives"
    OTHER_RECORD = "records of other types"
    REQUEST = "request records"
    METADATA = "metadata records"
    WARCINFO = "warcinfo records"
    REVISIT = "revisit records"
    STATUS = "responses with another status than 200"
    CONTENT_TYPE = "neither HTML nor text"
    CUT = "cut short by the crawler"
    TOO_LARGE = "larger than the topic takes"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is no event."""

    reason: Reason


class Place(NamedTuple):
    """Where to go on in a source: what stands before it is done.

    `member` counts the members of an archive that are done. Within a file or member, `number` counts the lines or
    records that are done, and `offset` is where reading can begin again: at the next line; at the last record that
    is done, whose id `record` is. Where a file cannot be read from its middle, `offset` is 0.
    """

    member: int = 0
    offset: int = 0
    number: int = 0
    record: str = ""


Read: TypeAlias = Item | Skipped


class Step(NamedTuple):
    """What was read, where to go on after it, and how far that is into the file, in bytes as on the disk."""

    read: Read
    place: Place
    done_bytes: int


START = Place()
END = Place(member=-1)
"""Nothing more is read of the source."""
