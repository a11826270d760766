"""What the files under deploy/ may name."""

import pytest

from workers.feeds.polling.metrics import Metrics
from workers.runtime.metrics import METRICS


@pytest.fixture(scope="session")
def series():
    """The names of all series that Khabar serves."""
    named = [(each.name, each.kind) for each in METRICS]
    named += [(each._name, each._type) for each in Metrics().registry._collector_to_names]
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    return {name + suffix for name, kind in named for suffix in suffixes[kind]}
