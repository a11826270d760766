"""What a worker measures, and how it comes to the supervisor."""

import multiprocessing
import pickle
from types import SimpleNamespace

import pytest

from schemas.dead_letter import DeadReason
from schemas.published_article import Relation
from schemas.rejected_event import RejectReason
from tests.support.chains import echo
from workers.config import Settings
from workers.runtime.chain import ALL_STAGES
from workers.runtime.clients import Addresses
from workers.runtime.pipeline import Progress
from workers.runtime.tally import BUCKETS, Measured, Phase, Tally
from workers.runtime.worker import Heartbeat, WorkerOptions, _Worker
from workers.topics import Role

PIPE_PAGE_BYTES = 4096
"""Linux says that a pipe can be written to when a page of it is free (pipe(7))."""


def full() -> Tally:
    """A tally in which everything has happened that can."""
    tally = Tally()
    reasons = {
        Role.PUBLISHED: Relation,
        Role.DUPLICATES: Relation,
        Role.REJECTED: RejectReason,
        Role.DEAD: DeadReason,
    }
    for role, enum in reasons.items():
        for reason in enum:
            tally.count(Measured.EVENTS, role.value, reason.value, by=123_456)
    for what, labels in (
        (Measured.PHASE_SECONDS, Phase),
        (Measured.STAGE_SECONDS, ("decode", *ALL_STAGES)),
        (Measured.BATCH_EVENTS, ("",)),
        (Measured.BATCH_BYTES, ("",)),
        (Measured.LATENCY_SECONDS, ("",)),
    ):
        for label in labels:
            tally.observe(what, [*BUCKETS[what], 1e9] * 300, str(label))
    return tally


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.05, 0), (0.0501, 1), (259_200.0, 14), (259_201.0, 15), (-1.0, 0)]
)
def test_a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed(seconds, bucket):
    tally = Tally()
    tally.observe(Measured.LATENCY_SECONDS, [seconds])
    [histogram] = tally.histograms.values()
    assert [number for number, count in enumerate(histogram.counts) if count] == [bucket]
    assert histogram.total == seconds


def test_parts_that_were_taken_add_up_to_the_whole():
    whole, worker, supervisor = Tally(), Tally(), Tally()
    for number in range(10):
        for tally in (whole, worker):
            tally.count(Measured.EVENTS, "published", "unique", by=number)
            tally.observe(Measured.BATCH_EVENTS, [number, 100 * number])
        if number % 3 == 0:
            supervisor.add(pickle.loads(pickle.dumps(worker.hand_over())))
            assert worker == Tally()
    supervisor.add(worker.hand_over())
    assert supervisor == whole
    assert supervisor.copy() == whole
    assert supervisor.copy() is not supervisor


def test_a_phase_that_fails_is_not_measured():
    tally = Tally()
    with pytest.raises(ValueError, match="x"), tally.timed(Phase.INDEX):
        raise ValueError("x")
    with tally.timed(Phase.INDEX):
        pass
    [histogram] = tally.histograms.values()
    assert sum(histogram.counts) == 1


def test_the_largest_heartbeat_fits_into_what_a_pipe_takes_without_waiting():
    beat = Heartbeat(10**9, 10_000, "Redis at " + "x" * 200, tuple(range(64)), full())
    assert len(pickle.dumps(beat)) < PIPE_PAGE_BYTES


@pytest.mark.timeout(30)
async def test_a_worker_whose_heartbeats_nobody_reads_goes_on_and_tells_all_of_it_later():
    receiving, sending = multiprocessing.Pipe(duplex=False)
    options = WorkerOptions(settings=Settings(), addresses=Addresses((), None), chain=echo, worker_id="w")
    worker = _Worker(options, sending)
    progress = Progress()
    worker._pipeline = SimpleNamespace(progress=progress)
    batch = full()
    for _ in range(100):  # a pipe holds 64 kB
        progress.tally.add(batch)
        worker._say()
    heard = Tally()
    while receiving.poll():
        heard.add(receiving.recv().measured)
    assert heard.counts[Measured.EVENTS, "published", "unique"] < 100 * 123_456
    worker._say()
    heard.add(receiving.recv().measured)
    assert heard.counts[Measured.EVENTS, "published", "unique"] == 100 * 123_456
