"""The stage process: one event at most is lost to a fault, and the process never outlives its use."""

import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psutil
import pytest

from schemas.dead_letter import DeadReason
from tests.support import chains
from tests.support.harness import wait_for
from workers.runtime.chain import Processed
from workers.runtime.isolation import Isolation
from workers.runtime.stage_process import ORPHAN_MARGIN_S, ChainFactory, StartError

pytestmark = pytest.mark.integration


def outcomes(results: list[Processed]) -> list[bytes | DeadReason]:
    return [result.death.error.reason if result.death else result.outputs[0].value for result in results]


def values(*bodies: bytes) -> list[tuple[bytes, tuple[()]]]:
    return [(body, ()) for body in bodies]


def stage_process() -> psutil.Process:
    """Of the one Isolation that this process has."""
    [server] = [each for each in psutil.Process().children() if "forkserver" in " ".join(each.cmdline())]
    [process] = server.children()
    return process


def test_faults_in_one_batch_cost_their_events_only_and_the_order_is_kept() -> None:
    with Isolation(chains.troubled, event_timeout_s=0.5) as isolation:
        results = isolation.run(values(b"1", chains.HANG, b"2", chains.CRASH, b"3"))
        assert outcomes(results) == [b"1", DeadReason.TOO_SLOW, b"2", DeadReason.CRASHED, b"3"]
        assert outcomes(isolation.run(values(b"4"))) == [b"4"]


def test_a_slow_batch_of_events_that_are_each_in_time_is_done() -> None:
    with Isolation(chains.troubled, event_timeout_s=1.0) as isolation:
        bodies = [chains.SLOW + b"%d" % number for number in range(6)]
        assert outcomes(isolation.run(values(*bodies))) == bodies


def test_an_event_that_has_to_wait_for_the_machine_is_not_slow() -> None:
    with Isolation(chains.troubled, event_timeout_s=0.3) as isolation:
        assert outcomes(isolation.run(values(chains.SLOW))) == [chains.SLOW]  # half a second, without any CPU


def test_an_event_that_waits_for_ever_is_given_up() -> None:
    with Isolation(chains.troubled, event_timeout_s=0.1) as isolation:
        assert outcomes(isolation.run(values(chains.STUCK))) == [DeadReason.TOO_SLOW]


def test_slow_events_make_batches_small_and_quick_ones_large_again() -> None:
    with Isolation(chains.troubled, event_timeout_s=2.0) as isolation:
        for _ in range(4):
            isolation.run(values(chains.SLOW))
        slow = isolation.worthwhile_events
        for _ in range(30):
            isolation.run(values(b"1", b"2"))
        assert slow <= 4
        assert isolation.worthwhile_events > 100


def test_an_event_is_not_to_blame_when_somebody_else_ends_the_process_that_works_on_it() -> None:
    """As a service manager that tells every process of a service to end, or a kernel that is out of memory."""
    with Isolation(chains.troubled, event_timeout_s=2.0) as isolation, ThreadPoolExecutor(1) as thread:
        isolation.warm_up()
        done = thread.submit(isolation.run, values(chains.SLOW))
        assert wait_for(done.running)
        stage_process().terminate()
        assert outcomes(done.result()) == [chains.SLOW]


@pytest.mark.parametrize("pause_s", [0, 0.05, 0.3])
def test_a_process_that_is_killed_while_it_has_nothing_to_do_costs_nothing(pause_s: float) -> None:
    with Isolation(chains.echo, event_timeout_s=2.0) as isolation:
        isolation.warm_up()
        for _ in range(3):
            stage_process().kill()
            time.sleep(pause_s)
            assert outcomes(isolation.run(values(b"a", b"b"))) == [b"a", b"b"]


def test_a_process_that_is_killed_amid_an_answer_costs_nothing() -> None:
    """The answer is larger than what a pipe holds; the next ones must not be taken for the rest of it."""
    large = b"x" * 30_000_000
    with Isolation(chains.echo, event_timeout_s=2.0) as isolation, ThreadPoolExecutor(1) as thread:
        isolation.warm_up()
        for _ in range(5):
            working = stage_process()
            done = thread.submit(isolation.run, values(large, b"b"))
            assert wait_for(lambda: working.memory_info().rss > 3 * len(large))  # noqa: B023 - it has begun to answer
            working.kill()
            assert outcomes(done.result()) == [large, b"b"]


def test_a_process_that_was_stopped_is_replaced() -> None:
    with Isolation(chains.echo, event_timeout_s=0.2) as isolation:
        isolation.warm_up()
        stopped = stage_process()
        stopped.suspend()
        assert outcomes(isolation.run(values(b"a" * 10_000_000))) == [b"a" * 10_000_000]
        assert wait_for(lambda: not stopped.is_running())


def test_an_event_that_the_chain_raises_at_costs_itself_only() -> None:
    with Isolation(chains.troubled, event_timeout_s=2.0) as isolation:
        results = isolation.run(values(b"1", chains.RAISE, b"2"))
        assert outcomes(results) == [b"1", DeadReason.STAGE_ERROR, b"2"]
        assert results[1].death
        assert str(results[1].death.error) == "ZeroDivisionError: by zero"


@pytest.mark.parametrize(
    ("chain", "error"), [(chains.absent, "FileNotFoundError"), (chains.cut_short, "EOFError")]
)
def test_a_chain_that_cannot_be_loaded_is_no_events_fault(chain: ChainFactory, error: str) -> None:
    with (
        Isolation(chain, event_timeout_s=2.0) as isolation,
        pytest.raises(StartError, match=f"cannot load its stages: {error}: the model"),
    ):
        isolation.run(values(b"1"))


def test_a_process_that_always_ends_while_it_starts_is_no_events_fault() -> None:
    with (
        Isolation(chains.stillborn, event_timeout_s=2.0) as isolation,
        pytest.raises(StartError, match=r"failed to start 3 times: The process ended \(exit status 3\)"),
    ):
        isolation.run(values(b"1"))


def test_an_empty_batch_is_nothing_to_do() -> None:
    with Isolation(chains.echo, event_timeout_s=1.0) as isolation:
        assert isolation.run([]) == []


def hang(event_timeout_s: float) -> None:
    Isolation(chains.troubled, event_timeout_s).run(values(chains.HANG))


def test_a_process_that_hangs_ends_by_itself_when_its_worker_was_killed() -> None:
    worker = multiprocessing.get_context("spawn").Process(target=partial(hang, 2.0))
    worker.start()
    assert worker.pid is not None
    family: list[psutil.Process] = []

    def hangs() -> bool:
        family[:] = psutil.Process(worker.pid).children(recursive=True)
        return any(sum(each.cpu_times()[:2]) > 0.5 and each.cpu_percent(0.1) > 30 for each in family[-1:])

    assert wait_for(hangs)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    _, alive = psutil.wait_procs(family, timeout=2.0 + ORPHAN_MARGIN_S + 10)
    assert alive == []
