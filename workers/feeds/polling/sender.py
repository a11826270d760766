"""Putting events on a topic from an event loop, each acknowledged by Kafka before it counts as sent."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from kafka import KafkaProducer, errors

from workers.errors import ConfigError, KhabarError, TransientError
from workers.feeds.model import Fault, FeedError
from workers.feeds.polling.patience import Patience
from workers.feeds.send import Outgoing, checked
from workers.runtime.clients import Addresses, speaking_to
from workers.topics import Topic
from workers.tracing import OFF, Tracing

THREADS: Final = 4
"""`send` of kafka-python waits where it does not know the topic's partitions yet."""
CLOSE_S: Final = 5.0


class Sender:
    """kafka-python's idempotent producer, used without blocking the loop.

    `connect` makes a producer, and is called again when one has to be replaced. While Kafka is away, `send` waits.
    """

    def __init__(
        self,
        connect: Callable[[], KafkaProducer],
        topic: Topic,
        addresses: Addresses,
        patience: Patience,
        tracing: Tracing = OFF,
    ) -> None:
        self._connect = connect
        self._topic = topic
        self._addresses = addresses
        self._patience = patience
        self._tracing = tracing
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="khabar-send")
        self._producer: KafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._alone = asyncio.Lock()

    async def send(self, event: Outgoing) -> None:
        """Returns when Kafka has the event.

        Raises FeedError (TOO_LARGE) for one that Kafka does not take, ConfigError where it refuses us, TransientError
        where it is away and nothing is waited for any more.
        """
        if checked(event, self._topic) is not event:
            raise self._too_large(event)
        try:
            with self._tracing.sending_raw(self._topic.name, event.headers) as headers:
                traced = replace(event, headers=headers)
                await self._patience(lambda: self._deliver(traced))
        except errors.MessageSizeTooLargeError as error:
            raise self._too_large(event) from error
        except errors.KafkaError as error:
            raise ConfigError(
                f"Kafka does not take an event for {self._topic.name}: {type(error).__name__}: {error}"
            ) from error

    async def ready(self) -> None:
        """Connects. Raises as `send` does."""
        await self._patience(self._connected)

    async def close(self) -> None:
        """What is not acknowledged by now may or may not arrive."""
        await self._drop(self._producer)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _deliver(self, event: Outgoing) -> None:
        """One try, and another by a producer of its own where the first one's error may be another event's: an
        idempotent producer that was refused one (for its size, say) fails all that it has and gets (kafka-python 3.0.12).
        """
        producer = await self._connected()
        try:
            await self._send_by(producer, event)
        except TransientError:
            raise
        except errors.KafkaError:
            await self._drop(producer)
            async with self._alone:
                await self._send_alone(event)

    async def _send_alone(self, event: Outgoing) -> None:
        loop = asyncio.get_running_loop()
        producer = await loop.run_in_executor(self._threads, self._connect)
        try:
            await self._send_by(producer, event)
        finally:
            await loop.run_in_executor(self._threads, lambda: _close(producer))

    async def _send_by(self, producer: KafkaProducer, event: Outgoing) -> None:
        loop = asyncio.get_running_loop()
        delivered: asyncio.Future[None] = loop.create_future()

        def settle(error: BaseException | None) -> None:
            if delivered.done():
                return
            if error is None:
                delivered.set_result(None)
            else:
                delivered.set_exception(error)

        def begin() -> None:
            headers = list(event.headers)
            future = producer.send(self._topic.name, event.value, key=event.key, headers=headers)
            future.add_callback(lambda _: loop.call_soon_threadsafe(settle, None))
            future.add_errback(lambda error: loop.call_soon_threadsafe(settle, error))

        with speaking_to(self._addresses):
            await loop.run_in_executor(self._threads, begin)
            await delivered

    async def _connected(self) -> KafkaProducer:
        async with self._connecting:
            if self._producer is None:
                loop = asyncio.get_running_loop()
                self._producer = await loop.run_in_executor(self._threads, self._connect)
            return self._producer

    async def _drop(self, producer: KafkaProducer | None) -> None:
        if producer is not None and producer is self._producer:
            self._producer = None
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, lambda: _close(producer))

    def _too_large(self, event: Outgoing) -> KhabarError:
        size, most = len(event.value), self._topic.max_message_bytes
        message = f"{event.where}: has {size:,} bytes; {self._topic.name} takes {most:,}"
        return FeedError(Fault.TOO_LARGE, message, url=event.where)


def _close(producer: Any) -> None:  # noqa: ANN401  (kafka-python has no types)
    producer.close(timeout=CLOSE_S)
