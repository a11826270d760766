"""The index in memory, for `khabar process` and as the model of the Redis index in the contract tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from schemas.published_article import Duplicate, Relation
from workers.dedup.index import Candidate, Fingerprint
from workers.dedup.rules import RULES, Rules, anchor_values, is_near, resemblance, similarity

BUCKET_ENTRIES: Final = 24
"""Anchors in a bucket, the newest ones. The mean at a full window is 8, so that only a shingle which is in many
articles (a footer) loses its oldest."""
TAGS: Final = 1 << 16


def bucket_count(window: int) -> int:
    """Anchor buckets for a window: 8 anchors a bucket when it is full."""
    return max(64, window * RULES.anchors // 8)


@dataclass(frozen=True, slots=True)
class _Record:
    """An arrival. `version` counts the texts of its page from 0; `stands` says whether the page's text, as far as
    this arrival knows, was published under it.
    """

    origin: str
    fingerprint: Fingerprint
    verdict: Duplicate
    version: int
    stands: bool

    @property
    def original(self) -> str:
        """The first article with this text."""
        of = self.verdict.of if self.verdict.relation is Relation.EXACT else None
        return self.fingerprint.id if of is None else of


@dataclass(slots=True)
class _Language:
    """The last `window` arrivals, by number from 1, and where to find them: newest arrival by origin, digest and
    page; anchors in buckets of (tag, arrival), newest first.
    """

    window: int
    last: int = 0
    records: dict[int, _Record] = field(default_factory=dict)
    origins: dict[str, int] = field(default_factory=dict)
    digests: dict[bytes, int] = field(default_factory=dict)
    pages: dict[bytes, int] = field(default_factory=dict)
    anchors: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


class MemoryIndex:
    """Implements workers.dedup.index.Index; safe between threads."""

    def __init__(self, *, window: int, rules: Rules = RULES) -> None:
        self._window = window
        self._rules = rules
        self._languages: dict[str, _Language] = {}
        self._lock = Lock()

    def decide(self, candidates: Sequence[Candidate]) -> list[Duplicate]:
        """See Index.decide. Never raises."""
        with self._lock:
            return [self._decide(candidate) for candidate in candidates]

    def _decide(self, candidate: Candidate) -> Duplicate:
        memory = self._languages.setdefault(candidate.fingerprint.lang, _Language(self._window))
        if known := memory.origins.get(candidate.origin):
            return memory.records[known].verdict
        same_text = memory.digests.get(candidate.fingerprint.digest)
        record = _judge(memory, candidate, same_text, self._rules)
        _remember(memory, record, same_text, self._rules)
        return record.verdict


def _judge(memory: _Language, candidate: Candidate, same_text: int | None, rules: Rules) -> _Record:
    new = candidate.fingerprint
    page = memory.records.get(memory.pages.get(new.url_key, 0)) if new.url_key else None
    if same_text:
        twin = memory.records[same_text]
        verdict = Duplicate(
            relation=Relation.EXACT, of=twin.original, similarity=1.0, cluster=twin.verdict.cluster
        )
        version, stands = (page.version, page.stands) if page else (0, False)
        return _Record(candidate.origin, new, verdict, version, stands)
    near = _nearest(memory, new, rules)
    if page and (page.stands or not near):
        verdict = Duplicate(
            relation=Relation.REVISION,
            of=page.fingerprint.id,
            similarity=similarity(resemblance(new, page.fingerprint).jaccard),
            cluster=page.verdict.cluster,
            revision=page.version + 1,
        )
        return _Record(candidate.origin, new, verdict, page.version + 1, stands=True)
    version = page.version + 1 if page else 0
    if near:
        return _Record(candidate.origin, new, near, version, stands=False)
    verdict = Duplicate(relation=Relation.UNIQUE, cluster=new.id)
    return _Record(candidate.origin, new, verdict, version, stands=True)


def _nearest(memory: _Language, new: Fingerprint, rules: Rules) -> Duplicate | None:
    """The most similar of those that share most anchors; among equals the one with more, then the newest."""
    best: tuple[float, _Record] | None = None
    for arrival in _sharing_anchors(memory, new, rules):
        earlier = memory.records[arrival]
        found = resemblance(new, earlier.fingerprint)
        if is_near(new, earlier.fingerprint, found, rules) and (best is None or found.jaccard > best[0]):
            best = found.jaccard, earlier
    if best is None:
        return None
    jaccard, earlier = best
    return Duplicate(
        relation=Relation.NEAR,
        of=earlier.original,
        similarity=similarity(jaccard),
        cluster=earlier.verdict.cluster,
    )


def _sharing_anchors(memory: _Language, new: Fingerprint, rules: Rules) -> list[int]:
    shared: dict[int, int] = {}
    for value in anchor_values(new, rules):
        tag, bucket = _address(memory, value)
        for entry_tag, arrival in memory.anchors.get(bucket, ()):
            if entry_tag == tag and arrival in memory.records:
                shared[arrival] = shared.get(arrival, 0) + 1
    enough = [arrival for arrival, count in shared.items() if count >= rules.shared_anchors]
    return sorted(enough, key=lambda arrival: (-shared[arrival], -arrival))[: rules.compared]


def _remember(memory: _Language, record: _Record, same_text: int | None, rules: Rules) -> None:
    memory.last += 1
    new = record.fingerprint
    for value in anchor_values(new, rules):
        tag, bucket = _address(memory, value)
        # A copy takes its twin's places: a story that is sent a thousand times takes no more room than once.
        oldest = memory.last - memory.window + 1
        others = [e for e in memory.anchors.get(bucket, ()) if e[1] != same_text and e[1] >= oldest]
        memory.anchors[bucket] = [(tag, memory.last), *others][:BUCKET_ENTRIES]
    memory.records[memory.last] = record
    memory.origins[record.origin] = memory.last
    memory.digests[new.digest] = memory.last
    if new.url_key:
        memory.pages[new.url_key] = memory.last
    _forget(memory, memory.last - memory.window)


def _forget(memory: _Language, arrival: int) -> None:
    if old := memory.records.pop(arrival, None):
        del memory.origins[old.origin]
        if memory.digests[old.fingerprint.digest] == arrival:
            del memory.digests[old.fingerprint.digest]
        if memory.pages.get(old.fingerprint.url_key) == arrival:
            del memory.pages[old.fingerprint.url_key]


def _address(memory: _Language, value: int) -> tuple[int, int]:
    tag, bucket = divmod(value, bucket_count(memory.window))
    return tag % TAGS, bucket
