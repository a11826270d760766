"""One worker process: a Faust consumer, the stage process, the pipeline between them, and how it all ends.

It ends in one of three ways: drained (exit 0), told by the configuration that it cannot work (CONFIG_EXIT), or at
once on anything unexpected (CRASH_EXIT), before any clean-up of Faust's could acknowledge work in flight. The
supervisor starts another one; what was not committed is read again.
"""

import asyncio
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from select import select
from typing import Any, Final, TypeVar

import faust
import structlog
from aiokafka.errors import KafkaConnectionError

from workers import log as logging_setup
from workers.config import Settings
from workers.dedup.index import Index
from workers.errors import ConfigError, TransientError
from workers.runtime.backoff import delays
from workers.runtime.chain import ALL_STAGES, INPUT_ROLES, StageName, group_name
from workers.runtime.clients import Addresses, admin, speaking_to
from workers.runtime.faust_app import Reading, Run, build_app, refusal, stable_offsets
from workers.runtime.inbox import HoleError, Inbox
from workers.runtime.isolation import Isolation
from workers.runtime.partitions import Partitions
from workers.runtime.pipeline import Pipeline, Progress
from workers.runtime.stage_process import ChainFactory
from workers.runtime.tally import Tally
from workers.runtime.topics_admin import actual, create
from workers.runtime.transaction import TransactionalPublisher
from workers.stores.connection import connect
from workers.stores.redis_index import open_index
from workers.topics import Role, Topic, table
from workers.tracing import tracing_of

CRASH_EXIT: Final = 70
CONFIG_EXIT: Final = 78
HEARTBEAT_S: Final = 0.5
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
INBOX_BATCHES: Final = 3
"""The inbox holds about so many full batches: one that is being taken, and what is fetched meanwhile."""
COLLECT_AFTER: Final = 20_000
"""Objects made since the last collection; Python's 700 are a few batches' worth of records."""
STOP_TIMEOUT_S: Final = 5.0
"""For leaving the consumer group in order; without it the group waits for the session timeout, nothing worse."""

log = structlog.get_logger()
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What makes a worker; everything in it can be pickled."""

    settings: Settings
    addresses: Addresses
    chain: ChainFactory
    stages: tuple[StageName, ...] = ALL_STAGES
    worker_id: str
    log_file: str | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a worker says of itself: counts since its start, and what it has measured since the heartbeat before."""

    committed: int
    in_work: int
    waiting_for: str | None
    partitions: tuple[int, ...]
    measured: Tally = field(default_factory=Tally)


def main(options: WorkerOptions, heartbeats: Connection) -> None:
    """Run a worker until it is told to end by SIGTERM. Never returns."""
    if options.log_file:
        target = os.open(options.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(target, sys.stdout.fileno())
        os.dup2(target, sys.stderr.fileno())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # drain when the supervisor was killed
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C goes to the whole terminal; the supervisor says when to end
    logging_setup.configure(options.settings.log_level, options.settings.log_format)
    structlog.contextvars.bind_contextvars(worker=options.worker_id)
    asyncio.run(_run(options, heartbeats))


async def _run(options: WorkerOptions, heartbeats: Connection) -> None:
    """Ends the process from inside the loop: leaving the loop would finalise Faust's generators, and wait for a
    thread that waits for Kafka.
    """
    code = CRASH_EXIT
    try:
        code = await _Worker(options, heartbeats).run()
    except ConfigError as error:
        code = CONFIG_EXIT
        log.error("worker_cannot_start", error=str(error))  # noqa: TRY400 - the message says it all
    except (TransientError, KafkaConnectionError) as error:
        log.warning("worker_lost_a_service", error=str(error))
    except BaseException:
        log.exception("worker_crashed")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class _Worker:
    def __init__(self, options: WorkerOptions, heartbeats: Connection) -> None:
        self._options = options
        self._settings = options.settings
        self._heartbeats = heartbeats
        self._group = group_name(options.settings.group, options.stages)
        self._stop = asyncio.Event()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting_for: str | None = None
        self._inbox = Inbox(INBOX_BATCHES * self._settings.batch_bytes)
        self._app: faust.App | None = None
        self._pipeline: Pipeline | None = None
        self._assigned: Callable[[], Sequence[int]] = tuple
        self._tracing = tracing_of(options.settings, group=self._group)

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        beating = asyncio.create_task(self._beat())
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({beating, starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if beating.done():
            await beating  # raises what has ended it
        if not starting.done():
            return 0 if self._stop.is_set() else CRASH_EXIT
        app, tasks = starting.result()
        log.info("worker_started", group=self._group, stages=list(self._options.stages))
        endings: set[asyncio.Future[Any]] = {beating, stopping, self._failure, *tasks}
        done, _ = await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            await task  # raises what has ended it
            self._check_rights(app)
            return CRASH_EXIT
        return await self._drain(app, tasks)

    async def _start(self) -> tuple[faust.App, set[asyncio.Task[Any]]]:
        """Everything that needs Kafka and Redis, waiting for them as long as it takes."""
        options, settings = self._options, self._settings
        isolation = Isolation(options.chain, settings.event_timeout_s)
        warming = asyncio.create_task(asyncio.to_thread(isolation.warm_up))
        topics = await self._once_there(self._prepare_topics)
        index = await self._once_there(self._connect_index)
        publisher = await self._once_there(
            lambda: TransactionalPublisher(
                settings, options.addresses, topics, self._group, options.worker_id
            )
        )
        await warming
        source = topics[INPUT_ROLES[options.stages[0]]].name
        offsets = stable_offsets(settings, options.addresses, self._group)
        partitions = Partitions(source, self._assigned_now, offsets)
        pipeline = self._pipeline = Pipeline(
            settings,
            topics,
            self._inbox,
            isolation,
            index=index,
            publisher=publisher,
            partitions=partitions,
            tracing=self._tracing,
        )
        reading = Reading(
            brokers=options.addresses.kafka,
            group=self._group,
            topic=source,
            fetch_stable=partitions.fetch,
            on_run=self._on_run,
            on_revoked=self._on_revoked,
            gather=self._inbox.gather,
        )
        app = self._app = build_app(settings, reading)
        await app.start()
        self._assigned = lambda: sorted(partition.partition for partition in app.consumer.assignment())
        self._spare_the_collector()
        tasks = {
            asyncio.create_task(pipeline.process(), name="process"),
            asyncio.create_task(pipeline.publish(), name="publish"),
            asyncio.create_task(app.wait_until_stopped(), name="faust"),
        }
        return app, tasks

    @staticmethod
    def _spare_the_collector() -> None:
        """What was loaded by now is for good; looking through it again and again took an eighth of the CPU an
        event (docs/benchmarks.md, 12 kB events, 115 against 101 microseconds in one interleaved run).
        """
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 10, 10)

    def _assigned_now(self) -> Sequence[int]:
        return self._assigned()

    def _prepare_topics(self) -> Mapping[Role, Topic]:
        """The topics with the record sizes that the cluster really takes."""
        settings, topics = self._settings, table(self._settings.topic_prefix)
        addresses = self._options.addresses
        with closing(admin(settings, addresses)) as client, speaking_to(addresses):
            if settings.create_topics:
                create(client, settings)
            found = actual(client, [topic.name for topic in topics.values()])
        if missing := [topic.name for topic in topics.values() if topic.name not in found]:
            message = f"The cluster lacks {', '.join(missing)}: run `khabar topics create`"
            raise ConfigError(message)
        return {
            role: replace(topic, max_message_bytes=int(found[topic.name].config["max.message.bytes"]))
            for role, topic in topics.items()
        }

    def _connect_index(self) -> Index | None:
        if StageName.DEDUP not in self._options.stages:
            return None
        client = connect(self._settings, self._options.addresses.redis_url())
        return open_index(self._settings, client)

    async def _once_there(self, attempt: Callable[[], Result]) -> Result:
        """The result of `attempt`, tried again with back-off while a service is away."""
        for delay_s in delays():
            try:
                result = await asyncio.to_thread(attempt)
            except TransientError as error:
                if self._waiting_for is None:
                    log.warning("waiting_for_service", error=str(error))
                self._waiting_for = str(error)
                await asyncio.sleep(delay_s)
            else:
                self._waiting_for = None
                return result
        raise AssertionError  # delays() has no end

    async def _on_run(self, run: Run) -> None:
        try:
            await self._inbox.put(run.membership, run.previous, run.events)
        except HoleError as error:
            # Raised here, it would end in Faust's agent, which starts again without a word.
            self._failure.set_exception(error)

    async def _on_revoked(self) -> None:
        """Finish the work in flight before the partitions go; forget what has not been begun."""
        await self._inbox.retire()
        if self._pipeline is not None and not await self._pipeline.until_idle(self._settings.drain_timeout_s):
            log.warning("revoked_with_work_in_flight", events=self._pipeline.progress.in_work)

    async def _drain(self, app: faust.App, tasks: set[asyncio.Task[Any]]) -> int:
        """Finish what is in work, within the drain timeout. `tasks` do it; raises what ends one of them."""
        assert self._pipeline is not None
        log.info("draining", in_work=self._pipeline.progress.in_work, waiting=len(self._inbox))
        await self._inbox.retire()
        idle = asyncio.ensure_future(self._pipeline.until_idle(self._settings.drain_timeout_s))
        done, _ = await asyncio.wait({idle, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {idle}:
            await task
        if not await idle:
            log.warning("drain_timed_out", in_work=self._pipeline.progress.in_work)
        else:
            # Not wait_for, which would wait for as long as Faust takes to be cancelled.
            stopping = asyncio.ensure_future(app.stop())
            if not (await asyncio.wait({stopping}, timeout=STOP_TIMEOUT_S))[0]:
                log.info("left_group_by_timeout")
        log.info("worker_stopped", committed=self._pipeline.progress.committed)
        with suppress(BrokenPipeError, ConnectionResetError):
            self._say()
        self._tracing.close()
        return 0

    async def _beat(self) -> None:
        while True:
            if self._app is not None:
                self._check_rights(self._app)
                if self._app.crashed:
                    raise self._app.crash_reason or RuntimeError("Faust has crashed")
            try:
                self._say()
            except (BrokenPipeError, ConnectionResetError):
                self._stop.set()  # the supervisor is gone: drain
            await asyncio.sleep(HEARTBEAT_S)

    def _check_rights(self, app: faust.App) -> None:
        """Raises ConfigError if Kafka misses a right in this worker."""
        if refused := refusal(app):
            where = ", ".join(self._options.addresses.kafka)
            raise ConfigError(
                f"Kafka at {where} refuses: {refused}. docs/security.md lists the rights of a worker"
            )

    def _say(self) -> None:
        """Send a heartbeat, unless nobody reads them: then what was measured waits for the next one."""
        if not select([], [self._heartbeats], [], 0)[1]:
            return
        progress = self._pipeline.progress if self._pipeline else Progress()
        self._heartbeats.send(
            Heartbeat(
                committed=progress.committed,
                in_work=progress.in_work,
                waiting_for=self._waiting_for or progress.waiting_for,
                partitions=tuple(self._assigned()),
                measured=progress.tally.hand_over(),
            )
        )
