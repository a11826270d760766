"""From what the chain made of a batch to the records to publish: dead letters, size checks, verdicts of the index."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import DEFAULT_PUBLISHED, Duplicate, Relation
from schemas.tagged_article import TaggedArticle
from schemas.wire import decode, encode
from workers import __version__
from workers.dedup.index import Candidate, Index, Read
from workers.dedup.stage import settle
from workers.errors import PoisonEventError
from workers.origin import (
    ORIGIN_HEADER,
    READ_HEADER,
    REPLAY_HEADER,
    REPLAY_NAME_HEADER,
    TRACE_HEADER,
    VERDICT_HEADER,
    header,
)
from workers.runtime.carried import carried_verdict
from workers.runtime.chain import VERSIONS, Death, Processed
from workers.runtime.dead_letters import dead_headers, without
from workers.runtime.events import Event, Headers, Output
from workers.topics import Role, Topic

NO_REPLAYS: Final[Mapping[str, str]] = MappingProxyType({})
VERDICT_BYTES: Final = 1024
"""Room for what a verdict adds to an article: relation, two ids, similarity, a version."""

DEAD_VERSIONS: Final[dict[str, str]] = {"khabar": __version__} | {
    str(name): version for name, version in VERSIONS.items()
}


@dataclass(frozen=True, slots=True)
class Deciding:
    """What verdicts are asked for with, and which relations are published.

    `own` maps the partitions that this worker reads, as TOPIC:PARTITION, to their committed offsets; None where
    nothing is committed, as with files: then every verdict counts at once.
    """

    index: Index
    published: Collection[Relation] = DEFAULT_PUBLISHED
    own: Mapping[str, int] | None = None


def finished(
    events: Sequence[Event],
    processed: Sequence[Processed],
    topics: Mapping[Role, Topic],
    deciding: Deciding | None,
    replays: Mapping[str, str] = NO_REPLAYS,
) -> list[Output]:
    """All records of a batch, with the headers that carry their lineage, in the order of the events.

    `replays` gives for TOPIC:PARTITION the number of the replay in which it is read, where it is.

    An event whose records are over what the broker takes dies before the index hears of it. `deciding` is None
    for a chain without de-duplication. Raises TransientError when the index is away or a verdict has to wait for
    another worker; calling again is safe.
    """
    checked = [_size_checked(result, topics) for result in processed]
    lineages = [event.lineage(replays.get(event.position.reader, "")) for event in events]
    carried = [
        carried_verdict(event.headers, lineage) for event, lineage in zip(events, lineages, strict=True)
    ]
    verdicts = iter(_verdicts(events, checked, carried, deciding) if deciding else ())
    outputs = []
    for event, result, lineage, known in zip(events, checked, lineages, carried, strict=True):
        if result.death is not None:
            outputs.append(dead_output(event, result.death, lineage))
            continue
        outputs += [
            replace(output, headers=_passed_on(event, output.role, lineage)) for output in result.outputs
        ]
        if result.article is not None:
            article = settle(decode(TaggedArticle, result.article), known or next(verdicts))
            is_published = deciding is not None and article.duplicate.relation in deciding.published
            role = Role.PUBLISHED if is_published else Role.DUPLICATES
            reason = article.duplicate.relation.value
            outputs.append(Output(role, article.id.encode(), encode(article), lineage, reason))
    return outputs


def _passed_on(event: Event, role: Role, lineage: Headers) -> Headers:
    """The lineage, and between the stages the verdict that the event brings along."""
    verdict = header(event.headers, VERDICT_HEADER)
    is_between = role in (Role.CLEANED, Role.TAGGED)
    return (*lineage, (VERDICT_HEADER, verdict)) if is_between and verdict is not None else lineage


def _verdicts(
    events: Sequence[Event],
    checked: Sequence[Processed],
    carried: Sequence[Duplicate | None],
    deciding: Deciding,
) -> list[Duplicate]:
    """Those of the articles that bring none along."""
    is_committed_later = deciding.own is not None
    candidates, withdrawn = [], []
    for event, result, known in zip(events, checked, carried, strict=True):
        if result.fingerprint is not None and known is not None:
            continue
        if result.fingerprint is not None:
            read = Read(event.position.reader, event.position.offset) if is_committed_later else None
            candidates.append(Candidate(str(event.origin), result.fingerprint, read))
        elif is_committed_later:
            withdrawn.append(str(event.origin))
    if not candidates and not withdrawn:
        return []
    return deciding.index.decide(candidates, withdrawn=withdrawn, own=deciding.own or {})


def dead_output(event: Event, death: Death, lineage: Headers) -> Output:
    """The dead letter of an event: its own bytes, key and headers, and why it died."""
    letter = DeadLetter(
        reason=death.error.reason,
        message=death.error.message,
        error=death.error.error,
        stage=death.stage,
        origin=str(event.origin),
        topic=event.position.topic,
        partition=event.position.partition,
        offset=event.position.offset,
        versions=DEAD_VERSIONS,
    )
    traced = (TRACE_HEADER,) if event.trace else ()
    own = (ORIGIN_HEADER, READ_HEADER, REPLAY_HEADER, REPLAY_NAME_HEADER, *traced)
    headers = without(dead_headers(event.headers, letter), *own)
    return Output(Role.DEAD, event.key, event.value, (*headers, *lineage), death.error.reason.value)


def _size_checked(result: Processed, topics: Mapping[Role, Topic]) -> Processed:
    sizes = [(output.role, output.size_bytes) for output in result.outputs]
    if result.article is not None:
        sizes.append((Role.PUBLISHED, len(result.article) + VERDICT_BYTES))
    for role, size_bytes in sizes:
        limit = topics[role].max_message_bytes
        if size_bytes > limit:
            error = PoisonEventError(
                f"The record for {topics[role].name} takes {size_bytes:,} bytes; the topic takes {limit:,}",
                DeadReason.RECORD_TOO_LARGE,
            )
            return Processed(death=Death(error, "publish"))
    return result
