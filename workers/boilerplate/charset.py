"""From the bytes of a page to its text.

The order is that of the WHATWG encoding sniffing algorithm (byte order mark, transport, meta, detection), with two
corrections that pages in the wild need: text that is strictly valid UTF-8 is UTF-8 whatever a stale declaration
says, and a declaration under which the text falls to pieces is not believed.
"""

import re
from typing import Final

from charset_normalizer import from_bytes
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

from workers.boilerplate.language import detect

_MAGIC: Final = (
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive (or an office document)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x00\x00\x00\x18ftyp", "a video"),
    (b"\x00\x00\x00\x20ftyp", "a video"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"\x7fELF", "a program"),
    (b"wOF", "a font"),
)
_CONTROL_SHARE: Final = 0.1
"""Share of control characters from which a body is not text; text has none, random bytes have 12 %."""

_DETECTED: Final = [
    "cp1256", "cp1251", "cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1257", "cp1258", "iso8859_2",
    "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8", "koi8_r", "koi8_u", "cp866", "cp874", "gb18030", "big5",
    "shift_jis", "euc_jp", "euc_kr", "iso2022_jp",
]  # fmt: skip
"""The legacy encodings of the WHATWG Encoding Standard that news pages were written in. Without this list
charset-normalizer also answers with DOS and Mac code pages that no page uses."""
_DETECTION_BYTES: Final = 65_536
_DETECTION_STEPS: Final = 10

_LATIN: Final = frozenset({"cp1252", "cp1250", "cp1254", "cp1257", "cp1258", "iso8859_2"})
_EASTERN: Final = ("cp1250", "iso8859_2")
_LATIN_BY_LANGUAGE: Final = {
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "bs", "ro", "sq"), _EASTERN),
    **dict.fromkeys(("lt", "lv"), ("cp1257",)),
    **dict.fromkeys(("tr", "az"), ("cp1254",)),
    "vi": ("cp1258",),
}
"""Text in Latin letters is mostly ASCII: charset-normalizer takes French for cp1250 and Polish for cp1252 in one of
five pages of 1 kB, but the language shows in the ASCII words, and tells which code page its letters are from."""
_TAG: Final = re.compile(rb"<[^<>]*>")

_LOSS_SHARE: Final = 0.1
"""Share of characters beyond ASCII that may be lost before a declared charset is not believed."""

# Controls but tab and newlines, the C1 block, the byte order mark; the bidirectional embeddings, overrides (U+202A to
# U+202E) and isolates (U+2066 to U+2069), which can make a text read otherwise than it is stored.
_UNWANTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"  # REPLACEMENT CHARACTER


def kind_of_file(body: str | bytes) -> str | None:
    """What the body is, in words, when it is no text: "a PDF file"; None when it may be text."""
    head = body[:4096]
    raw = head.encode("latin-1", "replace") if isinstance(head, str) else head
    for magic, kind in _MAGIC:
        if raw.startswith(magic):
            return kind
    if isinstance(head, bytes):
        if read_bom(head)[0]:
            return None
        controls = sum(byte < 32 and byte not in b"\t\n\r\x0c\x1b" for byte in head)
    else:
        controls = sum((char < " " and char not in "\t\n\r\x0c") or char == _REPLACEMENT for char in head)
    return "binary data" if controls > len(head) * _CONTROL_SHARE else None


def decode(body: str | bytes, content_type: str | None) -> str:
    """The body as text without control characters and lone surrogates; never raises.

    Bytes that are not valid in the charset become U+FFFD. `content_type` is the media type as the feed had it, with
    its charset parameter if there is one.
    """
    return scrub(body if isinstance(body, str) else _decode_bytes(body, content_type))


def scrub(text: str) -> str:
    """`text` with U+FFFD for lone surrogates, without control characters, and with newlines as LF."""
    text = _SURROGATE.sub(_REPLACEMENT, text) if not text.isascii() else text
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decode_bytes(body: bytes, content_type: str | None) -> str:
    encoding, mark = read_bom(body)
    if encoding and mark:
        return body[len(mark) :].decode(encoding, "replace")
    declared = _declared(body, content_type)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(body, declared)
    # Plain ASCII may still be an encoding with shifts (ISO-2022-JP) that declares itself.
    return text if declared is None or not text.isascii() else _read_as(body, declared)


def _declared(body: bytes, content_type: str | None) -> str | None:
    """The charset from the media type, else from the page's meta element, as a Python codec."""
    transport = http_content_type_encoding(content_type) if content_type else None
    own = html_body_declared_encoding(body)
    # Servers announce Latin-1 for everything by default; the page knows better.
    if transport and own and resolve_encoding(transport) == "cp1252":
        return own
    return transport or own


def _legacy(body: bytes, declared: str | None) -> str:
    """The text of a body that is not valid UTF-8."""
    for encoding in dict.fromkeys((declared, "utf-8")):
        if encoding and _loss_ratio(text := _read_as(body, encoding)) < _LOSS_SHARE:
            return text
    return _read_as(body, _detect(body) or declared or "cp1252")


def _read_as(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding, "replace")
    except LookupError:  # a codec that is not one for text, or unknown to this Python
        return body.decode("utf-8", "replace")


def _loss_ratio(text: str) -> float:
    beyond_ascii = sum(char > "\x7f" for char in text)
    lost = text.count(_REPLACEMENT) + sum("\x80" <= char < "\xa0" for char in text)
    return lost / beyond_ascii if beyond_ascii else 0.0


def _detect(body: bytes) -> str | None:
    """The most likely legacy encoding of `body`, judged on what is not markup; None when nothing fits."""
    best = from_bytes(
        body[:_DETECTION_BYTES], steps=_DETECTION_STEPS, cp_isolation=_DETECTED, enable_fallback=False
    ).best()
    if best and best.encoding in _LATIN:
        return _detect_latin(body[:_DETECTION_BYTES])
    return best.encoding if best else None


def _detect_latin(body: bytes) -> str:
    prose = _TAG.sub(b" ", body)
    candidates = _LATIN_BY_LANGUAGE.get(detect(prose.decode("cp1252", "replace")).lang, ("cp1252",))
    return min(candidates, key=lambda encoding: _odd_count(prose.decode(encoding, "replace")))


def _odd_count(text: str) -> int:
    """How many characters beyond ASCII are no letters: few in the right code page."""
    return sum(char > "\x7f" and not char.isalpha() for char in text)
