"""Checkers that misbehave on the third case they get, to try the watchdog."""

import itertools
import os
import threading

from schemas.raw_event import RawEvent
from tests.fuzz.checks import Verdict

_calls = itertools.count(1)


def _is_third() -> bool:
    return next(_calls) == 3


def busy(_event: RawEvent, *, twice: bool) -> Verdict:
    while _is_third():
        while True:
            pass
    return Verdict("kept", 0.0, ())


def waiting(_event: RawEvent, *, twice: bool) -> Verdict:
    if _is_third():
        threading.Event().wait()
    return Verdict("kept", 0.0, ())


def crashing(_event: RawEvent, *, twice: bool) -> Verdict:
    if _is_third():
        os.abort()
    return Verdict("kept", 0.0, ())
