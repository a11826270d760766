"""What Prometheus sees of the workers."""

import functools
import os
import signal
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from schemas.published_article import DEFAULT_PUBLISHED
from tests.support import chains, harness
from tests.support.scraping import promtool, samples, scrape, unbounded, value, value_so_far
from workers.cli.up import put_demo
from workers.config import Settings
from workers.dedup.index import PendingError, Read
from workers.demo.events import demo_events, manifest
from workers.errors import ConfigError
from workers.metrics_server import served
from workers.runtime.audit import audit
from workers.runtime.chain import ALL_STAGES, StageName, build_chain
from workers.runtime.clients import Addresses
from workers.runtime.metrics import LABELS, METRICS, OF_WORKERS, WorkerMetrics, service_of
from workers.runtime.occupancy_reader import OccupancyReader
from workers.runtime.supervisor import Supervisor
from workers.runtime.tally import Measured
from workers.topics import Role

CHAIN = "boilerplate-entities-dedup"
EVENTS = len(demo_events())
ARTICLES = sum(event.expected.relation is not None for event in manifest().events)


@contextmanager
def watched(supervisor, settings):
    """Gives the port under which the numbers of a supervisor are served."""
    occupancy = OccupancyReader(settings, harness.addresses_of(settings)) if settings.redis else None
    registry = CollectorRegistry()
    registry.register(WorkerMetrics(supervisor, DEFAULT_PUBLISHED, occupancy))
    with served("127.0.0.1:0", registry) as port:
        if occupancy:
            occupancy.start()
        try:
            yield port
        finally:
            if occupancy:
                occupancy.stop()


def ended(text):
    """Events by outcome."""
    found = Counter()
    for sample in samples(text):
        if sample.name == "khabar_events_total":
            found[sample.labels["outcome"]] += int(sample.value)
    return +found


@pytest.mark.faults
@pytest.mark.integration
@pytest.mark.timeout(180)
def test_after_the_demo_the_numbers_are_those_of_the_audit(settings, redis_client):
    redis_client.config_set("maxmemory", 1 << 30)
    harness.create_topics(settings)
    put_demo(settings, harness.addresses_of(settings))
    with (
        harness.supervised(settings, functools.partial(build_chain), workers=2) as supervisor,
        watched(supervisor, settings) as port,
    ):
        assert harness.wait_for(lambda: sum(ended(scrape(port)).values()) == EVENTS, 120)
        assert harness.wait_for(lambda: value_so_far(scrape(port), "khabar_kafka_up") == 1)
        assert harness.wait_for(lambda: value_so_far(scrape(port), "khabar_partition_lag_events") == 0)
        assert harness.wait_for(lambda: value_so_far(scrape(port), "khabar_index_articles") >= ARTICLES)
        text = scrape(port)
    redis_client.config_set("maxmemory", 0)
    balance = audit(settings, harness.addresses_of(settings), lambda *_: None)
    assert ended(text) == balance.ended
    for entry in Counter(
        (str(event.expected.outcome), str(event.expected.relation or event.expected.reason))
        for event in manifest().events
    ).items():
        (outcome, reason), count = entry
        assert value(text, "khabar_events_total", chain=CHAIN, outcome=outcome, reason=reason) == count
    assert value(text, "khabar_dead_letters_total") == balance.ended[Role.DEAD]
    assert value(text, "khabar_event_latency_seconds_count") == EVENTS
    assert value(text, "khabar_batch_events_sum") == EVENTS
    assert value(text, "khabar_batch_bytes_sum") == sum(len(event.value) for event in demo_events())
    batches = value(text, "khabar_batch_events_count")
    for phase in LABELS["phase"]:
        assert value(text, "khabar_phase_seconds_count", phase=phase) >= batches
    for stage in ("decode", *ALL_STAGES):
        assert value(text, "khabar_stage_seconds_sum", stage=stage) > 0
    assert 0 < value(text, "khabar_redis_memory_used_ratio") < 1
    assert value(text, "khabar_redis_memory_max_bytes") == 1 << 30
    assert value(text, "khabar_redis_may_evict") == 0
    committed = harness.committed_offsets(settings)
    for number, offset in committed.items():
        assert (
            value(
                text,
                "khabar_partition_committed_offset",
                partition=str(number),
                topic=f"{settings.group}.raw",
            )
            == offset
        )
    assert (value(text, "khabar_workers_configured"), value(text, "khabar_workers_alive")) == (2, 2)
    assert (value(text, "khabar_kafka_up"), value(text, "khabar_redis_up")) == (1, 1)
    assert unbounded(text, LABELS) == []
    promtool("check", "metrics", stdin=text)


@pytest.mark.faults
@pytest.mark.integration
def test_counts_stay_when_a_worker_is_killed(settings):
    settings = replace(settings, redis=None)
    harness.create_topics(settings)
    with (
        harness.supervised(settings, chains.echo, stages=[StageName.BOILERPLATE]) as supervisor,
        watched(supervisor, settings) as port,
    ):
        harness.send(settings, [b"one", b"two", b"three"])
        assert harness.wait_for(lambda: value_so_far(scrape(port), "khabar_batch_events_sum") == 3)
        os.kill(supervisor.pids[0], signal.SIGKILL)
        assert harness.wait_for(lambda: value_so_far(scrape(port), "khabar_worker_restarts_total") == 1)
        assert value(scrape(port), "khabar_batch_events_sum") == 3
        harness.send(settings, [b"four"])
        assert harness.wait_for(lambda: value_so_far(scrape(port), "khabar_batch_events_sum") == 4)


def test_all_outcomes_are_zero_before_the_first_event():
    idle = Supervisor(Settings(), Addresses(("127.0.0.1:1",), None), chains.echo, workers=1)
    registry = CollectorRegistry()
    registry.register(WorkerMetrics(idle, DEFAULT_PUBLISHED, None))
    with served("127.0.0.1:0", registry) as port:
        text = scrape(port)
    assert value(text, "khabar_events_total", outcome="dead", reason="crashed") == 0
    assert value(text, "khabar_events_total", outcome="duplicates", reason="near") == 0
    assert value(text, "khabar_kafka_up") == 0
    assert "khabar_redis_up{" not in text
    assert unbounded(text, LABELS) == []


def test_every_label_of_every_metric_has_a_closed_list_or_is_a_place_in_kafka():
    free = {label for label, values in LABELS.items() if values is None}
    assert free == {"topic", "partition"}
    assert {label for metric in METRICS for label in metric.all_labels} == set(LABELS)
    assert sum(len(values) for values in LABELS.values() if values) < 60


def test_a_label_or_a_value_that_nobody_has_listed_is_found():
    text = (
        'khabar_x{chain="boilerplate-entities-dedup",url="https://a.example"} 1\nkhabar_y{reason="novel"} 1\n'
    )
    assert unbounded(text, LABELS) == ["khabar_x: url='https://a.example'", "khabar_y: reason='novel'"]


def test_everything_that_workers_measure_is_shown():
    assert {metric.name for metric in OF_WORKERS} == set(Measured)


@pytest.mark.parametrize(
    ("words", "service"),
    [
        ("Redis at 127.0.0.1:6379/0: Connection refused; it is away, or too slow", "redis"),
        ("No Kafka answers: a:9092: timed out", "kafka"),
        ("Kafka, which has not taken the batch yet", "kafka"),
        (str(PendingError(Read("articles.raw:1", 7))), "original"),
    ],
)
def test_what_a_worker_waits_for_is_one_of_three_services(words, service):
    assert service_of(words) == service


@pytest.mark.parametrize(("address", "host"), [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]")])
def test_the_address_may_be_of_either_kind(address, host):
    with served(address, CollectorRegistry()) as port:
        assert scrape(port, host) == ""


def test_an_address_that_is_taken_is_said_to_be_and_what_to_do():
    with (
        served("127.0.0.1:0", CollectorRegistry()) as port,
        pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port}: Address already in use.*KHABAR_METRICS"),
        served(f"127.0.0.1:{port}", CollectorRegistry()),
    ):
        pass
