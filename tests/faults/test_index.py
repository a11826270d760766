"""A Redis in trouble: the worker waits, says so, and goes on; nothing is published unchecked, nothing is forgotten."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support import chains
from tests.support.harness import (
    Reader,
    committed_offsets,
    create_topics,
    reading,
    send,
    supervised,
    wait_for,
)
from tests.support.proxy import Proxy, proxy_to
from tests.support.redis_servers import Node, running_redis, until
from tests.support.texts import page
from workers.config import Settings
from workers.embedded.redis_server import find_redis_server
from workers.runtime.supervisor import Supervisor
from workers.topics import OUTCOMES, Role, table

pytestmark = [pytest.mark.integration, pytest.mark.faults]
EVENTS = 60


@dataclass(frozen=True, slots=True)
class Servers:
    """Two servers, of which the second is the first's replica, and the port by which workers reach one of them."""

    first: Node
    second: Node
    proxy: Proxy


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    command = find_redis_server(None)
    with ExitStack() as stack:
        first, second = (stack.enter_context(running_redis(tmp_path / name, command)) for name in "ab")
        second.client.replicaof("127.0.0.1", first.port)
        until(lambda: second.client.info("replication")["master_link_status"] == "up")
        yield Servers(first, second, stack.enter_context(proxy_to(first.port)))


@pytest.fixture
def settings(settings: Settings, servers: Servers) -> Settings:
    """Batches of some events, through the proxy."""
    made = replace(settings, redis=servers.proxy.url, batch_events=20)
    create_topics(made)
    return made


class Run:
    """A worker that has published the first EVENTS pages."""

    def __init__(self, settings: Settings, supervisor: Supervisor, outcomes: Reader) -> None:
        self._settings = settings
        self.supervisor = supervisor
        self.outcomes = outcomes
        send(settings, [page(number) for number in range(EVENTS)])
        outcomes.read_until(EVENTS)
        assert self.found() == {Role.PUBLISHED: EVENTS}

    def found(self) -> Counter:
        names = {topic.name: role for role, topic in table(self._settings.topic_prefix).items()}
        return Counter(names[record.topic] for record in self.outcomes.records)

    def send_more(self) -> None:
        """As many copies of what was published, and as many pages that are new."""
        send(self._settings, [page(number) for number in range(2 * EVENTS)])

    def waits(self, words: str) -> None:
        """It says what for; nothing is published or committed meanwhile."""
        assert wait_for(lambda: words in (self.supervisor.status().waiting_for or ""))
        assert self.outcomes.poll(500) == 0
        assert sum(committed_offsets(self._settings).values()) == EVENTS

    def goes_on(self) -> None:
        self.outcomes.read_until(3 * EVENTS)
        assert self.found() == {Role.PUBLISHED: 2 * EVENTS, Role.DUPLICATES: EVENTS}
        assert wait_for(lambda: self.supervisor.status().waiting_for is None)
        assert self.supervisor.status().restarts == 0


@contextmanager
def running(settings: Settings) -> Iterator[Run]:
    with (
        supervised(settings, chains.indexed) as supervisor,
        reading(settings, *OUTCOMES) as outcomes,
    ):
        yield Run(settings, supervisor, outcomes)


def full(servers: Servers) -> None:
    servers.first.client.config_set("maxmemory", 1)


def room_again(servers: Servers) -> None:
    servers.first.client.config_set("maxmemory", 0)


def away(servers: Servers) -> None:
    servers.first.server.kill()


def back(servers: Servers) -> None:
    servers.first.server.start()


def too_slow(servers: Servers) -> None:
    servers.proxy.delay_s = 30.0


def quick_again(servers: Servers) -> None:
    servers.proxy.delay_s = 0.0


def demoted(servers: Servers) -> None:
    """The first is told to be the replica before clients are led to the second."""
    servers.first.client.execute_command("WAIT", 1, 10_000)
    servers.second.client.replicaof("NO", "ONE")
    servers.first.client.replicaof("127.0.0.1", servers.second.port)


def lost(servers: Servers) -> None:
    servers.first.client.execute_command("WAIT", 1, 10_000)
    servers.first.server.kill()


def led_to_the_second(servers: Servers) -> None:
    servers.second.client.replicaof("NO", "ONE")
    servers.proxy.lead_to(servers.second.port)


TROUBLES: dict[str, tuple[Callable[[Servers], None], str, Callable[[Servers], None]]] = {
    "full": (full, "memory limit", room_again),
    "away": (away, "away", back),
    "too slow": (too_slow, "too slow", quick_again),
    "fail-over by order": (demoted, "a fail-over is under way", led_to_the_second),
    "fail-over after a loss": (lost, "away", led_to_the_second),
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_worker_waits_says_so_and_goes_on(settings: Settings, servers: Servers, trouble: str) -> None:
    strike, words, end = TROUBLES[trouble]
    with running(settings) as run:
        strike(servers)
        run.send_more()
        run.waits(words)
        end(servers)
        run.goes_on()


@pytest.mark.timeout(180)
def test_a_redis_that_takes_a_second_a_call_slows_the_work_and_changes_nothing(
    settings: Settings, servers: Servers
) -> None:
    with running(settings) as run:
        servers.proxy.delay_s = 1.0
        run.send_more()
        run.goes_on()
