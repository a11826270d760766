"""Subscribing to Khabar's topics from a program of your own.

    for article in subscribe("articles.published", group="my-app", lang="ar", entities=["iso:RU"]):
        print(article.title)

Records are typed and come at least once: one is committed when the loop asks for the one after it. Only committed
transactions are seen. docs/subscribing.md says more; `workers.subscribe_async` is the same for asyncio.
"""

import os
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import current_thread, main_thread
from typing import Generic, Literal, Self, TypeAlias, TypedDict, TypeVar, Unpack, overload

from schemas.cleaned_article import CleanedArticle
from schemas.dead_letter import DeadLetter
from schemas.published_article import PublishedArticle
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectedEvent
from schemas.tagged_article import TaggedArticle
from schemas.wire import InvalidError, UndecodableError
from workers.config import Settings
from workers.errors import ConfigError, KhabarError
from workers.filters import Filter, filter_of
from workers.origin import ORIGIN_HEADER, READ_HEADER, REPLAY_HEADER, REPLAY_NAME_HEADER, Origin, header
from workers.runtime.following import MAX_POLL_INTERVAL_S, Follower, Load, Partition, Start, check_start
from workers.runtime.reading import Received, Record
from workers.stopping import Stop, stop_on_signals
from workers.topics import DEFAULT_PREFIX, Role, table

__all__ = ["Options", "Partition", "Position", "Start", "Subscription", "UnreadableError", "subscribe"]

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a record stands, and what came with it."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    """When Kafka got it, UTC."""
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def next(self) -> int:
        """The offset to go on from once this record is dealt with."""
        return self.offset + 1

    @property
    def origin(self) -> Origin | None:
        """The raw event that the record was made from, the same in every repetition; None if Khabar did not write it."""
        return self._position(ORIGIN_HEADER)

    @property
    def read(self) -> Origin | None:
        """The raw event that was really read: of two records with one origin, the one with the larger offset here is
        the newer.
        """
        return self._position(READ_HEADER) or self.origin

    @property
    def replay(self) -> str | None:
        """The name of the replay (`khabar replay`) in which the record was made once more; None for none."""
        value = header(self.headers, REPLAY_NAME_HEADER)
        return None if value is None else value.decode("utf-8", "replace")

    @property
    def replay_number(self) -> int:
        """Which replay from the beginning (`khabar run --replay`) made it; 0 for none. The highest is the newest."""
        value = header(self.headers, REPLAY_HEADER) or b""
        return int(value) if value.isdigit() else 0

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"

    def _position(self, name: str) -> Origin | None:
        try:
            return Origin.parse((header(self.headers, name) or b"").decode())
        except ValueError:
            return None


class UnreadableError(KhabarError):
    """A record that Khabar did not write; `position` says where it stands."""

    def __init__(self, position: Position, why: Exception) -> None:
        super().__init__(
            f"{position} is none of Khabar's records: {why}. "
            'on_unreadable="skip" leaves such records out; a function in its place is told of them'
        )
        self.position = position


OnUnreadable: TypeAlias = Literal["raise", "skip"] | Callable[[Position, Exception], object]


class Options(TypedDict, total=False):
    """What `subscribe` takes beside the topics."""

    group: str | None
    lang: str | Sequence[str] | None
    source: str | Sequence[str] | None
    entities: str | Sequence[str]
    text: str | None
    relations: str | Sequence[str]
    start: Start | None
    offsets: Load | None
    on_unreadable: OnUnreadable
    stop: Callable[[], bool] | None
    signals: bool
    max_poll_interval_s: float
    until_now: bool
    settings: Settings | None


Articles: TypeAlias = Literal["articles.published", "published", "articles.duplicates", "duplicates"]


@overload
def subscribe(
    topics: Articles = "articles.published", **options: Unpack[Options]
) -> "Subscription[PublishedArticle]": ...
@overload
def subscribe(
    topics: Literal["articles.rejected", "rejected"], **options: Unpack[Options]
) -> "Subscription[RejectedEvent]": ...
@overload
def subscribe(
    topics: Literal["articles.dead", "dead"], **options: Unpack[Options]
) -> "Subscription[DeadLetter]": ...
@overload
def subscribe(
    topics: Literal["articles.raw", "raw"], **options: Unpack[Options]
) -> "Subscription[RawEvent]": ...
@overload
def subscribe(
    topics: Literal["articles.cleaned", "cleaned"], **options: Unpack[Options]
) -> "Subscription[CleanedArticle]": ...
@overload
def subscribe(
    topics: Literal["articles.tagged", "tagged"], **options: Unpack[Options]
) -> "Subscription[TaggedArticle]": ...
@overload
def subscribe(topics: str | Sequence[str], **options: Unpack[Options]) -> "Subscription[Record]": ...
def subscribe(  # noqa: PLR0913  (what there is to say of a subscription)
    topics: str | Sequence[str] = "articles.published",
    *,
    group: str | None = None,
    lang: str | Sequence[str] | None = None,
    source: str | Sequence[str] | None = None,
    entities: str | Sequence[str] = (),
    text: str | None = None,
    relations: str | Sequence[str] = (),
    start: Start | None = None,
    offsets: Load | None = None,
    on_unreadable: OnUnreadable = "raise",
    stop: Callable[[], bool] | None = None,
    signals: bool = True,
    max_poll_interval_s: float = MAX_POLL_INTERVAL_S,
    until_now: bool = False,
    settings: Settings | None = None,
) -> "Subscription[Record]":
    """The records of one topic or several, as they come, for ever or until told to stop.

    `topics`: `articles.published` or in short `published`; with another KHABAR_TOPIC_PREFIX, that one's topics.

    `group`: consumers of one group share the partitions, and a group goes on where it was. Without one, all is read
    and nothing remembered.

    `lang`, `source`, `entities`, `text`, `relations`: see workers.filters.filter_of. What does not pass is committed too.

    `start`: "earliest" (default with a group or `offsets`), "latest" (default without), an aware datetime, or a timedelta
    back from now. It counts only where nothing is committed, or stored.

    `offsets`: called with the partitions each time they are assigned, it returns the next offset of those that the
    caller has stored `Subscription.position` of, with its results. Nothing is committed to Kafka then.

    `on_unreadable`: "raise", "skip", or a function that is told of records that Khabar did not write.

    `stop`: asked after each record and five times a second. `signals`: in the main thread, SIGINT and SIGTERM end the
    loop after the record in hand, a second one interrupts it.

    `max_poll_interval_s`: a body that takes longer loses its partitions to others of the group.

    `until_now`: end when all has been read that is there at the start.

    `settings`: those of the KHABAR_* variables by default.

    Connected when this returns, and without a group also in position. A broker that goes away later is waited for.
    Raises ConfigError for what is wrong here or there, TransientError when no broker answers now.
    """
    settings = Settings.from_env(os.environ) if settings is None else settings
    roles = roles_of(topics, settings.topic_prefix)
    wanted = filter_of(lang=lang, source=source, entities=entities, text=text, relations=relations)
    start = start or ("latest" if group is None and offsets is None else "earliest")
    check_start(start)
    check_group(group, settings.group, roles)
    follower = Follower(
        settings,
        roles,
        group=group,
        start=start,
        load=offsets,
        max_poll_interval_s=max_poll_interval_s,
        until_now=until_now,
    )
    return Subscription(follower, wanted, on_unreadable, stop or _never, signals=signals)


class Subscription(Iterator[R_co], Generic[R_co]):
    """The records of a subscription. Leaving a loop over it with `break` or an error leaves the record in hand
    unfinished: it will come again. As a context manager, or with `close`, it leaves the consumer group at once.
    """

    def __init__(
        self,
        follower: Follower,
        wanted: Filter,
        on_unreadable: OnUnreadable,
        stop: Callable[[], bool],
        *,
        signals: bool,
    ) -> None:
        self._follower = follower
        self._in_hand: Received | None = None
        self._count = [0]
        # A function of its own, without a reference to this object: so the subscription ends when it is let go of.
        self._records = _records(follower, wanted, on_unreadable, stop, self._count, signals=signals)

    def __next__(self) -> R_co:
        self._in_hand = None
        self._in_hand, record = next(self._records)
        return record  # type: ignore[return-value]  # the overloads of `subscribe` know which type a topic has

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def position(self) -> Position:
        """Where the record in hand stands. Raises LookupError before the first and after the last."""
        return position_of(self.received)

    @property
    def received(self) -> Received:
        """The record in hand as it came: bytes, key, headers. Raises LookupError before the first and after the last."""
        if self._in_hand is None:
            raise LookupError("there is no record in hand")
        return self._in_hand

    @property
    def read_count(self) -> int:
        """How many records were read so far, those that did not pass the filters included."""
        return self._count[0]

    def done(self) -> None:
        """The record in hand is dealt with, though the next one is not asked for: say it before a `break`."""
        self._follower.finish(self.received)

    def close(self) -> None:
        """Commit what is finished, and leave the group."""
        self._records.close()
        self._follower.close()


def _records(
    follower: Follower,
    wanted: Filter,
    on_unreadable: OnUnreadable,
    stop: Callable[[], bool],
    count: list[int],
    *,
    signals: bool,
) -> Generator[tuple[Received, Record], None, None]:
    try:
        with _stopping(signals=signals) as stopping:
            for received in follower.records(lambda: stop() or stopping()):
                count[0] += 1
                record = _readable(received, on_unreadable)
                if record is not None and wanted.takes(record):
                    yield received, record
    finally:
        follower.close()


def _stopping(*, signals: bool) -> AbstractContextManager[Stop | Callable[[], bool]]:
    if signals and current_thread() is main_thread():
        return stop_on_signals()
    return nullcontext(_never)


def _readable(received: Received, on_unreadable: OnUnreadable) -> Record | None:
    try:
        return received.record
    except (UndecodableError, InvalidError) as error:
        position = position_of(received)
        if on_unreadable == "raise":
            raise UnreadableError(position, error) from error
        if on_unreadable != "skip":
            on_unreadable(position, error)
        return None


def position_of(received: Received) -> Position:
    """Where a record stands."""
    return Position(
        topic=received.topic,
        partition=received.partition,
        offset=received.offset,
        timestamp=datetime.fromtimestamp(received.timestamp_ms / 1000, UTC),
        key=received.key,
        headers=received.headers,
    )


def roles_of(topics: str | Sequence[str], prefix: str) -> tuple[Role, ...]:
    """The topics' roles. Raises ConfigError for a name that is none, with those there are."""
    names = {topic.name: role for role, topic in table(prefix).items()}
    names = {str(role): role for role in Role} | {f"{DEFAULT_PREFIX}.{role}": role for role in Role} | names
    chosen = (topics,) if isinstance(topics, str) else tuple(topics)
    wrong = ", ".join(repr(each) for each in chosen if each not in names)
    if wrong or not chosen:
        right = ", ".join(topic.name for topic in table(prefix).values())
        raise ConfigError(f"{wrong or 'topics=()'}: the topics are {right}")
    return tuple(dict.fromkeys(names[each] for each in chosen))


def check_group(group: str | None, workers: str, roles: Sequence[Role]) -> None:
    """Raises ConfigError for a consumer group that is the workers' own, or would be counted as one of them."""
    if group == "":
        raise ConfigError("group='' names no consumer group: give it a name, or leave it out")
    if group is None or not group.startswith(workers):
        return
    is_theirs = re.fullmatch(r"(-(boilerplate|entities|dedup))*", group.removeprefix(workers)) is not None
    is_counted = group.startswith(f"{workers}-") and not {Role.RAW, Role.CLEANED, Role.TAGGED}.isdisjoint(
        roles
    )
    if is_theirs or is_counted:
        raise ConfigError(
            f"group={group!r} is one of the workers' own (KHABAR_GROUP={workers}): take another name"
        )


def _never() -> bool:
    return False
