"""WARC files of invented pages, like those of the crawls that people have on disk (CC-NEWS).

Imports nothing of Khabar.
"""

import gzip
import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

DATE = "2025-11-09T08:20:00Z"
HTML = "text/html; charset=utf-8"

_WORDS = {
    "utf-8": [
        "harbour",
        "council",
        "crane",
        "winter",
        "market",
        "bridge",
        "letter",
        "garden",
        "signal",
        "engine",
        "forest",
        "captain",
        "silver",
    ],
    "windows-1256": [
        "ميناء",
        "مجلس",
        "شتاء",
        "سوق",
        "جسر",
        "رسالة",
        "حديقة",
        "محرك",
        "غابة",
        "قبطان",
        "فضة",
        "مدينة",
        "جريدة",
    ],
    "koi8-r": [
        "гавань",
        "совет",
        "зима",
        "рынок",
        "мост",
        "письмо",
        "сад",
        "сигнал",
        "лес",
        "капитан",
        "серебро",
        "город",
    ],
    "iso-8859-1": [
        "préfet",
        "conseil",
        "hiver",
        "marché",
        "forêt",
        "capitaine",
        "café",
        "théâtre",
        "été",
        "hôtel",
        "modèle",
    ],
}
CHARSETS = tuple(_WORDS)


def record(kind: str, block: bytes, *, url: str | None = None, **fields: str) -> bytes:
    """A WARC/1.0 record, uncompressed. Fields are named as in WARC, `_` for `-`; an empty value leaves one out."""
    head = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:test:{random.Random(block + kind.encode()).getrandbits(64):x}>",
        "WARC-Date": DATE,
        "WARC-Target-URI": url or "",
        "Content-Type": "application/http; msgtype=response" if kind == "response" else "",
        "Content-Length": str(len(block)),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    lines = ["WARC/1.0", *(f"{name}: {value}" for name, value in head.items() if value)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def http(body: bytes, content_type: str = HTML, *, status: str = "200 OK", more: Sequence[str] = ()) -> bytes:
    """An HTTP response as it stands in a response record."""
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {content_type}"] if content_type else []), *more]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def page(number: int, size_bytes: int = 10_000) -> tuple[bytes, str]:
    """An invented page of about so many bytes, no two alike, and its content type; the charset goes by the number."""
    charset = CHARSETS[number % len(CHARSETS)]
    rng = random.Random(number)
    words, text, length = _WORDS[charset], [], 0
    while length < size_bytes:
        sentence = " ".join(rng.choices(words, k=12))
        text.append(f"<p>{sentence} {rng.getrandbits(64)}.</p>\n")
        length += len(text[-1].encode(charset))
    head = f"<!doctype html><html><head><title>{number}</title></head><body><article>\n"
    return f"{head}{''.join(text)}</article></body></html>".encode(charset), f"text/html; charset={charset}"


def address(number: int) -> str:
    return f"https://news.example/{number}"


def crawl(count: int, size_bytes: int = 10_000, *, others: bool = True) -> Iterator[bytes]:
    """The records of a crawl of `count` pages, uncompressed; with `others`, each beside its request record, some
    beside metadata, and now and then a page that is missing or a picture.
    """
    yield record(
        "warcinfo", b"software: invented\r\nformat: WARC File Format 1.0\r\n", WARC_Filename="invented"
    )
    for number in range(count):
        url = address(number)
        body, content_type = page(number, size_bytes)
        if others:
            request = f"GET /{number} HTTP/1.1\r\nHost: news.example\r\n\r\n".encode()
            yield record("request", request, url=url, Content_Type="application/http; msgtype=request")
        yield record("response", http(body, content_type), url=url)
        if others and number % 10 == 3:
            yield record("metadata", b"fetchTimeMs: 12\r\n", url=url, Content_Type="application/warc-fields")
        if others and number % 50 == 7:
            yield record("response", http(b"gone", status="404 Not Found"), url=f"{url}/gone")
            yield record("response", http(b"\x89PNG", "image/png"), url=f"{url}.png")


def write(path: Path, records: Iterator[bytes] | Sequence[bytes]) -> Path:
    """The records as a file, each a gzip member of its own if the path ends in .gz."""
    with path.open("wb") as file:
        for each in records:
            file.write(gzip.compress(each, 3, mtime=0) if path.suffix == ".gz" else each)
    return path


def read_members(path: Path) -> Iterator[tuple[int, bytes]]:
    """Offset and content of each gzip member of a file that `write` wrote."""
    data = path.read_bytes()
    starts = list(_starts(data))
    for begin, end in itertools.pairwise([*starts, len(data)]):
        yield begin, gzip.decompress(data[begin:end])


def _starts(data: bytes) -> Iterator[int]:
    position = -1
    while (position := data.find(b"\x1f\x8b\x08\x00\x00\x00\x00\x00", position + 1)) >= 0:
        yield position
