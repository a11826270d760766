"""`khabar send` killed again and again while it sends a crawl: each page is there once, in order."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.support import warcs
from tests.support.harness import addresses_of, create_topics, reading, wait_for
from workers.config import Settings
from workers.feeds.bulk.partition import partitions_of
from workers.runtime.audit import audit
from workers.topics import Role

pytestmark = [pytest.mark.integration, pytest.mark.faults]

PAGES = int(os.environ.get("KHABAR_TEST_PAGES", "20000"))
KILLS = 6


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return warcs.write(tmp_path_factory.mktemp("crawl") / "crawl.warc.gz", warcs.crawl(PAGES))


@pytest.mark.timeout(900)
def test_a_crawl_that_is_killed_again_and_again_is_sent_once_and_in_order(
    settings: Settings, crawl: Path
) -> None:
    create_topics(settings)
    environ = {
        "KHABAR_KAFKA": ",".join(settings.kafka or ()),
        "KHABAR_TOPIC_PREFIX": settings.topic_prefix,
        "KHABAR_GROUP": settings.group,
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-c", "from workers.cli.main import main; main()", "send", str(crawl)]
    slowly = [*command, "--rate", f"{PAGES // 20}/s"]  # so that none is done before it is killed
    seen: list[tuple[bytes, int]] = []
    with reading(settings, Role.RAW) as reader:

        def more(count: int) -> bool:
            """Whether so many are there; only keys and partitions are kept."""
            reader.poll()
            seen.extend((record.key, record.partition) for record in reader.records)
            reader.records.clear()
            return len(seen) >= count

        for number in range(KILLS):
            sender = subprocess.Popen(slowly, env=environ, stderr=subprocess.DEVNULL)
            # The first is killed before it has sent anything, the others somewhere within a transaction.
            wanted = number * PAGES // (KILLS + 2)
            assert wait_for(partial(more, wanted), timeout_s=300)
            assert sender.poll() is None, "it was done before it could be killed"
            sender.send_signal(signal.SIGKILL)
            sender.wait()
        before = len(seen)
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=600, check=True)
        assert "going on after" in done.stderr
        assert f"{PAGES:,} events with those sent before" in done.stdout
        assert wait_for(partial(more, PAGES), timeout_s=120)
        assert not wait_for(partial(more, PAGES + 1), timeout_s=3)
    assert before < PAGES
    by_partition: dict[int, list[bytes]] = {}
    for key, partition in seen:
        by_partition.setdefault(partition, []).append(key)
    keys = [warcs.address(number).encode() for number in range(PAGES)]
    expected: dict[int, list[bytes]] = {}
    for key, partition in zip(keys, partitions_of(keys, settings.partitions), strict=True):
        expected.setdefault(partition, []).append(key)
    assert by_partition == expected
    balance = audit(settings, addresses_of(settings), lambda *_: None)
    assert (balance.events, balance.in_flight, balance.is_balanced) == (PAGES, PAGES, True)
    over = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert f"all of it was sent already, {PAGES:,} events" in over.stderr
