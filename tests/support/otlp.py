"""A place on loopback where OpenTelemetry can send traces to, and what came there."""

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support import receiver


@dataclass(frozen=True)
class Told:
    """A span as it came over the wire; ids are hex, `parent` is empty for a root."""

    trace: str
    id: str
    parent: str
    name: str
    attributes: dict[str, object]
    is_error: bool
    service: str


class Receiver:
    """What has come so far."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()
        self.url = ""

    def take(self, body: bytes) -> None:
        with self._lock:
            self.bodies.append(body)

    def spans(self) -> list[Told]:
        with self._lock:
            bodies = list(self.bodies)
        return [span for body in bodies for span in _spans(body)]


def _value(value):
    return getattr(value, value.WhichOneof("value"))


def _spans(body: bytes) -> Iterator[Told]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = {each.key: _value(each.value) for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Told(
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    name=span.name,
                    attributes={each.key: _value(each.value) for each in span.attributes},
                    is_error=span.status.code == 2,
                    service=str(names["service.name"]),
                )


@contextmanager
def receiving() -> Iterator[Receiver]:
    told = Receiver()

    def answer(headers: Mapping[str, str], body: bytes) -> int:
        told.take(gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body)
        return 200

    with receiver.receiving(answer) as told.url:
        yield told
