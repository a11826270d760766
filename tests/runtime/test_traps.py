"""What must not come back into workers/: the traps of Faust that DESIGN.md lists, and imports that break the layers.

Each rule reads syntax trees and gives sentences. `BAD` shows for each rule what it catches, so that no rule can rot
into one that never fails.
"""

import ast
import logging
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from workers import log
from workers.config import Settings
from workers.runtime import faust_app

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(path for folder in ("workers", "schemas") for path in (ROOT / folder).rglob("*.py"))

FAUST_FILES = {
    "workers/runtime/faust_app.py",  # the app and its consumer
    "workers/runtime/worker.py",  # starts and stops the app
    "workers/runtime/security.py",  # hears by aiokafka what kafka-python does not
}
KAFKA_PLACES = (
    "workers/runtime/",
    "workers/feeds/",
    "workers/embedded/",  # asks whether the broker is up
    "workers/cli/panel.py",  # follows the outcome topics
    "workers/cli/up.py",  # sends the demo once, in a transaction
)
REDIS_PLACES = ("workers/stores/", "workers/embedded/")
BROAD_EXCEPTS = {
    "workers/runtime/chain.py",  # whatever a stage raises costs one event
    "workers/cli/up.py",  # a thread's error, raised again where the thread is joined
    "workers/subscribe_async.py",  # the client's thread's error, raised again where it is awaited
    "workers/runtime/worker.py",  # logs what crashed the worker, which ends then
}
FETCHING = "workers/feeds/"
"""Where concurrency is that of requests to a host. No agent can be there: only FAUST_FILES import Faust."""
ENVIRON_FILES = {
    "workers/cli/main.py",
    "workers/embedded/__main__.py",
    "workers/subscribe.py",  # called by programs of others, which have no settings
}
STAGES = ("boilerplate", "entities", "dedup")
PROGRAMS = {"workers/dedup/evaluate.py"}
"""Programs beside a stage: they try it with a store, on files."""
OUTSIDE = {
    "kafka",
    "aiokafka",
    "faust",
    "mode",
    "redis",
    "requests",
    "httpx",
    "aiohttp",
    "socket",
    "urllib.request",
}

Rule = Callable[[str, ast.Module], Iterator[tuple[int, str]]]


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, inside functions too; `from a import b` is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module or ''}.{alias.name}") for alias in node.names)


def _is_from(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _receiver(call: ast.Call) -> str:
    """The last name before the method: "app" of `self._app.send`, without underscores."""
    value = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return name.strip("_")


def _options(tree: ast.AST) -> Iterator[tuple[int, str, ast.expr | None]]:
    """Everything that is given by name: keywords of calls, entries of dicts, attributes and items that are set."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, each.arg, each.value) for each in node.keywords if each.arg)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield node.lineno, key.value, value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    yield node.lineno, target.attr, node.value
                elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                    yield node.lineno, str(target.slice.value), node.value


def _is(value: ast.expr | None, constant: object) -> bool:
    return value is not None and ast.unparse(value) == repr(constant)


def no_concurrency(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    if path.startswith(FETCHING):
        return
    for line, name, value in _options(tree):
        if name == "concurrency" and not _is(value, 1):
            yield line, "an agent with concurrency commits past work in flight"


def no_take(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for call in _calls(tree):
        if _method(call) == "noack_take" or (_method(call) == "take" and path in FAUST_FILES):
            yield call.lineno, "`take` acknowledges a whole batch when the agent raises"


def raw_serializers(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, name, value in _options(tree):
        if name in {"key_serializer", "value_serializer"} and not _is(value, "raw"):
            yield line, f"{name} other than raw acknowledges what it cannot decode, and crashes"
    for call in _calls(tree):
        is_app = ast.unparse(call.func) in {"faust.App", "App"}
        is_topic = path in FAUST_FILES and _method(call) == "topic"
        missing = {"key_serializer", "value_serializer"} - {each.arg for each in call.keywords}
        if (is_app or is_topic) and missing:
            yield call.lineno, f"without {' and '.join(sorted(missing))} Faust decodes values as JSON"


def no_faust_producing(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    awaited = {node.value for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for call in _calls(tree):
        is_sent = _method(call) == "send" and (
            call in awaited or _receiver(call) in {"app", "agent", "topic", "channel", "stream"}
        )
        if is_sent or _method(call) in {"ask", "cast", "send_soon", "ask_nowait"}:
            yield call.lineno, "Faust's producer waits for its queue and not for the broker"


def no_faust_commits(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, name, value in _options(tree):
        if name in {
            "processing_guarantee",
            "stream_wait_empty",
            "stream_ack_exceptions",
            "stream_ack_cancelled_tasks",
        }:
            yield line, f"{name} is a trap: see DESIGN.md"
        if name in {"enable_auto_commit", "auto_commit"} and not _is(value, False):
            yield line, f"{name}: offsets are committed by the transaction alone"
    for call in _calls(tree):
        if _method(call) == "ack":
            yield call.lineno, "offsets are committed by the transaction, not by acks"
    if path in FAUST_FILES:
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFor) and not ast.unparse(node.iter).endswith(".noack()"):
                yield node.lineno, "a stream that is not `noack()` acknowledges what has failed"


def faust_in_its_place(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, name in _imports(tree):
        if _is_from(name, "faust", "mode", "aiokafka") and path not in FAUST_FILES:
            yield line, f"{name}: Faust and its client are imported by {', '.join(sorted(FAUST_FILES))} alone"


def clients_in_their_places(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, name in _imports(tree):
        if _is_from(name, "kafka") and not path.startswith(KAFKA_PLACES):
            yield line, f"{name}: a Kafka client has no place here"
        if _is_from(name, "redis") and not path.startswith(REDIS_PLACES):
            yield line, f"{name}: redis is imported by the stores"


def one_broad_except(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and path not in BROAD_EXCEPTS:
            caught = (
                {""}
                if node.type is None
                else {part.strip(" ()") for part in ast.unparse(node.type).split(",")}
            )
            if caught & {"", "Exception", "BaseException"} and not _goes_on_raising(node):
                yield node.lineno, "except Exception hides what should end the process"


def _goes_on_raising(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def stages_are_pure(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    own = next((stage for stage in STAGES if path.startswith(f"workers/{stage}/")), None)
    if own is None or path in PROGRAMS:
        return
    allowed = ("schemas", f"workers.{own}", "workers.outcomes", "workers.errors", "workers.identity")
    for line, name in _imports(tree):
        if _is_from(name, *OUTSIDE):
            yield line, f"{name}: a stage talks to nobody"
        elif _is_from(name, "workers") and not _is_from(name, *allowed):
            yield line, f"{name}: a stage knows the schemas, its own folder and outcomes"


def environment_is_read_once(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        is_read = isinstance(node, ast.Attribute) and ast.unparse(node) in {
            "os.environ",
            "os.getenv",
            "os.environb",
        }
        if is_read and path not in ENVIRON_FILES:
            yield node.lineno, "the environment is read in workers/cli/main.py"
    for line, name in _imports(tree):
        if name in {"os.environ", "os.getenv", "os.environb"} and path not in ENVIRON_FILES:
            yield line, "the environment is read in workers/cli/main.py"


def schemas_stand_alone(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, name in _imports(tree):
        if path.startswith("schemas/") and _is_from(name, "workers"):
            yield line, f"{name}: schemas import nothing from workers"


RULES: tuple[Rule, ...] = (
    no_concurrency, no_take, raw_serializers, no_faust_producing, no_faust_commits, faust_in_its_place,
    clients_in_their_places, one_broad_except, stages_are_pure, environment_is_read_once, schemas_stand_alone,
)  # fmt: skip

APP, ANY = "workers/runtime/faust_app.py", "workers/runtime/other.py"

BAD = [
    (no_concurrency, APP, "app.agent(topic, concurrency=2)(read)"),
    (no_concurrency, ANY, "@app.agent(topic, concurrency=settings.workers)\nasync def read(stream): pass"),
    (no_take, APP, "async def read(stream):\n    async for batch in stream.take(100, within=1): pass"),
    (no_take, ANY, "stream.noack_take(100, within=1)"),
    (raw_serializers, APP, "app.topic('t', key_serializer='raw', value_serializer='json')"),
    (raw_serializers, APP, "app.topic('t', value_serializer='raw')"),
    (raw_serializers, ANY, "faust.App('g', key_serializer='raw')"),
    (raw_serializers, ANY, "options = {'value_serializer': dumps}"),
    (no_faust_producing, ANY, "async def f():\n    await topic.send(value=b'')"),
    (no_faust_producing, ANY, "async def f(sink):\n    await sink.send(value=b'')"),
    (no_faust_producing, ANY, "self._app.send('t', b'')"),
    (no_faust_producing, ANY, "agent.cast(1)"),
    (no_faust_producing, ANY, "reply = agent.ask(1)"),
    (no_faust_commits, ANY, "faust.App('g', processing_guarantee='exactly_once')"),
    (no_faust_commits, ANY, "app.conf.stream_wait_empty = True"),
    (no_faust_commits, ANY, "options = {'stream_wait_empty': False}"),
    (no_faust_commits, ANY, "KafkaConsumer(enable_auto_commit=True)"),
    (no_faust_commits, ANY, "options['enable_auto_commit'] = not False"),
    (no_faust_commits, ANY, "event.ack()"),
    (no_faust_commits, APP, "async def read(stream):\n    async for event in stream: pass"),
    (no_faust_commits, APP, "async def read(stream):\n    async for event in stream.events(): pass"),
    (faust_in_its_place, ANY, "import faust"),
    (faust_in_its_place, "workers/entities/stage.py", "def f():\n    from faust.types import TP"),
    (faust_in_its_place, ANY, "import aiokafka.structs"),
    (clients_in_their_places, "workers/stores/redis_index.py", "import kafka"),
    (clients_in_their_places, "workers/cli/tail.py", "from kafka import KafkaConsumer"),
    (clients_in_their_places, "workers/runtime/verdicts.py", "import redis"),
    (clients_in_their_places, "workers/dedup/stage.py", "from redis.client import Redis"),
    (one_broad_except, ANY, "try: f()\nexcept Exception: pass"),
    (one_broad_except, ANY, "try: f()\nexcept (ValueError, Exception) as error: pass"),
    (one_broad_except, ANY, "try: f()\nexcept: pass"),
    (one_broad_except, ANY, "try: f()\nexcept BaseException: log(1)"),
    (stages_are_pure, "workers/dedup/stage.py", "from workers.runtime.events import Event"),
    (stages_are_pure, "workers/boilerplate/html.py", "from workers.entities.normal import normalise"),
    (stages_are_pure, "workers/entities/names.py", "from workers.stores import redis_index"),
    (stages_are_pure, "workers/entities/names.py", "import workers.config"),
    (stages_are_pure, "workers/boilerplate/html.py", "def f():\n    import urllib.request"),
    (environment_is_read_once, "workers/config.py", "import os\nos.environ['X']"),
    (environment_is_read_once, "workers/log.py", "import os\nos.getenv('X')"),
    (environment_is_read_once, "workers/log.py", "from os import environ"),
    (schemas_stand_alone, "schemas/wire.py", "from workers.errors import KhabarError"),
    (schemas_stand_alone, "schemas/wire.py", "def f():\n    import workers"),
]  # fmt: skip

GOOD = [
    (APP, "app.agent(app.topic('t', key_serializer='raw', value_serializer='raw'), concurrency=1)(read)"),
    (APP, "import faust\nasync def read(stream):\n    async for run in stream.noack(): pass"),
    ("workers/runtime/pipeline.py", "async def f(self):\n    await self._inbox.take(1, 2)"),
    ("workers/runtime/transaction.py", "from kafka import KafkaProducer\nkafka.send('t', b'')"),
    ("workers/runtime/worker.py", "self._heartbeats.send(beat)"),
    ("workers/runtime/clients.py", "options = {'enable_auto_commit': False}"),
    ("workers/runtime/chain.py", "try: f()\nexcept Exception: pass"),
    ("workers/feeds/fetch/http.py", "turns.turn(host, delay_s=1, concurrency=2)"),
    ("workers/dedup/stage.py", "from schemas.wire import encode\nfrom workers.dedup.index import Index"),
    ("workers/cli/main.py", "import os\nos.environ"),
    (ANY, "try: f()\nexcept (ValueError, KafkaError): pass"),
    (ANY, "try: f()\nexcept BaseException:\n    client.close()\n    raise"),
    (ANY, '"""stream_wait_empty=False commits work in flight; so does concurrency=2."""'),
]


def found(rule: Rule, path: str, source: str) -> list[str]:
    return [f"{path}:{line}: {message}" for line, message in rule(path, ast.parse(source))]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_file_breaks_the_rule(rule: Rule):
    broken = [
        message
        for path in FILES
        for message in found(rule, path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    ]
    assert broken == []


@pytest.mark.parametrize(("rule", "path", "source"), BAD)
def test_the_rule_catches_what_it_is_for(rule: Rule, path: str, source: str):
    assert found(rule, path, source)


@pytest.mark.parametrize(("path", "source"), GOOD)
def test_no_rule_objects_to_what_is_right(path: str, source: str):
    assert [message for rule in RULES for message in found(rule, path, source)] == []


def test_every_rule_has_its_bad_examples_and_reads_the_files_that_it_is_about():
    assert {rule for rule, _, _ in BAD} == set(RULES)
    names = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert names >= FAUST_FILES | BROAD_EXCEPTS | ENVIRON_FILES | PROGRAMS
    for place in (*KAFKA_PLACES, *REDIS_PLACES):
        assert any(name.startswith(place) for name in names), place


# What the code does when it runs


@pytest.mark.parametrize("name", ["commit", "_commit"])
async def test_the_consumer_never_commits_by_itself(name: str):
    consumer = object.__new__(faust_app.Consumer)
    assert name in vars(faust_app.Consumer)
    assert await getattr(consumer, name)({}) is False


async def test_the_consumer_neither_waits_without_end_nor_watches_acks():
    consumer = object.__new__(faust_app.Consumer)
    for name, arguments in (
        ("wait_empty", ()),
        ("_add_gap", (None, 0, 1)),
        ("verify_all_partitions_active", ()),
    ):
        assert name in vars(faust_app.Consumer)
        assert await getattr(consumer, name)(*arguments) is None


async def test_the_app_reads_with_our_consumer_raw_values_and_one_agent():
    async def nothing(*_: object) -> None:
        pass

    reading = faust_app.Reading(("127.0.0.1:1",), "g", "t.raw", lambda _: {}, nothing, nothing, nothing)
    app = faust_app.build_app(Settings(), reading)
    assert app.transport.Consumer is faust_app.Consumer
    assert (app.conf.key_serializer, app.conf.value_serializer) == ("raw", "raw")
    assert app.conf.processing_guarantee.value == "at_least_once"
    [agent] = app.agents.values()
    assert agent.concurrency == 1


def test_kafka_python_is_new_enough_and_computes_checksums_in_c():
    import crc32c
    from kafka.record import util

    assert Version(version("kafka-python")) >= Version("3.0.7")
    assert util._crc32c is crc32c.crc32c


def test_the_kafka_clients_format_no_debug_lines_even_when_we_log_at_debug():
    loggers = {name: logging.getLogger(name) for name in ("kafka", "aiokafka", "faust", "mode")}
    root = logging.getLogger()
    before = root.handlers[:], root.level, {name: logger.level for name, logger in loggers.items()}
    try:
        log.configure("debug")
        for name in (*loggers, "kafka.net.manager", "kafka.producer.sender"):
            assert not logging.getLogger(name).isEnabledFor(logging.DEBUG), name
        assert root.isEnabledFor(logging.DEBUG)
    finally:
        root.handlers[:], level = before[0], before[1]
        root.setLevel(level)
        for name, quiet in before[2].items():
            loggers[name].setLevel(quiet)
