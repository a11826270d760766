"""Traces of single articles, off by default: what the rest of Khabar calls, doing nothing.

With KHABAR_TRACES=1 workers/otel.py takes its place, the only module that imports OpenTelemetry. The context of a trace
travels in the Kafka header `traceparent` (W3C Trace Context), and nowhere else: records are the same bytes with and without.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime.events import Event, Headers, Output


class Tracing:
    """No traces. A batch is `received`, goes through phases, is `sending`, and ends `committed` or `dropped`."""

    def item(self) -> AbstractContextManager[None]:
        """Around an item of a feed: the root of a trace."""
        return nullcontext()

    def fetching(self, host: str) -> AbstractContextManager[None]:
        """Around a request for the item's page; only its host is told."""
        return nullcontext()

    def sending_raw(self, topic: str, headers: Headers) -> AbstractContextManager[Headers]:
        """Around sending a raw event; gives the headers to send it with."""
        return nullcontext(headers)

    def received(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events, each with its part of a trace begun."""
        return events

    def phase(self, events: Sequence[Event], name: str) -> AbstractContextManager[None]:
        """Around a phase that these events go through together."""
        return nullcontext()

    def sending(self, outputs: Sequence[Output]) -> Sequence[Output]:
        """The records with the headers that they are sent with."""
        return outputs

    def committed(self, events: Sequence[Event]) -> None:
        """What was received has become of what was sent; only now is anything told of it."""

    def dropped(self, events: Sequence[Event]) -> None:
        """Kafka has refused them: nothing of this try is told."""

    def close(self) -> None:
        """Tell what waits to be told, within a few seconds."""


OFF: Final = Tracing()


def tracing_of(settings: Settings, *, group: str = "") -> Tracing:
    """What the settings ask for, for a member of the consumer group. Raises ConfigError where it is not installed."""
    if not settings.traces:
        return OFF
    try:
        from workers.otel import OpenTelemetry  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(
            "KHABAR_TRACES=1 needs OpenTelemetry, which is not installed: pip install 'khabar[otel]'"
        ) from error
    return OpenTelemetry(settings.topic_prefix, group)
