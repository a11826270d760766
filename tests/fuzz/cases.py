"""The event that a number stands for, and files to keep it in."""

import base64
import json
import random
from dataclasses import asdict, dataclass
from typing import Any

from schemas.raw_event import RawEvent
from tests.fuzz.bases import Bases, piece
from tests.fuzz.mutations import META_VALUES, OF_DUMPS, OF_PAGES

DUMP_SHARE = 0.25
BYTES_SHARE = 0.3
CHARS_MAX = 4_000_000
CODECS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1256", "cp1251", "iso8859_6", "gb18030", "big5", "shift_jis", "euc_kr",
    "koi8_r", "latin-1", "iso2022_jp", "utf-7",
)  # fmt: skip
TYPES = (
    None, "text/html", "text/plain", "text/html; charset=utf-8", "TEXT/HTML;charset=windows-1256", "text/plain; charset=utf-16", "text/html; charset=x",
    "application/json", "application/xhtml+xml", "image/png", "", ";", "text/html; charset=\ud800", "text/html;charset=iso-8859-1", "text/plain; charset=iso-2022-jp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """An event, where it came from, and what was done to it."""

    seed: int
    number: int
    mutations: tuple[str, ...]
    event: RawEvent


def case_of(bases: Bases, seed: int, number: int) -> Case:
    """The same arguments give the same case."""
    rng = random.Random(f"{seed}:{number}")
    is_dump = rng.random() < DUMP_SHARE
    texts, mutations = (bases.dumps, OF_DUMPS) if is_dump else (bases.pages, OF_PAGES)
    text, other = (piece(rng, rng.choice(texts)) for _ in range(2))
    chosen = rng.choices(mutations, k=rng.choice((1, 1, 2, 3, 5, 8)))
    for mutate in chosen:
        text = mutate(rng, text, other)[:CHARS_MAX]
    body, how = _body(rng, text)
    names = (*(mutate.__name__ for mutate in chosen), how)
    event = RawEvent(body=body, content_type=_content_type(rng, is_dump=is_dump), **_fields(rng))
    return Case(seed, number, names, event)


def _body(rng: random.Random, text: str) -> tuple[str | bytes, str]:
    """The text, or its bytes in some charset, themselves mutated now and then; and a word for it."""
    if rng.random() >= BYTES_SHARE:
        return text, "text"
    codec = rng.choice(CODECS)
    try:
        body = bytearray(text.encode(codec, "replace"))
    except UnicodeError:
        body, codec = bytearray(text.encode("utf-8", "surrogatepass")), "utf-8 with surrogates"
    if rng.random() < 0.3 and body:
        codec += ", bytes flipped"
        for _ in range(rng.choice((1, 10, 1_000))):
            body[rng.randrange(len(body))] = rng.randrange(256)
    return bytes(body), codec


def _content_type(rng: random.Random, *, is_dump: bool) -> str | None:
    """Mostly the right one or none."""
    return (
        rng.choice(TYPES)
        if rng.random() < 0.3
        else rng.choice((None, "text/plain" if is_dump else "text/html"))
    )


def _fields(rng: random.Random) -> dict[str, Any]:
    """Mostly none; else fields with anything in them."""
    if rng.random() < 0.7:
        return {"url": "https://www.example.org/news/1"}
    names = ("url", "source", "fetched_at", "title", "published_at", "lang", "author")
    fields: dict[str, Any] = {name: rng.choice(META_VALUES) for name in names if rng.random() < 0.5}
    return fields | {"tags": tuple(rng.choices(META_VALUES, k=rng.randrange(3)))}


def as_json(case: Case) -> dict[str, Any]:
    """Plain values; bytes as base64, lone surrogates as JSON's escapes."""
    row = asdict(case)
    body = case.event.body
    if isinstance(body, bytes):
        row["event"]["body"] = {"base64": base64.b64encode(body).decode()}
    return row


def from_json(text: str) -> Case:
    """What `json.dumps(as_json(case))` wrote; further keys are ignored."""
    row = json.loads(text)
    event = row["event"]
    body = event.pop("body")
    body = base64.b64decode(body["base64"]) if isinstance(body, dict) else body
    tags = tuple(event.pop("tags"))
    return Case(row["seed"], row["number"], tuple(row["mutations"]), RawEvent(body=body, tags=tags, **event))
