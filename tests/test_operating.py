"""docs/operating.md names the metrics and the events of the log as the code has them.

`python -m tests.test_operating` writes the tables that are made from the code into it.
"""

import ast
import re
from pathlib import Path

import pytest

from workers.feeds.polling.metrics import Metrics
from workers.runtime.metrics import METRICS

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "operating.md"
LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error"}
HEAD = "| metric | kind | labels | what it is |\n|---|---|---|---|\n"


def row(name, kind, labels, about):
    shown = f"{name}_total" if kind == "counter" else name
    return f"| `{shown}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {about.rstrip('.')} |"


def of_workers():
    return HEAD + "\n".join(row(each.name, each.kind, each.labels, each.about) for each in METRICS)


def of_feeds():
    """From the registry itself, whose metrics keep the names of their labels."""
    collectors = Metrics().registry._collector_to_names
    return HEAD + "\n".join(
        row(each._name, each._type, each._labelnames, each._documentation) for each in collectors
    )


TABLES = {"metrics: workers": of_workers, "metrics: feeds": of_feeds}


def filled(text):
    for name, make in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        assert (text.count(start), text.count(end)) == (1, 1), (
            f"{DOCUMENT.name} needs one {start.strip()} … {end}"
        )
        text = text.split(start)[0] + start + make() + "\n" + end + text.split(end)[1]
    return text


def test_the_tables_are_as_the_code_has_them():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == filled(text), "python -m tests.test_operating writes them"


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each.name)
def test_a_metric_is_named_by_the_conventions_of_prometheus(metric):
    """https://prometheus.io/docs/practices/naming: one prefix, base units in the plural, no suffix that is kept for a kind."""
    assert re.fullmatch(r"khabar(_[a-z]+)+", metric.name)
    assert not re.search(r"_(ms|kb|mb|percent|count|sum|bucket|total)$", metric.name)
    assert metric.about.endswith(".")


def logged():
    """By event its level and fields, of all calls of a logger that name an event; `...` stands for fields made as it goes."""
    found = {}
    for path in sorted((ROOT / "workers").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            level = call.func.attr
            is_log = level in LEVELS and ast.unparse(call.func.value) in {"log", "structlog.get_logger()"}
            if (
                is_log
                and isinstance(call.args[0], ast.Constant)
                and re.fullmatch(r"[a-z_]+", call.args[0].value)
            ):
                fields = {each.arg or "..." for each in call.keywords}
                found[call.args[0].value] = (
                    LEVELS[level],
                    fields | ({"exception"} if level == "exception" else set()),
                )
    return found


def test_the_events_of_the_log_are_listed_with_their_levels_and_fields():
    section = DOCUMENT.read_text(encoding="utf-8").partition("## Logs")[2]
    listed = {}
    for line in re.findall(r"^\| `.*$", section, re.MULTILINE):
        name, level, fields, about = (cell.strip() for cell in line.strip("|").split("|"))
        made = {"..."} if "as in" in fields or "and each" in fields else set()
        fields = "" if "as in" in fields else fields
        listed[name.strip("`")] = (level, set(re.findall(r"`(\w+)`", fields)) | made)
        assert about
    assert listed == logged()


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
