"""Chains for tests of the harness: they run in the real stage process, and do as little as possible there."""

import hashlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from schemas.tagged_article import TaggedArticle
from schemas.wire import encode
from workers.dedup import stage as dedup
from workers.runtime.chain import ChainFunction, Processed, Value
from workers.runtime.events import Output
from workers.topics import Role

HANG, STUCK, CRASH, RAISE, SLOW, LARGE = b"hang", b"stuck", b"crash", b"raise", b"slow", b"a large one"


def echo() -> ChainFunction:
    """Publishes each value as it is, under a digest of it as the key."""
    return _echo


def troubled() -> ChainFunction:
    """As `echo`; a value that begins with HANG works for ever, one with STUCK waits for ever, one with CRASH ends the
    process, at one with RAISE it raises, at one with SLOW it waits for half a second.
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
        while value.startswith(STUCK):
            signal.pause()
        if value.startswith(CRASH):
            os._exit(3)
        if value.startswith(RAISE):
            message = "by zero"
            raise ZeroDivisionError(message)
        if value.startswith(SLOW):
            time.sleep(0.5)
    return _echo(values)


def absent() -> ChainFunction:
    """Cannot be loaded."""
    message = "the model"
    raise FileNotFoundError(message)


def cut_short() -> ChainFunction:
    """Cannot be loaded, by the error that a pipe has at its end, too."""
    message = "the model"
    raise EOFError(message)


def once(marker: str) -> ChainFunction:
    """As `troubled`; cannot be loaded a second time. `marker`: the path of a file that tells."""
    Path(marker).touch(exist_ok=False)
    return _troubled


def stillborn() -> ChainFunction:
    """Ends the process that loads it."""
    os._exit(3)


def indexed() -> ChainFunction:
    """Each value is the text of an article that waits for the verdict of the index."""
    return _indexed


def _indexed(values: Sequence[Value]) -> list[Processed]:
    articles = [
        TaggedArticle(id=hashlib.blake2b(value, digest_size=16).hexdigest(), text=value.decode(), lang="en")
        for value, _ in values
    ]
    return [
        Processed(fingerprint=fingerprint, article=encode(article))
        for article, fingerprint in zip(articles, dedup.fingerprint(articles), strict=True)
    ]


def inflated() -> ChainFunction:
    """As `echo`; a value that begins with LARGE becomes a record over what the topic takes."""
    return _inflated


def _inflated(values: Sequence[Value]) -> list[Processed]:
    return [
        Processed((Output(Role.PUBLISHED, b"k", value * 2_000_000 if value.startswith(LARGE) else value),))
        for value, _ in values
    ]


def cleaned() -> ChainFunction:
    """Hands each value on to the next stage, as it is."""
    return _cleaned


def _cleaned(values: Sequence[Value]) -> list[Processed]:
    return [Processed((Output(Role.CLEANED, b"k", value[:100]),)) for value, _ in values]
