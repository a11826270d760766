"""khabar process"""

import functools
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import click
from more_itertools import constrained_batches

from schemas.dead_letter import DeadReason
from schemas.rejected_event import RejectedEvent
from schemas.wire import InvalidError, UndecodableError, decode, encode
from workers.cli.context import pass_settings
from workers.cli.run import STAGES, entity_options
from workers.config import Settings
from workers.files import JSON_TYPE, Entry, Reader, Unreadable
from workers.identity import article_id, is_article_id
from workers.topics import OUTCOMES, Role, table

if TYPE_CHECKING:
    from workers.runtime.chain import Processed, StageName
    from workers.runtime.events import Event, Output
    from workers.runtime.isolation import Isolation
    from workers.runtime.stage_process import ChainFactory

ARTICLES: Final = (Role.PUBLISHED.value, Role.DUPLICATES.value)
BATCH_EVENTS: Final = 64
"""So many pages take a second or two: what is read soon shows."""
ONE_STAGE_BATCH_EVENTS: Final = 256
"""One stage alone is quick, and its readers wait for the end."""
BAR_AFTER_S: Final = 2.0
BAR_REFRESH_S: Final = 0.25
NOT_READ: Final = frozenset({DeadReason.UNDECODABLE, DeadReason.INVALID})


Ids = dict[str, Any]
"""Article ids, and what the input calls the same articles."""


@click.command("process")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH... [-]")
@click.option(
    "--only", type=click.Choice(STAGES), help="One stage alone: its input records in, its output out."
)
@click.option(
    "--outcome",
    "outcomes",
    type=click.Choice([*map(str, OUTCOMES), "all"]),
    multiple=True,
    help="What to write to standard output; may be given several times. Default: published, duplicates.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to work in."
)
@click.pass_context
@pass_settings
def command(
    settings: Settings,
    ctx: click.Context,
    *,
    paths: Sequence[Path],
    only: str | None,
    outcomes: Sequence[str],
    jobs: int,
) -> None:
    """Turn files into records on standard output, one JSON object a line, in the order of the input.

    PATH is an HTML page or a text dump in any charset, or JSON lines: a raw event on each line, such as
    {"url": "...", "body": "<html>..."}. The ending says which (.html, .txt, .jsonl), else the first line does;
    .gz is unpacked, of a folder the files with a known ending are read, and - is standard input. Kafka and Redis
    are not needed: copies are found among the input. An article's `duplicate.relation` says which it is.

    Rejected and dead events are said on standard error, unless --outcome asks for them: a rejected one is
    the record of articles.rejected, a dead one {"dead": {reason, message, origin, ...}}.

    With --only, every input line gives exactly one line, and only `text` is needed (`body` for boilerplate; pages
    are taken too): `id`, `lang`, `title`, `source` (a name or an object), `url` and `meta` count where they are
    given, and an `id` is kept. What a stage rejects or cannot process is {"id", "text": "", "meta"} with
    `rejected` {reason, detail} or with `dead`.

    The exit code is 1 when something could not be read: a file, or a line that is no event.
    """
    is_lines_only = only not in {None, STAGES[0]}
    reader = Reader(
        paths, click.get_binary_stream("stdin"), settings.max_event_bytes, lines_only=is_lines_only
    )
    tally = Tally(outcomes=_wanted(outcomes, only))
    write = functools.partial(_write_line, click.get_binary_stream("stdout"))
    ids: Ids = {}
    with _bar(reader, tally) as refresh:
        for entry, output in _results(settings, tally.readable(reader), only, jobs, ids):
            tally.count(entry, output)
            if only is not None:
                write(one_stage_line(entry, output, ids))
            elif output.role in tally.outcomes:
                write(encode({"dead": _letter(output)}) if output.role is Role.DEAD else output.value)
            refresh()
    click.echo(str(tally), err=True)
    ctx.exit(1 if tally.not_read else 0)


def _wanted(outcomes: Sequence[str], only: str | None) -> frozenset[Role]:
    if only is not None and outcomes:
        raise click.UsageError("--only writes a line for every input line: --outcome does not go with it")
    if only is not None or "all" in outcomes:
        return frozenset(OUTCOMES)
    return frozenset(map(Role, outcomes or ARTICLES))


def _write_line(stream: Any, line: bytes) -> None:  # noqa: ANN401  (a binary stream of click's)
    stream.write(line + b"\n")
    stream.flush()


class Tally:
    """Counts what became of the input, and says on standard error what standard output does not show."""

    def __init__(self, outcomes: frozenset[Role]) -> None:
        self.outcomes = outcomes
        self.ended: Counter[Role] = Counter()
        self.not_read = 0

    def readable(self, entries: Iterable[Entry | Unreadable]) -> Iterator[Entry]:
        """The events; the files that could not be read are said."""
        for entry in entries:
            if isinstance(entry, Unreadable):
                self.not_read += 1
                _say(str(entry))
            else:
                yield entry

    def count(self, entry: Entry, output: "Output") -> None:
        self.ended[output.role] += 1
        is_shown = output.role in self.outcomes
        if output.role is Role.REJECTED and not is_shown:
            record = decode(RejectedEvent, output.value)
            _say(f"{entry.where}: rejected: {record.detail}")
        elif output.role is Role.DEAD:
            letter = _letter(output)
            is_bad_input = letter["reason"] in NOT_READ
            self.not_read += is_bad_input
            if is_bad_input or not is_shown:
                _say(f"{entry.where}: dead: {letter['reason']}: {letter['message']}")

    def __str__(self) -> str:
        roles = [*(role for role in self.ended if role not in OUTCOMES), *OUTCOMES]
        counts = [f"read {self.ended.total():,}", *(f"{role} {self.ended[role]:,}" for role in roles)]
        if self.not_read:
            counts.append(f"could not be read {self.not_read:,}")
        return ", ".join(counts)


def _say(line: str) -> None:
    from workers.cli.card import clean  # noqa: PLC0415

    click.echo(clean(line), err=True)


def _letter(output: "Output") -> dict[str, Any]:
    from workers.runtime.dead_letters import read_dead_letter  # noqa: PLC0415

    return asdict(read_dead_letter(output.headers))


def _results(
    settings: Settings, entries: Iterable[Entry], only: str | None, jobs: int, ids: Ids
) -> Iterator[tuple[Entry, "Output"]]:
    """What became of each event, in order: the chain in processes of its own, the verdicts here."""
    from workers.runtime.chain import ALL_STAGES, StageName  # noqa: PLC0415
    from workers.runtime.isolation import Isolation  # noqa: PLC0415
    from workers.runtime.verdicts import Deciding, finished  # noqa: PLC0415
    from workers.stores.memory_index import MemoryIndex  # noqa: PLC0415

    names = ALL_STAGES if only is None else (StageName(only),)
    deciding: Deciding | None = None
    if StageName.DEDUP in names:
        index = MemoryIndex(window=settings.dedup_window, days=settings.dedup_days)
        deciding = Deciding(index, settings.published_relations)
    topics = table(settings.topic_prefix)
    prepare: Prepare = (
        _unchanged if names[0] is StageName.BOILERPLATE else functools.partial(minimal_record, ids)
    )
    size = BATCH_EVENTS if only is None else ONE_STAGE_BATCH_EVENTS
    with ExitStack() as stack:
        factory = chain_factory(names, settings)
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        chains: SimpleQueue[Isolation] = SimpleQueue()
        for _ in range(jobs):
            chains.put(stack.enter_context(Isolation(factory, settings.event_timeout_s)))
        list(pool.map(lambda _: _borrowed(chains, lambda chain: chain.warm_up()), range(jobs)))
        work = functools.partial(_work, chains, prepare)
        batches = constrained_batches(
            entries, settings.batch_bytes, size, get_len=lambda entry: len(entry.value), strict=False
        )
        for batch in _in_order(pool, work, batches, jobs + 1):
            outputs = finished(batch.events, batch.processed, topics, deciding)
            yield from zip(batch.entries, outputs, strict=True)


def chain_factory(names: "Sequence[StageName]", settings: Settings) -> "ChainFactory":
    """Makes the chain of these stages in the process that runs it. Raises ConfigError for a wrong list of entities."""
    from workers.runtime.chain import build_chain  # noqa: PLC0415

    return functools.partial(build_chain, tuple(names), options=entity_options(settings))


Prepare = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class _Batch:
    entries: "Sequence[Entry]"
    events: "Sequence[Event]"
    processed: "Sequence[Processed]"


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[Sequence[Entry]], _Batch],
    batches: Iterable[Sequence[Entry]],
    most_waiting: int,
) -> Iterator[_Batch]:
    """The results in the order of the batches; no more than `most_waiting` are read ahead."""
    waiting: deque[Future[_Batch]] = deque()
    for batch in batches:
        waiting.append(pool.submit(work, batch))
        if len(waiting) >= most_waiting:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _work(chains: "SimpleQueue[Isolation]", prepare: Prepare, entries: list[Entry]) -> _Batch:
    from workers.runtime.events import Event, Position  # noqa: PLC0415

    events = []
    for entry in entries:
        headers = (("content-type", entry.content_type.encode()),) if entry.content_type else ()
        events.append(Event(Position(entry.file, 0, entry.line or 1), None, prepare(entry.value), headers))
    whole = [
        (event.value, event.headers) for entry, event in zip(entries, events, strict=True) if not entry.is_cut
    ]
    results = iter(_borrowed(chains, lambda chain: chain.run(whole)) if whole else ())
    processed = [_too_large(entry) if entry.is_cut else next(results) for entry in entries]
    return _Batch(entries, events, processed)


def _borrowed(chains: "SimpleQueue[Isolation]", use: "Callable[[Isolation], Any]") -> Any:  # noqa: ANN401
    chain = chains.get()
    try:
        return use(chain)
    finally:
        chains.put(chain)


def _too_large(entry: Entry) -> "Processed":
    from workers.errors import PoisonEventError  # noqa: PLC0415
    from workers.runtime.chain import Death, Processed  # noqa: PLC0415

    limit = len(entry.value)
    message = f"The event has {entry.size_bytes:,} bytes; the limit is {limit:,} (KHABAR_MAX_EVENT_BYTES)"
    return Processed(death=Death(PoisonEventError(message, DeadReason.TOO_LARGE), "read"))


def _unchanged(value: bytes) -> bytes:
    return value


def minimal_record(ids: Ids, value: bytes) -> bytes:
    """A record that a stage reads, from one with minimal fields: an article id, and a source's name as the object.

    An id of another form is kept in `ids`, for `one_stage_line`. Null counts as absent. What is no JSON object stays
    as it is.
    """
    try:
        given = decode(dict, value)
    except (UndecodableError, InvalidError):
        return value
    record: dict[str, Any] = {name: field for name, field in given.items() if field is not None}
    if isinstance(record.get("source"), str):
        record["source"] = {"name": record["source"]}
    text, url = record.get("text"), record.get("url")
    if "id" not in record:
        record["id"] = article_id(
            text if isinstance(text, str) else "", url if isinstance(url, str) else None
        )
    elif not isinstance(record["id"], str) or not is_article_id(record["id"]):
        given_id = record["id"]
        record["id"] = article_id(encode(given_id), None)
        ids[record["id"]] = given_id
    return encode(record)


def one_stage_line(entry: Entry, output: "Output", ids: Ids) -> bytes:
    """The line of one-stage mode for an event: always one, with the id and the meta that it came with."""
    given = _given(entry)
    if output.role in {Role.REJECTED, Role.DEAD}:
        line: dict[str, Any] = {"id": given.get("id"), "text": "", "meta": given.get("meta") or {}}
        if output.role is Role.DEAD:
            line["dead"] = _letter(output)
        else:
            rejected = decode(RejectedEvent, output.value)
            line |= {
                "id": line["id"] or rejected.id,
                "rejected": {"reason": rejected.reason, "detail": rejected.detail},
            }
        return encode(line)
    if given.get("id") is None and not ids:
        return output.value
    # articles.raw has no ids: what the line calls itself is kept for who compares.
    record = decode(dict, output.value)
    if given.get("id") is not None:
        record["id"] = given["id"]
    if duplicate := record.get("duplicate"):
        named = {name: ids.get(duplicate[name], duplicate[name]) for name in ("of", "cluster", "contains")}
        record["duplicate"] = duplicate | named
    return encode(record)


def _given(entry: Entry) -> dict[str, Any]:
    if entry.content_type != JSON_TYPE or entry.is_cut:
        return {}
    try:
        given: dict[str, Any] = decode(dict, entry.value)
    except (UndecodableError, InvalidError):
        return {}
    return given


@contextmanager
def _bar(reader: Reader, tally: Tally) -> Iterator[Callable[[], None]]:
    """Gives refresh(); after two seconds a bar stands on standard error, where that alone is a terminal."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415  (rich takes 50 ms to load)
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=reader.total_bytes)
    due = time.monotonic() + BAR_AFTER_S

    def refresh() -> None:
        nonlocal due
        if (now := time.monotonic()) >= due:
            bar.update(task, description=f"{tally.ended.total():,} events", completed=reader.done_bytes)
            bar.start()
            due = now + BAR_REFRESH_S

    try:
        yield refresh
    finally:
        bar.stop()
