"""`workers.subscribe` for asyncio: the same topics, parameters and guarantees.

    async for article in subscribe_async("articles.published", group="my-app"):
        await store(article)

The body is awaited before its record is committed. The Kafka client works in a thread of its own, so the event loop is
never held up. A request for the next record may be cancelled (`asyncio.wait_for`): nothing is lost, the next request
gets what came.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread, current_thread, main_thread
from typing import Any, Final, Generic, Literal, Self, TypeVar, Unpack, overload

from schemas.cleaned_article import CleanedArticle
from schemas.dead_letter import DeadLetter
from schemas.published_article import PublishedArticle
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectedEvent
from schemas.tagged_article import TaggedArticle
from workers.runtime.reading import Received, Record
from workers.stopping import stop_on_signals
from workers.subscribe import Articles, Options, Position, Subscription, position_of, subscribe

__all__ = ["AsyncSubscription", "subscribe_async"]

R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")

EXIT_S: Final = 10.0
"""How long the end of the program waits for a subscription that nobody closed: its last commit and leaving the group
take 5 s each, at most (workers.runtime.following.CLOSE_MS).
"""


@overload
def subscribe_async(
    topics: Articles = "articles.published", **options: Unpack[Options]
) -> "AsyncSubscription[PublishedArticle]": ...
@overload
def subscribe_async(
    topics: Literal["articles.rejected", "rejected"], **options: Unpack[Options]
) -> "AsyncSubscription[RejectedEvent]": ...
@overload
def subscribe_async(
    topics: Literal["articles.dead", "dead"], **options: Unpack[Options]
) -> "AsyncSubscription[DeadLetter]": ...
@overload
def subscribe_async(
    topics: Literal["articles.raw", "raw"], **options: Unpack[Options]
) -> "AsyncSubscription[RawEvent]": ...
@overload
def subscribe_async(
    topics: Literal["articles.cleaned", "cleaned"], **options: Unpack[Options]
) -> "AsyncSubscription[CleanedArticle]": ...
@overload
def subscribe_async(
    topics: Literal["articles.tagged", "tagged"], **options: Unpack[Options]
) -> "AsyncSubscription[TaggedArticle]": ...
@overload
def subscribe_async(
    topics: str | Sequence[str], **options: Unpack[Options]
) -> "AsyncSubscription[Record]": ...
def subscribe_async(
    topics: str | Sequence[str] = "articles.published", **options: Unpack[Options]
) -> "AsyncSubscription[Any]":
    """The records as `workers.subscribe.subscribe` gives them, which explains the options, for `async for`.

    Connected, and without a group in position, with the first record that is asked for, or by `async with`; what is
    wrong is raised there. `offsets`, `stop` and `on_unreadable` are called in the client's thread.
    """
    return AsyncSubscription(topics, options)


class AsyncSubscription(AsyncIterator[R_co], Generic[R_co]):
    """The records of a subscription. `async with`, or `close`, commits what is finished and leaves the group at once;
    a loop that is left otherwise does so when the subscription is let go of, or at the end of the program.
    """

    def __init__(self, topics: str | Sequence[str], options: Options) -> None:
        self._topics = topics
        self._handles_signals = options.get("signals", True)
        self._signals = ExitStack()
        self._stop = stop = Event()
        asked = options.get("stop") or _never
        # No function here may hold on to this object, or it would never be let go of.
        self._options: Options = {**options, "signals": False, "stop": lambda: stop.is_set() or asked()}
        self._thread = _Thread()
        self._opening: list[Future[Subscription[Record]]] = []
        self._coming: Future[tuple[Received, Record] | None] | None = None
        self._is_asked = False
        self._in_hand: Received | None = None
        self._let_go = weakref.finalize(self, _let_go, self._thread, stop, self._opening)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R_co:
        if self._is_asked:
            raise RuntimeError("one request at a time: a record is done when the one after it is asked for")
        self._in_hand = None
        if not self._let_go.alive:
            raise StopAsyncIteration
        self._is_asked = True
        try:
            subscription = await self._opened()
            if self._coming is None:
                self._coming = self._thread.call(partial(_next, subscription))
            found = await asyncio.shield(asyncio.wrap_future(self._coming))
        except Exception:
            await self.close()
            raise  # but a request that is cancelled stays as it is, to the one who asks next
        finally:
            self._is_asked = False
        self._coming = None
        if found is None:
            await self.close()
            raise StopAsyncIteration
        self._in_hand, record = found
        return record  # type: ignore[return-value]  # the overloads know which type a topic has

    async def __aenter__(self) -> Self:
        try:
            await self._opened()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    @property
    def received(self) -> Received:
        """The record in hand as it came. Raises LookupError before the first and after the last."""
        if self._in_hand is None:
            raise LookupError("there is no record in hand")
        return self._in_hand

    @property
    def position(self) -> Position:
        """Where the record in hand stands. Raises LookupError before the first and after the last."""
        return position_of(self.received)

    async def done(self) -> None:
        """The record in hand is dealt with, though the next one is not asked for: say it before a `break`."""
        if self._in_hand is None:
            raise LookupError("there is no record in hand")
        await asyncio.wrap_future(self._thread.call((await self._opened()).done))

    async def close(self) -> None:
        """Commit what is finished, and leave the group."""
        if self._let_go.detach() is None:
            return  # closed before
        self._signals.close()
        self._stop.set()
        closing = self._thread.call(partial(_close, self._opening))
        self._thread.end()
        await asyncio.shield(asyncio.wrap_future(closing))

    async def _opened(self) -> Subscription[Record]:
        if not self._opening:
            if self._handles_signals and current_thread() is main_thread():
                signalled = self._signals.enter_context(stop_on_signals())
                asked = self._options["stop"] or _never
                self._options["stop"] = lambda: signalled() or asked()
            self._opening.append(self._thread.call(partial(subscribe, self._topics, **self._options)))
        return await asyncio.shield(asyncio.wrap_future(self._opening[0]))


def _next(subscription: Subscription[Record]) -> tuple[Received, Record] | None:
    for record in subscription:
        return subscription.received, record
    return None


def _close(opening: "Sequence[Future[Subscription[Record]]]") -> None:
    """Close the subscription, if there is one; in the thread that has opened it."""
    for future in opening:
        if future.exception() is None:
            future.result().close()


def _let_go(thread: "_Thread", stop: Event, opening: "Sequence[Future[Subscription[Record]]]") -> None:
    """Nobody has closed it: it was forgotten, or the program ends."""
    if not opening:
        return
    stop.set()
    thread.call(partial(_close, opening))
    thread.end()
    if not main_thread().is_alive():
        thread.join(EXIT_S)


def _never() -> bool:
    return False


class _Thread:
    """Runs calls one after the other in a thread of its own, which does not keep the program from ending."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def call(self, function: Callable[[], T]) -> "Future[T]":
        """What `function` will return, or raise."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # from here on, it cannot be cancelled
        self._calls.put((future, function))
        if self._thread is None:
            self._thread = Thread(target=_serve, args=(self._calls,), name="khabar-subscription", daemon=True)
            self._thread.start()
        return future

    def end(self) -> None:
        """End after the calls before."""
        self._calls.put(None)

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)


def _serve(calls: "SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]") -> None:
    while (call := calls.get()) is not None:
        future, function = call
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)
