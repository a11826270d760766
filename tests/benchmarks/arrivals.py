"""How long events take through the chain: from their time in Kafka until their records can be read."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from kafka import TopicPartition

from tests.support.harness import addresses_of
from workers.config import Settings
from workers.origin import ORIGIN_HEADER, header
from workers.runtime.clients import consumer
from workers.topics import OUTCOMES, Role, table

POLL_MS: Final = 20
TIMEOUT_S: Final = 60.0


@dataclass(slots=True)
class Arrivals:
    """When raw events were sent, by the time that Kafka keeps with them, and when their records were in our hands."""

    sent_s: dict[bytes, float] = field(default_factory=dict)
    read_s: dict[bytes, float] = field(default_factory=dict)

    def latencies_s(self, count: int) -> list[float]:
        """Of `count` events, in ascending order; waits until they are there."""
        deadline = time.monotonic() + TIMEOUT_S
        while min(len(self.sent_s), len(self.read_s)) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{len(self.read_s)} of {count} records were read within {TIMEOUT_S:.0f} s"
                )
            time.sleep(POLL_MS / 1000)
        sent_s, read_s = dict(self.sent_s), dict(self.read_s)
        return sorted(read_s[each] - sent_s[each] for each in read_s if each in sent_s)


@contextmanager
def watching(settings: Settings) -> Iterator[Arrivals]:
    """The arrivals from now on, as a reader of committed records sees them."""
    names = table(settings.topic_prefix)
    raw = names[Role.RAW].name
    found, stop = Arrivals(), threading.Event()
    client = consumer(settings, addresses_of(settings))
    partitions = [
        TopicPartition(names[role].name, number)
        for role in (Role.RAW, *OUTCOMES)
        for number in range(settings.partitions)
    ]
    client.assign(partitions)
    client.seek_to_end()
    for partition in partitions:
        client.position(partition)  # the end is looked up now, not at the first poll

    def read() -> None:
        while not stop.is_set():
            fetched = client.poll(timeout_ms=POLL_MS)
            now_s = time.time()
            for partition, records in fetched.items():
                for record in records:
                    if partition.topic == raw:
                        origin = f"{raw}:{partition.partition}:{record.offset}".encode()
                        found.sent_s[origin] = record.timestamp / 1000
                    else:
                        found.read_s[header(record.headers, ORIGIN_HEADER) or b""] = now_s

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
        client.close()
