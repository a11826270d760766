"""What de-duplication asks of a store. Implementations: workers/stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.published_article import Duplicate
from workers.dedup.signature import Signature
from workers.errors import TransientError


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the index needs to know of an article; small, and independent of where the event came from.

    `id` is the article id, 32 hex digits. `lang` chooses the shard. `url_key` names the page (8 bytes, empty if
    there is none), `source` who published it (2 bytes, empty if it is not known). `names` are the smallest hashes of
    the persons and places in the text, ascending, 2 bytes each.
    """

    id: str
    lang: str
    signature: Signature
    url_key: bytes = b""
    source: bytes = b""
    names: bytes = b""


@dataclass(frozen=True, slots=True)
class Read:
    """Where an event was read that is to be committed: the reader is TOPIC:PARTITION."""

    reader: str
    offset: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One arrival: the same origin always gets the verdict it had, a new origin is a new arrival.

    `read` is where the event was read; None for what counts at once, such as lines of a file.
    """

    origin: str
    fingerprint: Fingerprint
    read: Read | None = None


class PendingError(TransientError):
    """A candidate resembles an article whose event another worker has not committed yet: it may still end in another
    way. Nothing was decided; decide again when `blocked_by` is committed.
    """

    def __init__(self, blocked_by: Read) -> None:
        self.blocked_by = blocked_by
        super().__init__(
            f"A copy waits for the original, which another worker has in hand ({blocked_by.reader}:{blocked_by.offset})"
        )


class Index(Protocol):
    """The memory of the last `window` arrivals, whatever their verdicts were.

    Verdicts, in the order in which they are tried:

    - an origin that was decided before gets the verdict it had;
    - *exact*: the digest is known. `of` is the first article with this text, `similarity` 1;
    - *revision*: the page is known with another text. `of` is the page's previous version, `revision` one more
      than that one's. Not so if that version was set aside as a copy, and the new text is a copy as well;
    - *contained_in*, *truncated*, *extended*, *near*: workers.dedup.rules say so of an earlier article; `of` is the
      most similar one;
    - *unique*; `contains` names an earlier alert that has grown into this story.

    `cluster` is inherited from the article that `of` or its copy names. What was decided for an event counts for
    others once the event is committed.
    """

    def decide(
        self,
        candidates: Sequence[Candidate],
        *,
        withdrawn: Sequence[str] = (),
        own: Mapping[str, int] = {},
    ) -> list[Duplicate]:
        """One verdict a candidate, in order, decided atomically: two workers that see two copies at the same
        moment agree on one original. Candidates of one batch count as arriving in order.

        `withdrawn` are origins whose events have ended without a verdict; what was decided for them and not
        committed is taken back. `own` maps the caller's readers to their committed offsets.

        Raises PendingError; other TransientErrors when the store is away. Deciding again is safe.
        """
        ...

    def committed(self, offsets: Mapping[str, int]) -> None:
        """The events of these readers below these offsets are committed: what was decided for them counts."""
        ...
