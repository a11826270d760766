"""Logging: JSON lines on standard output, event names constant, data in fields."""

import logging
import sys
from typing import Any, TextIO

import structlog

QUIET_LOGGERS = {
    # kafka-python formats a debug line for every record when its level allows it; Faust's logging set-up would.
    "kafka": logging.WARNING,
    "aiokafka": logging.WARNING,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "workers.runtime.faust_app": logging.WARNING,  # Faust's classes log under the module of their subclass
}
CHATTY_LIBRARIES = ("kafka", "aiokafka")
"""They write hundreds of lines a second while a broker is away; Khabar says in one line what it waits for. Their
warnings are shown at the level debug."""


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] not in CHATTY_LIBRARIES


def configure(level: str = "info", form: str = "json", stream: TextIO | None = None) -> None:
    """Send every log line, also those of libraries, to standard output, or to `stream`, as JSON (or `console`, for
    reading).
    """
    stream = stream or sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if form == "json" else structlog.processors.StackInfoRenderer(),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
                _escape_surrogates,
            ],
        )
    )
    if level != "debug":
        handler.addFilter(_is_worth_a_line)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(quiet)


def _escape_surrogates(_logger: object, _method: str, line: Any) -> str:  # noqa: ANN401  (rendered: a str)
    r"""The line with lone surrogates, as file names can have them, written as \udcff: no stream takes them."""
    return str(line).encode("utf-8", "backslashreplace").decode("utf-8")
