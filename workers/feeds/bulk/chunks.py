"""Sources read in pieces, here or in a process of its own.

Unpacking and decoding take as long as producing does, and both hold Python's interpreter lock: so what is large is
read in a process beside.
"""

import fcntl
import gc
import multiprocessing
import pickle
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from workers.errors import KhabarError
from workers.feeds.outgoing import BATCH_OVERHEAD_BYTES, Mistake
from workers.feeds.sources.inputs import Plan, read, sources
from workers.feeds.sources.step import END, START, Place, Read, Skipped

CHUNK_BYTES: Final = 1 << 20
"""Enough that handing a chunk to the other process costs little beside making it."""
CHUNK_STEPS: Final = 500
COLLECT_AFTER: Final = 50_000
"""As many objects more than were freed bring on a collection; Python's own 700 come with every chunk."""
WORTH_A_PROCESS_BYTES: Final = 32 << 20
"""Starting the process takes a third of a second, in which so much is read."""


class Cursor(NamedTuple):
    """What is done: so many files, and so much of the next one."""

    source: int = 0
    place: Place = START


BEGINNING: Final = Cursor()

Record: TypeAlias = tuple[bytes | None, bytes, list[tuple[str, bytes]]]
"""Key, value and headers of an event, in the types that kafka-python takes."""


@dataclass(slots=True)
class Chunk:
    """Some events in order, the mistakes and what was skipped among them, and where to go on after all of that.

    `partitions` has an entry for each event; None leaves it to the producer. `done_bytes` counts what has been read of all
    files. Behind the chunk that `is_last` there is nothing more.
    """

    records: list[Record] = field(default_factory=list)
    partitions: list[int | None] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    cursor: Cursor = BEGINNING
    done_bytes: int = 0
    size_bytes: int = 0
    is_last: bool = False
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """Chunks end after `chunk_steps` events, mistakes and what is skipped; reading ends after `limit` events. Events
    with a key get their partition among `partitions`, unless that is 0.
    """

    partitions: int = 0
    chunk_steps: int = CHUNK_STEPS
    limit: int | None = None


class ReadingFailedError(KhabarError):
    """The process that reads has ended before its time."""


def chunks(plan: Plan, start: Cursor, how: How) -> Generator[Chunk, None, None]:
    """All that is to be read after `start`, in chunks of up to CHUNK_BYTES and one event. The last may be empty."""
    chunk = Chunk(cursor=start)
    left = how.limit
    for done_bytes, cursor, found in _found(plan, start):
        chunk.cursor, chunk.done_bytes = cursor, done_bytes
        if found is None:
            continue
        is_event = _add(chunk, found, plan.max_bytes)
        left = left - 1 if left is not None and is_event else left
        if chunk.size_bytes >= CHUNK_BYTES or chunk.steps >= how.chunk_steps or left == 0:
            yield _closed(chunk, how)
            if left == 0:
                return
            chunk = Chunk(cursor=cursor, done_bytes=done_bytes)
    chunk.is_last = True
    yield _closed(chunk, how)


def _found(plan: Plan, start: Cursor) -> Iterator[tuple[int, Cursor, Read | None]]:
    """Bytes and files done, and what was found then; None at the end of a file."""
    before_bytes = 0
    for number, source in enumerate(sources(plan.paths)):
        if number >= start.source:
            place = start.place if number == start.source else START
            for step in read(plan, source, None, place):
                cursor = Cursor(number + 1) if step.place == END else Cursor(number, step.place)
                yield before_bytes + step.done_bytes, cursor, step.read
        before_bytes += _size(source.path)
        if number >= start.source:
            yield before_bytes, Cursor(number + 1), None


def _add(chunk: Chunk, found: Read, max_bytes: int) -> bool:
    """Whether it is an event, and not too large with its key and headers."""
    chunk.steps += 1
    if isinstance(found, Skipped):
        chunk.skipped[found.reason.value] += 1
        return False
    if isinstance(found, Mistake):
        chunk.mistakes.append(found)
        return False
    if (size_bytes := found.size_bytes) > max_bytes + BATCH_OVERHEAD_BYTES:
        message = f"takes {size_bytes:,} bytes with its headers, more than the topic takes"
        chunk.mistakes.append(Mistake(found.where, message))
        return False
    chunk.size_bytes += size_bytes
    chunk.records.append((found.key, found.value, list(found.headers)))
    return True


def _closed(chunk: Chunk, how: How) -> Chunk:
    keys = [key for key, _, _ in chunk.records if key is not None] if how.partitions else []
    if not keys:
        chunk.partitions = [None] * len(chunk.records)
        return chunk
    from workers.feeds.bulk.partition import partitions_of  # noqa: PLC0415  (numpy takes 0.2 s to load)

    chosen = iter(partitions_of(keys, how.partitions))
    chunk.partitions = [next(chosen) if key is not None else None for key, _, _ in chunk.records]
    return chunk


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def chunks_from_a_process(plan: Plan, start: Cursor, how: How) -> Generator[Chunk, None, None]:
    """As `chunks`, read in a process of its own, which ends with this generator, and when this process is killed.

    Raises ReadingFailedError when that process does not come to its end.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_read_into, args=(there, plan, start, how), daemon=True)
    process.start()
    there.close()
    _widen(here)
    try:
        with closing(here):
            while (data := _received(here)) is not None:
                yield pickle.loads(data)  # noqa: S301 - from our own process
    finally:
        process.terminate()
        process.join()


def _widen(pipe: Connection) -> None:
    """Room for a chunk, where the system can: the two processes wait for each other less often."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # an account has its limits
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, CHUNK_BYTES)


def collect_less() -> None:
    """What is loaded by now is for good, and events make no cycles: looking for some costs a tenth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 10, 10)


def _received(pipe: Connection) -> bytes | None:
    """The next message; None behind the last one."""
    try:
        return pipe.recv_bytes() or None
    except EOFError as error:
        raise ReadingFailedError(
            "The process that reads the files has ended: it was killed, or there is a fault in what it reads. "
            "The same command goes on from what was sent"
        ) from error


def _read_into(pipe: Connection, plan: Plan, start: Cursor, how: How) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the sender decides
    collect_less()
    try:
        for chunk in chunks(plan, start, how):
            pipe.send_bytes(pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL))
        pipe.send_bytes(b"")
    except BrokenPipeError:
        return  # nobody listens any more
