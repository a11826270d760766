"""Sends each published article to a URL, signed, until it is taken.

    export WEBHOOK_SECRET=...
    python examples/webhook.py https://example.com/hook --lang ar --give-up failed.jsonl

An article is one POST of its JSON. The receiver answers with 2xx once it has it. What it answers with 408, 425, 429 or
5xx, or not at all, is sent again, later and later; other answers say that it will never take it. An article that is not taken
goes to the file of --give-up, and without one is tried for ever. An article may be sent twice, after a crash of either
side: `Idempotency-Key` is the same then. `verify` is for the receiver.
"""

import argparse
import email.utils
import hashlib
import hmac
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from pathlib import Path

from workers.errors import KhabarError
from workers.subscribe import Position, subscribe

TIMEOUT_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
TOLERANCE_S = 300
"""A signature older than this is refused, so that whoever overhears a request cannot send it again for ever."""

AGAIN = {408, 425, 429}


class RefusedError(Exception):
    """The receiver will not take this article, however often it is sent."""


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """The header `Khabar-Signature`: the time, and an HMAC-SHA256 of the time, a full stop and the body."""
    digest = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def verify(secret: bytes, header: str, body: bytes, now: float) -> bool:
    """Whether the header is of someone who knows the secret, of this body, and not old. For receivers."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    timestamp = parts.get("t", "")
    if not (timestamp.isascii() and timestamp.isdigit() and abs(now - int(timestamp)) <= TOLERANCE_S):
        return False
    return hmac.compare_digest(signature(secret, int(timestamp), body).encode(), header.encode())


def idempotency_key(position: Position) -> str:
    """The same each time this record is sent, and that of no other record."""
    return str(position)


def pauses(chance: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds between attempts, for ever: twice as long each time, up to a limit, of which chance takes up to a half."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s * (1 - chance() / 2)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST becomes a GET without a body: an answer like any other that is not 2xx."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirects)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> float | None:
    """Send once. None if it is taken, else how long the receiver asks to wait, 0 if it does not say.

    Raises RefusedError when there is no use in sending it again.
    """
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310  (main checks the scheme)
    try:
        with OPENER.open(request, timeout=TIMEOUT_S):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in AGAIN or error.code >= 500:
            return retry_after_s(error.headers.get("Retry-After"))
        raise RefusedError(f"HTTP {error.code} {error.reason}") from error
    except (OSError, HTTPException):  # no connection, no answer in time, an answer that is none
        return 0.0


def retry_after_s(value: str | None) -> float:
    """Seconds or a date, as RFC 9110 has it, section 10.2.3; an hour at most."""
    if value is None:
        return 0.0
    try:
        wait_s = (
            float(value)
            if value.isdigit()
            else email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        )
    except ValueError:
        return 0.0
    return min(max(wait_s, 0.0), 3600.0)


def deliver(url: str, secret: bytes, body: bytes, key: str, attempts: int | None) -> None:
    """Send the article until it is taken. Raises RefusedError when it is not, or not within `attempts`."""
    for attempt, pause_s in enumerate(pauses(), start=1):
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "khabar-webhook/1",
            "Idempotency-Key": key,
            "Khabar-Signature": signature(secret, int(time.time()), body),
        }
        asked_s = post(url, body, headers)
        if asked_s is None:
            return
        if attempts is not None and attempt >= attempts:
            raise RefusedError(f"not taken in {attempts} attempts")
        wait_s = max(pause_s, asked_s)
        print(f"{key} not taken, attempt {attempt}; again in {wait_s:.1f} s", file=sys.stderr)
        time.sleep(wait_s)


def give_up(file: Path, key: str, why: RefusedError, body: bytes) -> None:
    """Keep the article with the reason, as a line of JSON, for a person to look at."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(
            json.dumps({"key": key, "why": str(why), "record": json.loads(body)}, ensure_ascii=False) + "\n"
        )
    print(f"{key} given up: {why}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description="Send each published article to a URL.")
    parser.add_argument("url")
    parser.add_argument("--group", default="webhook", help="consumer group (%(default)s)")
    parser.add_argument(
        "--lang", action="append", help="only articles in this language; may be given several times"
    )
    parser.add_argument(
        "--entity", action="append", default=[], help="only articles that name this id, such as iso:EG"
    )
    parser.add_argument("--attempts", type=int, help="with --give-up: send it so often (20)")
    parser.add_argument("--give-up", type=Path, metavar="FILE", help="keep here what is not taken, and go on")
    parser.add_argument(
        "--start", choices=["earliest", "latest"], default="earliest", help="where a new group begins"
    )
    parser.add_argument("--until-now", action="store_true", help="end when all is sent that is there now")
    options = parser.parse_args()
    if not options.url.startswith(("http://", "https://")):
        parser.error("the URL begins with https:// or http://")
    secret = os.environ.get("WEBHOOK_SECRET", "").encode()
    if not secret:
        parser.error("set WEBHOOK_SECRET, which the receiver knows too")
    attempts = None if options.give_up is None else options.attempts or 20
    filters = {"lang": options.lang, "entities": options.entity}
    try:
        with subscribe(
            "articles.published", group=options.group, until_now=options.until_now, **filters
        ) as articles:
            for _ in articles:
                body, key = articles.received.value, idempotency_key(articles.position)
                try:
                    deliver(options.url, secret, body, key, attempts)
                except RefusedError as why:
                    if options.give_up is None:
                        sys.exit(
                            f"{key} will not be taken: {why}. With --give-up FILE such articles are kept there"
                        )
                    give_up(options.give_up, key, why, body)
    except KhabarError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:  # the second Ctrl-C
        sys.exit("the article in hand was not taken; it will be sent again")


if __name__ == "__main__":
    main()
