"""Chains for tests of the harness: they run in the real stage process, and do as little as possible there."""

import hashlib
import os
import time
from collections.abc import Sequence

from workers.runtime.chain import ChainFunction, Processed, Value
from workers.runtime.events import Output
from workers.topics import Role

HANG, CRASH, SLOW = b"hang", b"crash", b"slow"


def echo() -> ChainFunction:
    """Publishes each value as it is, under a digest of it as the key."""
    return _echo


def troubled() -> ChainFunction:
    """As `echo`; a value that begins with HANG never returns, one with CRASH ends the process, one with SLOW
    takes half a second.
    """
    return _troubled


def _echo(values: Sequence[Value]) -> list[Processed]:
    return [
        Processed((Output(Role.PUBLISHED, hashlib.blake2b(value, digest_size=8).digest(), value),))
        for value, _ in values
    ]


def _troubled(values: Sequence[Value]) -> list[Processed]:
    for value, _ in values:
        while value.startswith(HANG):
            pass
        if value.startswith(CRASH):
            os._exit(3)
        if value.startswith(SLOW):
            time.sleep(0.5)
    return _echo(values)
