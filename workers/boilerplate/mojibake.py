"""Text that was decoded with the wrong charset before it came here.

Three things give it away. Bytes of UTF-8 that were read as characters of one byte each are, turned back into bytes,
UTF-8 again, which no other text is. Where a charset was taken for another one of one byte a character, the bytes look
like text in that other one. And where letters were lost, their replacements stand in their places.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from workers.boilerplate.charset import best_of, evidence, is_contradicted
from workers.boilerplate.language import detect

_PIECES: Final = 4
_SAMPLE_CHARS: Final = 320
"""All that is read of a text that seems clean. With 600 .938 of the garbled texts are found, not .923; those that are not
are in English, German or Dutch, with few letters beyond ASCII."""
_PIECE_CHARS: Final = 500
_GARBLED_PIECES: Final = 0.7
"""Share of the pieces with letters beyond ASCII that must be garbled: a line that is quoted is in one or two of 4."""
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]+")
_BEYOND_ASCII_MIN: Final = 6

_UTF8_SHARE: Final = 0.7
"""Share of the characters beyond ASCII that turn into UTF-8. In 20,719 clean texts it is at most 0.48 (Russian), in 99 %
of those whose UTF-8 was read as something else at least 0.81."""
_LETTER_SHARE: Final = 0.1
"""Letters that come back, to the characters that were tested: 0.34 in the median. English whose quotation marks alone
were garbled can be read, and has none."""

_LOST_SHARE: Final = 0.01
_LOST_MIN: Final = 5
_ASKED_SHARE: Final = 0.3
_ASKED_MIN: Final = 20

# The first byte of a character in UTF-8, and one of those behind it that is no control in ISO-8859-1.
_LEAD_AND_SIGN: Final = re.compile("[\u00c2-\u00f4][\u00a1-\u00bf]")
_PAIRS_SHARE: Final = 0.15
_LEADS: Final = re.compile("[\u00c3\u00ce\u00cf\u00d0\u00d1\u00d7-\u00db\u00e0-\u00e9]")
_LEADS_SHARE: Final = 0.6


_TESTED_CHARS: Final = 200
_READ_AS: Final = (
    "cp1252", "latin-1", "cp1256", "cp1251", "cp1250", "cp1253", "cp1254", "iso8859-6", "koi8-r", "mac-roman", "cp866",
)  # fmt: skip
"""Charsets of one byte a character that UTF-8 is read as."""
_TRAILS_SHARE: Final = 0.3
"""Of characters of which so many turn into bytes, and so many of these into UTF-8 (see `_as_utf8`), at least this share
turns into bytes that continue a character: each has one or more behind its first byte, and half of .9 x .7 is .315."""
_READ_AS_WIDE: Final = ("gb18030", "cp932", "cp949")
"""The same with two bytes."""
_TRAIL_BYTES: Final = bytes(range(0x80, 0xC0))
_ASCII: Final = bytes(range(0x80))
_CONTROL: Final = re.compile("[\x80-\x9f]")
_HAN: Final = re.compile("[\u3400-\u9fff]+")
_LATIN: Final = re.compile("[\u0080-\u024f\u2010-\u2122]+")
_TAKEN_FOR: Final = ("cp1251", "koi8-r")
"""Charsets that others of one byte a character are taken for, beside windows-1252. Those of Arabic are not among them:
what is in Arabic letters may be in a language that the models do not know, and then any other reading looks better."""
_REPRESENTED_SHARE: Final = 0.9
_JOINED_SHARE: Final = 0.5
"""Share of the characters beyond ASCII that follow another one, from which a text in Latin-1 may be in another script:
that in another script have 0.74 or more, those in Latin letters 0.3 or less (Turkmen, Vietnamese)."""
_OWN_SHARE: Final = 0.25
"""Share of the letters from which a text is in Arabic or Cyrillic ones, and does not just quote a name in them."""
_NAMES: Final = {
    "cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252", "cp1253": "windows-1253",
    "cp1254": "windows-1254", "cp1255": "windows-1255", "cp1256": "windows-1256", "cp874": "windows-874",
    "cp866": "IBM866", "cp932": "Shift_JIS", "cp949": "EUC-KR", "latin-1": "ISO-8859-1", "iso8859-6": "ISO-8859-6",
    "koi8-r": "KOI8-R", "mac-roman": "macintosh", "gb18030": "GBK", "utf-8": "UTF-8", "euc_jp": "EUC-JP",
    "big5hkscs": "Big5",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Damage:
    """The charset that a text was in and the one that it was read in, as Python codecs."""

    was: str
    read_as: str

    def __str__(self) -> str:
        return f"{_NAMES.get(self.was, self.was or 'another charset')} read as {_NAMES.get(self.read_as, self.read_as)}"


def garbled(text: str) -> str | None:
    """What is wrong with `text`, in words ("UTF-8 read as windows-1252"); None when it can be read.

    A text of which only a line is garbled, or only the quotation marks, can be read. Deterministic.
    """
    if lost := _lost(text):
        return lost
    if text.isascii() or _damage("".join(_pieces(text, _SAMPLE_CHARS // _PIECES))) is None:
        return None
    found = [_damage(piece) for piece in _pieces(text, _PIECE_CHARS) if not piece.isascii()]
    damages = [damage for damage in found if damage]
    if len(damages) < _GARBLED_PIECES * len(found):
        return None
    return str(damages[0])


@cache
def _trails() -> re.Pattern[str]:
    """Runs of characters that stand for a byte that continues a character of UTF-8, in a charset of `_READ_AS`."""
    bytes_of_all = (bytes([byte]).decode(codec, "ignore") for codec in _READ_AS for byte in _TRAIL_BYTES)
    return re.compile(f"[{re.escape(''.join(sorted(set(bytes_of_all))))}]+")


@cache
def _bytes_of(codec: str) -> dict[int, int]:
    """For each character beyond ASCII the byte that `codec` has for it, as the character of that number.

    Bytes that the charset leaves undefined were read as the controls of their number (WHATWG Encoding, "index").
    Characters below U+0100 that it lacks map to U+FFFF, so that encoding them fails.
    """
    if codec in _READ_AS_WIDE:
        return {}
    table = {number: number for number in range(0x80, 0xA0)} | dict.fromkeys(range(0xA0, 0x100), 0xFFFF)
    for byte in range(0x80, 0x100):
        if char := bytes([byte]).decode(codec, "ignore"):
            table[ord(char)] = byte
    return table


def _lost(text: str) -> str | None:
    """Whether letters were replaced by U+FFFD or by question marks."""
    lost = text.count("\ufffd") if "\ufffd" in text else 0
    if lost >= _LOST_MIN and lost > _LOST_SHARE * len(text):
        return "letters were lost in decoding (U+FFFD)"
    asked = text.count("?")
    if asked > _ASKED_MIN and asked > _ASKED_SHARE * len(text):
        return "letters were replaced by question marks"
    return None


def _damage(piece: str, *, in_letters: bool = True) -> Damage | None:
    """What happened to `piece`; with `in_letters` only what happened to its letters."""
    runs = _BEYOND_ASCII.findall(piece)
    beyond = "".join(runs)
    if len(beyond) < _BEYOND_ASCII_MIN:
        return None
    tested = " ".join(runs)[:_TESTED_CHARS]
    backs = {codec: _as_utf8(tested, codec) for codec in _codecs(tested)}
    codec, back = max(backs.items(), key=lambda item: len(item[1].encode()), default=("", ""))
    if back:
        is_damaged = _letter_count(back) >= in_letters * _LETTER_SHARE * len(tested)
        return Damage("utf-8", codec) if is_damaged else None
    return _cut_utf8(tested) or _taken_for_another(piece, runs)


def _codecs(tested: str) -> Sequence[str]:
    """The charsets that UTF-8 may have been read as, so that it became `tested`."""
    if len(_HAN.sub("", tested)) < len(tested) / 2:
        return _READ_AS_WIDE
    runs = tested.count(" ")
    size = len(tested) - runs
    if size - runs <= _TRAILS_SHARE * size:  # a run begins with no such byte
        return ()
    trails = len(tested) - len(_trails().sub("", tested))
    return _READ_AS if trails > _TRAILS_SHARE * size or _CONTROL.search(tested) else ()


def _as_utf8(tested: str, codec: str) -> str:
    """Runs of characters beyond ASCII, joined by spaces, as UTF-8 in bytes of `codec`; empty when they are no UTF-8."""
    data = _as_bytes(tested, codec) if _CONTROL.search(tested) else tested.encode(codec, "ignore")
    spaces = tested.count(" ")
    if len(data) - spaces < _REPRESENTED_SHARE * (len(tested) - spaces):
        return ""
    least = _UTF8_SHARE * (len(data) - spaces)
    # In UTF-8 no more than half of the bytes of a character beyond ASCII begin it.
    beyond = data.translate(None, _ASCII)
    trails = len(beyond) - len(beyond.translate(None, _TRAIL_BYTES))
    if len(data) - len(beyond) - spaces + 2 * trails <= least:
        return ""
    back = data.decode("utf-8", "ignore")
    return back if len(back.encode()) - spaces > least else ""


def _cut_utf8(tested: str) -> Damage | None:
    """UTF-8 read as ISO-8859-1, where the controls that it became were taken out: pairs of letter and sign are left."""
    size = len(tested) - tested.count(" ")
    pairs = len(_LEAD_AND_SIGN.findall(tested))
    if pairs > _PAIRS_SHARE * size and pairs + len(_LEADS.findall(tested)) > _LEADS_SHARE * size:
        return Damage("utf-8", "latin-1")
    return None


def _taken_for_another(prose: str, runs: list[str]) -> Damage | None:
    """One charset of one byte a character taken for another, as the evidence for charsets has it."""
    beyond = "".join(runs).replace("\u00a0", "")
    looks_latin = len(_LATIN.sub("", beyond)) < len(beyond) / 2
    if looks_latin and len(runs) > (1 - _JOINED_SHARE) * len(beyond):
        return None
    tested = beyond[:_TESTED_CHARS]
    codecs = [
        codec
        for codec in (("cp1252",) if looks_latin else _TAKEN_FOR)
        if len(tested.encode(codec, "ignore")) >= _REPRESENTED_SHARE * len(tested)
    ]
    if not looks_latin and not (codecs and _letter_count(beyond) >= _OWN_SHARE * _letter_count(prose)):
        return None
    possible: list[tuple[float, Damage]] = []
    for codec in codecs:
        data = _as_bytes(prose, codec) if looks_latin else prose.encode(codec, "ignore")
        found = evidence(data)
        if not is_contradicted(data, codec, found):
            continue
        damage = Damage(best_of(data, found), codec)
        sure = detect(data.decode(damage.was, "replace")).confidence or 0.0
        possible.append((sure, damage))
    if possible:
        return max(possible, key=lambda item: item[0])[1]
    is_all_beyond = len(beyond) > _JOINED_SHARE * _letter_count(prose)
    return Damage("", "cp1252") if looks_latin and is_all_beyond else None


def _letter_count(text: str) -> int:
    return sum(map(str.isalpha, text))


def _as_bytes(text: str, codec: str) -> bytes:
    """The bytes of `codec` that were read as `text`, without the characters that it does not have."""
    return text.translate(_bytes_of(codec)).encode("latin-1", "ignore")


def _pieces(text: str, size_chars: int) -> list[str]:
    """Pieces of `text` at equal distances, or all of it."""
    if len(text) <= _PIECES * size_chars:
        return [text]
    step = (len(text) - size_chars) // (_PIECES - 1)
    return [text[at * step : at * step + size_chars] for at in range(_PIECES)]
