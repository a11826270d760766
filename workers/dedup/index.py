"""What de-duplication asks of a store. Implementations: workers/stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.published_article import Duplicate


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the index needs to know of an article; small, and independent of where the event came from.

    `digest` is of the normalised text (exact copies share it), `url_key` of the canonical URL (empty if there
    is none). `sketch` is the packed bottom-k sketch of the word shingles, `shingles` their true number,
    `numbers` the packed hashes of the numbers in the text.
    """

    id: str
    lang: str
    digest: bytes
    url_key: bytes
    shingles: int
    sketch: bytes
    numbers: bytes


@dataclass(frozen=True, slots=True)
class Candidate:
    """One arrival: the same origin always gets the verdict it had, a new origin is a new arrival."""

    origin: str
    fingerprint: Fingerprint


class Index(Protocol):
    """The memory of what was seen."""

    def decide(self, candidates: Sequence[Candidate]) -> list[Duplicate]:
        """One verdict a candidate, in order, decided atomically: two workers that see two copies at the same
        moment agree on one original. Candidates of one batch count as arriving in order.

        Raises TransientError when the store is away; deciding again is safe.
        """
        ...
