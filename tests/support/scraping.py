"""Reading /metrics over HTTP, as Prometheus does, and asking promtool what it thinks of what it reads."""

import shutil
import subprocess
import urllib.request
from collections.abc import Collection

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.support.needs import needed


def scrape(port: int, host: str = "127.0.0.1") -> str:
    """The exposition, as text."""
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=20) as answer:
        return answer.read().decode()


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(text: str, name: str, **labels: str) -> float:
    """The sum of the samples of this name that have these labels; there has to be one."""
    found = _values(text, name, labels)
    assert found, f"no sample {name} {labels}"
    return sum(found)


def value_so_far(text: str, name: str, **labels: str) -> float:
    """As `value`, and 0 before there is one."""
    return sum(_values(text, name, labels))


def _values(text: str, name: str, labels: dict[str, str]) -> list[float]:
    return [
        sample.value
        for sample in samples(text)
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def unbounded(text: str, allowed: dict[str, Collection[str] | None]) -> list[str]:
    """What has a label that is not among `allowed`, or a value that is not in its list; None allows any value."""
    return [
        f"{sample.name}: {label}={found!r}"
        for sample in samples(text)
        for label, found in sample.labels.items()
        if label != "le" and (label not in allowed or found not in (allowed[label] or [found]))
    ]


def promtool(*arguments: str, stdin: str = "") -> str:
    """What promtool says, on both streams; fails when it finds a fault. Without promtool the test is skipped; not in CI."""
    program = shutil.which("promtool")
    needed(program, "promtool is missing: apt-get install prometheus")
    done = subprocess.run(
        [program, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
