"""A poller as a process of its own, for tests that kill it: `started(settings, feeds)`.

    python -m tests.support.feed_poller '{"settings": {...}, "feeds": [...], "is_once": true}'

Fetches from loopback, without delays. Logs are JSON lines on standard output.
"""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.harness import addresses_of
from workers import log
from workers.config import Settings
from workers.feeds.fetch import Allowed, FetchOptions, HostLimits
from workers.feeds.model import Feed
from workers.feeds.polling.schedule import Retries
from workers.feeds.polling.service import Polling, poll
from workers.feeds.polling.watched import Given

ROOT = Path(__file__).parents[2]
FETCH = FetchOptions(
    allowed=Allowed(networks=("127.0.0.0/8",)),
    limits=HostLimits(delay_s=0, concurrency=8),
    read_timeout_s=3,
    total_timeout_s=6,
)
QUICK = Retries(first_s=0.2, most_s=0.2, give_up_s=3)
"""A page is given up after three seconds."""


def polling(feeds: Sequence[Feed], *, is_once: bool = True, **more) -> Polling:
    return Polling(**{"read_list": Given(feeds), "fetch": FETCH, "is_once": is_once, "retries": QUICK} | more)


def started(settings: Settings, feeds: Sequence[Feed], *, is_once: bool = True) -> subprocess.Popen:
    """A process that polls the feeds."""
    said = {
        "settings": {
            "kafka": settings.kafka,
            "redis": settings.redis,
            "group": settings.group,
            "topic_prefix": settings.topic_prefix,
            "partitions": settings.partitions,
            "session_timeout_s": settings.session_timeout_s,
        },
        "feeds": [{"url": feed.url, "interval_min_s": feed.interval_min_s} for feed in feeds],
        "is_once": is_once,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.feed_poller", json.dumps(said)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def main() -> None:
    said = json.loads(sys.argv[1])
    log.configure("info")
    settings = Settings(**said["settings"] | {"kafka": tuple(said["settings"]["kafka"])})
    feeds = [Feed(**each) for each in said["feeds"]]
    asyncio.run(_poll(settings, polling(feeds, is_once=said["is_once"])))


async def _poll(settings: Settings, what: Polling) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await poll(settings, addresses_of(settings), what, stopping)
    print(json.dumps({"event": "done", **what.metrics.totals}))


if __name__ == "__main__":
    main()
