"""From sending one event to reading its record, through the whole chain of an idle stack."""

import functools
import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from kafka import KafkaProducer

from tests.support.harness import Reader, addresses_of, create_topics, reading, supervised
from tests.support.texts import page
from workers.config import Settings
from workers.runtime.chain import build_chain
from workers.runtime.clients import producer
from workers.topics import Role, table

WARM_UP_EVENTS: Final = 5
PAUSE_S: Final = (0.1, 0.3)
"""Between events, at random: a fixed pause could fall into step with someone's polling."""
TIMEOUT_S: Final = 60.0


def latencies_s(settings: Settings, logs: Path, events: int) -> list[float]:
    """Seconds from the call of `send` to the record in the hands of a reader of committed records, for each event."""
    name = f"latency-{uuid.uuid4().hex[:8]}"
    settings = replace(settings, group=name, topic_prefix=name)
    create_topics(settings)
    chain = functools.partial(build_chain)
    with (
        supervised(settings, chain, log_file=str(logs / f"{name}.log")),
        _sender(settings) as client,
        reading(settings, Role.PUBLISHED) as reader,
    ):
        found = []
        for number in range(WARM_UP_EVENTS + events):
            time.sleep(random.uniform(*PAUSE_S))
            found.append(_one(client, reader, table(name)[Role.RAW].name, number))
    return found[WARM_UP_EVENTS:]


def _one(client: KafkaProducer, reader: Reader, topic: str, number: int) -> float:
    count = len(reader.records)
    started = time.perf_counter()
    client.send(topic, page(number))
    while len(reader.records) == count:
        if time.perf_counter() - started > TIMEOUT_S:
            message = f"Event {number} was not published within {TIMEOUT_S:.0f} s"
            raise RuntimeError(message)
        reader.poll(100)
    return time.perf_counter() - started


@contextmanager
def _sender(settings: Settings) -> Iterator[KafkaProducer]:
    client = producer(settings, addresses_of(settings), linger_ms=0)
    try:
        yield client
    finally:
        client.close()
