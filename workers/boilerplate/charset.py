"""From the bytes of a page to its text.

The order is that of the WHATWG encoding sniffing algorithm (byte order mark, transport, meta, detection), with two
corrections that pages in the wild need: text that is UTF-8, but for a few damaged bytes, is UTF-8 whatever a stale
declaration says, and a declaration that the bytes contradict is not believed.
"""

import re
from collections import Counter
from io import IncrementalNewlineDecoder
from typing import Final

from turbohtml.detect import detect_all
from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

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
_MAGIC_BYTES: Final = tuple(magic for magic, _ in _MAGIC)
_MAGIC_CHARS: Final = tuple(magic.decode("latin-1") for magic, _ in _MAGIC)
_SNIFFED: Final = 4096
_CONTROLS: Final = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x0c\x1b")
_HIGH: Final = bytes([0, 3, 4, 5, 6])
"""High bytes of the letters of the Latin, Greek, Cyrillic, Hebrew and Arabic scripts in UTF-16: controls elsewhere."""
_CONTROL_SHARE: Final = 0.1
"""Share of control characters from which a body is not text; text has none, random bytes have 12 %."""

_HEAD_BYTES: Final = 16_384
_COMMENT: Final = re.compile(rb"<!--.*?-->", re.DOTALL)
_META: Final = re.compile(rb"<meta\s[^>]*>", re.IGNORECASE)
_NAMED_META: Final = re.compile(rb"\s(?:name|property|itemprop)\s*=", re.IGNORECASE)
_META_CHARSET: Final = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_XML_CHARSET: Final = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)""", re.IGNORECASE)

_CHARSET: Final = re.compile(
    r"cp[0-9]+|(?:iso|iso-)?8859-[0-9]+|koi8-[rut]|mac-[a-z]+|gb[0-9]+|gbk|big5(?:hkscs)?|euc_[a-z_0-9]+|hz"
    r"|shift_jis\w*|iso2022_\w+|johab|ptcp154|kz1048|utf-8"
)
"""Python's codecs that are charsets of pages. UTF-16 in a meta element is none (WHATWG, "prescan": it is UTF-8)."""

_LATIN: Final = frozenset(
    ["cp1252", "cp1250", "cp1254", "cp1257", "cp1258", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-10",
     "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16"]
)  # fmt: skip
_LATIN_BY_LANGUAGE: Final = {
    **dict.fromkeys(
        ("pl", "cs", "sk", "hu", "sl", "hr", "bs", "sr", "ro"), ("cp1250", "iso8859-2", "iso8859-16")
    ),
    **dict.fromkeys(("lt", "lv"), ("cp1257", "iso8859-13", "iso8859-4")),
    "et": ("cp1257", "cp1252", "iso8859-15", "iso8859-13", "iso8859-4"),
    **dict.fromkeys(("tr", "az", "ku"), ("cp1254", "iso8859-3")),
    **dict.fromkeys(("eo", "mt"), ("iso8859-3",)),
    "vi": ("cp1258",),
}
"""Text in Latin letters is mostly ASCII, and Hungarian is taken for windows-1252, Dutch for ISO-8859-2; but the
language shows in the ASCII words, and tells which code page its letters are from. All others: windows-1252."""
_WESTERN: Final = ("cp1252", "iso8859-15")
_SURE: Final = 0.98
"""Confidence in a language from which a code page that it is not written in is not believed. At 0.9 a Latvian text
of 100 bytes in the declared windows-1257 was not believed."""
_SAME: Final = {"koi8-u": "koi8-r", "iso8859-7": "cp1253", "iso8859-8": "cp1255"}
"""Encodings that differ in a few characters."""
_ONE_BYTE: Final = frozenset(
    ["latin", "cp1251", "cp1253", "cp1255", "cp1256", "cp866", "cp874", "koi8-r", "iso8859-5", "iso8859-6"]
)
_MORE_BYTES: Final = frozenset(["gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"])
_KINDS: Final = _ONE_BYTE | _MORE_BYTES
"""What turbohtml has evidence for; a declaration of another charset cannot be contradicted."""

_BEYOND_ASCII_MIN: Final = 10
_CONTRADICTED_RATIO: Final = 0.7
"""Of the evidence for the best kind of encoding (turbohtml's, a port of chardetng) the part below which that for the
declared kind contradicts it. In 4,437 of 4,466 texts of 100 bytes to 100 kB with 10 bytes beyond ASCII, in 36 languages
and 21 encodings, the true kind had the best evidence, in the other 29 none had any; of wrong kinds 99 % are below."""
_TAG_END: Final = re.compile(rb"[<>\n]+")
_SEARCHED_BYTES: Final = 500_000
_PROSE_BYTES: Final = 16_384
_BEYOND_ASCII: Final = bytes(range(128, 256))
# A letter beyond ASCII within a word of ASCII letters: in Latin texts nearly all are, in Arabic ones none.
_IN_LATIN_WORD: Final = re.compile(rb"[a-zA-Z][\x80-\xff]|[\x80-\xff][a-zA-Z]")
_IN_LATIN_WORD_SHARE: Final = 0.5

_LOSS_SHARE: Final = 0.1
"""Share of characters beyond ASCII that may be lost before an encoding is not believed."""
_LOST: Final = re.compile("[\ufffd\x80-\x9f]")
"""REPLACEMENT CHARACTER, and controls that stand where a page has letters."""

_ASCII_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n\r"})
# The C1 block, the byte order mark; the bidirectional embeddings, overrides and isolates, which can make a text read
# otherwise than it is stored.
_OTHER_CONTROLS: Final = (
    (b"\xc2", re.compile(b"\xc2[\x80-\x9f]")),
    (b"\xe2", re.compile(b"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")),
    (b"\xef", re.compile(b"\xef\xbb\xbf")),
)
"""What they begin with in UTF-8, and all of them that do."""
_HOP_BYTES: Final = 2_000
"""The first bytes of these are rare in pages (7 E2 in the median one of 124 kB), and `bytes.find` goes from one to the
next far faster than a pattern, which searches what is left where there is more than one in so many bytes."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"  # REPLACEMENT CHARACTER


def kind_of_file(body: str | bytes) -> str | None:
    """What the body is, in words, when it is no text: "a PDF file"; None when it may be text."""
    head = body[:_SNIFFED]
    if kind := _kind_by_magic(head):
        return kind
    raw = head.encode("utf-8", "surrogatepass") if isinstance(head, str) else head
    controls = len(raw) - len(raw.translate(None, _CONTROLS))
    if isinstance(head, str):
        controls += head.count(_REPLACEMENT)
    if controls <= len(head) * _CONTROL_SHARE:
        return None
    is_wide = isinstance(head, bytes) and (read_bom(head)[0] or _wide(head))
    return None if is_wide else "binary data"


def _kind_by_magic(head: str | bytes) -> str | None:
    if isinstance(head, str):
        if not head.startswith(_MAGIC_CHARS):
            return None
        head = head.encode("latin-1", "replace")
    if not head.startswith(_MAGIC_BYTES):
        return None
    return next(kind for magic, kind in _MAGIC if head.startswith(magic))


def _wide(body: bytes) -> str | None:
    """The codec of UTF-16 without a mark, which shows in the high byte of nearly each pair; else None."""
    pairs = body[:_SNIFFED]
    if len(pairs.translate(None, _HIGH)) == len(pairs):
        return None
    for codec, at in (("utf-16-le", 1), ("utf-16-be", 0)):
        high, low = pairs[at::2], pairs[1 - at :: 2]
        if len(high) - len(high.translate(None, _HIGH)) > 0.9 * len(high) and low.count(0) < 0.05 * len(low):
            return codec
    return None


def decode(body: str | bytes, content_type: str | None) -> str:
    """The body as text without control characters and lone surrogates; never raises.

    Bytes that are not valid in the charset become U+FFFD. Newlines stay as they came: a parser of HTML makes them LF
    (HTML Standard, section 13.2.3.5), for other text `with_newlines` does. `content_type` is the media type as the
    feed had it, with its charset parameter if there is one.
    """
    if isinstance(body, str):
        return _without_unwanted(body)
    text, raw = _decode_bytes(body, content_type)
    return _without_unwanted(text, raw)


def scrub(text: str) -> str:
    """`text` with U+FFFD for lone surrogates, without control characters, and with newlines as LF."""
    return text if text.isprintable() else _without_unwanted(with_newlines(text))


def with_newlines(text: str) -> str:
    """`text` with LF for CR LF and for CR."""
    return IncrementalNewlineDecoder(None, translate=True).decode(text, final=True) if "\r" in text else text


def _without_unwanted(text: str, raw: bytes | None = None) -> str:
    """`text` with U+FFFD for lone surrogates and without controls; `raw` is it in UTF-8 where that is at hand."""
    if raw is None:
        try:
            raw = text.encode()
        except UnicodeEncodeError:  # a lone surrogate
            text = _SURROGATE.sub(_REPLACEMENT, text)
            raw = text.encode()
    if not _holds_controls(raw):
        return text
    # CR and LF with a control between them are two newlines, and stay two.
    raw = with_newlines(text).encode().translate(None, _ASCII_CONTROLS)
    for _, pattern in _OTHER_CONTROLS:
        raw = pattern.sub(b"", raw)
    return raw.decode()


def _holds_controls(raw: bytes) -> bool:
    if any(map(raw.__contains__, _ASCII_CONTROLS)):
        return True
    return not raw.isascii() and any(_holds(raw, *each) for each in _OTHER_CONTROLS)


def _holds(raw: bytes, first: bytes, pattern: re.Pattern[bytes]) -> bool:
    """Whether one of `_OTHER_CONTROLS` that begins with the byte `first`, which `pattern` finds, is in `raw`."""
    at = raw.find(first)
    for _ in range(len(raw) // _HOP_BYTES):
        if at < 0 or pattern.match(raw, at):
            break
        at = raw.find(first, at + 1)
    return at >= 0 and pattern.search(raw, at) is not None


def _decode_bytes(body: bytes, content_type: str | None) -> tuple[str, bytes | None]:
    """The text, and the same in UTF-8 where the body is."""
    encoding, mark = read_bom(body)
    if encoding and mark:
        return body[len(mark) :].decode(encoding, "replace"), None
    if wide := _wide(body):
        return body.decode(wide, "replace"), None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(body, _declared(body, content_type)), None
    # An encoding that shifts between sets of characters, in ASCII bytes.
    if text.isascii() and "\x1b" in text and "\x1b$" in text:
        return _read_as(body, "iso2022_jp"), None
    return text, body


def _declared(body: bytes, content_type: str | None) -> list[str]:
    """The charsets that the media type and the page's head declare, as Python codecs, in order of belief."""
    transport = http_content_type_encoding(content_type) if content_type else None
    said = [resolve_encoding(name) for name in (transport, _declared_in(body)) if name]
    known = [name for name in said if name and _CHARSET.fullmatch(name)]
    # Servers announce Latin-1 for everything by default; the page knows better.
    return known[::-1] if known[:1] == ["cp1252"] else known


def _declared_in(body: bytes) -> str | None:
    """The charset that the head of a page declares: in its XML declaration or a meta element, wherever that stands."""
    head = body[:_HEAD_BYTES]
    if found := _XML_CHARSET.match(head):
        return found[1].decode("ascii", "replace")
    for meta in _META.findall(_COMMENT.sub(b"", head)):
        if (charset := _META_CHARSET.search(meta)) and not _NAMED_META.search(meta):
            return str(charset[1].decode("ascii", "replace"))
    return None


def _legacy(body: bytes, declared: list[str]) -> str:
    """The text of a body that is not valid UTF-8."""
    prose = _prose(body)
    if _loss_ratio(_read_as(prose, "utf-8")) < _LOSS_SHARE:
        return _read_as(body, "utf-8")
    found = evidence(prose)
    for encoding in declared:
        if (
            _loss_ratio(_read_as(prose, encoding)) < _LOSS_SHARE
            and not is_contradicted(prose, encoding, found)
            and not _is_wrong_latin(prose, encoding)
        ):
            return _read_as(body, encoding)
    return _read_as(body, best_of(prose, found))


def evidence(prose: bytes) -> list[tuple[str, float]]:
    """The encodings that the text may be in, as Python codecs, and their shares of the evidence, most first."""
    found = [(_codec(match.encoding), match.confidence) for match in detect_all(prose)]
    if prose[-1:].isascii() or found[0][0] in _MORE_BYTES:
        return found
    # Half a character at the end speaks against every encoding that has such.
    shorter = [(_codec(match.encoding), match.confidence) for match in detect_all(prose[:-1])]
    return shorter if shorter[0][0] in _MORE_BYTES else found


def best_of(prose: bytes, found: list[tuple[str, float]]) -> str:
    """The encoding with the most evidence, as a Python codec; among Latin code pages the one for the language."""
    best = found[0][0]
    return _best_latin(prose, best) if best in _LATIN else best


def _prose(body: bytes) -> bytes:
    """What tells the encoding: the text between tags, and the tags, that are not plain ASCII."""
    pieces: list[bytes] = []
    size = 0
    for piece in _TAG_END.split(body[:_SEARCHED_BYTES]):
        if not piece.isascii():
            pieces.append(piece)
            size += len(piece)
            if size > _PROSE_BYTES:
                break
    prose = b"\n".join(pieces) or body[-_PROSE_BYTES:]
    return prose[: 2 * _PROSE_BYTES]


def is_contradicted(prose: bytes, encoding: str, found: list[tuple[str, float]]) -> bool:
    """Whether the evidence `found` for encodings says that the text is of another kind than the declared one."""
    by_kind: dict[str, float] = {}
    for codec, share in found:
        by_kind[_kind(codec)] = by_kind.get(_kind(codec), 0.0) + share
    beyond_ascii = len(prose) - len(prose.translate(None, _BEYOND_ASCII))
    said = by_kind.get(_kind(encoding), 0.0)
    if _kind(encoding) in _ONE_BYTE and encoding not in _LATIN:
        in_latin_words = len(_IN_LATIN_WORD.findall(prose))
        if in_latin_words > 1 and in_latin_words > _IN_LATIN_WORD_SHARE * beyond_ascii:
            return True
    return (
        _kind(encoding) in _KINDS
        and beyond_ascii >= _BEYOND_ASCII_MIN
        and said < _CONTRADICTED_RATIO * max(by_kind.values())
    )


def _is_wrong_latin(prose: bytes, encoding: str) -> bool:
    """Whether a declared Latin code page is not one of those that the text's language is written in."""
    if encoding not in _LATIN:
        return False
    better = _best_latin(prose, encoding, sure=_SURE)
    return better != encoding and _odd_count(prose, encoding) >= _odd_count(prose, better)


def _best_latin(prose: bytes, otherwise: str, sure: float = 0.0) -> str:
    """The code page for the language of text in Latin letters; `otherwise` where the language does not show."""
    found = detect(prose.decode("cp1252", "replace"))
    if found.confidence is None or found.confidence < sure:
        return otherwise
    pages = _LATIN_BY_LANGUAGE.get(found.lang, _WESTERN)
    # Of pages that fit equally well the one that `otherwise` names: Czech hardly shows which of its two it is.
    pages = tuple(sorted(pages, key=lambda page: page != otherwise))
    return min(pages, key=lambda page: _odd_count(prose, page))


def _odd_count(prose: bytes, encoding: str) -> int:
    """How many characters beyond ASCII are no letters: few in the right code page."""
    counts = Counter(_read_as(prose, encoding))
    return sum(count for char, count in counts.items() if char > "\x7f" and not char.isalpha())


def _codec(name: str | None) -> str:
    return resolve_encoding(name or "") or "cp1252"


def _kind(codec: str) -> str:
    """What one kind of text is encoded in: encodings of a kind are not held against each other."""
    return "latin" if codec in _LATIN else _SAME.get(codec, codec)


def _read_as(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding, "replace")
    except LookupError:  # a codec that is not one for text, or unknown to this Python
        return body.decode("utf-8", "replace")


def _loss_ratio(text: str) -> float:
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    lost = len(_LOST.findall(text))
    return lost / beyond_ascii if beyond_ascii else 0.0
