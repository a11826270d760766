"""Events as careless and hostile producers send them, and what becomes of each."""

import zlib
from dataclasses import dataclass
from typing import Final

import orjson

from schemas.dead_letter import DeadReason
from schemas.rejected_event import RejectReason
from tests.support import chains
from tests.support.texts import page
from workers.runtime.chain import ChainFunction, build_chain
from workers.topics import Role

ARABIC: Final = (
    "أعلنت بلدية المدينة الساحلية، صباح اليوم الثلاثاء، افتتاح مكتبة عامة جديدة تضم أكثر من أربعين ألف كتاب، بعد أعمال "
    "ترميم استمرت ثلاث سنوات. وقال مدير المكتبة إن الأبواب ستفتح كل يوم، وإن القراءة فيها مجانية للجميع."
)
JSON: Final = (("content-type", b"application/json"),)
TEXT: Final = (("content-type", b"text/plain"),)
PDF: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</Type /Catalog>> endobj\n"
PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
ZIP: Final = b"PK\x03\x04\x14\x00" + zlib.compress(page(900))


def real_or_hanging() -> ChainFunction:
    """The real chain; a value that begins with chains.HANG never returns, as a body that hangs a parser."""
    run, hang = build_chain(), chains.troubled()

    def chain(values):
        for value, headers in values:
            if value.startswith(chains.HANG):
                hang([(value, headers)])
        return run(values)

    return chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An event, the topic that it ends on, and there its reason and words of its message, or words of its text."""

    name: str
    value: bytes | None
    role: Role
    reason: DeadReason | RejectReason | None = None
    words: tuple[str, ...] = ()
    key: bytes | None = b"k"
    headers: tuple[tuple[str, bytes], ...] = ()


def text_of(number: int) -> str:
    """The only paragraph of `page(number)`."""
    return page(number).decode().split("\n\n")[1].strip()


def _envelope(**fields: object) -> bytes:
    return orjson.dumps(fields)


def _died(name: str, value: bytes, reason: DeadReason, *words: str, **more: object) -> Case:
    return Case(name=name, value=value, role=Role.DEAD, reason=reason, words=words, **more)


def _rejected(name: str, value: bytes | None, reason: RejectReason, *words: str, **more: object) -> Case:
    return Case(name=name, value=value, role=Role.REJECTED, reason=reason, words=words, **more)


def _published(name: str, value: bytes, *words: str, **more: object) -> Case:
    return Case(name=name, value=value, role=Role.PUBLISHED, words=words, **more)


_WORDS_906 = text_of(906).split(" ")

CASES: Final = (
    _published("windows-1256 without a declaration", ARABIC.encode("cp1256"), ARABIC),
    _published(
        "windows-1256 in HTML without a declaration",
        f"<html><body><article><p>{ARABIC[::-1]}</p></article></body></html>".encode("cp1256"),
        ARABIC[::-1].strip(),
    ),
    _died("undecodable JSON", b'{"body": "a",', DeadReason.UNDECODABLE, "not JSON", "line 1, column 14"),
    _died("a page announced as JSON", page(901), DeadReason.UNDECODABLE, "not JSON", "line 1", headers=JSON),
    _died("a list announced as JSON", b"[1]", DeadReason.INVALID, "expected an object, found a list", headers=JSON),
    _died("wrong type of the body", b'{"body": 5}', DeadReason.INVALID, "`body`: expected a string, found a number"),
    _died(
        "wrong type deep inside",
        _envelope(body="a", tags=["a", 5]),
        DeadReason.INVALID,
        "`tags[1]`: expected a string, found a number",
    ),
    _died("no body", b'{"url": "https://a.example/"}', DeadReason.INVALID, "the field `body` is missing"),
    _rejected("empty body", _envelope(body=""), RejectReason.EMPTY, "the body is empty"),
    _rejected("empty value", b"", RejectReason.EMPTY, "the body is empty"),
    _rejected("tombstone", None, RejectReason.EMPTY, "the body is empty"),
    _died(
        "20 MB body",
        _envelope(body="a" * 20_000_000),
        DeadReason.TOO_LARGE,
        "20,000,011 bytes; the limit is 10,485,760 (KHABAR_MAX_EVENT_BYTES)",
    ),
    _published(
        "lone surrogates",
        _envelope(body=f"{text_of(902)} X", title="X").replace(b"X", rb"\ud83d"),
        f"{text_of(902)} \ufffd",
    ),
    _published(
        "invalid UTF-8",
        " ".join([text_of(903), *["caf\xe9"] * 20]).encode() + b" caf\xe9.",
        text_of(903),
        "caf\xe9 caf\ufffd.",
    ),
    _published("200,000 nested tags", b"<html><body>" + b"<div>" * 200_000 + page(904), text_of(904)),
    _died("a body that hangs the parser", chains.HANG, DeadReason.TOO_SLOW, "longer than 5 s (KHABAR_EVENT_TIMEOUT_S)"),
    _died(
        "JSON nested 100,000 deep",
        b'{"body": "a", "meta": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        DeadReason.UNDECODABLE,
        "nested too deeply",
    ),
    _published("NUL bytes in a text", text_of(905).replace(" ", "\x00 ", 5).encode(), text_of(905)),
    _rejected("nothing but NUL bytes", bytes(5000), RejectReason.NOT_TEXT, "binary data"),
    _rejected("PNG", PNG, RejectReason.NOT_TEXT, "a PNG image"),
    _rejected("PDF announced as HTML", PDF, RejectReason.NOT_TEXT, "a PDF file", headers=(("content-type", b"text/html"),)),
    _rejected("ZIP", ZIP, RejectReason.NOT_TEXT, "a ZIP archive"),
    _rejected("10 MB on one line", b"x" * 10_000_000, RejectReason.STUB, "1 word", headers=TEXT),
    _published(
        "bidirectional controls",
        " ".join([*_WORDS_906[:5], "\u202e" + _WORDS_906[5] + "\u202c", "\u2067", *_WORDS_906[6:]]).encode(),
        text_of(906),
    ),
    _published(
        "header bytes that are not UTF-8",
        page(907),
        text_of(907),
        headers=(("title", b"caf\xe9"), ("url", b"https://a.example/\xff"), ("x-own", b"\xff\x00")),
    ),
    _died("a header meta that is no JSON", page(908), DeadReason.UNDECODABLE, "header `meta`: not JSON", headers=(("meta", b"{"),)),
    _died("a key of 1 MB", b"{", DeadReason.UNDECODABLE, "not JSON", key=b"k" * 1_000_000),
    _published("a key that is no text", page(909), text_of(909), key=bytes(range(256))),
    _published("a forged origin", page(910), text_of(910), headers=(("khabar-origin", b"\xff:0:-1"), ("khabar-read", b"x"))),
)  # fmt: skip
