"""Traces by OpenTelemetry: one tree an article, from the item of a feed to the record that comes of it.

    feed item                  of a poller
      GET                      the page
      send articles.raw        its context goes into the event's header
        process articles.raw   of a worker, from when the event is taken until it is committed
          stages, index, transaction
          send articles.published

Where stages run apart, the tree goes on from `send articles.cleaned`. Spans are told once their batch is committed: a try
that Kafka refuses, or that a crash ends, leaves none, and its repetition hangs in the same place. Names and attributes
are those of the semantic conventions for messaging (https://opentelemetry.io/docs/specs/semconv/messaging/kafka/). None
holds text of an article, or an address.

Where to send traces, how many, and under which name, the SDK reads from its own variables, OTEL_*.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from workers import __version__
from workers.feeds.model import FeedError
from workers.origin import TRACE_HEADER, header
from workers.runtime.events import Event, Headers, Output
from workers.topics import Role, table
from workers.tracing import Tracing

FLUSH_MS: Final = 3000
"""For what waits when a process ends: it has some seconds for that after its drain (supervisor.GRACE_S)."""

_W3C: Final = TraceContextTextMapPropagator()


@dataclass(slots=True)
class _Open:
    """The spans of an event that is not committed yet; phases as name, begin and end in nanoseconds."""

    span: Span
    phases: list[tuple[str, int, int]] = field(default_factory=list)
    sends: list[Span] = field(default_factory=list)
    reason: str | None = None


class OpenTelemetry(Tracing):
    """Tells spans to an OTLP endpoint, in a thread of its own, or to another `processor`."""

    def __init__(self, topic_prefix: str, group: str, processor: SpanProcessor | None = None) -> None:
        names = Resource({SERVICE_NAME: "khabar", SERVICE_VERSION: __version__})
        self._provider = TracerProvider(
            resource=Resource.create().merge(names).merge(OTELResourceDetector().detect())
        )
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("khabar", __version__)
        self._topics = {role: topic.name for role, topic in table(topic_prefix).items()}
        self._group = group
        self._open: dict[bytes, _Open] = {}

    @contextmanager
    def item(self) -> Iterator[None]:
        with self._current("feed item", SpanKind.INTERNAL, {}):
            yield

    @contextmanager
    def fetching(self, host: str) -> Iterator[None]:
        attributes: dict[str, AttributeValue] = {"http.request.method": "GET", "server.address": host}
        with self._current("GET", SpanKind.CLIENT, attributes):
            yield

    @contextmanager
    def sending_raw(self, topic: str, headers: Headers) -> Iterator[Headers]:
        with self._current(f"send {topic}", SpanKind.PRODUCER, _messaging("send", topic)) as span:
            yield _carrying(headers, span)

    @contextmanager
    def _current(self, name: str, kind: SpanKind, attributes: dict[str, AttributeValue]) -> Iterator[Span]:
        """A span on which those hang that are begun inside. Of an error only its kind is told: messages have addresses."""
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                fault = error.fault.value if isinstance(error, FeedError) else type(error).__name__
                _fail(span, fault)
                raise

    def received(self, events: Sequence[Event]) -> Sequence[Event]:
        return [self._received(event) for event in events]

    def _received(self, event: Event) -> Event:
        place = event.position
        attributes = _messaging("process", place.topic) | {
            "messaging.destination.partition.id": str(place.partition),
            "messaging.kafka.offset": place.offset,
            "messaging.consumer.group.name": self._group,
            "messaging.message.body.size": len(event.value),
        }
        span = self._tracer.start_span(
            f"process {place.topic}", _context(event.headers), SpanKind.CONSUMER, attributes
        )
        trace = _traceparent(span)
        self._open[trace] = _Open(span)
        return replace(event, trace=trace)

    @contextmanager
    def phase(self, events: Sequence[Event], name: str) -> Iterator[None]:
        begin = time.time_ns()
        yield
        end = time.time_ns()
        for event in events:
            if found := self._open.get(event.trace):
                found.phases.append((name, begin, end))

    def sending(self, outputs: Sequence[Output]) -> Sequence[Output]:
        return [self._sending(output) for output in outputs]

    def _sending(self, output: Output) -> Output:
        found = self._open.get(header(output.headers, TRACE_HEADER) or b"")
        if found is None:
            return output
        topic = self._topics[output.role]
        attributes = _messaging("send", topic) | {"messaging.message.body.size": len(output.value)}
        if output.reason:
            attributes["khabar.reason"] = output.reason
        if output.role is Role.DEAD:
            found.reason = output.reason
        span = self._tracer.start_span(
            f"send {topic}", set_span_in_context(found.span), SpanKind.PRODUCER, attributes
        )
        found.sends.append(span)
        return replace(output, headers=_carrying(output.headers, span))

    def committed(self, events: Sequence[Event]) -> None:
        for event in events:
            if found := self._open.pop(event.trace, None):
                self._tell(found)

    def _tell(self, found: _Open) -> None:
        parent = set_span_in_context(found.span)
        for name, begin, end in found.phases:
            self._tracer.start_span(name, parent, start_time=begin).end(end)
        for send in found.sends:
            send.end()
        if found.reason is not None:
            _fail(found.span, found.reason)
        found.span.end()

    def dropped(self, events: Sequence[Event]) -> None:
        for event in events:
            self._open.pop(event.trace, None)

    def close(self) -> None:
        self._provider.force_flush(FLUSH_MS)


def _messaging(operation: str, topic: str) -> dict[str, AttributeValue]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
    }


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _context(headers: Headers) -> Context:
    """That of the header; where it is missing, or is none, a new trace begins."""
    found = header(headers, TRACE_HEADER)
    return _W3C.extract({TRACE_HEADER: found.decode("latin-1")} if found else {}, Context())


def _traceparent(span: Span) -> bytes:
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(span, Context()))
    return carrier[TRACE_HEADER].encode()


def _carrying(headers: Headers, span: Span) -> Headers:
    return (*(each for each in headers if each[0] != TRACE_HEADER), (TRACE_HEADER, _traceparent(span)))
