"""The chain of the harness benchmark: stages that do nothing."""

from collections.abc import Sequence

from tests.benchmarks.peers import key_of
from workers.runtime.chain import ChainFunction, Processed, Value
from workers.runtime.events import Output
from workers.topics import Role


def forward() -> ChainFunction:
    """Publishes each value as it is."""
    return _forward


def _forward(values: Sequence[Value]) -> list[Processed]:
    return [Processed((Output(Role.PUBLISHED, key_of(value), value),)) for value, _ in values]
