"""Two workers under load, struck in the middle of a batch: nothing lost, nothing twice, no event its own duplicate."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from tests.support.harness import (
    Reader,
    addresses_of,
    committed_offsets,
    create_topics,
    reading,
    send,
    supervised,
    wait_for,
)
from tests.support.texts import page
from workers.config import Settings
from workers.embedded.stack import Stack
from workers.origin import ORIGIN_HEADER, header
from workers.runtime.audit import audit
from workers.runtime.chain import build_chain
from workers.runtime.supervisor import Supervisor
from workers.topics import OUTCOMES, Role, table

SESSION_TIMEOUT_S = 6.0
"""The least that a broker accepts by default."""

Strike = Callable[[Supervisor, Stack], None]

pytestmark = [pytest.mark.integration, pytest.mark.faults]


def kill_worker(supervisor: Supervisor, _: Stack) -> None:
    os.kill(supervisor.pids[0], signal.SIGKILL)


def stop_worker_beyond_its_session(supervisor: Supervisor, _: Stack) -> None:
    """The stopped one wakes with a batch in its hands that another worker has done meanwhile."""
    pid = supervisor.pids[-1]
    os.kill(pid, signal.SIGSTOP)
    time.sleep(SESSION_TIMEOUT_S + 4)
    os.kill(pid, signal.SIGCONT)


def terminate_worker(supervisor: Supervisor, _: Stack) -> None:
    os.kill(supervisor.pids[0], signal.SIGTERM)


def restart_kafka(_: Supervisor, stack: Stack) -> None:
    stack.kafka.restart()


def kill_kafka(_: Supervisor, stack: Stack) -> None:
    stack.kafka.kill()
    stack.kafka.start()


def restart_redis(_: Supervisor, stack: Stack) -> None:
    stack.redis.restart()


def kill_redis(_: Supervisor, stack: Stack) -> None:
    stack.redis.kill()
    stack.redis.start()


STRIKES = (
    kill_worker,
    stop_worker_beyond_its_session,
    terminate_worker,
    restart_kafka,
    kill_kafka,
    restart_redis,
    kill_redis,
)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("strike", STRIKES, ids=[strike.__name__ for strike in STRIKES])
def test_a_fault_under_load_loses_and_repeats_nothing(
    settings: Settings, stack: Stack, strike: Strike
) -> None:
    run(settings, stack, events=3000, strikes=[strike], within_s=200)


@pytest.mark.timeout(1500)
def test_all_faults_one_after_the_other_over_30_000_events_lose_and_repeat_nothing(
    settings: Settings, stack: Stack
) -> None:
    run(settings, stack, events=30_000, strikes=STRIKES, within_s=1400)


def run(settings: Settings, stack: Stack, *, events: int, strikes: list[Strike], within_s: float) -> None:
    """Send `events` unique pages, strike at even distances while a batch is in work, and balance the ledger."""
    settings = replace(settings, session_timeout_s=SESSION_TIMEOUT_S, batch_events=100)
    create_topics(settings)
    pages = [page(number) for number in range(events)]
    deadline = time.monotonic() + within_s
    send(settings, pages)
    with supervised(settings, partial(build_chain), workers=2) as supervisor:
        with reading(settings, *OUTCOMES) as outcomes:
            for number, strike in enumerate(strikes, start=1):
                outcomes_until(outcomes, number * events // (len(strikes) + 1), deadline)
                assert wait_for(lambda: supervisor.status().in_work > 0), (
                    "the load has run out before the strike"
                )
                strike(supervisor, stack)
            outcomes.read_until(events, timeout_s=deadline - time.monotonic(), settle_s=3)
        assert wait_for(lambda: sum(committed_offsets(settings).values()) == events)
    judge(settings, outcomes, pages)


def outcomes_until(outcomes: Reader, count: int, deadline: float) -> None:
    while len(outcomes.records) < count:
        assert time.monotonic() < deadline, f"only {len(outcomes.records)} of {count} outcomes in time"
        outcomes.poll()


def judge(settings: Settings, outcomes: Reader, pages: list[bytes]) -> None:
    names = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    origins = Counter(header(record.headers, ORIGIN_HEADER) for record in outcomes.records)
    lost = len(pages) - len(origins)
    repeated = {origin: count for origin, count in origins.items() if count > 1}
    assert (lost, repeated) == (0, {})
    assert Counter(names[record.topic] for record in outcomes.records) == {Role.PUBLISHED: len(pages)}
    balance = audit(settings, addresses_of(settings), lambda *_: None)
    assert balance.is_balanced
    assert balance.in_flight == 0
