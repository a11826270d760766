"""The verdicts that events had, from the topics where articles end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from schemas.published_article import Duplicate
from schemas.wire import InvalidError, UndecodableError, decode
from workers.config import Settings
from workers.runtime.audit import Progress, replay_number
from workers.runtime.clients import Addresses, admin, consumer, speaking_to
from workers.runtime.ledger import entry
from workers.runtime.reading import Ranges, Received, offsets_at, partitions_of, read_ranges
from workers.topics import Role, table

CLOCKS_APART: Final = timedelta(hours=1)
"""An outcome is looked for from so long before its event on: the clocks of producers and workers may differ."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """By partition and offset of the raw event; `replay` is the number of the replay from the beginning in which they
    were given. Takes some 400 bytes an event.
    """

    replay: int
    by_place: Mapping[tuple[int, int], Duplicate]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What is read of an outcome."""

    duplicate: Duplicate


def earlier_verdicts(
    settings: Settings, addresses: Addresses, events: Ranges, begin: datetime, on_progress: Progress
) -> Verdicts:
    """The verdicts of the raw `events`, none of which is older than `begin`, as far as Kafka holds their records.

    Raises as workers.runtime.clients.speaking_to does.
    """
    names = table(settings.topic_prefix)
    newest: dict[tuple[int, int], tuple[int, Duplicate]] = {}
    with (
        admin(settings, addresses) as cluster,
        consumer(settings, addresses, max_poll_records=5000) as client,
        speaking_to(addresses),
    ):
        number = replay_number(cluster, settings.group, names[Role.RAW].name)
        for role in (Role.PUBLISHED, Role.DUPLICATES):
            ranges = _since(client, names[role].name, begin - CLOCKS_APART)
            total = sum(end - begin for begin, end in ranges.values())
            for done, received in enumerate(read_ranges(client, ranges, role), start=1):
                _keep(newest, received, events, number)
                on_progress(f"verdicts in {names[role].name}", done, total)
    return Verdicts(number, {place: verdict for place, (_, verdict) in newest.items()})


def _keep(
    newest: dict[tuple[int, int], tuple[int, Duplicate]], received: Received, events: Ranges, number: int
) -> None:
    found = entry(received.role, received.headers)
    if found is None or found.replay != number:
        return
    begin, end = events.get(TopicPartition(found.origin.topic, found.origin.partition), (0, 0))
    place = (found.origin.partition, found.origin.offset)
    if not begin <= found.origin.offset < end or newest.get(place, (-1,))[0] > found.read.offset:
        return
    try:
        newest[place] = (found.read.offset, decode(_Verdict, received.value).duplicate)
    except (UndecodableError, InvalidError):  # not one of Khabar's
        return


def _since(client: KafkaConsumer, topic: str, moment: datetime) -> Ranges:
    """What has come to a topic since."""
    partitions = partitions_of(client, [topic])
    ends = client.end_offsets(partitions)
    return {each: (begin, ends[each]) for each, begin in offsets_at(client, partitions, moment).items()}
