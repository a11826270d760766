"""From what the chain made of a batch to the records to publish: dead letters, size checks, verdicts of the index."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from schemas.dead_letter import DeadLetter, DeadReason
from schemas.tagged_article import TaggedArticle
from schemas.wire import decode, encode
from workers import __version__
from workers.dedup.index import Candidate, Index
from workers.dedup.stage import PUBLISHED_RELATIONS, settle
from workers.errors import PoisonEventError
from workers.origin import ORIGIN_HEADER, READ_HEADER
from workers.runtime.chain import VERSIONS, Death, Processed
from workers.runtime.dead_letters import dead_headers, without
from workers.runtime.events import Event, Output
from workers.topics import Role, Topic

VERDICT_BYTES: Final = 1024
"""Room for what a verdict adds to an article: relation, two ids, similarity, a version."""

DEAD_VERSIONS: Final[dict[str, str]] = {"khabar": __version__} | {
    str(name): version for name, version in VERSIONS.items()
}


def finished(
    events: Sequence[Event], processed: Sequence[Processed], topics: Mapping[Role, Topic], index: Index | None
) -> list[Output]:
    """All records of a batch, with the headers that carry their lineage, in the order of the events.

    An event whose records are over what the broker takes dies before the index hears of it. `index` may be None
    for a chain without de-duplication. Raises TransientError when the index is away; calling again is safe.
    """
    checked = [_size_checked(result, topics) for result in processed]
    candidates = [
        Candidate(str(event.origin), result.fingerprint)
        for event, result in zip(events, checked, strict=True)
        if result.fingerprint is not None
    ]
    verdicts = iter(index.decide(candidates) if index is not None and candidates else ())
    outputs = []
    for event, result in zip(events, checked, strict=True):
        if result.death is not None:
            outputs.append(dead_output(event, result.death))
            continue
        lineage = event.lineage()
        outputs += [replace(output, headers=lineage) for output in result.outputs]
        if result.article is not None:
            article = settle(decode(TaggedArticle, result.article), next(verdicts))
            is_published = article.duplicate.relation in PUBLISHED_RELATIONS
            role = Role.PUBLISHED if is_published else Role.DUPLICATES
            outputs.append(Output(role, article.id.encode(), encode(article), lineage))
    return outputs


def dead_output(event: Event, death: Death) -> Output:
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
    headers = without(dead_headers(event.headers, letter), ORIGIN_HEADER, READ_HEADER)
    return Output(Role.DEAD, event.key, event.value, (*headers, *event.lineage()))


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
