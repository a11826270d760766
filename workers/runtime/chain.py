"""A chain of consecutive stages as one pure function: Kafka values in, records out. It runs in the stage process.

The chain decodes, runs the stages one after the other over the whole batch and encodes; it knows nothing of where
events come from or go to. De-duplication is two things: its fingerprint is computed here, its verdict is asked
for by the worker (workers/runtime/verdicts.py), because that needs the index.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from schemas.cleaned_article import CleanedArticle, Source
from schemas.dead_letter import DeadReason
from schemas.raw_event import RawEvent, read_raw_event
from schemas.rejected_event import RejectedEvent
from schemas.tagged_article import TaggedArticle
from schemas.wire import InvalidError, UndecodableError, decode, encode
from workers.boilerplate import stage as boilerplate
from workers.dedup import stage as dedup
from workers.dedup.index import Fingerprint
from workers.entities import stage as entities
from workers.entities.options import DEFAULT, Options
from workers.errors import PoisonEventError
from workers.identity import article_id, is_article_id
from workers.outcomes import Dropped, Failed, Kept, Outcome, StageFunction
from workers.runtime import stopwatch
from workers.runtime.events import Headers, Output
from workers.topics import Role


class StageName(StrEnum):
    """The stages, in the order of the flow."""

    BOILERPLATE = "boilerplate"
    ENTITIES = "entities"
    DEDUP = "dedup"


ALL_STAGES: Final = tuple(StageName)
CHAINS: Final = tuple(ALL_STAGES[start:end] for start, end in combinations(range(len(ALL_STAGES) + 1), 2))
"""Every run of one or more consecutive stages."""
DECODE: Final = "decode"
"""What comes before the first stage, where seconds are counted and deaths are placed."""

INPUT_ROLES: Final = {
    StageName.BOILERPLATE: Role.RAW,
    StageName.ENTITIES: Role.CLEANED,
    StageName.DEDUP: Role.TAGGED,
}
OUTPUT_ROLES: Final = {StageName.BOILERPLATE: Role.CLEANED, StageName.ENTITIES: Role.TAGGED}

VERSIONS: Final = {
    StageName.BOILERPLATE: boilerplate.VERSION,
    StageName.ENTITIES: entities.VERSION,
    StageName.DEDUP: dedup.VERSION,
}


@dataclass(frozen=True, slots=True)
class Death:
    """A poison event: why it died, and in which stage (or `decode`)."""

    error: PoisonEventError
    stage: str


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of one event: records to produce, an article that waits for its verdict, or a death."""

    outputs: tuple[Output, ...] = ()
    fingerprint: Fingerprint | None = None
    article: bytes | None = None
    """The encoded TaggedArticle that belongs to `fingerprint`."""
    death: Death | None = None


Value = tuple[bytes, Headers]
"""A Kafka value and its headers, all that a chain sees of an event."""

ChainFunction = Callable[[Sequence[Value]], list[Processed]]
Decoder = Callable[[bytes, Headers], Any]

_DECODERS: Final[dict[StageName, Decoder]] = {
    StageName.BOILERPLATE: read_raw_event,
    StageName.ENTITIES: lambda value, _: decode(CleanedArticle, value),
    StageName.DEDUP: lambda value, _: decode(TaggedArticle, value),
}
_STAGES: Final[dict[StageName, StageFunction[Any, Any]]] = {
    StageName.BOILERPLATE: boilerplate.clean,
    StageName.ENTITIES: entities.tag,
}


def group_name(group: str, names: Sequence[StageName]) -> str:
    """The consumer group of a chain: the whole chain has the configured name, a part adds its stages."""
    return group if tuple(names) == ALL_STAGES else "-".join((group, *names))


def check_consecutive(names: Sequence[StageName]) -> None:
    """Raises ValueError unless the stages are one or more consecutive ones in the order of the flow."""
    if tuple(names) not in CHAINS:
        asked, flow = " ".join(names), " -> ".join(ALL_STAGES)
        message = f"{asked or 'nothing'}: a chain is one or more consecutive stages of {flow}"
        raise ValueError(message)


def build_chain(
    names: Sequence[StageName] = ALL_STAGES,
    *,
    write_between: bool = False,
    options: Options = DEFAULT,
) -> ChainFunction:
    """The chain of `names`, loaded and ready. With `write_between` the topics between its stages are written too; `options`
    are those of the entities.

    Raises ValueError as check_consecutive does.
    """
    check_consecutive(names)
    if StageName.BOILERPLATE in names:
        boilerplate.warm_up()

    def run(values: Sequence[Value]) -> list[Processed]:
        return _run(tuple(names), options, write_between, values)

    return run


class _Batch:
    """Events on their way through a chain: what the living ones are by now, and how the others have ended."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.alive: dict[int, Any] = dict(enumerate(values))
        self.outputs: list[list[Output]] = [[] for _ in values]
        self.ended: dict[int, Processed] = {}

    def advance(self, stage: str, outcomes: Sequence[Outcome[Any]]) -> None:
        """Take one outcome for each living event, in order."""
        for (index, before), outcome in zip(list(self.alive.items()), outcomes, strict=True):
            if isinstance(outcome, Kept):
                self.alive[index] = outcome.record
                continue
            del self.alive[index]
            if isinstance(outcome, Dropped):
                rejected = _rejected_output(before, outcome, stage)
                self.ended[index] = Processed((*self.outputs[index], rejected))
            else:
                self.ended[index] = Processed(death=Death(outcome.error, stage))

    def write(self, role: Role) -> None:
        """Have the living ones written as they are now."""
        for index, article in self.alive.items():
            self.outputs[index].append(_article_output(role, article))

    def finish(self, *, fingerprints: bool) -> list[Processed]:
        """What became of each event, in order."""
        articles = list(self.alive.values())
        prints = dedup.fingerprint(articles) if fingerprints else [None] * len(articles)
        for (index, article), fingerprint in zip(self.alive.items(), prints, strict=True):
            encoded = encode(article) if fingerprint else None
            self.ended[index] = Processed(tuple(self.outputs[index]), fingerprint, encoded)
        return [self.ended[index] for index in range(len(self.outputs))]


def _run(
    names: tuple[StageName, ...], options: Options, write_between: bool, values: Sequence[Value]
) -> list[Processed]:
    batch = _Batch(values)
    with stopwatch.timed(DECODE):
        batch.advance(DECODE, [_decoded(names[0], *value) for value in values])
    for name in names:
        if name is not StageName.DEDUP:
            with stopwatch.timed(name.value):
                batch.advance(name, _guarded(_stage(name, options), list(batch.alive.values())))
            if write_between or name is names[-1]:
                batch.write(OUTPUT_ROLES[name])
    if names[-1] is not StageName.DEDUP:
        return batch.finish(fingerprints=False)
    with stopwatch.timed(StageName.DEDUP.value):
        batch.advance(StageName.DEDUP, [_with_article_id(article) for article in batch.alive.values()])
        return batch.finish(fingerprints=True)


def _stage(name: StageName, options: Options) -> StageFunction[Any, Any]:
    return (
        functools.partial(entities.tag, options=options)
        if options != DEFAULT and name is StageName.ENTITIES
        else _STAGES[name]
    )


def _decoded(first: StageName, value: bytes, headers: Headers) -> Outcome[Any]:
    try:
        return Kept(_DECODERS[first](value, headers))
    except UndecodableError as error:
        return Failed(PoisonEventError(str(error), DeadReason.UNDECODABLE, error=type(error).__name__))
    except InvalidError as error:
        return Failed(PoisonEventError(str(error), DeadReason.INVALID, error=type(error).__name__))


def _with_article_id(article: TaggedArticle) -> Outcome[TaggedArticle]:
    """The index keeps ids in the form that Khabar makes."""
    if is_article_id(article.id):
        return Kept(article)
    message = f"`id`: {article.id[:40]!r} is no article id, which has 32 hex digits"
    return Failed(PoisonEventError(message, DeadReason.INVALID))


def _guarded(stage: StageFunction[Any, Any], records: Sequence[Any]) -> list[Outcome[Any]]:
    """The stage's outcomes; where it raises, the events are tried one by one, and those that raise have failed."""
    if not records:
        return []
    try:
        return stage(records)
    except Exception as error:  # noqa: BLE001 - the one place: whatever a stage raises costs one event, not the batch
        if len(records) == 1:
            message = f"{type(error).__name__}: {error}"
            return [Failed(PoisonEventError(message, DeadReason.STAGE_ERROR, error=type(error).__name__))]
    return [outcome for record in records for outcome in _guarded(stage, [record])]


def _article_output(role: Role, article: CleanedArticle) -> Output:
    return Output(role, article.id.encode(), encode(article))


def _rejected_output(record: RawEvent | CleanedArticle, dropped: Dropped, stage: str) -> Output:
    if isinstance(record, CleanedArticle):
        rejected_id, source = record.id, record.source
    else:
        rejected_id, source = article_id(record.body, record.url), Source(name=record.source)
    rejected = RejectedEvent(
        id=rejected_id,
        reason=dropped.reason,
        detail=dropped.detail,
        url=record.url,
        source=source,
        title=record.title,
        meta=record.meta,
        versions={stage: VERSIONS[StageName(stage)]},
    )
    return Output(Role.REJECTED, rejected_id.encode(), encode(rejected), reason=dropped.reason.value)
