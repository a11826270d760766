"""Seconds by stage, measured in the stage process and handed over with the results of each batch."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_spent: dict[str, float] = {}


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Notes the seconds of what is done inside as those of `stage`."""
    started = time.perf_counter()
    yield
    _spent[stage] = _spent.get(stage, 0.0) + time.perf_counter() - started


def take() -> dict[str, float]:
    """Seconds by stage since this was asked last."""
    taken = _spent.copy()
    _spent.clear()
    return taken
