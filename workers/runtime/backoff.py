"""Waiting longer from try to try."""

import random
from collections.abc import Iterator


def delays(first_s: float = 0.2, most_s: float = 10.0) -> Iterator[float]:
    """Seconds to wait before each further try: doubling from `first_s` to `most_s`, with a fifth of jitter."""
    delay_s = first_s
    while True:
        yield delay_s * random.uniform(0.9, 1.1)
        delay_s = min(delay_s * 2, most_s)
