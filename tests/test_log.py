"""Log lines are JSON, one a line, and libraries are quiet."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from workers.log import QUIET_LOGGERS, configure


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIET_LOGGERS}
    kafka = logging.getLogger("kafka")  # a command that ran before in this process has silenced it
    heard, kafka.propagate = kafka.propagate, True
    yield
    kafka.propagate = heard
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, quiet in levels.items():
        logging.getLogger(name).setLevel(quiet)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out, err = capsys.readouterr()
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def test_a_line_is_one_json_object_with_the_event_and_its_fields(capsys: pytest.CaptureFixture[str]):
    configure()
    structlog.get_logger().info("batch_done", stage="dedup", source="عربي21\nسطر", duration_ms=12.5)
    (line,) = lines(capsys)
    time = line.pop("timestamp")
    assert time.endswith("Z")
    assert line == {
        "event": "batch_done", "level": "info", "stage": "dedup", "source": "عربي21\nسطر", "duration_ms": 12.5,
    }  # fmt: skip


def test_arabic_is_legible_in_a_line(capsys: pytest.CaptureFixture[str]):
    configure()
    structlog.get_logger().info("started", source="عربي21")
    assert "عربي21" in capsys.readouterr().out


def test_lines_of_libraries_have_the_same_form(capsys: pytest.CaptureFixture[str]):
    configure()
    logging.getLogger("redis").warning("%s is away", "redis")
    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("redis is away", "warning")
    assert line["timestamp"]


def raise_runtime_error() -> None:
    raise RuntimeError("انقطع")


def fail(log: Any) -> None:
    try:
        raise_runtime_error()
    except RuntimeError:
        log.exception("unexpected")


@pytest.mark.parametrize("get_logger", [structlog.get_logger, logging.getLogger], ids=["own", "library"])
def test_a_traceback_is_a_field_of_its_line(get_logger: Any, capsys: pytest.CaptureFixture[str]):
    configure()
    fail(get_logger("some.module"))
    (line,) = lines(capsys)
    assert line["event"] == "unexpected"
    assert line["level"] == "error"
    assert "RuntimeError: انقطع" in line["exception"]


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_lines_below_the_level_are_left_out(level: str, expected: int, capsys: pytest.CaptureFixture[str]):
    configure(level)
    for log in (structlog.get_logger(), logging.getLogger("another.package")):
        for method in ("debug", "info", "warning", "error"):
            getattr(log, method)("something")
    assert len(lines(capsys)) == 2 * expected


@pytest.mark.parametrize(
    "name",
    [
        "kafka.producer.kafka",
        "aiokafka.consumer",
        "faust.app.base",
        "mode",
        "workers.runtime.faust_app",
    ],
)
def test_libraries_are_quiet_even_at_debug(name: str, capsys: pytest.CaptureFixture[str]):
    configure("debug")
    log = logging.getLogger(name)
    log.debug("a line for every record")
    log.info("another")
    assert not log.isEnabledFor(logging.DEBUG)  # so that nothing is formatted either
    assert lines(capsys) == []


def test_what_libraries_warn_of_is_heard(capsys: pytest.CaptureFixture[str]):
    configure()
    logging.getLogger("faust.app").warning("no agent")
    assert [line["event"] for line in lines(capsys)] == ["no agent"]


@pytest.mark.parametrize(("level", "expected"), [("info", []), ("debug", ["no broker"])])
def test_kafka_clients_are_heard_at_debug_only_because_they_say_everything_a_hundred_times(
    level: str, expected: list[str], capsys: pytest.CaptureFixture[str]
):
    configure(level)
    logging.getLogger("kafka.client").error("no broker")
    assert [line["event"] for line in lines(capsys)] == expected


def test_bound_context_stands_in_every_line(capsys: pytest.CaptureFixture[str]):
    configure()
    structlog.contextvars.bind_contextvars(worker=3)
    structlog.get_logger().info("started")
    logging.getLogger("redis").warning("away")
    assert [line["worker"] for line in lines(capsys)] == [3, 3]


@pytest.mark.parametrize("form", ["json", "console"])
def test_lone_surrogates_and_odd_values_do_not_lose_a_line(form: str, capsys: pytest.CaptureFixture[str]):
    configure("info", form)
    structlog.get_logger().warning(
        "unreadable_file", path="صفحة\udcff.html", error=ValueError("x"), raw=b"\xff"
    )
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) == 1
    out.encode("utf-8")
    assert "unreadable_file" in out
    if form == "json":
        assert json.loads(out)["path"] == "صفحة\udcff.html"


def test_the_console_form_is_for_reading(capsys: pytest.CaptureFixture[str]):
    configure("info", "console")
    structlog.get_logger().info("started", source="عربي21")
    fail(structlog.get_logger())
    out, err = capsys.readouterr()
    assert err == ""
    first = out.splitlines()[0]
    assert "started" in first
    assert "source=عربي21" in first
    assert "RuntimeError" in out


def test_configuring_again_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]):
    configure()
    configure()
    structlog.get_logger().info("started")
    assert len(lines(capsys)) == 1
