"""What de-duplication asks of a store. Implementations: workers/stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.published_article import Duplicate


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the index needs to know of an article; small, and independent of where the event came from.

    `lang` names the index. `digest` is of the normalised words (exact copies share it), `url_key` of the page
    (empty if there is none); both 12 bytes. `sketch` is the bottom-k sketch of the word shingles: the smallest
    hashes, ascending, 4 bytes each, big-endian. `shingles` is the number of distinct shingles. `numbers` are
    the smallest hashes of the numbers in the text, 2 bytes each. See workers/dedup/signature.py.
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
    """The memory of the last `window` arrivals of each language, whatever their verdicts were.

    Verdicts, in the order in which they are tried:

    - an origin that was decided before gets the verdict it had;
    - *exact*: the digest is known. `of` is the first article with this text, `similarity` 1;
    - *revision*: the page is known with another text. `of` is the page's previous version, `revision` one more
      than that one's. Not so if that version was set aside as a copy, and the new text is a copy as well;
    - *near*: workers.dedup.rules say so of an earlier article; `of` is the most similar one;
    - *unique*.

    `cluster` is inherited from the article that `of` or its copy names. Each language is an index of its own:
    the same text labelled with two languages is unique twice.
    """

    def decide(self, candidates: Sequence[Candidate]) -> list[Duplicate]:
        """One verdict a candidate, in order, decided atomically: two workers that see two copies at the same
        moment agree on one original. Candidates of one batch count as arriving in order.

        Raises TransientError when the store is away; deciding again is safe.
        """
        ...
