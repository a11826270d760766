"""docs/operating.md names the metrics as the code has them.

`python -m tests.test_operating` writes the tables that are made from the code into it.
"""

import re
from pathlib import Path

import pytest

from workers.feeds.polling.metrics import Metrics
from workers.runtime.metrics import METRICS

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "operating.md"
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


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
