"""Traces: nothing where they are off, one tree an article where they are on."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from schemas.dead_letter import DeadReason
from tests.support import chains, harness
from tests.support.feed_poller import polling
from tests.support.feed_site import FeedSite
from tests.support.otlp import receiving
from workers.config import Settings
from workers.errors import ConfigError, PoisonEventError
from workers.feeds.model import Fault, Feed, FeedError
from workers.feeds.polling.service import poll
from workers.origin import TRACE_HEADER, header
from workers.otel import OpenTelemetry
from workers.runtime.chain import Death, Processed, StageName
from workers.runtime.events import Event, Output, Position
from workers.runtime.verdicts import finished
from workers.topics import Role, table
from workers.tracing import OFF, tracing_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01".encode()  # the example of the W3C's recommendation


def event(offset=7, headers=((TRACE_HEADER, TRACEPARENT),)):
    return Event(Position("t.raw", 3, offset), b"k", b"a secret text", headers)


@pytest.fixture
def told():
    return InMemorySpanExporter()


@pytest.fixture
def tracing(told):
    return OpenTelemetry("t", "g", SimpleSpanProcessor(told))


def worked(tracing, events, outcome):
    """The records of a batch, each event of which ends in `outcome`."""
    received = tuple(tracing.received(events))
    with tracing.phase(received, "stages"):
        pass
    outputs = tracing.sending(finished(received, [outcome] * len(received), table("t"), None))
    return received, outputs


PUBLISHED = Processed((Output(Role.PUBLISHED, b"id", b"record", reason="unique"),))
DEAD = Processed(death=Death(PoisonEventError("no", DeadReason.INVALID), "decode"))


def test_off_imports_nothing_and_leaves_everything_as_it_is():
    code = (
        "import sys; from workers.config import Settings; from workers.tracing import tracing_of; import workers.runtime.worker;"
        "import workers.feeds.polling.service; tracing_of(Settings());"
        # redis-py imports parts of OpenTelemetry by itself, where it is installed.
        "print([n for n in sys.modules if n == 'workers.otel' or n.startswith('opentelemetry.exporter')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert tracing_of(Settings()) is OFF
    events = [event()]
    received, outputs = worked(OFF, events, PUBLISHED)
    assert received == tuple(events)
    assert [header(each.headers, TRACE_HEADER) for each in outputs] == [None]


def test_without_the_package_one_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "workers.otel", None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'khabar[otel]'")):
        tracing_of(Settings(traces=True))


def test_records_are_the_same_bytes_with_and_without(tracing):
    for outcome in (PUBLISHED, DEAD):
        _, plain = worked(OFF, [event()], outcome)
        _, traced = worked(tracing, [event()], outcome)
        assert [(each.role, each.key, each.value) for each in plain] == [
            (each.role, each.key, each.value) for each in traced
        ]
        own = [[name for name, _ in each.headers if name != TRACE_HEADER] for each in (*plain, *traced)]
        assert own[0] == own[1]


def test_a_record_carries_the_context_of_its_sending_once(tracing, told):
    for outcome, topic in ((PUBLISHED, "t.published"), (DEAD, "t.dead")):
        received, [output] = worked(tracing, [event()], outcome)
        tracing.committed(received)
        [found] = [value for name, value in output.headers if name == TRACE_HEADER]
        spans = {span.name: span for span in told.get_finished_spans()}
        send = spans[f"send {topic}"]
        assert found.decode() == f"00-{TRACE}-{send.context.span_id:016x}-01"
        assert send.parent.span_id == spans["process t.raw"].context.span_id
        assert f"{spans['process t.raw'].parent.span_id:016x}" == "00f067aa0ba902b7"
        told.clear()


def test_a_dead_letter_makes_its_event_s_span_an_error(tracing, told):
    tracing.committed(worked(tracing, [event()], DEAD)[0])
    [span] = [each for each in told.get_finished_spans() if each.name == "process t.raw"]
    assert (span.status.is_ok, span.attributes["error.type"]) == (False, "invalid")


@pytest.mark.parametrize("headers", [(), ((TRACE_HEADER, b"\xff nonsense"),), ((TRACE_HEADER, b""),)])
def test_an_event_without_a_context_begins_a_trace(tracing, told, headers):
    tracing.committed(worked(tracing, [event(headers=headers)], PUBLISHED)[0])
    assert [each.name for each in told.get_finished_spans() if each.parent is None] == ["process t.raw"]


def test_nothing_is_told_of_a_batch_that_kafka_refuses(tracing, told):
    received, _ = worked(tracing, [event(1), event(2)], PUBLISHED)
    tracing.dropped(received)
    tracing.committed(received)
    assert told.get_finished_spans() == ()


def test_an_error_is_told_by_its_kind_and_not_by_its_message(tracing, told):
    error = FeedError(
        Fault.GONE, "https://user:secret@a.example/x is gone", url="https://user:secret@a.example/x"
    )
    with pytest.raises(FeedError), tracing.item(), tracing.fetching("a.example"):
        raise error
    for span in told.get_finished_spans():
        assert (span.attributes["error.type"], span.status.is_ok, span.status.description) == (
            "gone",
            False,
            None,
        )
        assert "secret" not in span.to_json()


def tree(spans):
    """Names of spans by the name of their parent, of one trace; fails where a parent is missing."""
    assert len({span.trace for span in spans}) == 1
    names = {span.id: span.name for span in spans}
    return sorted((names[span.parent] if span.parent else "", span.name) for span in spans)


@pytest.fixture
def collector(monkeypatch):
    """What tells traces from now on tells it here, soon."""
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield receiver


def of_trace_of(collector, name):
    """The spans of each trace in which there is one of this name."""
    spans = collector.spans()
    traces = [span.trace for span in spans if span.name == name]
    return [[span for span in spans if span.trace == trace] for trace in traces]


@pytest.mark.integration
@pytest.mark.timeout(240)
def test_from_the_feed_to_the_publication_it_is_one_tree_over_stages_that_run_apart(
    settings, redis_client, collector
):
    settings = replace(settings, traces=True)
    prefix = settings.topic_prefix
    harness.create_topics(settings)
    with FeedSite() as site:
        what = polling([Feed(url=site.url("/rss.xml"))], is_forced=True)
        asyncio.run(poll(settings, harness.addresses_of(settings), what, asyncio.Event()))
        count = what.metrics.totals["sent"]
    with (
        harness.supervised(settings, chains.cleaned, stages=[StageName.BOILERPLATE]),
        harness.supervised(settings, chains.echo, stages=[StageName.ENTITIES]),
    ):
        published = f"send {prefix}.published"
        assert harness.wait_for(lambda: len(of_trace_of(collector, published)) == count, 100)
        assert harness.wait_for(
            lambda: all(len(each) == 13 for each in of_trace_of(collector, published)), 20
        ), collector.spans()
    for spans in of_trace_of(collector, published):
        phases = ["index", "stages", "transaction"]
        assert tree(spans) == sorted(
            [
                ("", "feed item"),
                ("feed item", "GET"),
                ("feed item", f"send {prefix}.raw"),
                (f"send {prefix}.raw", f"process {prefix}.raw"),
                (f"process {prefix}.raw", f"send {prefix}.cleaned"),
                (f"send {prefix}.cleaned", f"process {prefix}.cleaned"),
                (f"process {prefix}.cleaned", published),
                *((f"process {prefix}.raw", phase) for phase in phases),
                *((f"process {prefix}.cleaned", phase) for phase in phases),
            ]
        )
        assert {span.service for span in spans} == {"khabar"}
    attributes = [str(value) for span in collector.spans() for value in span.attributes.values()]
    assert not [value for value in attributes if "/" in value or len(value) > 80]


@pytest.mark.faults
@pytest.mark.integration
@pytest.mark.timeout(240)
def test_a_batch_that_a_crash_repeats_is_told_once_and_hangs_where_it_belongs(settings, collector):
    settings = replace(settings, traces=True, redis=None)
    topic = f"{settings.topic_prefix}.raw"
    harness.create_topics(settings)
    with harness.supervised(settings, chains.troubled, stages=[StageName.BOILERPLATE]) as supervisor:
        harness.send(settings, [chains.SLOW + b"%d" % n for n in range(8)])
        assert harness.wait_for(lambda: supervisor.status().in_work > 0, 60)
        os.kill(supervisor.pids[0], signal.SIGKILL)
        assert harness.wait_for(lambda: supervisor.status().committed == 8, 60)
        assert harness.wait_for(lambda: len(collector.spans()) >= 8 * 5, 20)
    spans = collector.spans()
    assert len(spans) == 8 * 5
    places = [
        (span.attributes["messaging.destination.partition.id"], span.attributes["messaging.kafka.offset"])
        for span in spans
        if span.name == f"process {topic}"
    ]
    assert (len(places), len(set(places))) == (8, 8)
    ids = {span.id for span in spans}
    assert {span.parent for span in spans} - ids == {""}
