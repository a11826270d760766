"""Finding dead letters, and sending their events once more."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from kafka import TopicPartition

from schemas.dead_letter import DeadLetter
from schemas.wire import InvalidError, UndecodableError
from workers.config import Settings
from workers.errors import ConfigError
from workers.feeds.send import Mistake, Outgoing, Sent, produce
from workers.origin import ORIGIN_HEADER, header
from workers.runtime.audit import whole
from workers.runtime.clients import Addresses, admin, consumer, producer, speaking_to
from workers.runtime.dead_letters import read_dead_letter, replay
from workers.runtime.reading import Ranges, Received, read_ranges
from workers.topics import Role, table

_POSITION: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """A dead letter without its value: where it stands in articles.dead, and what it says."""

    partition: int
    offset: int
    size_bytes: int
    timestamp_ms: int
    letter: DeadLetter

    @property
    def position(self) -> str:
        """PARTITION:OFFSET, by which a user names it."""
        return f"{self.partition}:{self.offset}"


def dead_letters(
    settings: Settings, addresses: Addresses, position: str | None = None
) -> Iterator[tuple[Received, Dead | str]]:
    """All of articles.dead, or only what stands at `position` (PARTITION:OFFSET), partition by partition.

    Instead of a letter, what is wrong with a record that is none.
    """
    topic = table(settings.topic_prefix)[Role.DEAD].name
    with closing(consumer(settings, addresses)) as client, speaking_to(addresses):
        with admin(settings, addresses) as cluster:
            ranges = whole(client, cluster, topic)
        for received in read_ranges(client, _narrowed(ranges, position), Role.DEAD):
            yield received, dead_of(received)


def _narrowed(ranges: Ranges, position: str | None) -> Ranges:
    match = _POSITION.fullmatch(position or "")
    if match is None:
        return ranges
    partition, offset = map(int, match.groups())
    return {
        each: (offset, offset + 1)
        for each, (begin, end) in ranges.items()
        if each.partition == partition and begin <= offset < end
    }


def dead_of(received: Received) -> Dead | str:
    """The dead letter without its value, or what is wrong with a record that is none."""
    try:
        letter = read_dead_letter(received.headers)
    except (UndecodableError, InvalidError) as error:
        return str(error)
    return Dead(
        partition=received.partition,
        offset=received.offset,
        size_bytes=len(received.value),
        timestamp_ms=received.timestamp_ms,
        letter=letter,
    )


def find_dead_letter(settings: Settings, addresses: Addresses, name: str) -> tuple[Received, Dead]:
    """The dead letter at PARTITION:OFFSET, or the latest one of the event with the origin TOPIC:PARTITION:OFFSET.

    Raises ConfigError where there is none, or a record that is no dead letter.
    """
    found: tuple[Received, Dead] | None = None
    is_position = _POSITION.fullmatch(name) is not None
    for received, dead in dead_letters(settings, addresses, name if is_position else None):
        if isinstance(dead, str):
            if is_position:
                raise ConfigError(f"{received.topic}:{name}: {dead}")
        elif (is_position or dead.letter.origin == name) and (found is None or _age(dead) >= _age(found[1])):
            found = (received, dead)
    if found is None:
        raise ConfigError(f"{name}: no such dead letter. `khabar dead ls` lists them, by PARTITION:OFFSET")
    return found


def latest(letters: Iterable[Dead]) -> list[Dead]:
    """The letters but those whose event died again later (in a replay), in the same order."""
    letters = list(letters)
    newest: dict[str, Dead] = {}
    for dead in sorted(letters, key=_age):
        newest[dead.letter.origin] = dead
    return [dead for dead in letters if newest[dead.letter.origin] is dead]


def _age(dead: Dead) -> tuple[int, int]:
    return dead.timestamp_ms, dead.offset


def replayed(
    settings: Settings, addresses: Addresses, letters: Sequence[Dead], on_read: Callable[[int], None]
) -> set[str]:
    """Positions of those letters whose event was sent once more since it died.

    A replay goes to the partition that the event was read from, so it stands there after it, under its origin;
    what came into those partitions since the first of the deaths is read, and `on_read` told how much it was.
    """
    known = _known_topics(settings)
    wanted: dict[TopicPartition, dict[str, list[Dead]]] = defaultdict(lambda: defaultdict(list))
    for dead in letters:
        letter = dead.letter
        if letter.topic in known:
            wanted[TopicPartition(letter.topic, letter.partition)][letter.origin].append(dead)
    first = {
        partition: min(dead.letter.offset for group in by_origin.values() for dead in group) + 1
        for partition, by_origin in wanted.items()
    }
    result: set[str] = set()
    with closing(consumer(settings, addresses)) as client, speaking_to(addresses):
        begins, ends = client.beginning_offsets(list(first)), client.end_offsets(list(first))
        ranges = {each: (max(begins[each], offset), ends[each]) for each, offset in first.items()}
        for number, received in enumerate(read_ranges(client, ranges, Role.RAW), start=1):
            on_read(number)
            origin = (header(received.headers, ORIGIN_HEADER) or b"").decode("utf-8", "replace")
            same = wanted[TopicPartition(received.topic, received.partition)].get(origin, ())
            result |= {dead.position for dead in same if dead.letter.offset < received.offset}
    return result


def send_again(
    settings: Settings, addresses: Addresses, letters: Sequence[Dead]
) -> Iterator[tuple[str, Sent | Mistake]]:
    """Send the letters' events to where they were read; topic and what became of each, by its position."""
    known = _known_topics(settings)
    by_topic: dict[str, list[Dead]] = defaultdict(list)
    for dead in letters:
        by_topic[dead.letter.topic].append(dead)
    with closing(producer(settings, addresses)) as client, speaking_to(addresses):
        for topic, group in by_topic.items():
            if topic in known:
                for result in produce(client, topic, _events(settings, addresses, group)):
                    yield topic, result
            else:
                for dead in group:
                    yield topic, Mistake(dead.position, f"was read from {topic}, which is no topic of Khabar")


def _known_topics(settings: Settings) -> set[str]:
    # What a header says may be anything.
    return {topic.name for topic in table(settings.topic_prefix).values()}


def _events(settings: Settings, addresses: Addresses, letters: Sequence[Dead]) -> Iterator[Outgoing]:
    topic = table(settings.topic_prefix)[Role.DEAD].name
    ranges = [(TopicPartition(topic, dead.partition), (dead.offset, dead.offset + 1)) for dead in letters]
    with closing(consumer(settings, addresses)) as client, speaking_to(addresses):
        for (partition, span), dead in zip(ranges, letters, strict=True):
            for received in read_ranges(client, {partition: span}, Role.DEAD):
                again = replay(received.key, received.value, received.headers)
                yield Outgoing(
                    where=dead.position,
                    key=again.key,
                    value=again.value,
                    headers=again.headers,
                    partition=dead.letter.partition,
                )
